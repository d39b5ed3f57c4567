"""Claim: two versions of this project give the same crops, subsets, weights and predictions for the same seeds.

Run: python benchmarks/same_predictions.py FOLDER --old ../before/src [--pictures PICTURES --task label]

Both versions run the commands of the README's "Your own pictures", each in a workspace of its own: init (or sample,
without --pictures), extract, balance, split, train, report, predict, export, and predict with the exported file. Models
are calibrated before they predict, as some versions do that by themselves and others on request. What is compared:

- crops: file names and bytes
- subsets: of each screenshot that the old version assigned to one
- weights: all arrays of each training
- wrong: wrong test crops of each training
- predictions: probabilities of all crops, by Keras and by the exported file; the largest difference may be 2e-6, as
  they are written with six digits

The old version's workspace is kept in FOLDER and used again, the new version's is made anew.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measure import arguments, read_result, write_result

_SOURCE = Path(__file__).parents[1] / "src"
_WORKSPACE, _DONE, _RUN = "workspace", "done.json", "same"
_BY_KERAS, _BY_EXPORT = "keras.csv", "exported.csv"
_SOME_SKIPPED = 3
_TOLERANCE = 2.5e-6  # two units of the last digit, however they are rounded
_RENAMED = {"validate": "val"}
Row = Mapping[str, float]
"""Class to probability."""


@dataclass(frozen=True)
class Commands:
    """What both versions run.

    Attributes:
        pictures: A folder of annotated pictures, or None for the sample world.
        scale: Factor on the counts of the sample world.
        task: What is trained.
        epochs: Epochs of each of the two trainings.
    """

    pictures: Path | None
    scale: float
    task: str
    epochs: int

    def steps(self, side: Path, *, calibrate: bool) -> dict[str, list[str]]:
        """Return the commands by name.

        Args:
            side: Where the workspace and the predictions go.
            calibrate: Whether this version has the verb `calibrate`.
        """
        workspace = ["-w", str(side / _WORKSPACE)]
        run = f"{self.task}/{_RUN}"
        start = ["sample", workspace[1], "--scale", str(self.scale)]
        if self.pictures is not None:
            start = ["init", workspace[1], "--from", str(self.pictures.resolve()), "--taxonomy", "infer"]
        predict = ["predict", run, str(side / _WORKSPACE / "crops"), *workspace, "--csv"]
        return {
            "start": start,
            "extract": ["extract", *workspace],
            "balance": ["balance", *workspace],
            "split": ["split", *workspace],
            "train": [*("train", self.task, *workspace, "--name", _RUN, "--repeat", "2", "--epochs", str(self.epochs))],
            "report": ["report", run, *workspace],
            "calibrate": ["calibrate", run, *workspace]
            if calibrate
            else ["evaluate", run, "--temperature", *workspace],
            "predict by Keras": [*predict, str(side / _BY_KERAS)],
            "export": ["export", run, *workspace],
            "predict by the exported file": [*predict, str(side / _BY_EXPORT)],
        }


@dataclass(frozen=True)
class Comparison:
    """How two versions compare in one respect.

    Attributes:
        what: What was compared.
        count: How many items the old version has.
        different: How many of them are different or missing in the new version.
        largest_difference: Of the numbers in them, where they are numbers.
    """

    what: str
    count: int
    different: int
    largest_difference: float | None = None

    @property
    def same(self) -> bool:
        """Whether there was something to compare, and all of it was the same."""
        return self.count > 0 and self.different == 0


def main(given: Sequence[str] | None = None) -> int:
    """Run both versions, print and write how they compare; return 1 if they differ."""
    options = parser().parse_args(given)
    commands = Commands(options.pictures, options.scale, options.task, options.epochs)
    old, new = (options.folder.resolve() / name for name in ("old", "new"))
    _run(options.old, old, commands)
    if options.old_only:
        return 0
    shutil.rmtree(new, ignore_errors=True)
    _run(options.new, new, commands)
    found = compare(old, new, task=options.task)
    for one in found:
        difference = "" if one.largest_difference is None else f"; largest difference {one.largest_difference:.2g}"
        print(f"{one.what:<34} {one.count - one.different:>5} of {one.count} the same{difference}")
    name = options.name or ("sample world" if options.pictures is None else options.pictures.name)
    result = {
        "task": commands.task,
        "epochs": commands.epochs,
        "compared": [{**asdict(one), "same": one.same} for one in found],
        "seconds": {side.name: _seconds(side) for side in (old, new)},
    }
    write_result("same_predictions", {**read_result("same_predictions"), name: result})
    return 0 if all(one.same for one in found) else 1


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    options.add_argument("--old", type=Path, required=True, metavar="SRC", help="the old version's folder src")
    options.add_argument("--new", type=Path, default=_SOURCE, metavar="SRC", help="default: this clone's src")
    options.add_argument("--pictures", type=Path, help="annotated pictures; default: the sample world")
    options.add_argument("--name", help="name in the result; default: that of the pictures' folder")
    options.add_argument("--scale", type=float, default=0.3, help="of the sample world (default: %(default)s)")
    options.add_argument("--task", default="suit", help="what to train (default: %(default)s)")
    options.add_argument("--epochs", type=int, default=10, help="of each training (default: %(default)s)")
    options.add_argument("--old-only", action="store_true", help="run the old version alone; compare later")
    return options


def compare(old: Path, new: Path, *, task: str) -> list[Comparison]:
    """Compare two finished workspaces."""
    roots = (old / _WORKSPACE, new / _WORKSPACE)
    runs = [root / "runs" / task / _RUN for root in roots]
    crops, subsets = [_crops(root) for root in roots], [_subsets(root) for root in roots]
    # The old version may have assigned no subset to a screenshot without objects.
    known = {name: subset for name, subset in subsets[1].items() if name in subsets[0]}
    found = [
        _compare("crops", *crops),
        _compare("subsets of screenshots", subsets[0], known),
        _compare("weights of each training", *(_weights(run) for run in runs)),
        _compare("wrong test crops of each training", *(_wrong(run) for run in runs)),
    ]
    for what, name in (("predictions by Keras", _BY_KERAS), ("predictions by the exported file", _BY_EXPORT)):
        rows = [_probabilities(side / name, names) for side, names in zip((old, new), crops, strict=True)]
        found.append(_compare_rows(what, *rows))
    return found


def _run(source: Path, side: Path, commands: Commands) -> None:
    """Run all commands with one version; do nothing if that was done with the same commands."""
    done = side / _DONE
    wanted = json.loads(json.dumps(asdict(commands), default=str))
    if done.is_file() and json.loads(done.read_text(encoding="utf-8"))["commands"] == wanted:
        return
    shutil.rmtree(side, ignore_errors=True)
    side.mkdir(parents=True)
    seconds = {}
    calibrate = _toonvision(source, ["calibrate", "--help"]).returncode == 0
    for name, command in commands.steps(side, calibrate=calibrate).items():
        started = time.monotonic()
        ended = _toonvision(source, command)
        if ended.returncode not in (0, _SOME_SKIPPED):
            raise SystemExit(f"{source}: {' '.join(command)}: exit code {ended.returncode}\n{ended.stderr}")
        seconds[name] = round(time.monotonic() - started, 1)
        print(f"  {side.name}: {name}, {seconds[name]} s", flush=True)
    if not any((side / _WORKSPACE / "runs").rglob("report.html")):
        raise SystemExit(f"{source}: report wrote no report.html")
    done.write_text(json.dumps({"commands": wanted, "seconds": seconds}, indent=2), encoding="utf-8")


def _toonvision(source: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command with the code of one version."""
    environment = {**os.environ, "PYTHONPATH": str(source.resolve()), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "toonvision", *command]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _seconds(side: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((side / _DONE).read_text(encoding="utf-8"))["seconds"]
    return found


def _crops(root: Path) -> dict[str, str]:
    """Return file name to digest."""
    return {path.name: _digest(path.read_bytes()) for path in (root / "crops").rglob("*.png")}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _subsets(root: Path) -> dict[str, str]:
    """Return a screenshot's name to its subset: from the decisions' file or, in older versions, from the catalogue."""
    decisions = root / "splits" / "default.csv"
    if decisions.is_file():
        lines = decisions.read_text(encoding="utf-8").splitlines()
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {row["screenshot"]: row["subset"] for row in rows}
    query = """
        SELECT DISTINCT screenshots.name, split_crops.part FROM split_crops
        JOIN splits ON splits.id = split_crops.split_id AND splits.name = 'default'
        JOIN crops ON crops.id = split_crops.crop_id JOIN screenshots ON screenshots.id = crops.screenshot_id
    """
    catalog = sqlite3.connect(f"{(root / 'catalog.sqlite').resolve().as_uri()}?mode=ro", uri=True)
    try:
        return {name: _RENAMED.get(part, part) for name, part in catalog.execute(query)}
    finally:
        catalog.close()


def _wrong(run: Path) -> dict[str, int]:
    """Return each seed to its wrong test crops."""
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {f"seed-{repeat['seed']}": repeat["wrong"] for repeat in metrics["repeats"]}


def _weights(run: Path) -> dict[str, Counter[str]]:
    """Return each seed to the digests of its model's arrays.

    They are read from the file itself, as no version needs to open the other's models; what layers are called does not
    count, what an optimizer keeps neither.
    """
    models = (path for path in run.rglob("model.keras") if re.fullmatch(r"seed-\d+", path.parent.name))
    return {path.parent.name: _arrays(path) for path in models}


def _arrays(path: Path) -> Counter[str]:
    import h5py

    found: Counter[str] = Counter()

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            array = np.asarray(item)
            found[f"{array.dtype} {array.shape} {_digest(array.tobytes())}"] += 1

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(collect)
    return found


def _probabilities(path: Path, crops: Mapping[str, str]) -> dict[str, Row]:
    """Return the digest of each picture to its probabilities by class."""
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    return {
        crops[Path(row["picture"]).name]: {name: float(row[name]) for name in row if name.startswith("p_")}
        for row in rows
    }


def _compare(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Comparison:
    keys = old.keys() | new.keys()
    return Comparison(what, len(keys), sum(old.get(key) != new.get(key) for key in keys))


def _compare_rows(what: str, old: Mapping[str, Row], new: Mapping[str, Row]) -> Comparison:
    """Compare the probabilities of each picture; other classes, or none, are different too."""
    keys = old.keys() | new.keys()
    both = [key for key in keys if old.get(key, {}).keys() == new.get(key, {}).keys()]
    distances = [max(abs(old[key][name] - new[key][name]) for name in old[key]) for key in both]
    same = sum(distance <= _TOLERANCE for distance in distances)
    return Comparison(what, len(keys), len(keys) - same, max(distances, default=None))


if __name__ == "__main__":
    sys.exit(main())
