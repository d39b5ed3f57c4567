"""The five sentences at the top of a run's report, and its warnings."""

from collections.abc import Sequence

import numpy as np

from toonvision.core.grouping import grouped
from toonvision.core.wording import counted, interval, listed, number, percent
from toonvision.data.balance import Shortage
from toonvision.data.splits import Split, again
from toonvision.evaluation.breakdown import Group
from toonvision.evaluation.evaluate import ClassEvaluation
from toonvision.metrics.classification import wrong_only
from toonvision.metrics.intervals import Proportion
from toonvision.models.registry import TREES
from toonvision.report.results import Results
from toonvision.studies.contexts import ContextStudy
from toonvision.tasks.classify_panels import class_rows
from toonvision.tasks.registry import kind_of
from toonvision.taxonomy.labels import NO_CONTEXT
from toonvision.training.record import RunRecord

_MOST_NAMED, _MOST_NEXT, _MOST_CONTEXTS = 6, 3, 3
SUBSET_NAMES = {"train": "training", "val": "validation", "test": "test"}


def main_facts(results: Results) -> tuple[str, ...]:
    """Return five sentences: what was trained, how accurate it is, what it confuses, the role of contexts, what next.

    If all crops are from one context, the fourth is about the balance of the classes instead. Where the model does not
    clearly beat a floor, a sentence that says so comes before them.
    """
    floors = results.evaluation.floors
    return (
        *([floors.sentence()] if floors and floors.unbeaten else []),
        training_fact(results),
        quality_fact(results.evaluation),
        confusion_fact(results.evaluation),
        context_fact(results) or data_fact(results),
        next_fact(results),
    )


def with_floor(results: Results, *facts: str) -> tuple[str, ...]:
    """Return the facts that are not empty, and what is said of the floor: first where it is not beaten, else last."""
    floors = results.evaluation.floors
    floor = floors.sentence() if floors else ""
    return tuple(filter(None, (floor, *facts) if floors and floors.unbeaten else (*facts, floor)))


def training_fact(results: Results) -> str:
    """Say what was trained on what."""
    evaluation = results.evaluation
    record = evaluation.record
    titles = [category.title for category in evaluation.classes]
    names = f" ({listed(titles)})" if len(titles) <= _MOST_NAMED else ""
    trees = record.settings.network == TREES
    what = "Colour histograms with randomised trees" if trees else f"The network {record.settings.network}"
    size = counted(record.parameters, "number" if trees else "parameter")
    return (
        f"{what} ({size}) {'were' if trees else 'was'} trained to distinguish "
        f"{counted(len(titles), 'class', 'classes')}{names}, with {counted(record.learned_from, 'training crop')}, "
        f"{_validation_crops(record)} and {counted(record.samples['test'], 'test crop')} from "
        f"{counted(results.screenshots, 'screenshot')}."
    )


def quality_fact(evaluation: ClassEvaluation) -> str:
    """Say how accurate the run's model is, and how much that varies with the seed."""
    accuracy, spread = evaluation.best.report.accuracy, evaluation.spread
    start = (
        f"Its accuracy is {percent(accuracy.share)}: {accuracy.count:,} of {accuracy.total:,} "
        f"{SUBSET_NAMES[evaluation.subset]} crops are right (95 % interval {interval(accuracy)})"
    )
    best, worst = int(spread.best.count), int(spread.worst.count)
    wrong = (
        f"{counted(best, 'wrong prediction')} each"
        if best == worst
        else f"{best:,} to {worst:,} wrong predictions, with a median of {number(spread.median.count)}"
    )
    return f"{start}. {over_trainings(len(spread.wrong), wrong)}"


def over_trainings(trainings: int, scores: str) -> str:
    """Return which scores trainings with several seeds have, or that there is one seed only, as a sentence."""
    if trainings == 1:
        return "It was trained with one seed only, so the variation between trainings is unknown."
    return f"{trainings} trainings that differ only by their seed have {scores}."


def confusion_fact(evaluation: ClassEvaluation) -> str:
    """Say which two classes are confused most, and which class has the lowest recall."""
    matrix, classes = evaluation.best.matrix, evaluation.classes
    wrong = wrong_only(matrix)
    total = int(matrix.sum())
    if not wrong.any():
        _, high = Proportion(0, total).interval
        return (
            f"It makes no error on its {counted(total, f'{SUBSET_NAMES[evaluation.subset]} crop')}; with so few, its "
            f"true error can still be up to {percent(high)} (95 % interval)."
        )
    row, column = (int(index) for index in np.unravel_index(wrong.argmax(), wrong.shape))
    most, back = int(wrong[row, column]), int(wrong[column, row])
    others = int((wrong == most).sum()) - 1 - (back == most)
    tie = f" ({counted(others, 'other pair')} just as often)" if others else ""
    least = min((r for r in class_rows(evaluation) if r.support), key=lambda r: (r.recall.share, -r.support))
    return (
        f"The most frequent confusion is {classes[row].title} predicted as {classes[column].title}: "
        f"{counted(most, 'time')}, and {counted(back, 'time')} the other way round{tie}. The class with the lowest "
        f"recall is {least.category.title}: {least.recall.count:,} of {least.recall.total:,} crops are found "
        f"({percent(least.recall.share)}, 95 % interval {interval(least.recall)})."
    )


def data_fact(results: Results) -> str:
    """Say how balanced the classes are, and whether the split leaks."""
    evaluation, split = results.evaluation, results.split
    table = next(table for table in split.tables if table.level.name == evaluation.record.level)
    totals = [(int(t), c) for t, c in zip(table.totals, table.classes, strict=True) if t]
    (most, largest), (least, smallest) = max(totals, key=lambda pair: pair[0]), min(totals, key=lambda pair: pair[0])
    if most == least:
        even = f"All classes have {counted(most, 'crop')}."
    else:
        support = int((evaluation.best.y_true == evaluation.record.classes.index(largest.name)).sum())
        even = (
            f"The largest class, {largest.title}, has {counted(most, 'crop')}, {most / least:.1f} times as many as the "
            f"smallest, {smallest.title}, with {least:,}. Always predicting {largest.title} would have an accuracy of "
            f"{percent(support / len(evaluation.best.y_true))} on the {SUBSET_NAMES[evaluation.subset]} crops."
        )
    none = [c.title for t, c in zip(table.totals, table.classes, strict=True) if not t]
    if none:
        named = listed(none) if len(none) <= _MOST_NAMED else counted(len(none), "class", "classes")
        even += f" {named} {'has' if len(none) == 1 else 'have'} no crop."
    return f"{even} {_grouping(results)}"


def context_fact(results: Results) -> str:
    """Say whether the model relies on where a picture was taken; empty if all are from one context."""
    study = results.contexts
    if isinstance(study, ContextStudy) and study.difference is not None:
        return study.sentence()
    found = next((one for one in results.breakdowns if one.name == "context"), None)
    if found is None:
        return ""
    groups = [group for group in found.groups if not group.few]
    advice = f"To test it on contexts that it has not seen, run: toonvision contexts {results.evaluation.record.task}"
    if len(groups) < 2:
        return f"There are too few crops from each context to compare them. {advice}"
    clear = [group for group in groups if group.stands_out]
    sides = [f"{group.title} ({'more' if group.stands_out > 0 else 'fewer'} errors)" for group in clear]
    worst, best = groups[0], groups[-1]
    if not worst.wrong.count:
        return f"It makes no error in any context with enough crops to compare. {advice}"
    spoken = (
        f"from {_rate(best)} in {best.title} to {_rate(worst)} in {worst.title}"
        if worst.wrong.share > best.wrong.share
        else f"{percent(worst.wrong.share)} in each context"
    )
    verdict = (
        f"{listed(sides)} clearly {'differs' if len(clear) == 1 else 'differ'} from the rest, so the context matters"
        if clear
        else "no context clearly differs from the rest"
    )
    return f"The error by context goes {spoken}; {verdict}. {advice}"


def next_fact(results: Results) -> str:
    """Say what to photograph next: what is short of its target, or else the least confidently predicted class.

    Targets are those of labels. Where a class of the task is that of several labels, it is the class first, and of its
    labels those that are short.
    """
    evaluation, taxonomy = results.evaluation, results.taxonomy
    level = evaluation.record.level
    short = [one for one in results.balance.shortages if taxonomy.class_of(one.label.name, level) is not None]
    if short and taxonomy.separates_labels(level):
        return f"To photograph next: {_shortages(short)}."
    given = evaluation.best.probabilities[np.arange(len(evaluation.best.y_true)), evaluation.best.y_true]
    share, title, name = min(
        (float(given[evaluation.best.y_true == index].mean()), category.title, category.name)
        for index, category in enumerate(evaluation.classes)
        if (evaluation.best.y_true == index).any()
    )
    reached = "" if short else "All labels of this task have reached their target. "
    own = [one for one in short if taxonomy.class_of(one.label.name, level) == name]
    return (
        f"{reached}Photograph next what the model is least confident about: {title}, which gets a probability of "
        f"{percent(share)} on average.{f' Of its labels first: {_shortages(own)}.' if own else ''}"
    )


def warnings_of(results: Results) -> tuple[str, ...]:
    """Return what must be known before a number is believed."""
    record = results.evaluation.record
    unit = kind_of(record.as_task).unit
    found = []
    if results.split.torn:
        found.append(
            "The split leaks: screenshots that belong together (near-duplicates, copies, one recording) are in several "
            "subsets, so test crops resemble training crops and every score here is probably too good. To draw one "
            f"that does not: {again(Split(results.split.name, {}))}"
        )
    if results.split.cut:
        found.append(
            f"{counted(len(results.split.cut), 'recording')} had to be cut, since there are too few: train, val and "
            "test resemble each other, so every score here is probably better than on a new recording. To change that, "
            "record more, at another time and place."
        )
    if results.newer:
        found.append(
            f"{counted(results.newer, f'newer {unit}')} {'is' if results.newer == 1 else 'are'} not part of the split. "
            "To use them, make the split again."
        )
    found += [f"Left out of this report: {reason}" for reason in results.unread]
    diverged = [str(repeat.seed) for repeat in record.repeats if repeat.diverged]
    if diverged:
        found.append(f"The loss became NaN with seed {', '.join(diverged)}; a lower learning rate may help.")
    collapsed = [str(repeat.seed) for repeat in record.repeats if repeat.collapsed and not repeat.diverged]
    if collapsed:
        found.append(
            f"With seed {', '.join(collapsed)} the network {kind_of(record.as_task).collapse}, even among those that "
            "it learned from; train it longer, or with another learning rate."
        )
    return tuple(found)


def _validation_crops(record: RunRecord) -> str:
    """Say what the validation subset decides: with a cosine schedule the last epoch is saved, whatever its loss."""
    crops = counted(record.samples["val"], "validation crop")
    if record.settings.with_validation:
        return f"which include the {crops},"
    if not record.settings.takes_all_epochs and record.settings.network != TREES:
        return f"{crops} (which decide the best epoch)"
    return f"{crops} (which decide the best training)" if len(record.repeats) > 1 else crops


def _rate(group: Group) -> str:
    return f"{percent(group.wrong.share)} ({group.wrong.count:,} of {group.wrong.total:,})"


def _grouping(results: Results) -> str:
    split = results.split
    if split.torn:
        return (
            "The split leaks: screenshots that belong together are in several subsets, so the scores are probably too "
            "good."
        )
    if split.cut:
        return (
            "The split had to cut a recording, since there are too few, so the scores are probably better than on a "
            "new one."
        )
    near = (
        f", and those of near-duplicate screenshots ({split.near_duplicates:,} in "
        f"{counted(len(split.near_duplicate_groups), 'group')})"
        if split.near_duplicates
        else ""
    )
    return f"The split keeps the crops of one screenshot{near} in one subset."


def _shortages(short: Sequence[Shortage]) -> str:
    """Return the first labels with their emptiest contexts."""
    by_label = grouped(short, lambda shortage: shortage.label.name)
    named = []
    for gaps in list(by_label.values())[:_MOST_NEXT]:
        contexts = [gap.context.title for gap in gaps if gap.context.name != NO_CONTEXT]
        if len(contexts) > _MOST_CONTEXTS:
            contexts = [*contexts[: _MOST_CONTEXTS - 1], f"{len(contexts) - _MOST_CONTEXTS + 1} other contexts"]
        where = f" in {listed(contexts)}" if contexts else ""
        named.append(f"{gaps[0].label.title}{where} ({sum(gap.missing for gap in gaps):,} more)")
    rest = len(by_label) - len(named)
    more = f"; {counted(rest, 'other label')} {'is' if rest == 1 else 'are'} short of the target too" if rest else ""
    return f"{'; '.join(named)}{more}"
