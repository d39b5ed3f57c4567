"""The command that predicts: with a run, with one that finds and others that name, or with the package's models."""

import csv
import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toonvision.cli import options
from toonvision.cli.options import choice, given_flags, names_in
from toonvision.cli.output import say
from toonvision.cli.watching import TERMINAL
from toonvision.core.errors import ToonVisionError, UsageError
from toonvision.core.files import require_writable, write_text
from toonvision.core.folders import require_outside
from toonvision.core.names import free_name
from toonvision.core.options import require_path
from toonvision.core.wording import counted
from toonvision.deploy.packaged import accuracy_text, detector_accuracy, packaged_names
from toonvision.taxonomy.labels import DETECT, SEGMENT

if TYPE_CHECKING:
    from toonvision.api.bulk import Answering
    from toonvision.api.result import Result
    from toonvision.api.run import Run

FINDS = "; ".join(f"{name} {detector_accuracy(name) or 'was not measured'}" for name in packaged_names())
PACKAGED = "; ".join(f"{name} ({accuracy_text(name)})" for name in packaged_names())


@dataclass(frozen=True)
class PredictOptions:
    """What is asked: the arguments and options of the command."""

    run: Annotated[
        str, typer.Argument(help="A run's name, such as label/compact-1, or its folder; with --with a picture.")
    ]
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Pictures of one object, as the crops are; screenshots if the run takes these; videos of them; or "
            "folders.",
            show_default=False,
        ),
    ] = None
    with_: Annotated[
        str | None,
        choice(f"Predict without a run, with models that come with the package: {PACKAGED}.", "a run", "--with"),
    ] = None
    find: Annotated[
        bool,
        typer.Option("--find", help=f"With --with: find the objects in whole screenshots, and name them; {FINDS}."),
    ] = False
    boxes: Annotated[
        bool, typer.Option("--boxes", help="The pictures are annotated screenshots: cut out their boxes, predict each.")
    ] = False
    save: Annotated[
        Path | None, choice("Write the pictures with the answers drawn onto them to this new folder.", "no")
    ] = None
    detector: Annotated[str | None, choice("Find objects with this run; first comes a picture, no run.", "no")] = None
    classifier: Annotated[str | None, choice("Name them with these runs (RUN,RUN), one a level.", "no")] = None
    voc: Annotated[Path | None, choice("Write the boxes found as Pascal VOC to this new folder.", "no")] = None
    masks: Annotated[Path | None, choice("Write the pixels named as masks to this new folder.", "no")] = None
    csv_file: Annotated[
        Path | None, choice("Write all probabilities to this file; - for standard output.", "no", "--csv")
    ] = None
    keras: Annotated[
        bool, typer.Option("--keras", help="Use the trained network itself, even where there is an export.")
    ] = False
    ray: Annotated[
        str | None,
        choice("Predict on a Ray cluster: local, auto or HOST:PORT; needs --csv, and exported models.", "no"),
    ] = None
    every: Annotated[int, typer.Option(min=1, help="Take every so many frames of videos; needs --csv.")] = 1
    force: options.ForceOption = False
    workspace: options.WorkspaceOption = options.HERE

    @property
    def listed(self) -> list[Path]:
        """The pictures that are named after the run."""
        return self.pictures or []

    @property
    def first_is_picture(self) -> list[Path]:
        """All pictures where the first argument is one, since no run comes first."""
        require_path("pictures", self.run or "")
        return [Path(self.run or ""), *self.listed]

    @property
    def direct_only(self) -> list[str]:
        """The options that are given of those that do not go with a file of many answers."""
        return given_flags({"--save": self.save, "--voc": self.voc, "--masks": self.masks, "--boxes": self.boxes,
                       "--keras": self.keras})  # fmt: skip


@dataclass(frozen=True)
class _Way:
    """A way to predict.

    Attributes:
        pictures: What is predicted.
        direct: Predicts it in this process.
        rows: Writes that result as CSV.
        bulk: Returns what answers in other processes, too; None where there is no export.
    """

    pictures: list[Path]
    direct: "Callable[[], Result[Any]]"
    rows: Callable[[Any], str]
    bulk: "Callable[[], Answering | None]"


def predict(**settings: Any) -> "Result[Any]":
    """Predict the class of each picture, find its objects or name its pixels, with a run or the package's own models.

    Where a run names one object, a picture gets one answer, so it must show one object, as the crops do; whole
    screenshots need --boxes, or --with and --find. A picture unlike anything that the run learned is said to be
    none of the classes. Where the run was exported, that file answers, so that Keras need not start. --with needs
    no run and no workspace: its models learned from drawings alone.

    With --detector and --classifier, boxes are found by one run and named by others, and no run comes first.

    Many pictures are predicted by several processes straight into --csv, or by a cluster with --ray; where that is
    stopped, the same command goes on.
    """
    asked = PredictOptions(**settings)
    target = _csv_target(asked)
    if asked.detector is not None or asked.classifier is not None:
        way = _by_two_stages(asked, asked.detector, asked.classifier)
    else:
        way = _by_run(asked) if asked.with_ is None else _by_package(asked, asked.with_)
    result = _in_bulk(way, target, asked)
    if result is None:
        result = way.direct()
        if asked.csv_file is not None:
            result = _as_csv(result, way.rows(result), target)
    return result if asked.with_ is None else replace(result, next=_after_package(asked.workspace, asked.with_))


def _by_two_stages(asked: PredictOptions, detector: str | None, classifier: str | None) -> _Way:
    """Find with one run, and name with others."""
    from toonvision.api.bulk_answers import stages_answering
    from toonvision.api.detecting import objects_csv
    from toonvision.api.two_stage import find_and_name
    from toonvision.api.workspace import open_workspace
    from toonvision.training.record import is_run

    if detector is None or classifier is None:
        raise UsageError("two stages need a run that finds and one that names. Add --detector and --classifier.")
    switches = {"--with": asked.with_, "--find": asked.find, "--boxes": asked.boxes, "--keras": asked.keras,
                "--masks": asked.masks}  # fmt: skip
    if given := given_flags(switches):
        raise UsageError(
            f"--detector finds boxes, and exports or Keras answer as they can; leave out {' and '.join(given)}."
        )
    pictures = asked.first_is_picture
    if is_run(asked.workspace / "runs", str(pictures[0])):
        raise UsageError(f"--detector takes the place of a run; got the run {str(pictures[0])!r} too. Leave it out.")
    ws = open_workspace(asked.workspace, watcher=TERMINAL)
    stages = ws.run(detector), [ws.run(name) for name in names_in(classifier)]
    direct = partial(find_and_name, *stages, pictures, save=asked.save, voc=asked.voc)
    return _Way(pictures, direct, objects_csv, partial(stages_answering, *stages))


def _by_run(asked: PredictOptions) -> _Way:
    """Predict with a run, as its task says."""
    from toonvision.api.bulk_answers import run_answering
    from toonvision.api.detecting import objects_csv
    from toonvision.api.predicting import predictions_csv
    from toonvision.api.segmenting import shares_csv

    if asked.find:
        raise UsageError("--find is for models that come with the package; a run finds what its task is. Leave it out.")
    run = _run_to_predict(asked)
    direct = partial(run.predict, asked.listed, boxes=asked.boxes, save=asked.save, voc=asked.voc, masks=asked.masks,
                     keras=asked.keras)  # fmt: skip
    csv_of: dict[str, Callable[[Any], str]] = {DETECT: objects_csv, SEGMENT: shares_csv}
    return _Way(asked.listed, direct, csv_of.get(run.record.kind, predictions_csv), partial(run_answering, run))


def _by_package(asked: PredictOptions, name: str) -> _Way:
    """Predict with the models that come with the package, which need neither a run nor a workspace."""
    from toonvision.api.bulk_answers import packaged_answering
    from toonvision.api.detecting import objects_csv
    from toonvision.api.packaged import level_predictions_csv, predict_with
    from toonvision.api.two_stage import find_packaged
    from toonvision.training.record import is_run

    if is_run(asked.workspace / "runs", asked.run):
        raise UsageError(f"--with takes the place of a run; got the run {asked.run!r} too. Leave one of them out.")
    switches = {"--boxes": asked.boxes, "--keras": asked.keras, "--voc": None if asked.find else asked.voc,
                "--masks": asked.masks}  # fmt: skip
    if given := given_flags(switches):
        raise UsageError(f"--with predicts pictures of one object, without Keras; leave out {' and '.join(given)}.")
    pictures, bulk = asked.first_is_picture, partial(packaged_answering, name, find=asked.find)
    if asked.find:
        found = partial(find_packaged, name, pictures, save=asked.save, voc=asked.voc, watcher=TERMINAL)
        return _Way(pictures, found, objects_csv, bulk)
    named = partial(predict_with, name, pictures, save=asked.save, watcher=TERMINAL)
    return _Way(pictures, named, level_predictions_csv, bulk)


def _in_bulk(way: _Way, target: Path | None, asked: PredictOptions) -> "Result[Any] | None":
    """Predict many pictures straight into a file; None where that is not what is asked, or there is no export."""
    from toonvision.api.bulk import are_many, predict_to_file

    alone = asked.direct_only
    flag = "--ray" if asked.ray is not None else "--every" if asked.every > 1 else ""
    if flag and (target is None or alone):
        leave = f", and leave out {' and '.join(alone)}" if alone else ""
        raise UsageError(f"{flag} writes answers to a file as they come. Add --csv FILE{leave}.")
    if target is None or alone or (not flag and not are_many(way.pictures)):
        return None
    answering = way.bulk()
    if answering is None:
        if flag:
            raise UsageError(
                f"{flag} needs exported models, and one of these runs has none. Write it: toonvision export RUN"
            )
        return None
    result = predict_to_file(answering, way.pictures, target, every=asked.every, ray=asked.ray, watcher=TERMINAL)
    say(f"Wrote the answers about {counted(result.value.pictures, 'picture')} to {target}")
    return result


def _after_package(root: Path, name: str) -> str:
    """Return the command that usually comes after predicting with the package's models.

    That is the workspace's, or the one that makes a workspace: in a folder that is not there yet, so that it works as
    it is printed.
    """
    from toonvision.api.workspace import open_workspace

    with suppress(ToonVisionError):
        return open_workspace(root, untouched=True).next_step()
    return shlex.join(["toonvision", "init", free_name(Path(), f"my-{name}"), "--taxonomy", name])


def _as_csv(result: "Result[Any]", text: str, target: Path | None) -> "Result[Any]":
    """Write a result as CSV to a file, or show it as such."""
    if target is not None:
        write_text(target, text)
        rows = sum(1 for _ in csv.reader(StringIO(text))) - 1
        pictures = counted(len({one.path for one in result.value}), "picture")
        say(f"Wrote {counted(rows, 'row')} about {pictures} to {target}")
    return replace(result, blocks=(text.rstrip("\n"),) if target is None else ())


def _csv_target(asked: PredictOptions) -> Path | None:
    """Return the file that CSV goes to, if it can and may be written; None for standard output."""
    target = None if str(asked.csv_file) == "-" else asked.csv_file
    if target is None:
        return None
    for flag, folder in {"--save": asked.save, "--voc": asked.voc, "--masks": asked.masks}.items():
        if folder is not None:
            require_outside(flag, folder, "--csv", target)
    if target.exists():
        if not target.is_file():
            raise UsageError(f"{target}: is no file that could be written. Choose another --csv.")
        if not asked.force:
            raise UsageError(f"{target} exists already; it was not changed. Choose another --csv, or add --force.")
    # Missing folders are made when it is written. What --save writes before would be in the way of the same command.
    require_writable(next(folder for folder in target.absolute().parents if folder.exists()))
    return target


def _run_to_predict(asked: PredictOptions) -> "Run":
    """Return a run; where there is none yet, offer the models that come with the package for the taxonomy."""
    from toonvision.api.workspace import open_workspace
    from toonvision.training.record import run_records

    ws = open_workspace(asked.workspace, watcher=TERMINAL)
    try:
        found = ws.run(asked.run)
    except UsageError as error:
        taxonomy = ws.files.taxonomy.name
        if taxonomy not in packaged_names() or run_records(ws.files.runs):
            raise
        offered = shlex.join(["toonvision", "predict", "--with", taxonomy, *([*map(str, asked.listed)] or [asked.run])])
        said = f"{error}, or use models that come with the package ({accuracy_text(taxonomy)}): {offered}"
        raise UsageError(said) from None
    if not asked.listed:
        raise UsageError("pictures to predict are missing. Name pictures, or folders of pictures, after the run.")
    return found
