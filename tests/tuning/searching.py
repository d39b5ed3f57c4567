"""A search as a command would run it, in a process of its own that a test may stop, interrupt or kill.

Run: python -m tuning.searching WORKSPACE NAME WORKERS SETTINGS [STORAGE]
"""

import sys
from pathlib import Path

from toonvision.core.errors import EXIT_INTERRUPTED, ToonVisionError
from toonvision.data.workspace import open_workspace
from toonvision.tasks.registry import load_dataset
from toonvision.tuning.settings import read_settings_text
from toonvision.tuning.storage import Pulse
from toonvision.tuning.study import run_study

PULSE = Pulse(1, 3)


def main(root, name, workers, text, storage=None):
    """Search to the end; give the exit code."""
    workspace, settings = open_workspace(Path(root)), read_settings_text(text, "the test")
    task = workspace.taxonomy.task(settings.task)
    data = load_dataset(workspace, task, split=settings.split, size_hw=settings.size_hw, resize=settings.resize)
    folder = workspace.studies / settings.task / name
    try:
        run_study(workspace, folder, settings, data, storage=storage, workers=int(workers), pulse=PULSE)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ToonVisionError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
