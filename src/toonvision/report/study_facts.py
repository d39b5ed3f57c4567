"""The sentences at the top of a study's report, and the commands that go on from there."""

import shlex
import statistics

from toonvision.core.wording import counted, interval, listed, percent
from toonvision.metrics.intervals import Proportion
from toonvision.tuning.options import Strategy
from toonvision.tuning.race import FIRST_TEST
from toonvision.tuning.result import Racer, StudyResult, Trial
from toonvision.tuning.sampling import bounds_text

_MOST_NAMED = 6
_DRAWN: dict[Strategy, str] = {
    "random": "at random",
    "hyperband": "at random, and those that lagged behind were cut short (Hyperband)",
    "bayesian": "where earlier ones had done well (a tree-structured Parzen estimator)",
    "front": "where earlier ones had been small, or done well (a tree-structured Parzen estimator of both)",
}


def study_facts(result: StudyResult) -> tuple[str, ...]:
    """Say what was searched how, what came of the trials, who won, how sure that is, and what to do next."""
    return (
        searched_fact(result),
        drawn_fact(result),
        outcome_fact(result),
        winner_fact(result),
        race_fact(result),
        next_fact(result),
    )


def study_warnings(result: StudyResult) -> tuple[str, ...]:
    """Say what must be known before a number is believed."""
    found = []
    if not result.finished:
        found.append(f"The search was not finished when this was written. To go on with it: {resume_command(result)}")
    diverged = _count(result, "diverged")
    if diverged and 2 * diverged >= trial_count(result):
        found.append(
            f"The loss of {diverged:,} of {counted(trial_count(result), 'trial')} became no number; lower the learning "
            "rates of the space."
        )
    return tuple(found)


def searched_fact(result: StudyResult) -> str:
    """Say what was searched for what, and within which bounds."""
    settings = result.settings
    names = f": {listed(result.classes)}" if len(result.classes) <= _MOST_NAMED else ""
    bounded = settings.bounds.parameters is not None or settings.bounds.milliseconds is not None
    height, width = settings.size_hw
    return (
        f"Networks of {counted(settings.space.blocks, 'block')} were searched for the task {settings.task} "
        f"({counted(len(result.classes), 'class', 'classes')}{names}) on pictures of {height} × {width} pixels, "
        f"{f'each within {bounds_text(settings)}' if bounded else 'of any size'}; "
        f"{counted(len(settings.space.varied), 'hyperparameter')} could vary."
    )


def drawn_fact(result: StudyResult) -> str:
    """Say how networks were drawn, trained and judged."""
    settings = result.settings
    seeds = settings.seeds()
    with_seeds = f"seed {seeds[0]}" if len(seeds) == 1 else f"the seeds {listed([str(seed) for seed in seeds])}"
    epochs = counted(settings.training.epochs, "epoch")
    if settings.training.takes_all_epochs:
        told = f"for {epochs} along a cosine, and is judged by its loss at the end"
    else:
        told = (
            f"for at most {epochs}, until {settings.training.patience} in a row brought no lower loss, and is judged "
            "by its lowest loss"
        )
    return (
        f"They were drawn {_DRAWN[settings.strategy]}; each was trained with {with_seeds} {told} on "
        f"{counted(result.judged, 'validation picture')}."
    )


def outcome_fact(result: StudyResult) -> str:
    """Say what came of the trials, how many were tried again, and how many draws were replaced."""
    retried = len(result.trials) - trial_count(result)
    lost = _count(result, "lost") - retried
    parts = [
        f"{_count(result, 'done'):,} came to a result",
        f"{_were(_count(result, 'cut short'))} cut short",
        f"{_count(result, 'diverged') or 'none'} diverged",
        f"{_were(lost)} lost",
    ]
    waiting = _count(result, "waiting", "running")
    if waiting:
        parts.append(f"{waiting:,} {'is' if waiting == 1 else 'are'} under way")
    again = f" {_were(retried).capitalize()} tried again, since the process had died." if retried else ""
    replaced = result.replaced
    draws = (
        f"{_were(replaced, 'draw')} out of bounds and replaced before training" if replaced else "no draw was replaced"
    )
    return f"Of {counted(trial_count(result), 'trial')} {listed(parts)}; {draws}.{again}"


def winner_fact(result: StudyResult) -> str:
    """Say which network won, and how it does over its trainings in the race; never its best training alone."""
    winner = result.winner
    if winner is None:
        return "No trial came to a result, so there is no winner."
    named = (
        f"trial {winner.number}, {winner.layout}, with {counted(winner.parameters, 'parameter')} and a learning rate "
        f"of {winner.draw['learning_rate']:.3g}"
    )
    raced = result.winner_raced
    if raced is None:
        return f"The best trial is {named}. {_untested(winner, result)}"
    return f"The winner is {named}. {_spread(raced, result)}"


def race_fact(result: StudyResult) -> str:
    """Say whether the race was decided, and by which test."""
    standing, racers = result.standing, result.racers
    if not racers:
        return "The best trials were not trained again, so whether the best is better than the next is not known."
    trainings = sum(len(one.wrong) for one in racers)
    start = f"{counted(len(racers), 'network')} raced over {counted(standing.rounds, 'round')} ({trainings} trainings)"
    if result.settings.strategy == "front":
        return (
            f"{start}, each round with one fresh seed for all; none had to leave, since all of the front are wanted: "
            "the winner is merely the one with the lowest mean logarithm of the loss."
        )
    if len(racers) == 1:
        return f"{start}; there was nobody to race against."
    test = (
        "the 95 % interval of its mean paired difference of the logarithm of the loss to the leader (Student's t over "
        f"the rounds, looked at after each from round {FIRST_TEST} on, without a correction for looking often) lies "
        "above 0"
    )
    if standing.decided:
        return f"{start}, and the race is decided: all others left. A network leaves when {test}."
    names = listed([str(number) for number in standing.racing])
    state = "is still under way" if standing.jobs else "is not decided"
    return (
        f"{start}, and the race {state}: trials {names} are in it, and which of them is best is not known. The leader "
        f"has the lowest mean logarithm of the loss. A network leaves when {test}."
    )


def next_fact(result: StudyResult) -> str:
    """Say that the test part is untouched, and how the winner gets there."""
    untouched = "The test part was never looked at: neither the search nor the race knows a picture of it."
    if result.winner is None:
        return untouched
    return f"{untouched} To train the winner and judge it there: {train_command(result)}"


def trial_count(result: StudyResult) -> int:
    """Count trials, those but once whose process died and that were tried again."""
    return sum(trial.state != "lost" or trial.counts for trial in result.trials)


def train_command(result: StudyResult) -> str:
    """Give the command that trains a study's winner."""
    return f"toonvision train {shlex.quote(result.settings.task)} --from-study {shlex.quote(result.title)}"


def tighten_command(result: StudyResult) -> str:
    """Give the command that searches a study's narrower space."""
    return f"toonvision tune {shlex.quote(result.settings.task)} --tighten {shlex.quote(result.title)}"


def resume_command(result: StudyResult) -> str:
    """Give the command that goes on with a study."""
    return f"toonvision tune {shlex.quote(result.settings.task)} --name {shlex.quote(result.name)} --resume"


def _spread(raced: Racer, result: StudyResult) -> str:
    median = Proportion(round(raced.median_wrong), result.judged)
    count = len(raced.wrong)
    trainings = "its one training" if count == 1 else f"its {count} trainings"
    lost = sum(loss is None for loss in raced.losses)
    counts = f" ({lost} of them diverged, which counts as all wrong)" if lost else ""
    return (
        f"Over {trainings} in the race, with fresh seeds{counts}, {raced.median_wrong:g} of "
        f"{counted(result.judged, 'validation picture')} are wrong at the median ({percent(median.share)}, 95 % "
        f"interval {interval(median)}), {min(raced.wrong):,} at best and {max(raced.wrong):,} at worst."
    )


def _untested(best: Trial, result: StudyResult) -> str:
    """Say how the best of many trials did, which is luck too."""
    count = len(best.wrong)
    if not count:
        return "It was not trained again."
    chosen = (
        f"it was chosen from {counted(len(result.tried), 'trial')} for these very trainings, so fresh seeds will "
        "likely do worse"
        if len(result.tried) > 1
        else "how much another seed would change this is not known"
    )
    if count == 1:
        said = f"{best.wrong[0]:,} of {counted(result.judged, 'validation picture')} were wrong in its one training"
    else:
        said = (
            f"over its {count} trainings {statistics.median(best.wrong):g} of "
            f"{counted(result.judged, 'validation picture')} were wrong at the median, {min(best.wrong):,} at best and "
            f"{max(best.wrong):,} at worst"
        )
    return f"It was not trained again: {said}; {chosen}."


def _count(result: StudyResult, *states: str) -> int:
    return sum(trial.state in states for trial in result.trials)


def _were(count: int, noun: str = "") -> str:
    number = counted(count, noun) if noun else f"{count:,}" if count else "none"
    return f"{number} {'was' if count == 1 else 'were'}"
