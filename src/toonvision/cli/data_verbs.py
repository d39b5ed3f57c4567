"""The commands about data: capture, label, extract, balance, split, check, rebuild."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toonvision.cli import options
from toonvision.cli.options import choice, given_flags, names_in
from toonvision.core.errors import ToonVisionError, UsageError
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.label.order import PORT, SURE, LabelOrder

if TYPE_CHECKING:
    from toonvision.api.result import Result
    from toonvision.api.workspace import Workspace


def capture(
    ws: "Workspace",
    context: Annotated[str | None, choice("Where you are in the game: the folder of the screenshots.", "none")] = None,
    screen: options.ScreenOption = None,
    region: options.RegionOption = None,
    window: options.WindowOption = None,
    every: Annotated[float | None, choice("Take one every so many seconds.", "no", min=0.05, max=86_400)] = None,
    changes: Annotated[
        bool,
        typer.Option("--changes", help="Take one when the picture has changed enough; with --every, look that often."),
    ] = False,
    key: Annotated[
        str | None,
        choice("Take one when this key is pressed: enter, in this terminal, or as F9, anywhere on X11.", "enter"),
    ] = None,
    count: Annotated[int | None, choice("Stop after so many.", "no limit", min=1)] = None,
    seconds: Annotated[float | None, choice("Stop after so long.", "Ctrl-C", min=0.1)] = None,
) -> "Result[Any]":
    """Take screenshots while you play, without near-duplicates.

    Linux with X11; other systems are not tested. On Wayland no program can see the screen.
    """
    from toonvision.api.capturing import CaptureOrder
    from toonvision.capture.areas import area_of

    area = area_of(screen=screen, region=region, window=window)
    return ws.capture(CaptureOrder(area, context, every, changes, key, count, seconds))


def label(
    ws: "Workspace",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the web browser.")] = True,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Its port; 0 takes any that is free.")] = PORT,
    propose: Annotated[
        bool, typer.Option("--propose", help="Let models propose boxes, which the page then shows, and end.")
    ] = False,
    detector: Annotated[
        str | None, choice("The run that finds.", "the newest, or the one that comes with the package")
    ] = None,
    classifier: Annotated[
        str | None,
        choice("The runs that name (RUN,RUN), one a level.", "the newest of each, or what comes with the package"),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Propose also where a person has decided; that stays as it is.")
    ] = False,
    to: Annotated[
        Literal["voc", "yolo", "coco", "labelstudio"] | None,
        choice("Write pictures and annotations for another program to the folder of --save, and end.", "no"),
    ] = None,
    save: Annotated[Path | None, choice("The new folder of --to.", "none")] = None,
    then_train: Annotated[
        str | None,
        choice(
            "Then extract what is new, train these tasks again (TASK,TASK), say what that brought, and propose again.",
            "no task",
        ),
    ] = None,
    sure: Annotated[
        float,
        typer.Option(
            min=50, max=100, help="Precision in percent from which on boxes are accepted without asking; 100 asks all."
        ),
    ] = SURE,
    ray: Annotated[str | None, choice("Propose on a Ray cluster: local, auto or HOST:PORT.", "no")] = None,
    as_json: bool = False,
) -> "Result[Any]":
    """Draw and review boxes in the browser; its address is the first line of the output.

    Every decision is saved at once. Ctrl-C ends the page. With --json the address is printed on standard error. With
    --propose, models do the first step: what they find is stored beside the annotations, and shown by the page;
    --then-train goes on after it, or without it where --propose is given, too.
    """
    from toonvision.api.proposers import require_proposer

    about = {"--detector": detector, "--classifier": classifier, "--every": every, "--ray": ray}
    if (given := given_flags(about)) and not propose:
        raise UsageError(f"{' and '.join(given)} are about proposing. Add --propose, too.")
    if (to is None) != (save is None):
        raise UsageError("--to names a format, and --save the new folder. Add both.")
    if to is not None and save is not None:
        others = {"--propose": propose, "--then-train": then_train, "--sure": sure != SURE, "--port": port != PORT}
        if given := given_flags(others):
            raise UsageError(f"--to writes what is annotated, and ends. Leave out {' and '.join(given)}.")
        return ws.export_annotations(to, save)
    tasks = names_in(then_train)
    if then_train is not None and not tasks:
        raise UsageError("--then-train names no task. Name one, or several as detect,suit.")
    for task in tasks:
        ws.files.taxonomy.task(task)
    classifiers, page = names_in(classifier), LabelOrder(browser, port, as_json, tuple(tasks))
    ask = partial(ws.propose, detector=detector, classifiers=classifiers, every=every, sure=sure, ray=ray)
    if not tasks:
        return ask() if propose else ws.label(page)
    require_proposer(ws, detector, classifiers, trained=tasks)
    if not propose:
        ws.label(page)
    grown = ws.grow(*tasks)
    try:
        more = ask()
    except ToonVisionError as error:  # what was trained is there, and is said all the same
        text = f"Nothing was proposed: {error}"
        return replace(grown, blocks=(*grown.blocks, text), data={**grown.data, "proposed": None}, faulty=True)
    data = {**grown.data, "proposed": more.plain}
    return replace(grown, blocks=(*grown.blocks, *more.blocks), data=data, next=more.next)


def extract(
    ws: "Workspace",
    ray: Annotated[str | None, choice("Read and cut on a Ray cluster: local, auto or HOST:PORT.", "no")] = None,
) -> "Result[Any]":
    """Cut new and changed boxes out of the screenshots."""
    return ws.extract(ray=ray)


def balance(ws: "Workspace") -> "Result[Any]":
    """Count samples; list what to photograph next."""
    return ws.balance()


def split(
    ws: "Workspace",
    ratios: Annotated[str, typer.Option(help="Train/val/test, in percent.")] = "60/20/20",
    seed: options.SeedOption = 0,
    name: Annotated[str, typer.Option(help="What to call it.")] = DEFAULT_SPLIT,
    force: options.ForceOption = False,
    from_source: Annotated[
        bool, typer.Option("--from-source", help="Take over the split that the source has of its own.")
    ] = False,
) -> "Result[Any]":
    """Assign screenshots, and so their crops, to train, val and test.

    Near-duplicate screenshots, copies of one source and frames of one recording stay together.
    """
    return ws.split(seed=seed, ratios=ratios, name=name, force=force, from_source=from_source)


def check(
    ws: "Workspace",
    run: Annotated[str | None, choice("Also list crops whose label this run contradicts.", "no run")] = None,
    details: Annotated[bool, typer.Option("--details", help="List all findings, not 20 of a kind.")] = False,
) -> "Result[Any]":
    """Find what is wrong or doubtful in a workspace; nothing is changed.

    The exit code is 3 where something is wrong. Doubts alone leave it 0.
    """
    return ws.check(run, details=details)


def rebuild(ws: "Workspace") -> "Result[Any]":
    """Make the catalogue again from the screenshots; splits and runs are not touched.

    For a catalogue that is damaged or lost. The old one is kept beside it.
    """
    return ws.rebuild()
