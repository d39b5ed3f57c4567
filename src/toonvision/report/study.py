"""From a study's result to its CSV files, its figures and its report."""

from pathlib import Path

from toonvision.core.errors import UsageError
from toonvision.core.files import write_text
from toonvision.core.wording import counted
from toonvision.report.contents import Listing, ReportContents, Section, section
from toonvision.report.figure_files import data_csv, drop_figures
from toonvision.report.render import FIGURES, REPORT, render_report
from toonvision.report.study_data import front_data, race_data, trials_data
from toonvision.report.study_drawings import (
    FIGURE_NAMES,
    architecture_picture,
    course_picture,
    front_picture,
    importance_picture,
    parallel_picture,
    race_picture,
    slices_picture,
)
from toonvision.report.study_facts import study_facts, study_warnings, tighten_command, train_command, trial_count
from toonvision.report.study_tables import front_table, race_table, study_table, trials_table
from toonvision.tuning.finalists import size_error_points
from toonvision.tuning.importance import importance_of
from toonvision.tuning.recipes import narrower_space, recipe_of
from toonvision.tuning.result import StudyResult
from toonvision.tuning.space_file import space_text


def write_study_report(folder: Path, result: StudyResult) -> Path:
    """Write a study's values as CSV, draw its figures, and write its report.

    Args:
        folder: The study's folder: `trials.csv`, `race.csv` and `front.csv` go there, figures into `figures`.
        result: The study; it need not be finished.

    Returns:
        The page: `report.html` in the folder. The figures lie beside it, but the page does not need them.
    """
    networks = [one for one in size_error_points(result) if one.on_front]
    tables = {"trials": trials_data(result), "race": race_data(result),
              "front": front_data(networks, judged=result.judged)}  # fmt: skip
    for name, data in tables.items():
        write_text(folder / f"{name}.csv", data_csv(data))
    contents = study_contents(result, folder / FIGURES)
    path = folder / REPORT
    write_text(path, render_report(contents))
    return path


def study_contents(result: StudyResult, folder: Path) -> ReportContents:
    """Draw the figures into a folder and put the report together."""
    drop_figures(folder, FIGURE_NAMES)
    return ReportContents(
        title=result.title,
        subtitle=(
            f"A search among networks for {counted(len(result.classes), 'class', 'classes')}: "
            f"{counted(trial_count(result), 'trial')}, judged on {counted(result.judged, 'validation picture')}; "
            f"begun {result.started[:10]}."
        ),
        facts=study_facts(result),
        warnings=study_warnings(result),
        sections=tuple(
            one
            for one in (
                _race_section(result, folder),
                _front_section(result, folder),
                _space_section(result, folder),
                _trials_section(result, folder),
                _settings_section(result),
            )
            if one.parts
        ),
    )


def _race_section(result: StudyResult, folder: Path) -> Section:
    train = None
    if result.winner is not None:
        note = "It is the only step that looks at the test part. With --repeat 10 its spread over seeds is told, too."
        train = Listing("To train the winner and judge it", train_command(result), note)
    return section(
        "best", "The best networks", "Trained again with fresh seeds, since the best of many trainings is luck, too."
        if result.racers else "They were not trained again, so how much of their lead is luck is not known.",
        race_picture(result, folder), race_table(result), architecture_picture(result, folder), train,
    )  # fmt: skip


def _front_section(result: StudyResult, folder: Path) -> Section:
    return section(
        "front", "Size against error", "What fewer weights cost.", front_picture(result, folder), front_table(result)
    )


def _space_section(result: StudyResult, folder: Path) -> Section:
    importance = importance_of(result)
    return section(
        "space", "The space", f"What the trials say about its hyperparameters. {importance.reason}".strip(),
        importance_picture(importance, folder), slices_picture(result, folder), parallel_picture(result, folder),
        *_narrower(result),
    )  # fmt: skip


def _narrower(result: StudyResult) -> tuple[Listing, ...]:
    """Propose a narrower space, and say how it is searched; nothing where too few trials are finished."""
    try:
        space = narrower_space(result)
    except UsageError:
        return ()
    spanned = f"What the best {len(result.best_tenth)} of {counted(len(result.tried), 'finished trial')} span."
    return (
        Listing("A narrower space", space_text(space), f"{spanned} As a file: {_with_space(result)}"),
        Listing("To search it", tighten_command(result), "Trials of this study that lie in it count as tried there."),
    )


def _with_space(result: StudyResult) -> str:
    return f"toonvision tune {result.settings.task} --recipe {recipe_of(result.settings.training)} --space FILE."


def _settings_section(result: StudyResult) -> Section:
    space = Listing("The space that was searched", space_text(result.settings.space))
    return section("settings", "Settings", "What is needed to make this study again.", study_table(result), space)


def _trials_section(result: StudyResult, folder: Path) -> Section:
    return section(
        "trials", "Trials", "All networks that were tried.", course_picture(result, folder), trials_table(result)
    )
