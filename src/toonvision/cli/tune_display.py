"""What a person sees of a search for networks."""

from typing import TYPE_CHECKING, Any

from toonvision.cli.interrupts import heed
from toonvision.cli.output import live_display, say, table

if TYPE_CHECKING:
    from toonvision.tasks.base import Dataset
    from toonvision.tuning.result import StudyResult, Trial
    from toonvision.tuning.settings import StudySettings


def study_data(result: "StudyResult") -> dict[str, Any]:
    """Give a study's result for machines."""
    winner = result.winner
    return {
        "study": result.title,
        "finished": result.finished,
        "strategy": result.settings.strategy,
        "trials": [
            {
                "number": t.number,
                "state": t.state,
                "network": t.layout,
                "parameters": t.parameters,
                "learning_rate": t.draw.get("learning_rate"),
                "loss": t.loss,
                "wrong": t.wrong,
            }
            for t in result.trials
        ],
        "replaced": result.replaced,
        "judged": result.judged,
        "winner": winner.number if winner else None,
        "decided": result.standing.decided,
        "race": [{"trial": r.trial.number, "losses": r.losses, "wrong": r.wrong} for r in result.racers],
        "front": [t.number for t in result.front],
    }


def study_renderables(result: "StudyResult") -> list[Any]:
    """Give a study's result as tables and sentences."""
    rows = [
        [
            *(t.number, t.layout, f"{t.parameters:,}", f"{t.draw['learning_rate']:g}", len(r.wrong)),
            *(
                f"{r.median_wrong:g}",
                min(r.wrong),
                max(r.wrong),
                f"left after {r.left_after}" if r.left_after else "in it",
            ),
        ]
        for r in result.racers
        for t in [r.trial]
    ]
    columns = ["Trial", "Network", "Parameters", "Learning rate", "Trainings", "Wrong: median", "best", "worst", "Race"]
    title = f"{result.title}: the race, wrong of {result.judged} validation pictures"
    return [table(title, columns, rows, names=2) if rows else _best_table(result), "\n".join(_sentences(result))]


def study_row(result: "StudyResult") -> list[object]:
    """Give a study's line in the list of all."""
    winner, raced = result.winner, result.winner_raced
    row: list[object] = [result.title, "done" if result.finished else "unfinished", result.started[:16]]
    row += [result.settings.strategy, f"{len(result.tried)} of {result.settings.trials}"]
    row += [winner.layout, f"{winner.parameters:,}"] if winner else ["-", "-"]
    return row + ([f"{raced.median_wrong:g}", max(raced.wrong)] if raced else ["-", "-"])


class TuningDisplay:
    """Shows a search while it runs: a live table on a terminal, a line for each trial elsewhere."""

    _SHOWN = 12

    def __init__(self) -> None:
        self._live: Any = None
        self._told: set[tuple[int, str]] = set()
        self._raced = 0

    def __enter__(self) -> "TuningDisplay":
        """Start the live table where there is a terminal."""
        self._live = live_display()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last table standing."""
        if self._live:
            self._live.stop()

    def started(self, settings: "StudySettings", data: "Dataset", name: str) -> None:
        """Say what is searched, on what."""
        train, val = len(data.indices["train"]), len(data.indices["val"])
        say(
            f"Searching {settings.trials} networks for {settings.task} ({settings.strategy}) at "
            f"{settings.size_hw[0]}x{settings.size_hw[1]} as {settings.task}/{name}; {train} pictures teach, "
            f"{val} judge; the test part is not looked at."
        )

    def update(self, result: "StudyResult") -> None:
        """Show how the search stands, and stop where somebody asked for that."""
        heed()
        if self._live:
            self._live.update(self._table(result))
            return
        for trial in result.trials:
            if trial.state not in ("waiting", "running") and (trial.number, trial.state) not in self._told:
                self._told.add((trial.number, trial.state))
                say(f"trial {trial.number}: {_trial_words(trial)}; {_progress(result)}")
        raced = sum(map(len, result.scores.values()))
        if raced > self._raced:
            self._raced = raced
            say(f"race: {raced} trainings; {_progress(result)}")

    def _table(self, result: "StudyResult") -> Any:
        shown = result.trials[-self._SHOWN :]
        rows = [
            [
                *(t.number, t.layout or "-", t.state, f"{t.parameters:,}", "-" if t.loss is None else f"{t.loss:.3f}"),
                *(t.epochs or "-", f"{t.seconds:.0f} s" if t.scores else "-"),
            ]
            for t in shown
        ]
        columns = ["Trial", "Network", "State", "Parameters", "Validation loss", "Epoch", "Took"]
        return table(f"{result.title}: {_progress(result)}", columns, rows, names=3)


def _best_table(result: "StudyResult") -> Any:
    rows = [
        [
            t.number,
            t.layout,
            f"{t.parameters:,}",
            f"{t.draw['learning_rate']:g}",
            f"{t.loss:.3f}",
            ", ".join(map(str, t.wrong)),
        ]
        for t in result.tried[:10]
    ]
    title = f"{result.title}: the best trials, wrong of {result.judged} validation pictures"
    return table(title, ["Trial", "Network", "Parameters", "Learning rate", "Validation loss", "Wrong"], rows, names=2)


def _sentences(result: "StudyResult") -> list[str]:
    """Say in words what came out; never a best run alone."""
    lines = []
    if result.replaced:
        lines.append(f"{result.replaced:,} networks were out of bounds when they were drawn; others took their place.")
    odd = {state: sum(t.state == state for t in result.trials) for state in ("cut short", "diverged", "lost")}
    if any(odd.values()):
        lines.append(f"Trials {', '.join(f'{state}: {count}' for state, count in odd.items() if count)}.")
    winner, first = result.winner, result.winner_raced
    if winner and first:
        trainings = f"{len(first.wrong)} training{'s' * (len(first.wrong) > 1)} with a fresh seed each"
        lines.append(
            f"Winner: trial {winner.number}, {winner.layout}, {winner.parameters:,} parameters: over {trainings} "
            f"median {first.median_wrong:g}, best {min(first.wrong)}, worst {max(first.wrong)} wrong of "
            f"{result.judged}."
        )
        lines.append(_race_words(result))
    elif winner:
        lines.append(
            f"Best trial: {winner.number}, trained {len(winner.wrong)} time{'s' * (len(winner.wrong) > 1)} only; no "
            "race told it from luck."
        )
    return lines


def _race_words(result: "StudyResult") -> str:
    """Say whether the race told the winner from the others, and what would."""
    standing, others = result.standing, len(result.standing.racing) - 1
    if len(result.racers) == 1:
        return "There was nobody to race against."
    if result.settings.strategy == "front":
        return "Nobody leaves this race, since all of the front are wanted."
    if standing.decided:
        return "The race is decided: every other candidate was clearly worse (95 % interval of the paired difference)."
    told = f"The race is not decided: {others} other{'s' * (others > 1)} may be as good."
    if standing.jobs:
        return f"{told} It is still under way."
    return (
        f"{told} {'A longer --race tells.' if standing.rounds < result.settings.race.rounds else 'All rounds are run.'}"
    )


def _trial_words(trial: "Trial") -> str:
    loss = "" if trial.loss is None else f", validation loss {trial.loss:.3f}"
    wrong = f", wrong {', '.join(map(str, trial.wrong))}" if trial.wrong else ""
    network = f"{trial.layout} ({trial.parameters:,} parameters)" if trial.layout else "no network yet"
    return f"{trial.state}, {network}{loss}{wrong}"


def _progress(result: "StudyResult") -> str:
    """Say how far it is and about how long it will take."""
    over = [t for t in result.trials if t.state in ("done", "cut short", "diverged")]
    raced = [score for scores in result.scores.values() for score in scores.values()]
    best = f", best loss {result.tried[0].loss:.3f} (trial {result.tried[0].number})" if result.tried else ""
    settings = result.settings
    text = f"{len(over)}/{settings.trials} trials{best}"
    if raced:
        text += f", race {len(raced)} of at most {settings.race.trainings}"
    seconds = [t.seconds for t in over if t.scores]
    if seconds and len(over) < settings.trials:
        text += f", about {_minutes((settings.trials - len(over)) * sum(seconds) / len(seconds))} left before the race"
    return text


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
