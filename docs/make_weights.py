"""Train the models that come with the package, on the drawn world alone, and write them into the package.

Run: python docs/make_weights.py [SEED]

Draws 1,537 screenshots into a temporary folder, trains `compact` for kinds and for suits, and writes an export of each;
15 minutes on one core. The same seed writes the same bytes on the same machine. Afterwards, benchmarks/packaged.py
measures them on real pictures, and docs/make_commands.py writes the result into docs/commands.md.
"""

import hashlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from toonvision.api.workspace import open_workspace
from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.core.files import write_bytes
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.conversion import described
from toonvision.deploy.current import EXPORT
from toonvision.deploy.packaged import MEASURED, WEIGHTS
from toonvision.deploy.wire import read_file

SCALE = 3.0
"""Factor on the published counts of objects."""
TASKS = ("binary", "suit")
COLOR, CAST = 0.15, 0.03
"""Changes of colour as from one monitor to another; the recipe's own are for screenshots of one."""


def main(seed: int = 0, *, folder: Path = WEIGHTS) -> None:
    """Draw, train and export; write one file for each task."""
    with tempfile.TemporaryDirectory(prefix="toonvision-") as name:
        draw_into(Path(name), SampleOrder(seed, SCALE, masks=True, varied=True))
        workspace = open_workspace(name)
        workspace.extract()
        workspace.split(seed=seed, ratios="80/10/10")
        taxonomy = workspace.files.taxonomy
        for task in TASKS:
            run = workspace.train(task, seed=seed, color=COLOR, cast=CAST)
            print(run.summary().sentences)
            run.export()
            path = folder / taxonomy.name / f"{taxonomy.task(task).level}.onnx"
            write_bytes(path, without_date((run.folder / EXPORT).read_bytes()))
            path.with_name(MEASURED).unlink(missing_ok=True)
            print(f"Wrote {path} ({path.stat().st_size / 1000:.0f} kB)")


def without_date(content: bytes) -> bytes:
    """Name the weights of an export by the hash of their values: the file that Keras saved them in holds the time."""
    digest = hashlib.sha256(b"".join(one.content for one in read_file(content).constants)).hexdigest()
    return described(content, replace(Classifier(content).bundle, weights=digest).to_metadata())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
