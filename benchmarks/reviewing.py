"""Claim: with models that propose, a person needs few actions a box, and boxes accepted without asking are right.

Run: python benchmarks/reviewing.py REAL FOLDER [--order ORDER] [--rounds ROUNDS] [--epochs N] [--detector-epochs N]

REAL is a folder of annotated screenshots with ToonTown's labels, which is only read; copies are made in FOLDER, a new
one. A script that knows the annotations reviews the screenshots in rounds, as a person does with `toonvision label`: 30
are annotated by hand first, a fifth is the test subset. Before each round the models propose, and what is sure enough
is accepted; afterwards the classifier of labels is trained again, and the detector with --detector-epochs. Accepting,
rejecting and naming a box count as one action, moving one as two, drawing and naming one as three. Takes half an hour
for 430 screenshots and three rounds on two cores.
"""

import argparse
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from measure import arguments, new_folder, write_result

from toonvision.api.workspace import Workspace, create, open_workspace
from toonvision.core.errors import InputRejectedError
from toonvision.data.boxes import Box, fit_object
from toonvision.data.formats import layout, pascal_voc
from toonvision.data.own_annotations import LabelledBox
from toonvision.data.splits import Split, write_split
from toonvision.label.annotations import SAME_OBJECT, overlap
from toonvision.label.changes import Change
from toonvision.label.proposals import proposals_of
from toonvision.label.queue import queue
from toonvision.label.screenshots import list_screenshots
from toonvision.label.session import Session, open_session

START, TEST = 30, 5
"""Screenshots that are annotated before the first round, and one in how many is in the test subset."""
IN_PLACE = 0.6
"""Overlap from which on a person leaves a box where it is."""
NAMED, MOVED, DRAWN = 1, 2, 2
Truth = Mapping[str, tuple[tuple[str, Box], ...]]


@dataclass
class Spent:
    """What a review took, and how good the boxes were that nobody was asked about."""

    boxes: int = 0
    actions: int = 0
    keys: int = 0
    unasked: int = 0
    unasked_right: int = 0

    def plain(self) -> dict[str, Any]:
        """Return the counts, and actions and keys a box."""
        a_box = {name: round(getattr(self, name) / max(1, self.boxes), 3) for name in ("actions", "keys")}
        return {**asdict(self), **{f"{name} a box": value for name, value in a_box.items()}}


def main(given: Sequence[str] | None = None) -> None:
    """Review, print, and write the results."""
    arguments_parser = parser()
    options = arguments_parser.parse_args(given)
    new_folder(arguments_parser, options.folder)
    rng = random.Random(options.seed)
    truth, test = copied(options.real, options.folder / "w", rng, options.screenshots)
    workspace = open_workspace(options.folder / "w")
    settings = {} if options.epochs is None else {"epochs": options.epochs}
    rounds, total = [trained(workspace, options, settings)], Spent()
    for number in range(1, options.rounds + 1):
        proposed = workspace.propose()
        print(proposed.sentences)
        spent = reviewed(workspace, truth, options, number, rng)
        print(f"round {number}: {spent.plain()}", flush=True)
        for name, count in asdict(spent).items():
            setattr(total, name, getattr(total, name) + count)
        rounds.append({**spent.plain(), "audit": proposed.data["audit"], **trained(workspace, options, settings)})
        print(f"round {number}: {rounds[-1]}")
    found = {"order": options.order, "start": START, "test": len(test), "rounds": rounds, "total": total.plain()}
    print(found["total"])
    write_result(f"reviewing-{options.order}", found)


def copied(real: Path, root: Path, rng: random.Random, most: int) -> tuple[Truth, set[str]]:
    """Copy screenshots without their annotations, but for the first ones and the test subset; return what is true."""
    workspace = create(root, taxonomy="toontown")
    pictures = [one for one in layout.read("voc", real).pictures if one.objects]
    rng.shuffle(pictures)
    pictures = pictures[:most]
    truth: dict[str, tuple[tuple[str, Box], ...]] = {}
    subsets: dict[str, Any] = {}
    for at, picture in enumerate(pictures):
        name = f"{picture.context}/{picture.path.name}"
        target = root / "screenshots" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture.path, target)
        assert picture.size_wh is not None
        truth[name] = tuple((one.label, fit_object(one, picture.size_wh)[0]) for one in picture.objects)
        if at < START:
            subsets[name] = "val" if at % TEST == 0 else "train"
        elif at % TEST == 0:
            subsets[name] = "test"
        if name in subsets:
            pascal_voc.write(
                target.with_suffix(".xml"), picture=target.name, size_wh=picture.size_wh, objects=picture.objects
            )
    workspace.extract()
    write_split(workspace.files.splits, Split("default", subsets))
    return truth, {name for name, subset in subsets.items() if subset == "test"}


def trained(workspace: Workspace, options: argparse.Namespace, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Train on what is annotated now; return the errors on the test subset."""
    tasks = {} if options.epochs == 0 else {"label": settings}
    if options.detector_epochs:
        tasks["detect"] = {"epochs": options.detector_epochs}
    errors: dict[str, Any] = {}
    if not tasks:
        workspace.extract()
    for task, own in tasks.items():
        try:
            run = workspace.grow(task, seed=options.seed, **own).value.run
        except InputRejectedError as error:  # some label has a single sample yet
            errors[task] = str(error).partition(";")[0]
            continue
        scores = run.evaluation("test").best.summary()
        errors[task] = {name: round(float(value), 4) for name, value in scores.items()}
    return errors


def reviewed(workspace: Workspace, truth: Truth, options: argparse.Namespace, number: int, rng: random.Random) -> Spent:
    """Review the share of a round, in the order of the queue or at random."""
    files, spent = workspace.files, Spent()
    listed = list_screenshots(files)
    names = {shot.id: shot.name for shot in listed.screenshots}
    open_ids = {shot.id for shot in listed.screenshots if shot.given is None}
    waiting = [one for one in queue(files, listed) if one in open_ids]
    if options.order == "random":
        waiting.sort()
        rng.shuffle(waiting)
    share = -(-len(waiting) // (options.rounds - number + 1))
    with open_session(files, proposals=proposals_of(files)) as session:
        for shot in waiting[:share]:
            review(session, shot, truth[names[shot]], spent)
    return spent


def review(session: Session, shot: str, truth: Sequence[tuple[str, Box]], spent: Spent) -> None:
    """Bring the boxes of a screenshot in line with what is true, as a person does, and count what that takes."""
    left = list(truth)
    sheet = session.sheet(shot)
    given = [(one.id, one.label, one.box, True) for one in sheet.annotation.boxes]
    offered = [(one.id, one.label if one.is_exact else "", one.box, False) for one in sheet.proposals]
    for box_id, label, box, is_unasked in (*given, *offered):
        near = max(left, key=lambda one: overlap(one[1], box), default=None)
        if near is None or overlap(near[1], box) < SAME_OBJECT:
            session.change(shot, Change("delete", box_id))
            right, cost = False, NAMED
        else:
            left.remove(near)
            right, cost = corrected(session, shot, box_id, near, label, box)
            if right and not is_unasked:
                session.change(shot, Change("accept", box_id))
                cost = NAMED
                spent.keys -= cost  # one key accepts all
        spent.unasked += is_unasked
        spent.unasked_right += is_unasked and right
        spent.actions, spent.keys = spent.actions + cost, spent.keys + cost
    for at, (label, box) in enumerate(left):
        session.change(shot, Change("draw", boxes=(LabelledBox(f"drawn-{at}", label, box),)))
        spent.actions, spent.keys = spent.actions + DRAWN + NAMED, spent.keys + DRAWN + NAMED
    session.change(shot, Change("confirm" if truth else "empty"))
    spent.keys += 1
    spent.boxes += len(truth)


def corrected(
    session: Session, shot: str, box_id: str, near: tuple[str, Box], label: str, box: Box
) -> tuple[bool, int]:
    """Correct label and place of a box; return whether both were right, and how many actions it took."""
    cost = 0
    if label != near[0]:
        session.change(shot, Change("relabel", box_id, label=near[0]))
        cost += NAMED
    if overlap(near[1], box) < IN_PLACE:
        session.change(shot, Change("move", box_id, box=near[1]))
        cost += MOVED
    return cost == 0, cost


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    made = arguments(__doc__)
    made.add_argument("real", metavar="REAL", type=Path, help="annotated screenshots with ToonTown's labels")
    made.add_argument("folder", metavar="FOLDER", type=Path, help="a new folder to work in")
    made.add_argument("--order", choices=("queue", "random"), default="queue", help="how screenshots are chosen")
    made.add_argument("--screenshots", type=int, default=10_000, help="take no more than so many (default: all)")
    made.add_argument("--rounds", type=int, default=3, help="how often the models are trained again")
    made.add_argument("--epochs", type=int, default=None, help="of the classifier; 0 for none (default: its recipe's)")
    made.add_argument("--detector-epochs", type=int, default=0, help="of the detector (default: the package's is used)")
    made.add_argument("--seed", type=int, default=0, help="which screenshots are in which subset")
    return made


if __name__ == "__main__":
    main()
