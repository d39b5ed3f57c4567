"""The report of a search for networks."""

from pathlib import Path

from toonvision.core.errors import UsageError
from toonvision.core.panels import Listing, write_rows
from toonvision.core.wording import counted
from toonvision.report import search_panels as panels
from toonvision.report.page import Page, section, write_page
from toonvision.report.search_facts import next_command, search_facts, search_warnings, tighten_command, trial_count
from toonvision.tuning.importance import importance_of
from toonvision.tuning.insight import size_error_points
from toonvision.tuning.recipes import narrower_space, recipe_name
from toonvision.tuning.result import StudyResult
from toonvision.tuning.space_file import space_text

_HERE = "Type this in the workspace's folder."
"""A report can be read anywhere, so that it cannot say how to get there."""


def write_search_report(folder: Path, result: StudyResult) -> Path:
    """Write a search's report, `report.html`, into its folder, and return its path; the search need not be finished.

    Its values go there too, as `trials.csv`, `race.csv` and `front.csv`, and its figures into `figures`.
    """
    write_rows(folder / "trials.csv", panels.trials_rows(result))
    write_rows(folder / "race.csv", panels.race_rows(result))
    front = [one for one in size_error_points(result) if one.on_front]
    write_rows(folder / "front.csv", panels.front_rows(front, evaluated=result.evaluated))
    return write_page(search_page(result), folder)


def search_page(result: StudyResult) -> Page:
    """Return a search's report: which panel stands where."""
    importance = importance_of(result)
    retrained = (
        "They were retrained with new seeds, since the best of many trainings is partly luck."
        if result.racers
        else "They were not retrained, so how much of their lead is luck is not known."
    )
    searched = Listing("The space that was searched", space_text(result.settings.space))
    return Page(
        title=result.title,
        subtitle=(
            f"A search among networks for {counted(len(result.classes), 'class', 'classes')}: "
            f"{counted(trial_count(result), 'trial')}, compared on {result.validated}. "
            f"Started {result.started[:10]}."
        ),
        facts=search_facts(result),
        warnings=search_warnings(result),
        sections=(
            section(
                "best", "The best networks", retrained, panels.race_panel(result), panels.race_table(result),
                panels.architecture_panel(result), _next(result),
            ),
            section(
                "front", "Size against error", "How the error grows as networks get smaller.",
                panels.front_panel(result), panels.front_table(result),
            ),
            section(
                "space", "The space", f"The trials by their hyperparameters. {importance.reason}".strip(),
                panels.importance_panel(importance), panels.slices_panel(result), panels.parallel_panel(result),
                *_narrower(result),
            ),
            section(
                "trials", "Trials", "All networks that were tried.", panels.history_panel(result),
                panels.trials_table(result) if result.trials else None,
            ),
            section(
                "settings", "Settings", "What is needed to repeat this search.", panels.settings_table(result),
                searched,
            ),
        ),
    )  # fmt: skip


def _next(result: StudyResult) -> Listing | None:
    if result.winner is None:
        return None
    if result.only_guesses:
        note = f"{_HERE} The winner is no better than the commonest class alone, so that training it is of no use."
        return Listing("To search longer", next_command(result), note)
    note = (
        f"{_HERE} It is the only step that uses the test subset. With --repeat 10 it shows the spread over seeds, too."
    )
    return Listing("To train the winner and evaluate it", next_command(result), note)


def _narrower(result: StudyResult) -> tuple[Listing, ...]:
    """Return a narrower space, and how to search it; nothing if too few trials are finished."""
    try:
        space = narrower_space(result)
    except UsageError:
        return ()
    spanned = f"The best {len(result.best_tenth)} of {counted(len(result.tried), 'finished trial')} lie in it."
    recipe = "" if result.settings.space.finds else f" --recipe {recipe_name(result.settings.training)}"
    with_file = f"In a file, it can be searched with{recipe} --space FILE."
    return (
        Listing("A narrower space", space_text(space), f"{spanned} {with_file}"),
        Listing(
            "To search it", tighten_command(result), f"{_HERE} Trials of this search that lie in it count there too."
        ),
    )
