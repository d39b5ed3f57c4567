"""How studies are shown: contexts, suspects, curve."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from toonvision.api.result import Block, Result, table
from toonvision.core.panels import FigurePanel, Table
from toonvision.figures.panels import write_panel
from toonvision.studies import contexts, curve, suspects
from toonvision.studies.store import Study

if TYPE_CHECKING:
    from toonvision.data.balance import Shortage
    from toonvision.data.workspace import Workspace

S = TypeVar("S", bound=Study)
_MOST_SUSPECTS, _MOST_SHORTAGES = 15, 5


def study_result(study: S, panel: FigurePanel, blocks: Sequence[Block], next_step: str, **more: Any) -> Result[S]:
    """Draw a study's figure into its folder, and return the study as text, as plain data with `more`, and its files."""
    png = write_panel(panel, study.folder).path
    files = (study.folder / study.FILE, png.with_suffix(".csv"), png)
    data = {**asdict(study), "folder": str(study.folder), "meaning": study.sentence(), "files": list(map(str, files))}
    return Result(
        study,
        (*blocks, study.sentence(), f"Saved in {study.folder}"),
        {**data, **more},
        findings=getattr(study, "findings", ()),
        folder=study.folder,
        files=files,
        next=next_step,
    )


def contexts_result(study: contexts.ContextStudy, next_step: str) -> Result[contexts.ContextStudy]:
    """Return how models do on a context that they have not seen."""
    lines = [
        f"Ordinary test: {study.ordinary}, {study.ordinary_samples} crops, trained on {study.ordinary_trained_on}, "
        f"accuracy {study.usual}, macro F1 {_mean_and_range(study.ordinary_macro_f1)}."
    ]
    lines += [
        f"Dependence of {level} and context in the data (Cramer's V, 0 to 1): {v.value:.2f} ({v.low:.2f}-{v.high:.2f})."
        for level, v in study.dependence.items()
    ]
    blocks = (_contexts_table(study), "\n".join(lines))
    return study_result(study, contexts.contexts_panel(study), blocks, next_step)


def suspects_result(
    workspace: "Workspace", study: suspects.SuspectStudy, next_step: str
) -> Result[suspects.SuspectStudy]:
    """Return the labels that are probably wrong."""
    pictured = suspects.suspect_crops(workspace, study, study.suspects[: suspects.MOST_PICTURED])
    level = workspace.taxonomy.level(workspace.taxonomy.task(study.task).level)
    classes = {category.name: category for category in level.classes}
    listed = [suspects.suspects_table(study, study.suspects[:_MOST_SUSPECTS], classes)] if study.suspects else []
    rest = len(study.suspects) - _MOST_SUSPECTS
    more = [f"... and {rest} more; all are in {study.folder / study.FILE}."] if rest > 0 else []
    text = (
        f"The models agree with {study.agreeing} of {study.samples} labels; estimated by confident learning, about "
        f"{study.estimated_wrong:.0f} are wrong."
    )
    return study_result(study, suspects.suspects_panel(study, pictured), (*listed, *more, text), next_step)


def curve_result(
    study: curve.LearningCurve, shortages: "Sequence[Shortage]", next_step: str
) -> Result[curve.LearningCurve]:
    """Return how the error falls with more training crops, and the first of the shortages to photograph."""
    first = shortages[:_MOST_SHORTAGES]
    wanted = [
        {"label": s.label.name, "context": s.context.name, "missing": s.missing, "label_missing": s.label_missing}
        for s in first
    ]
    listed = "; ".join(f"{s.label.title} in {s.context.title} (+{s.missing})" for s in first)
    text = f"Photograph first: {listed}." if listed else "Every label has its target of samples everywhere."
    blocks = (curve.curve_table(study), text)
    return study_result(study, curve.curve_panel(study), blocks, next_step, photograph_next=wanted)


def _contexts_table(study: contexts.ContextStudy) -> Table:
    rows: list[list[object]] = [
        [
            *(score.title, score.samples, score.trained_on, score.accuracy),
            f"{100 * score.accuracy_range[0]:.1f}-{100 * score.accuracy_range[1]:.1f}",
            *(_mean_and_range(score.macro_f1), score.ordinary if score.shared else "-"),
        ]
        for score in study.contexts
    ]
    rows.append(["All together", study.held_out.total, "", study.held_out, "", "", study.usual])
    columns = ["Context", "Crops", "Trained on", "Accuracy (95 %)", "Trainings", "Macro F1", "Ordinary test"]
    return table(f"{study.network} on a context that it has not seen", columns, rows)


def _mean_and_range(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.2f} ({min(values):.2f}-{max(values):.2f})"
