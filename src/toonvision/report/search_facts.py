"""The sentences at the top of a search's report, its warnings, and the commands that follow from it."""

import shlex
import statistics

from toonvision.core.wording import counted, interval, listed, percent
from toonvision.metrics.intervals import Proportion
from toonvision.tuning.options import Strategy
from toonvision.tuning.race import FIRST_TEST
from toonvision.tuning.result import Racer, StudyResult, Trial
from toonvision.tuning.sampling import bounds_text

_MOST_NAMED = 6
_SAMPLED: dict[Strategy, str] = {
    "random": "at random",
    "hyperband": "at random, and stopped early where they were behind (Hyperband)",
    "bayesian": "near earlier ones with a low loss (a tree-structured Parzen estimator)",
    "front": "near earlier ones that were small or had a low loss (a tree-structured Parzen estimator of both)",
}


def search_facts(result: StudyResult) -> tuple[str, ...]:
    """Say what was searched and how, what the trials showed, which network won, how sure that is, and what is next."""
    return (
        searched_fact(result),
        sampled_fact(result),
        outcome_fact(result),
        winner_fact(result),
        race_fact(result),
        next_fact(result),
    )


def search_warnings(result: StudyResult) -> tuple[str, ...]:
    """Return what must be known before a number is believed."""
    found = []
    if not result.finished:
        found.append(
            f"The search was not finished when this was written. "
            f"To resume it, run toonvision tune with --name {shlex.quote(result.name)} and --resume."
        )
    diverged = _count(result, "diverged")
    if diverged and 2 * diverged >= trial_count(result):
        found.append(
            f"The loss of {diverged:,} of {counted(trial_count(result), 'trial')} became NaN; lower the learning rates "
            "of the space."
        )
    return tuple(found)


def searched_fact(result: StudyResult) -> str:
    """Say what was searched for which task, and within which bounds."""
    settings = result.settings
    names = f": {listed(result.classes)}" if len(result.classes) <= _MOST_NAMED else ""
    bounded = settings.bounds.parameters is not None or settings.bounds.milliseconds is not None
    height, width = settings.size_hw
    networks = "detectors" if settings.space.finds else f"networks of {counted(settings.space.blocks, 'block')}"
    up_to = "up to " * ("shrink" in settings.space.dimensions)
    return (
        f"The search covers {networks} for the task {settings.task} "
        f"({counted(len(result.classes), 'class', 'classes')}{names}) with an input of {up_to}{height} × {width} "
        f"pixels, {f'each within {bounds_text(settings)}' if bounded else 'of any size'}; "
        f"{counted(len(settings.space.varied), 'hyperparameter')} can vary."
    )


def sampled_fact(result: StudyResult) -> str:
    """Say how networks were sampled, trained and compared."""
    settings = result.settings
    seeds = settings.seeds()
    with_seeds = f"seed {seeds[0]}" if len(seeds) == 1 else f"the seeds {listed([str(seed) for seed in seeds])}"
    epochs = counted(settings.training.epochs, "epoch")
    if settings.space.finds:
        return (
            f"Networks were sampled {_SAMPLED[settings.strategy]}; each was trained with {with_seeds}, and compared by "
            f"1 - AP50 on {result.validated}, which is called its loss here. Wrong "
            "is a screenshot with a miss or a false alarm."
        )
    if settings.training.takes_all_epochs:
        how = f"for {epochs} with a cosine schedule, and compared by its last"
    else:
        how = (
            f"for at most {epochs}, until {settings.training.patience} in a row brought no lower loss, and compared by "
            "its lowest"
        )
    return (
        f"Networks were sampled {_SAMPLED[settings.strategy]}; each was trained with {with_seeds} {how} loss on "
        f"{result.validated}."
    )


def outcome_fact(result: StudyResult) -> str:
    """Count the trials by their outcome, those that were retried, and samples that were replaced."""
    retried = len(result.trials) - trial_count(result)
    counts = [
        f"{_count(result, 'done'):,} finished",
        *(f"{count:,} {word}" for count, word in (
            (_count(result, "cut short"), "stopped early"), (_count(result, "diverged"), "diverged"),
            (_count(result, "lost") - retried, "lost"), (_count(result, "waiting", "running"), "under way"),
        ) if count),
    ]  # fmt: skip
    again = f" {counted(retried, 'trial')} {_was(retried)} retried because the process had died." if retried else ""
    replaced = result.replaced
    out = f" {counted(replaced, 'sample')} {_was(replaced)} out of bounds and replaced before training." * bool(
        replaced
    )
    return f"Of {counted(trial_count(result), 'trial')}: {listed(counts)}.{out}{again}"


def winner_fact(result: StudyResult) -> str:
    """Say which network won, and how it does over its trainings in the race; never its best training alone."""
    winner = result.winner
    if winner is None:
        return "No trial finished, so there is no winner."
    named = (
        f"trial {winner.number}, {winner.layout}, with {counted(winner.parameters, 'parameter')} and a learning rate "
        f"of {winner.draw['learning_rate']:.3g}"
    )
    raced = result.winner_raced
    guesses = (
        f" That is no better than always answering the commonest class, which is wrong about {result.guessed_wrong}: "
        "nothing useful was found yet."
    ) * result.only_guesses
    if raced is None:
        return f"The best trial is {named}. {_untested(winner, result)}{guesses}"
    return f"The winner is {named}. {_spread(raced, result)}{guesses}"


def race_fact(result: StudyResult) -> str:
    """Say whether the race was decided, and by which test."""
    standing, racers = result.standing, result.racers
    if not racers:
        return "The best trials were not retrained, so whether the best is really better than the next is not known."
    trainings = sum(len(one.wrong) for one in racers)
    start = f"{counted(len(racers), 'network')} raced over {counted(standing.rounds, 'round')} ({trainings} trainings)"
    if result.settings.strategy == "front":
        return (
            f"{start}, each round with one new seed for all. None had to leave, since the whole front is wanted; the "
            "winner is the one with the lowest mean log loss."
        )
    if len(racers) == 1:
        others = len(result.tried) - 1
        if not others:
            return f"{start}; there was no other network to race against."
        return (
            f"{start}; {counted(others, 'other finished trial')} did not race: {result.settings.race.trainings} "
            f"trainings (--race) are too few for two networks, which need {FIRST_TEST} each, or they are the same "
            "network."
        )
    test = (
        "the 95 % interval of its mean paired difference in log loss to the leader lies above 0 (Student's t over the "
        f"rounds, tested after each from round {FIRST_TEST} on, without a correction for multiple tests)"
    )
    if standing.decided:
        return f"{start}, and the race is decided: all others left. A network leaves when {test}."
    names = listed([str(number) for number in standing.racing])
    state = "is still under way" if standing.jobs else "is not decided"
    return (
        f"{start}, and the race {state}: trials {names} are in it, and which of them is best is not known. The leader "
        f"has the lowest mean log loss. A network leaves when {test}."
    )


def next_fact(result: StudyResult) -> str:
    """Say that the test subset was not used, and how to evaluate the winner on it."""
    unused = "The test subset was used neither by the search nor by the race."
    if result.winner is None:
        return unused
    what = "search longer" if result.only_guesses else "train the winner and evaluate it there"
    return f"{unused} To {what}, run: {next_command(result)}"


def trial_count(result: StudyResult) -> int:
    """Count trials; one that was retried because its process died counts once."""
    return sum(trial.state != "lost" or trial.counts for trial in result.trials)


def next_command(result: StudyResult) -> str:
    """Return the command that comes after a search, typed in the workspace's folder."""
    return shlex.join(["toonvision", *next_words(result)])


def next_words(result: StudyResult) -> tuple[str, ...]:
    """Return its words after the program's name: to train the winner, or to search longer where that only guesses."""
    if result.only_guesses:
        trials = str(2 * result.settings.trials)
        return "tune", result.settings.task, "--name", result.name, "--resume", "--trials", trials
    return "train", result.settings.task, "--from-study", result.title


def tighten_command(result: StudyResult) -> str:
    """Return the command that searches a narrower space, typed in the workspace's folder."""
    return f"toonvision tune {shlex.quote(result.settings.task)} --tighten {shlex.quote(result.title)}"


def _spread(raced: Racer, result: StudyResult) -> str:
    median = Proportion(raced.median_wrong, result.evaluated)
    count = len(raced.wrong)
    lost = sum(loss is None for loss in raced.losses)
    counts = f" ({lost} of them diverged, which counts as all wrong)" if lost else ""
    return (
        f"In {counted(count, 'training')} of the race with new seeds{counts}, the median of wrong predictions is "
        f"{raced.median_wrong:g} of {result.validated} ({percent(median.share)}, 95 % "
        f"interval {interval(median)}), the best {min(raced.wrong):,} and the worst {max(raced.wrong):,}."
    )


def _untested(best: Trial, result: StudyResult) -> str:
    """Say how the best of many trials did, which is partly luck."""
    wrong = best.wrong
    if not wrong:
        return "It was not retrained."
    crops = result.validated
    luck = (
        f"It was selected from {counted(len(result.tried), 'trial')} for this, so new seeds will probably be worse."
        if len(result.tried) > 1
        else "How much another seed would change this is not known."
    )
    if len(wrong) == 1:
        return f"It was not retrained: {wrong[0]:,} of {crops} were wrong in its one training. {luck}"
    return (
        f"It was not retrained: in its {len(wrong)} trainings the median of wrong predictions is "
        f"{statistics.median(wrong):g} of {crops}, the best {min(wrong):,} and the worst {max(wrong):,}. {luck}"
    )


def _count(result: StudyResult, *states: str) -> int:
    return sum(trial.state in states for trial in result.trials)


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
