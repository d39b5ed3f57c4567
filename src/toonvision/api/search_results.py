"""How searches for networks are shown."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from toonvision.api.base import Opened
from toonvision.api.result import Result, table
from toonvision.core.errors import Finding, ModelRefusedError
from toonvision.core.panels import Table
from toonvision.core.wording import counted
from toonvision.report.search_facts import outcome_fact, race_fact, winner_fact
from toonvision.tuning.folders import study_results
from toonvision.tuning.result import StudyResult, Trial, read_result

_MOST_BEST, _MOST_LATEST = 10, 12


def search_result(result: StudyResult, folder: Path, page: Path, next_step: str) -> Result[StudyResult]:
    """Return what a search found: its race, or its best trials where there was none.

    Args:
        result: The search.
        folder: Where it is kept.
        page: Its report.
        next_step: The command that trains its winner.
    """
    facts = [outcome_fact(result), winner_fact(result), race_fact(result), *_longer_race(result)]
    return Result(
        result,
        (_race_table(result) if result.racers else _best_table(result), "\n".join(facts), f"Report: {page}"),
        {**_data(result), "folder": str(folder), "report": str(page)},
        files=(page,),
        next=next_step,
    )


def searches_result(workspace: Opened) -> Result[tuple[StudyResult, ...]]:
    """Return all searches of a workspace; damaged ones are findings."""
    listed: list[StudyResult] = []
    damaged = []
    for path in study_results(workspace.files.studies):
        try:
            listed.append(read_result(path.parent))
        except ModelRefusedError as error:
            damaged.append(Finding(str(path), str(error).removeprefix(f"{path}: "), code="damaged-study"))
    newest = max((one for one in listed if one.winner), key=lambda one: one.started, default=None)
    train = ("train", newest.settings.task, "--from-study", newest.title) if newest else None
    columns = ["Study", "State", "Started (UTC)", "Strategy", "Tried", "Best: network", "parameters"]
    rows = [study_row(one) for one in listed]
    shown = table("Studies", [*columns, "wrong: median", "worst"], rows, names=4) if rows else "There is no study yet."
    return Result(
        tuple(listed),
        (shown,),
        {"studies": [_data(one) for one in listed], "findings": [asdict(finding) for finding in damaged]},
        findings=tuple(damaged),
        folder=workspace.files.studies,
        next=workspace.command(*train) if train else workspace.command("tune", workspace.first_task()),
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
    rows = [
        [
            *(t.number, t.layout or "-", t.state, f"{t.parameters:,}", "-" if t.loss is None else f"{t.loss:.3f}"),
            *(t.epochs or "-", f"{t.seconds:.0f} s" if t.scores else "-"),
        ]
        for t in result.trials[-_MOST_LATEST:]
    ]
    columns = ["Trial", "Network", "State", "Parameters", "Validation loss", "Epoch", "Took"]
    return table(f"{result.title}: {progress_text(result)}", columns, rows, names=3)


def trial_text(trial: Trial) -> str:
    """Write what came of a trial."""
    loss = "" if trial.loss is None else f", validation loss {trial.loss:.3f}"
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


def _race_table(result: StudyResult) -> Table:
    rows = [
        [
            *(
                trial.number,
                trial.layout,
                f"{trial.parameters:,}",
                f"{trial.draw['learning_rate']:g}",
                len(raced.wrong),
            ),
            *(f"{raced.median_wrong:g}", min(raced.wrong), max(raced.wrong)),
            f"left after {raced.left_after}" if raced.left_after else "in it",
        ]
        for raced in result.racers
        for trial in [raced.trial]
    ]
    columns = ["Trial", "Network", "Parameters", "Learning rate", "Trainings", "Wrong: median", "best", "worst", "Race"]
    return table(f"{result.title}: the race, wrong of {result.judged} validation crops", columns, rows, names=2)


def _best_table(result: StudyResult) -> Table:
    rows = [
        [
            *(t.number, t.layout, f"{t.parameters:,}", f"{t.draw['learning_rate']:g}", f"{t.loss:.3f}"),
            ", ".join(map(str, t.wrong)),
        ]
        for t in result.tried[:_MOST_BEST]
    ]
    title = f"{result.title}: the best trials, wrong of {result.judged} validation crops"
    return table(title, ["Trial", "Network", "Parameters", "Learning rate", "Validation loss", "Wrong"], rows, names=2)


def _longer_race(result: StudyResult) -> list[str]:
    """Write that a longer race would help, where it would."""
    standing, settings = result.standing, result.settings
    over = standing.decided or standing.jobs or settings.strategy == "front" or len(result.racers) < 2
    return [] if over or standing.rounds >= settings.race.rounds else ["A longer --race would tell them apart."]


def _data(result: StudyResult) -> dict[str, Any]:
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
        "winner": result.winner.number if result.winner else None,
        "decided": result.standing.decided,
        "race": [{"trial": r.trial.number, "losses": r.losses, "wrong": r.wrong} for r in result.racers],
        "front": [t.number for t in result.front],
    }
