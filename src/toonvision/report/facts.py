"""The five sentences at the top of a report."""

from collections.abc import Sequence

import numpy as np

from toonvision.core.wording import counted, interval, listed, percent
from toonvision.data.balance import Shortage
from toonvision.data.workspace import Workspace
from toonvision.evaluation.breakdown import Group
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.classification import wrong_only
from toonvision.metrics.intervals import Proportion
from toonvision.report.contents import Results, class_rows
from toonvision.report.gather import gather_results
from toonvision.taxonomy.labels import NO_CONTEXT
from toonvision.training.record import RunRecord

_MOST_NAMED, _MOST_NEXT, _MOST_PLACES = 6, 3, 3
SUBSET_NAMES = {"train": "training", "val": "validation", "test": "test"}


def telling_facts(results: Results) -> tuple[str, ...]:
    """Say in five sentences what was trained, how good it is, what it confuses, if it leans on places, what to do next.

    Where all pictures are from one place, the fourth tells how even the classes are instead.
    """
    return (
        training_fact(results),
        quality_fact(results.evaluation),
        confusion_fact(results.evaluation),
        place_fact(results) or data_fact(results),
        next_fact(results),
    )


def telling_facts_of(workspace: Workspace, evaluation: Evaluation) -> tuple[str, ...]:
    """Say the five sentences about a judged run of a workspace."""
    run = workspace.runs / evaluation.record.task / evaluation.record.name
    return telling_facts(gather_results(workspace, run, evaluation))


def training_fact(results: Results) -> str:
    """Say what was trained on what."""
    evaluation = results.evaluation
    record = evaluation.record
    titles = [category.title for category in evaluation.classes]
    names = f" ({listed(titles)})" if len(titles) <= _MOST_NAMED else ""
    every = sum(record.samples.values())
    return (
        f"The network {record.settings.network}, with {counted(record.parameters, 'parameter')}, learned to tell "
        f"{counted(len(titles), 'class', 'classes')} apart{names} from {counted(record.learned_from, 'crop')}; "
        f"{_use_of_validation(record)} and {record.samples['test']:,} were "
        f"kept for the test, {every:,} in all, from {counted(results.screenshots, 'screenshot')}."
    )


def quality_fact(evaluation: Evaluation) -> str:
    """Say how good the kept model is, and how much that owes to its seed."""
    accuracy = evaluation.report.accuracy
    part = SUBSET_NAMES[evaluation.part]
    start = (
        f"It is right about {accuracy.count:,} of {accuracy.total:,} {part} crops, {percent(accuracy.share)} "
        f"(95 % interval {interval(accuracy)})"
    )
    spread = evaluation.spread
    if len(spread.wrong) == 1:
        return f"{start}; it was trained with one seed alone, so how much another seed would change this is not known."
    best, median, worst = (f"{value.count:,}" for value in (spread.best, spread.median, spread.worst))
    return (
        f"{start}; over {len(spread.wrong)} trainings that differ by their seed alone, {median} "
        f"{'prediction is' if spread.median.count == 1 else 'predictions are'} wrong at the median, {best} at best and "
        f"{worst} at worst."
    )


def confusion_fact(evaluation: Evaluation) -> str:
    """Say which two classes are confused most, and which class is found least."""
    matrix, classes = evaluation.matrix, evaluation.classes
    wrong = wrong_only(matrix)
    part = SUBSET_NAMES[evaluation.part]
    total = int(matrix.sum())
    if not wrong.any():
        _, high = Proportion(0, total).interval
        return (
            f"It confuses nothing among its {counted(total, f'{part} crop')}, which a model that is wrong for up to "
            f"{percent(high)} of all pictures could still achieve (95 % interval)."
        )
    row, column = (int(place) for place in np.unravel_index(wrong.argmax(), wrong.shape))
    most, back = int(wrong[row, column]), int(wrong[column, row])
    others = int((wrong == most).sum()) - 1
    reverse = "as often the other way round" if back == most else f"{back or 'none'} the other way round"
    others -= back == most
    tie = f" ({counted(others, 'other pair')} as often)" if others else ""
    least = min((r for r in class_rows(evaluation) if r.support), key=lambda r: (r.recall.share, -r.support))
    return (
        f"What it confuses most are {classes[row].title} and {classes[column].title}: "
        f"{most:,} {'crop' if most == 1 else 'crops'} of {classes[row].title} {'was' if most == 1 else 'were'} taken "
        f"for {classes[column].title}, {reverse}{tie}; the class found least is {least.category.title}, "
        f"{least.recall.count:,} of {least.recall.total:,} ({percent(least.recall.share)}, "
        f"95 % interval {interval(least.recall)})."
    )


def data_fact(results: Results) -> str:
    """Say how even the classes are, and whether the split can leak."""
    evaluation, split = results.evaluation, results.split
    table = next(table for table in split.tables if table.level.name == evaluation.record.level)
    totals = [(int(t), c) for t, c in zip(table.totals, table.classes, strict=True) if t]
    largest, smallest = max(totals, key=lambda pair: pair[0]), min(totals, key=lambda pair: pair[0])
    if largest[0] == smallest[0]:
        even = f"All classes have {counted(largest[0], 'crop')}"
    else:
        even = (
            f"The largest class, {largest[1].title}, has {counted(largest[0], 'crop')}, "
            f"{largest[0] / smallest[0]:.1f} times as many as the smallest, {smallest[1].title}, with {smallest[0]:,}"
        )
        support = int((evaluation.y_true == evaluation.class_names.index(largest[1].name)).sum())
        even += (
            f" (always answering {largest[1].title} would be right for {percent(support / len(evaluation.y_true))} of "
            f"the {SUBSET_NAMES[evaluation.part]} crops)"
        )
    none = [c.title for t, c in zip(table.totals, table.classes, strict=True) if not t]
    if none:
        named = listed(none) if len(none) <= _MOST_NAMED else counted(len(none), "class", "classes")
        even += f"; {named} {'has' if len(none) == 1 else 'have'} none at all"
    return f"{even}; {_grouping(results)}."


def place_fact(results: Results) -> str:
    """Say whether the model leans on where a picture was taken; empty where all are from one place."""
    found = next((one for one in results.breakdowns if one.name == "context"), None)
    if results.contexts is not None and results.contexts.difference is not None:
        return results.contexts.sentence()
    if found is None:
        return ""
    groups = [group for group in found.groups if not group.few]
    task = results.evaluation.record.task
    advice = f"whether it would cope with a place that it has never seen is what toonvision contexts {task} tests"
    if len(groups) < 2:
        return f"Too few of its crops are from each place to say whether it leans on the place; {advice}."
    clear = [group for group in groups if group.stands_out]
    worst, best = groups[0], groups[-1]
    if not worst.wrong.count:
        return (
            "It is wrong in none of the places of which there are crops enough to tell, so nothing here shows that it "
            f"leans on the place; {advice}."
        )
    spoken = (
        f"from {_rate(best)} in {best.title} to {_rate(worst)} in {worst.title}"
        if worst.wrong.share > best.wrong.share
        else f"{percent(worst.wrong.share)} in each"
    )
    verdict = (
        f"in {listed([group.title for group in clear])} clearly {_sides(clear)} often than elsewhere, so the place "
        "matters to it"
        if clear
        else "in none clearly more or less often than elsewhere, so nothing here shows that it leans on the place"
    )
    return f"By place it is wrong about {spoken}, {verdict}; {advice}."


def next_fact(results: Results) -> str:
    """Say what to photograph next: what is short of its target, or else what the model is least sure of."""
    evaluation, taxonomy = results.evaluation, results.taxonomy
    level = evaluation.record.level
    short = [s for s in results.balance.shortages if taxonomy.class_of(s.label.name, level) is not None]
    if short:
        return _shortage_fact(short)
    name, share = _least_sure(evaluation)
    return (
        f"No label of this task is short of its target, so photograph next what the model is least sure of: {name}, "
        f"to which it gives a probability of {percent(share)} on average."
    )


def _use_of_validation(record: RunRecord) -> str:
    """Say what the validation part decided: with a cosine course the last epoch is kept, whatever it says."""
    count = f"{record.samples['val']:,}"
    if record.settings.with_validation:
        return f"{count} of them are those of the validation part, which so says nothing of how good it is,"
    if not record.settings.takes_all_epochs:
        return f"{count} more were used to choose its best epoch"
    return (
        f"{count} more {'were used to choose among its trainings' if len(record.repeats) > 1 else 'showed how it went'}"
    )


def _rate(group: Group) -> str:
    return f"{percent(group.wrong.share)} ({group.wrong.count:,} of {group.wrong.total:,})"


def _sides(clear: Sequence[Group]) -> str:
    sides = {group.stands_out for group in clear}
    return "more or less" if len(sides) == 2 else "more" if sides == {1} else "less"


def _grouping(results: Results) -> str:
    split = results.split
    if split.torn:
        return "the split leaks, since it does not keep near-duplicate screenshots together: the scores are too good"
    if not split.near_duplicates:
        return "the split keeps all crops of one screenshot in one subset, and there are no near-duplicate screenshots"
    return (
        "the split keeps all crops of one screenshot in one subset, and likewise those of near-duplicate screenshots "
        f"({split.near_duplicates:,} in {counted(len(split.near_duplicate_groups), 'group')})"
    )


def _shortage_fact(short: Sequence[Shortage]) -> str:
    """Name the first labels with their emptiest places."""
    by_label: dict[str, list[Shortage]] = {}
    for shortage in short:
        by_label.setdefault(shortage.label.name, []).append(shortage)
    named = []
    for gaps in list(by_label.values())[:_MOST_NEXT]:
        places = [gap.context.title for gap in gaps if gap.context.name != NO_CONTEXT]
        if len(places) > _MOST_PLACES:
            places = [*places[: _MOST_PLACES - 1], f"{len(places) - _MOST_PLACES + 1} other places"]
        where = f" in {listed(places)}" if places else ""
        named.append(f"{gaps[0].label.title}{where} ({sum(gap.missing for gap in gaps):,} more)")
    rest = len(by_label) - len(named)
    more = f"; {counted(rest, 'other label')} {'is' if rest == 1 else 'are'} short of the target too" if rest else ""
    return f"To photograph next: {'; '.join(named)}{more}."


def _least_sure(evaluation: Evaluation) -> tuple[str, float]:
    """Give the class whose samples get the lowest probability on average, and that probability."""
    given = evaluation.own[np.arange(len(evaluation.y_true)), evaluation.y_true]
    means = [
        (float(given[evaluation.y_true == place].mean()), category.title)
        for place, category in enumerate(evaluation.classes)
        if (evaluation.y_true == place).any()
    ]
    share, name = min(means)
    return name, share
