"""What the report of a run shows that finds objects in screenshots."""

from collections.abc import Sequence

from toonvision.core.panels import FigurePanel, Table
from toonvision.core.wording import counted, listed, percent
from toonvision.evaluation.breakdown import Breakdown
from toonvision.figures.values import BoxSpread
from toonvision.report import run_panels as run
from toonvision.report.facts import over_trainings, with_floor
from toonvision.report.page import Section, section
from toonvision.report.parts import RunParts, of_objects
from toonvision.report.results import Results
from toonvision.report.study_panels import context_panels, fold_panels
from toonvision.studies.stress import stress_panel
from toonvision.tasks.detect_panels import box_panels, height_rows
from toonvision.tasks.joint_panels import joint_panels
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import NO_CONTEXT


def detection_parts(results: Results) -> RunParts:
    """Return what is particular to a detector on the page of a run."""
    evaluation = results.evaluation
    return RunParts(
        predicts="Finds objects of",
        facts=detection_facts(results),
        data_fact=_data_fact(results),
        data=of_objects(results),
        trainings=_trainings(results),
        tests="What the run's model finds in",
        evaluation=(
            spread_panel(results), *box_panels(evaluation, results.taxonomy),
            *run.breakdown_panels(results.breakdowns), run.breakdown_table(results.breakdowns),
            *fold_panels(results), *context_panels(results),
            stress_panel(results.stress) if results.stress else None,
        ),
        more=_pixel_sections(results),
    )  # fmt: skip


def _pixel_sections(results: Results) -> tuple[Section, ...]:
    """Return what is shown of the pixels of a run that names them too; nothing for others."""
    pixels = results.evaluation.best.pixels
    if pixels is None:
        return ()
    what = f"The classes of the pixels of the {counted(len(pixels.truth), 'screenshot')} that have a mask."
    return (section("pixels", "Pixels", what, *joint_panels(results.evaluation, results.taxonomy)),)


def detection_facts(results: Results) -> tuple[str, ...]:
    """Return in plain sentences what was trained, what is found, and what is missed by height, view and context."""
    return with_floor(
        results, _training_fact(results), _quality_fact(results), _height_fact(results), view_fact(results.breakdowns),
        _context_fact(results),
    )  # fmt: skip


def _training_fact(results: Results) -> str:
    record = results.evaluation.record
    names = listed([category.title for category in results.evaluation.classes])
    return (
        f"The network {record.settings.network} ({counted(record.parameters, 'parameter')}) was trained to find "
        f"{names}, with {counted(record.learned_from, 'training screenshot')} of "
        f"{counted(results.screenshots, 'screenshot')}."
    )


def _quality_fact(results: Results) -> str:
    evaluation = results.evaluation
    counts, precision, mean = evaluation.best.counts, evaluation.best.precision, evaluation.best.intervals[-1]
    alarms = counts.false_alarms / max(1, len(evaluation.items))
    start = (
        f"It finds {counts.found:,} of {counted(counts.total, 'object')} ({counts.recall}) with {alarms:.2f} false "
        f"alarms a screenshot; AP50 is {precision.ap50:.3f} ({mean.ap50.within()}), "
        f"AP {precision.ap:.3f} ({mean.ap.within()})"
    )
    each = sorted(one.precision.ap50 for one in evaluation.scores)
    return f"{start}. {over_trainings(len(each), f'an AP50 of {each[0]:.3f} to {each[-1]:.3f}')}"


def _height_fact(results: Results) -> str:
    rows = height_rows(results.evaluation)
    if len(rows) < 2:
        return ""
    shares = [f"{row.band.title} {percent(row.counts.found / row.counts.total)}" for row in rows]
    return f"Found by height: {listed(shares)}."


def view_fact(breakdowns: Sequence[Breakdown]) -> str:
    """Say how many objects are missed by what disturbs their view; empty if that is the same for all."""
    views = [group for one in breakdowns if one.name == "disturbance" for group in one.groups]
    shares = [
        f"{view.title} {percent(view.wrong.share)} ({view.wrong.count:,} of {view.wrong.total:,})"
        for view in sorted(views, key=lambda view: -view.wrong.share)
    ]
    return f"Missed by what disturbs the view: {listed(shares)}." if len(shares) > 1 else ""


def _context_fact(results: Results) -> str:
    contexts = [one for one in results.breakdowns if one.name == "context"]
    none = results.taxonomy.context(NO_CONTEXT).title
    groups = [group for one in contexts for group in one.groups if group.title != none]
    if len(groups) < 2:
        return ""
    worst, best = groups[0], groups[-1]
    return (
        f"It misses most in {worst.title}, {worst.wrong.count:,} of {worst.wrong.total:,}, and least in {best.title}, "
        f"{best.wrong.count:,} of {best.wrong.total:,}. {contexts[0].finding or 'No context clearly differs.'}"
    )


def _data_fact(results: Results) -> str:
    frames = results.evaluation.frames
    empty = sum(not frame.cut for frame in frames)
    objects, none = sum(len(frame.cut) for frame in frames), f"; {empty:,} of these show none" if empty else ""
    return f"{counted(objects, 'object')} in {counted(len(frames), 'screenshot')} were evaluated{none}."


def _trainings(results: Results) -> Table:
    """Return a row for each training: how long it took and how well it finds objects."""
    cells = [
        (f"{one.precision.ap:.3f}", f"{one.precision.ap50:.3f}", f"{one.counts.total - one.counts.found:,}",
         f"{one.counts.false_alarms:,}")
        for one in results.evaluation.scores
    ]  # fmt: skip
    return run.trainings_table(results, ("AP", "AP50", "Missed", "False alarms"), cells)


def spread_panel(results: Results) -> FigurePanel | None:
    """Return the figure of the spread over repeated trainings; None for a single one."""
    evaluation = results.evaluation
    repeats = evaluation.record.repeats
    if len(repeats) < 2:
        return None
    seeds = tuple(repeat.seed for repeat in repeats)
    means = tuple(scores.intervals[-1] for scores in evaluation.scores)
    cases = kind_of(evaluation.record.as_task).cases(evaluation)
    missed_in = cases.wrong.sum(axis=0)
    rows = [(seed, one.ap50.value, one.ap50.low, one.ap50.high, one.ap.value, one.ap.low, one.ap.high,
             int(missed.sum()), scores.counts.false_alarms)
            for seed, one, missed, scores in zip(seeds, means, cases.wrong, evaluation.scores, strict=True)
    ]  # fmt: skip
    each = listed([f"{one.ap50.value:.3f}" for one in means])
    return FigurePanel(
        "spread",
        f"Spread over {len(repeats)} trainings",
        f"AP50 of each training: {each}. {int((missed_in == len(repeats)).sum())} objects are missed in every one.",
        "The same training with different seeds; intervals are over screenshots. Objects that are missed in every "
        "training may be hard to see or wrongly annotated; those missed in only one may be chance.",
        BoxSpread(means, seeds, missed_in, evaluation.best_index),
        (("seed", "ap50", "ap50_low", "ap50_high", "ap", "ap_low", "ap_high", "missed", "false_alarms"), *rows),
    )
