"""Train the weights that trainings can begin with, on the drawn world alone, and write them into the package.

Run: python docs/make_starts.py [SEED]

Draws 2,487 screenshots into a temporary folder, and trains `compact` in its narrow and its wide form (on suits and on
labels) and `detector` (on kinds); about an hour on two cores. The same seed writes the same bytes on the same machine.
What it brings on real pictures is written down in docs/compact.md and docs/detection.md.
"""

import sys
import tempfile
from pathlib import Path

from toonvision.api.workspace import open_workspace
from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.models.saving import load_model, read_card
from toonvision.models.starting import FOLDER, RANDOM, save_start, start_file

SCALE = 4.0
"""Factor on 30 objects of each label."""
PASTED = {"suit": 0.0, "label": 0.0, "detect": 0.5}
"""The tasks, and the share of images with figures pasted in: crops that learned without them are the better start."""
COLOR, CAST = 0.15, 0.03
"""Changes of colour as from one monitor to another; the recipe's own are for screenshots of one."""


def main(seed: int = 3, scale: float = SCALE, folder: Path = FOLDER) -> None:
    """Draw and train; write one file for each task."""
    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        draw_into(Path(name), SampleOrder(seed, scale, balanced=True, masks=True, varied=True))
        workspace = open_workspace(name)
        workspace.extract()
        workspace.split(seed=seed, ratios="90/5/5")
        taxonomy = workspace.files.taxonomy.name
        for task, paste in PASTED.items():
            run = workspace.train(task, seed=seed, color=COLOR, cast=CAST, paste=paste, start=RANDOM)
            print(run.summary().sentences)
            card = read_card(run.folder)
            path = folder / taxonomy / start_file(taxonomy, card.network, len(card.classes)).name
            path.parent.mkdir(parents=True, exist_ok=True)
            save_start(load_model(run.folder), card.network, card.classes, path)
            print(f"Wrote {path} ({path.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
