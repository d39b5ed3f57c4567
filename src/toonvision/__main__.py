"""`python -m toonvision` is `toonvision`."""

from toonvision.cli.app import main

main()
