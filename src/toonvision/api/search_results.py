"""How searches for networks are shown."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from toonvision.api.result import Result
from toonvision.core.panels import Table
from toonvision.core.wording import counted
from toonvision.report.search_facts import outcome_fact, race_fact, winner_fact
from toonvision.report.search_panels import race_table, trials_table
from toonvision.tuning.result import StudyResult, Trial

_MOST_BEST, _MOST_LATEST = 10, 12


def search_result(result: StudyResult, folder: Path, page: Path, next_step: str) -> Result[StudyResult]:
    """Return what a search that lies in `folder` found: its race, or its best trials where there was none."""
    facts = [outcome_fact(result), winner_fact(result), race_fact(result), *_longer_race(result)]
    wrong = f"wrong of {result.evaluated} validation {result.unit}s"
    best = trials_table(result, result.tried[:_MOST_BEST], title=f"{result.title}: the best trials, {wrong}")
    race = race_table(result)
    shown = replace(race, title=f"{result.title}: the race, {wrong}") if race else best
    return Result(
        result,
        (shown, "\n".join(facts), f"Report: {page}"),
        {**search_data(result), "folder": str(folder), "report": str(page)},
        files=(page,),
        next=next_step,
    )


def study_row(result: StudyResult) -> Sequence[object]:
    """Return a search's row in the list of all."""
    winner, raced = result.winner, result.winner_raced
    return [
        *(result.title, "done" if result.finished else "unfinished", result.started[:16], result.settings.strategy),
        f"{len(result.tried)} of {result.settings.trials}",
        *([winner.layout, f"{winner.parameters:,}"] if winner else ["-", "-"]),
        *([f"{raced.median_wrong:g}", max(raced.wrong)] if raced else ["-", "-"]),
    ]


def latest_trials(result: StudyResult) -> Table:
    """Return the trials that began last, and how far the search is."""
    return trials_table(result, result.trials[-_MOST_LATEST:], title=f"{result.title}: {progress_text(result)}")


def trial_text(trial: Trial) -> str:
    """Write what came of a trial."""
    loss = "" if trial.loss is None else f", loss {trial.loss:.3f}"
    wrong = f", wrong {', '.join(map(str, trial.wrong))}" if trial.wrong else ""
    network = f"{trial.layout} ({trial.parameters:,} parameters)" if trial.layout else "no network yet"
    return f"{trial.state}, {network}{loss}{wrong}"


def progress_text(result: StudyResult) -> str:
    """Write how far a search is, and about how long it will take."""
    over = [t for t in result.trials if t.state in ("done", "cut short", "diverged")]
    raced = sum(map(len, result.scores.values()))
    settings = result.settings
    parts = [f"{len(over)}/{counted(settings.trials, 'trial')}"]
    if result.tried:
        parts.append(f"best loss {result.tried[0].loss:.3f} (trial {result.tried[0].number})")
    if raced:
        parts.append(f"race {raced} of at most {settings.race.trainings}")
    seconds = [t.seconds for t in over if t.scores]
    if seconds and len(over) < settings.trials:
        left = (settings.trials - len(over)) * sum(seconds) / len(seconds)
        parts.append(f"about {f'{left / 60:.0f} min' if left >= 90 else f'{left:.0f} s'} left before the race")
    return ", ".join(parts)


def _longer_race(result: StudyResult) -> list[str]:
    """Write that a longer race would help, where it would."""
    standing, settings = result.standing, result.settings
    over = standing.decided or standing.jobs or settings.strategy == "front" or len(result.racers) < 2
    return [] if over or standing.rounds >= settings.race.rounds else ["A longer --race would separate them."]


def search_data(result: StudyResult) -> dict[str, Any]:
    """Return a search as plain data."""
    return {
        "study": result.title,
        "finished": result.finished,
        "strategy": result.settings.strategy,
        "trials": [
            {"number": t.number, "state": t.state, "network": t.layout, "parameters": t.parameters,
             "learning_rate": t.draw.get("learning_rate"), "loss": t.loss, "wrong": t.wrong}
            for t in result.trials
        ],
        "replaced": result.replaced,
        "evaluated": result.evaluated,
        "winner": result.winner.number if result.winner else None,
        "decided": result.standing.decided,
        "race": [{"trial": r.trial.number, "losses": r.losses, "wrong": r.wrong} for r in result.racers],
        "front": [t.number for t in result.front],
    }  # fmt: skip
