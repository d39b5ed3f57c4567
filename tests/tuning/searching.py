"""A search as a command would run it, in a process of its own that a test may stop, interrupt or kill.

Run: python -m tuning.searching WORKSPACE NAME WORKERS SETTINGS [STORAGE]
"""

import sys
from pathlib import Path

from toonvision.core.errors import EXIT_INTERRUPTED, ToonVisionError
from toonvision.data.workspace import open_workspace
from toonvision.tuning.folders import STORE
from toonvision.tuning.settings import load_study_data, read_settings_text
from toonvision.tuning.storage import Address, file_url
from toonvision.tuning.study import run_study

GRACE_S = 3


def main(root, name, workers, text, storage=None):
    """Search to the end; return the exit code."""
    workspace, settings = open_workspace(Path(root)), read_settings_text(text, "the test")
    folder = workspace.studies / settings.task / name
    address = Address(storage or file_url(folder / STORE), f"{settings.task}/{name}", heartbeat_s=1, grace_s=GRACE_S)
    try:
        data = load_study_data(workspace, settings)
        run_study(workspace, folder, settings, data, address=address, workers=int(workers))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ToonVisionError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
