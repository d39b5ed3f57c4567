"""Claim: with models that propose, a person needs few actions a box, and boxes accepted without asking are right.

Run: python benchmarks/reviewing.py REAL FOLDER [--order ORDER] [--rounds ROUNDS] [--steps N] [--detector-steps N]
    [--propose-every N]

REAL is a folder of annotated screenshots with ToonTown's labels, which is only read; copies are made in FOLDER, a new
one. A script that knows the annotations reviews the screenshots in rounds, each half as large again as the one before,
as a person does with `toonvision label`: 30 are annotated by hand first, a fifth is the test subset. Before each round
the models propose, at first those of the package, and what is sure enough is accepted; in a round they propose again
after every 30 screenshots, since what was reviewed meanwhile shows how right they are; afterwards the detector and the
classifiers of entities and animals are trained again. With --order hand all is drawn, and the models learn once, from
all of it.

A box that overlaps an object by half, as in evaluation, is left where it is. Accepting, rejecting and naming a box
count as one action, and so does a click on an object where models see such a box, though not surely enough to propose
it; moving a box counts as two, drawing and naming one as three. "Keys" is the same where one key accepts all that is
left of a screenshot, as on the page: it counts once for each, also by hand and where nothing is left. Takes
half an hour of a core for 430 screenshots and four rounds of up to 8,000 and 3,000 steps.
"""

import argparse
import math
import random
import shutil
from collections.abc import Mapping, Sequence, Set
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
from toonvision.label.changes import Change
from toonvision.label.proposals import proposals_of
from toonvision.label.queue import queue
from toonvision.label.screenshots import Screenshot, list_screenshots
from toonvision.label.session import Session, open_session
from toonvision.metrics.boxes import SAME_OBJECT
from toonvision.training.recipes import settings_for

START, TEST = 30, 5
"""Screenshots that are annotated before the first round, and one in how many is in the test subset."""
NEAR = 0.1
"""Overlap from which on a person moves a box to an object instead of drawing another."""
MOST_EPOCHS = 400
"""As in the recipes."""
GROWS = 1.5
"""How many times as large each round is as the one before."""
NAMED = ("entity", "animal")
"""What is learned to be named; both together distinguish all labels."""
FIRST = 3
"""Likely labels that a key each stands for."""
Object = tuple[str, Box]
Truth = Mapping[str, tuple[Object, ...]]


@dataclass
class Spent:
    """What a review took, and how good the boxes were that nobody was asked about."""

    screenshots: int = 0
    boxes: int = 0
    accepted: int = 0
    named: int = 0
    named_by_a_key: int = 0
    moved: int = 0
    rejected: int = 0
    clicked: int = 0
    drawn: int = 0
    unasked: int = 0
    unasked_right: int = 0

    def add(self, other: "Spent") -> None:
        """Add what another review took."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    def plain(self) -> dict[str, Any]:
        """Return the counts, and actions and keys a box."""
        corrections = self.named + 2 * self.moved + self.rejected + self.clicked + 3 * self.drawn
        count = max(1, self.boxes)
        actions, keys = (round((one + corrections) / count, 3) for one in (self.accepted, self.screenshots))
        return {**asdict(self), "actions a box": actions, "keys a box": keys}


def main(given: Sequence[str] | None = None) -> None:
    """Review, print, and write the results."""
    arguments_parser = parser()
    options = arguments_parser.parse_args(given)
    new_folder(arguments_parser, options.folder)
    rng = random.Random(options.seed)
    truth, test = copied(options.real, options.folder / "w", rng, options.screenshots)
    workspace = open_workspace(options.folder / "w")
    rounds: list[dict[str, Any]] = []
    steps = {**dict.fromkeys(NAMED, options.steps), "detect": options.detector_steps}
    total, count = Spent(), 1 if options.order == "hand" else options.rounds
    for number in range(count):
        spent, audit = round_of(workspace, truth, options, count - number, rng)
        total.add(spent)
        print(f"round {number + 1}: {spent.plain()}", flush=True)
        errors = trained(workspace, steps, len(test), options.seed)
        rounds.append({**spent.plain(), "audit": audit, **errors})
        print(f"round {number + 1}: {errors}", flush=True)
    found = {"order": options.order, "start": START, "test": len(test), "rounds": rounds, "total": total.plain()}
    found["steps"], found["propose every"] = steps, options.propose_every
    print(found["total"])
    write_result(f"reviewing-{options.order}", found)


def copied(real: Path, root: Path, rng: random.Random, most: int) -> tuple[Truth, Set[str]]:
    """Copy screenshots without their annotations, but for the first ones and the test subset; return what is true."""
    workspace = create(root, taxonomy="toontown")
    pictures = [one for one in layout.read("voc", real).pictures if one.objects]
    rng.shuffle(pictures)
    pictures = pictures[:most]
    truth: dict[str, tuple[Object, ...]] = {}
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


def trained(workspace: Workspace, steps: Mapping[str, int], tested: int, seed: int) -> dict[str, Any]:
    """Train each task for some steps on what is annotated now; return the errors on the test subset."""
    workspace.extract()
    annotated = sum(shot.given is not None or shot.annotation.exists() for shot in known(workspace))
    train = 0.8 * (annotated - tested)
    learned = {"entity": 1.8 * train, "animal": 0.35 * train, "detect": train}  # objects, but screenshots for the last
    errors: dict[str, Any] = {}
    for task, wanted in steps.items():
        if not wanted:
            continue
        network = "detector" if task == "detect" else "compact"
        batch = settings_for(network, classes=len(workspace.files.taxonomy.labels)).batch_size
        try:
            epochs = max(1, min(MOST_EPOCHS, round(wanted / math.ceil(learned[task] / batch))))
            run = workspace.grow(task, seed=seed, epochs=epochs).value.models[task].run
        except InputRejectedError as error:  # some label has no sample yet
            errors[task] = str(error).partition(";")[0]
            continue
        scores = run.evaluation("test").best.summary()
        errors[task] = {name: round(float(value), 4) for name, value in scores.items()}
    return errors


def known(workspace: Workspace) -> Sequence[Screenshot]:
    """Return the screenshots of a workspace."""
    return list_screenshots(workspace.files).screenshots


def round_of(
    workspace: Workspace, truth: Truth, options: argparse.Namespace, left: int, rng: random.Random
) -> tuple[Spent, dict[str, Any] | None]:
    """Review the share of a round, of so many that are left; return what that took, and the audit so far."""
    spent, audit, share = Spent(), None, None
    while share is None or spent.screenshots < share:
        if options.order != "hand":
            proposed = workspace.propose()
            print(proposed.sentences, flush=True)
            audit = proposed.data["audit"]
        waiting = in_order(workspace, options.order, rng)
        share = share or math.ceil(len(waiting) / sum(GROWS**at for at in range(left)))
        at_once = share if options.order == "hand" else options.propose_every
        spent.add(reviewed(workspace, truth, waiting[: min(at_once, share - spent.screenshots)]))
    return spent, audit


def in_order(workspace: Workspace, order: str, rng: random.Random) -> list[str]:
    """Return the ids of the screenshots that are left, in the order of the queue or at random."""
    listed = list_screenshots(workspace.files)
    given = {shot.id for shot in listed.screenshots if shot.given is not None}
    waiting = [one for one in queue(workspace.files, listed) if one not in given]
    if order == "random":
        waiting.sort()
        rng.shuffle(waiting)
    return waiting


def reviewed(workspace: Workspace, truth: Truth, shots: Sequence[str]) -> Spent:
    """Review screenshots, by their ids."""
    files, spent = workspace.files, Spent()
    names = {shot.id: shot.name for shot in known(workspace)}
    with open_session(files, proposals=proposals_of(files), hidden=proposals_of(files, hidden=True)) as session:
        for shot in shots:
            review(session, shot, truth[names[shot]], spent)
    return spent


@dataclass(frozen=True)
class Shown:
    """A box that a person sees: a proposal, or one that was accepted without asking."""

    id: str
    label: str
    box: Box
    likely: tuple[str, ...] = ()
    is_unasked: bool = False


def review(session: Session, shot: str, truth: Sequence[Object], spent: Spent) -> None:
    """Bring the boxes of a screenshot in line with what is true, as a person does, and count what that takes."""
    sheet = session.sheet(shot)
    unasked = [Shown(one.id, one.label, one.box, is_unasked=True) for one in sheet.annotation.boxes]
    proposed = [
        Shown(one.id, one.label if one.is_exact else "", one.box, one.others[:FIRST]) for one in sheet.proposals
    ]
    left = list(truth)
    pairs = paired((*unasked, *proposed), left, SAME_OBJECT)
    pairs |= paired([one for one in (*unasked, *proposed) if one.id not in pairs], left, NEAR)
    for one in (*unasked, *proposed):
        correct(session, shot, one, pairs.get(one.id), spent)
    for at, true in enumerate(left):
        box = LabelledBox(f"drawn-{at}", true[0], added(session, shot, true, spent))
        session.change(shot, Change("draw", boxes=(box,)))
    session.change(shot, Change("confirm" if truth else "empty"))
    spent.boxes += len(truth)
    spent.screenshots += 1


def added(session: Session, shot: str, true: Object, spent: Spent) -> Box:
    """Return the box that is added for an object that was not proposed, and count what that takes."""
    label, box = true
    x, y = middle_of(box)
    sheet = session.sheet(shot)
    taken = [*(one.box for one in sheet.annotation.boxes), *(one.box for one in sheet.proposals)]
    seen = [
        one
        for one in session.hidden(shot)
        if one.box.x_min <= x <= one.box.x_max and one.box.y_min <= y <= one.box.y_max
        and all(one.box.overlap(other) < SAME_OBJECT for other in taken)
    ]  # fmt: skip
    clicked = min(seen, key=lambda one: far(one.box, (x, y)), default=None)
    if clicked is None or clicked.box.overlap(box) < SAME_OBJECT:
        spent.drawn += 1
        return box
    spent.clicked += 1
    said = clicked.label if clicked.is_exact else ""
    spent.named += said != label
    spent.named_by_a_key += said != label and label in clicked.others[:FIRST]
    return clicked.box


def middle_of(box: Box) -> tuple[float, float]:
    """Return where a person clicks."""
    return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2


def far(box: Box, point: tuple[float, float]) -> float:
    """Return how far a point is from the middle of a box, in units of its half sides, as the page measures it."""
    x, y = middle_of(box)
    return math.hypot(2 * (point[0] - x) / (box.x_max - box.x_min), 2 * (point[1] - y) / (box.y_max - box.y_min))


def paired(shown: Sequence[Shown], left: list[Object], least: float) -> dict[str, Object]:
    """Return the object of each box that overlaps one by so much; they are taken from what is left."""
    found: dict[str, Object] = {}
    for one in shown:
        near = max(left, key=lambda thing: thing[1].overlap(one.box), default=None)
        if near is not None and near[1].overlap(one.box) >= least:
            left.remove(near)
            found[one.id] = near
    return found


def correct(session: Session, shot: str, one: Shown, true: Object | None, spent: Spent) -> None:
    """Decide about one box, and count what that takes; what is right is accepted with the others at the end."""
    if true is None:
        session.change(shot, Change("delete", one.id))
        spent.rejected += 1
        spent.unasked += one.is_unasked
        return
    is_named, is_placed = one.label == true[0], true[1].overlap(one.box) >= SAME_OBJECT
    if not is_named:
        session.change(shot, Change("relabel", one.id, label=true[0]))
        spent.named += 1
        spent.named_by_a_key += true[0] in one.likely
    if not is_placed:
        session.change(shot, Change("move", one.id, box=true[1]))
        spent.moved += 1
    spent.unasked += one.is_unasked
    spent.unasked_right += one.is_unasked and is_named and is_placed
    spent.accepted += is_named and is_placed and not one.is_unasked


def parser() -> argparse.ArgumentParser:
    """Return the arguments."""
    made = arguments(__doc__)
    made.add_argument("real", metavar="REAL", type=Path, help="annotated screenshots with ToonTown's labels")
    made.add_argument("folder", metavar="FOLDER", type=Path, help="a new folder to work in")
    made.add_argument(
        "--order", choices=("queue", "random", "hand"), default="queue", help="how screenshots are chosen"
    )
    made.add_argument("--screenshots", type=int, default=10_000, help="take no more than so many (default: all)")
    made.add_argument("--rounds", type=int, default=3, help="how often the models are trained again (default: 3)")
    made.add_argument("--steps", type=int, default=1500, help="of each classifier; 0 for none (default: 1500)")
    made.add_argument(
        "--detector-steps", type=int, default=800, help="of the detector; 0: the package's (default: 800)"
    )
    made.add_argument(
        "--propose-every", type=int, default=30, help="screenshots after which models propose again (default: 30)"
    )
    made.add_argument("--seed", type=int, default=0, help="which screenshots are in which subset")
    return made


if __name__ == "__main__":
    main()
