"""What a run's evaluation and export say, in words."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toonvision.api.result import Block
from toonvision.core.wording import counted, number, percent
from toonvision.models.registry import TREES
from toonvision.taxonomy.labels import CLASSIFY, DETECT

if TYPE_CHECKING:
    from toonvision.deploy.export import Export
    from toonvision.deploy.int8 import Int8Boxes, Int8Export
    from toonvision.evaluation.evaluate import ClassEvaluation, Evaluation
    from toonvision.metrics.calibration import Calibration


def unbeaten(evaluation: "Evaluation[Any]") -> tuple[str, ...]:
    """Return the sentence that is said first where a floor is not beaten."""
    floors = evaluation.floors
    return (floors.sentence(),) if floors and floors.unbeaten else ()


def beaten(evaluation: "Evaluation[Any]") -> tuple[str, ...]:
    """Return the sentence that is said among the others where all floors are beaten."""
    floors = evaluation.floors
    return (floors.sentence(),) if floors and floors.listed and not floors.unbeaten else ()


def score_blocks(evaluation: "ClassEvaluation") -> tuple[Block, ...]:
    """Return how good a classifier is, as a table and sentences."""
    from toonvision.tasks.classify_panels import scores_table
    from toonvision.tasks.novelty_panels import NO_SCORE, novelty_sentence

    report = evaluation.best.report
    spread, wrong_in = evaluation.spread, evaluation.wrong_in
    lines = [f"Wrong: {report.wrong} of {spread.total}; accuracy {report.accuracy}."]
    if len(spread.wrong) > 1:
        always = int((wrong_in == len(spread.wrong)).sum())
        lines += [
            f"Over {len(spread.wrong)} trainings: median {number(spread.median.count)} wrong ({spread.median}), "
            f"best {spread.best.count} ({spread.best}), worst {spread.worst.count} ({spread.worst}).",
            f"{counted(always, 'crop')} {'was' if always == 1 else 'were'} wrong in every training, "
            f"{int((wrong_in > 0).sum())} in at least one.",
        ]
    lines += [
        f"Scored as {up.level}: accuracy {up.report.accuracy}; {up.within} wrong within a class, {up.across} across."
        if len(up.classes) > 1
        else f"Scored as {up.level}: all are {up.classes[0]}, so no prediction can be wrong there."
        for up in evaluation.best.rolled_up
    ]
    lines += beaten(evaluation)
    if evaluation.best.calibration:
        lines.append(calibration_text(evaluation.best.calibration))
    lines.append(novelty_sentence(evaluation.novelty) if evaluation.novelty else NO_SCORE)
    return replace(scores_table(evaluation), title=evaluation.title), "\n".join(lines)


def spread_text(name: str, scores: Sequence[float]) -> str:
    """Return the median, the worst and the best score of several trainings, of which the highest is best, in words."""
    return (
        f"{name} median {score_text(statistics.median(scores))}, worst {score_text(min(scores))}, best "
        f"{score_text(max(scores))}"
    )


def score_text(score: float) -> str:
    """Return a score from 0 to 1 with three decimals; of NaN that it is unknown."""
    return "unknown" if math.isnan(score) else f"{score:.3f}"


def calibration_text(calibration: "Calibration") -> str:
    """Return how far confidences can be believed, as trained and with the temperature."""
    return (
        f"Calibration error: {percent(calibration.before.error)} as trained, {percent(calibration.after.error)} with "
        f"the temperature {calibration.temperature:.2f}, fitted on "
        f"{counted(calibration.fitted_on, 'validation crop')}. {calibration.caveat}"
    ).rstrip()


def export_text(exported: "Export") -> str:
    """Return what was written, and how it was compared."""
    parity = exported.parity
    changed = parity.pictures - exported.crops
    copies = f" and {changed} changed copies" if changed else ""
    what = "confidence" if exported.kind == DETECT else "probability"
    shown = "crop" if exported.kind == CLASSIFY else "screenshot"
    compared = (
        "neither finds a box, so that no confidence could be compared"
        if exported.boxes == 0
        else f"the largest difference of a {what} is {parity.largest_difference:.1e}"
    )
    lines = [
        f"Exported to {exported.path} ({exported.size / 1000:,.0f} kB). On "
        f"{counted(exported.crops, shown)}{copies} it gives the same answers as "
        f"{'the trees' if exported.network == TREES else 'Keras'}; {compared}.",
        *([_int8_text(exported.int8)] if exported.int8 else []),
        *(f"{name} of an earlier export was removed; --int8 writes it again." for name in exported.removed),
    ]
    return "\n".join(lines)


def _int8_text(int8: "Int8Export | Int8Boxes") -> str:
    """Return what 8 bits cost, in accuracy and in time."""
    from toonvision.deploy.int8 import Int8Boxes

    change = int8.int8_latency_ms / int8.latency_ms
    speed = f"{change:.1f} times as long" if change > 1 else f"{1 / change:.1f} times as fast"
    differ = int8.parity.disagreements
    if isinstance(int8, Int8Boxes):
        unit = "screenshot of the input's size"
        cost = (
            f"AP50 is {int8.int8_ap50:.3f} in {counted(int8.screenshots, 'screenshot')}, with the plain export "
            f"{int8.ap50:.3f}; {differ:,} of {counted(int8.boxes, 'box', 'boxes')} above the thresholds of one are "
            "not in the other, or overlap what is there by less than 99 %"
        )
    else:
        unit = "crop"
        cost = (
            f"{int8.int8_right} are right, with the plain export {int8.right}; {differ} of {int8.parity.pictures} "
            "predictions differ"
        )
    return (
        f"In 8 bits to {int8.path} ({int8.size / 1000:,.0f} kB). On the test subset {cost}. One {unit} takes "
        f"{int8.int8_latency_ms:.2f} ms on one core, {speed} as the plain export's {int8.latency_ms:.2f} ms."
    )
