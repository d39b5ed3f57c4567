"""The studies of the data: contexts, suspects, curve."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toonvision.api.base import Opened, StoredRun
from toonvision.api.result import Block, Result, table
from toonvision.api.training import Size, parse_size
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.core.panels import FigurePanel, Table
from toonvision.taxonomy.labels import DETECT

if TYPE_CHECKING:
    from toonvision.studies.box_contexts import BoxContextStudy
    from toonvision.studies.box_curve import BoxCurve
    from toonvision.studies.box_suspects import BoxSuspectStudy
    from toonvision.studies.contexts import ContextStudy
    from toonvision.studies.cross_validation import CrossValidation
    from toonvision.studies.curve import LearningCurve
    from toonvision.studies.store import Study
    from toonvision.studies.suspects import SuspectStudy

S = TypeVar("S", bound="Study")
_MOST_SUSPECTS, _MOST_SHORTAGES = 15, 5


def study_result(
    study: S, panel: FigurePanel | None, blocks: Sequence[Block], next_step: str, **more: Any
) -> Result[S]:
    """Draw a study's figure into its folder, and return the study as text, as plain data with `more`, and its files."""
    from toonvision.figures.panels import write_panel

    files: tuple[Path, ...] = (study.folder / study.FILE,)
    if panel is not None:
        png = write_panel(panel, study.folder).path
        files = (*files, png.with_suffix(".csv"), png)
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


def folds_result(study: "CrossValidation", next_step: str) -> "Result[CrossValidation]":
    """Draw a cross-validation, and return it with its table."""
    from toonvision.studies.cross_validation import folds_panel, folds_table

    return study_result(study, folds_panel(study), [folds_table(study)], next_step)


@dataclass(frozen=True, repr=False)
class StudySteps(Opened):
    """The steps that train many models to learn about the data."""

    def contexts(
        self, task: str, *, size: Size | None = None, **options: Any
    ) -> "Result[ContextStudy] | Result[BoxContextStudy]":
        """Leave out one context after the other: does the model rely on the context?

        Args:
            task: What to predict.
            size: The input's size; by default that of the run compared with, or what the network wants.
            **options: Fields of `toonvision.studies.contexts.ContextOptions`, such as ``repeat``, or of
                `toonvision.studies.box_contexts.BoxContextOptions`.
        """
        from toonvision.studies.contexts import ContextOptions, contexts_panel, study_contexts

        if self.files.taxonomy.task(task).kind == DETECT:
            return self._box_contexts(task, sized(size, options))
        self.classifying(task, "contexts")
        with self.watcher.studying() as watch:
            study = study_contexts(self.files, task, ContextOptions(**sized(size, options)), watcher=watch)
        lines = [
            f"Ordinary test: {study.ordinary}, {study.ordinary_samples} crops, trained on {study.ordinary_trained_on}, "
            f"accuracy {study.usual}, macro F1 {_mean_and_range(study.ordinary_macro_f1)}."
        ]
        lines += [
            f"Dependence of {level} and context in the data (Cramer's V, 0 to 1): {v.value:.2f} "
            f"({v.low:.2f}-{v.high:.2f})."
            for level, v in study.dependence.items()
        ]
        blocks = (_contexts_table(study), "\n".join(lines))
        return study_result(study, contexts_panel(study), blocks, self.command("suspects", task))

    def suspects(
        self, task: str, *, size: Size | None = None, **options: Any
    ) -> "Result[SuspectStudy] | Result[BoxSuspectStudy]":
        """Find annotations that are probably wrong: models that were trained without them predict something else.

        Args:
            task: What to predict, or to find.
            size: The input's size; by default 150 x 50 pixels, or what a detector wants.
            **options: Fields of `toonvision.studies.suspects.SuspectOptions`, such as ``folds``, or of
                `toonvision.studies.box_suspects.BoxSuspectOptions`.
        """
        from toonvision.studies import suspects

        if self.files.taxonomy.task(task).kind == DETECT:
            return self._suspect_boxes(task, sized(size, options))
        self.classifying(task, "suspects")
        with self.watcher.studying() as watch:
            study = suspects.find_suspects(
                self.files, task, suspects.SuspectOptions(**sized(size, options)), watcher=watch
            )
        pictured = suspects.suspect_crops(self.files, study, study.suspects[: suspects.MOST_PICTURED])
        first = study.suspects[:_MOST_SUSPECTS]
        listed = [suspects.suspects_table(study, first, pictured.classes)] if first else []
        rest = len(study.suspects) - _MOST_SUSPECTS
        more = [f"... and {rest} more; all are in {study.folder / study.FILE}."] if rest > 0 else []
        text = (
            f"The models agree with {study.agreeing} of {study.samples} labels; estimated by confident learning, about "
            f"{study.estimated_wrong:.0f} are wrong."
        )
        panel = suspects.suspects_panel(study, pictured)
        return study_result(study, panel, (*listed, *more, text), self.command("curve", task))

    def _box_contexts(self, task: str, options: dict[str, Any]) -> "Result[BoxContextStudy]":
        from toonvision.studies.box_contexts import (
            BoxContextOptions,
            box_contexts_panel,
            box_contexts_table,
            study_box_contexts,
        )
        from toonvision.training.record import find_run

        against = options.pop("against", None)
        asked = BoxContextOptions(**options)
        mine = [folder for folder in self.newest_runs() if folder.parent.name == task]
        folder = find_run(self.files.runs, against) if against else mine[0] if mine else None
        evaluation = None
        with nullcontext() if against else suppress(InputRejectedError, ModelRefusedError):  # without one asked for
            evaluation = StoredRun(self, folder).evaluation() if folder else None
        with self.watcher.studying() as watch:
            study = study_box_contexts(self.files, task, asked, against=evaluation, watcher=watch)
        blocks = [box_contexts_table(study)]
        return study_result(study, box_contexts_panel(study), blocks, self.command("suspects", task))

    def _suspect_boxes(self, task: str, options: dict[str, Any]) -> "Result[BoxSuspectStudy]":
        from toonvision.studies import box_suspects

        with self.watcher.studying() as watch:
            asked = box_suspects.BoxSuspectOptions(**options)
            study = box_suspects.find_box_suspects(self.files, task, asked, watcher=watch)
        first = study.suspects[:_MOST_SUSPECTS]
        blocks: list[Block] = [box_suspects.box_suspects_table(study, first)] if first else []
        if len(study.suspects) > len(first):
            blocks.append(f"... and {len(study.suspects) - len(first)} more; all are in {study.folder}.")
        panel = box_suspects.box_suspects_panel(self.files, study)
        return study_result(study, panel, blocks, self.command("train", task))

    def curve(
        self, task: str, *, size: Size | None = None, **options: Any
    ) -> "Result[LearningCurve] | Result[BoxCurve]":
        """Measure how the error falls with more training samples, and predict what yet more would bring.

        Args:
            task: What to predict, or to find.
            size: The input's size; by default what the network wants.
            **options: Fields of `toonvision.studies.sizes.CurveOptions`, such as ``more``.
        """
        from toonvision.studies.curve import curve_panel, curve_table, measure_curve
        from toonvision.studies.sizes import CurveOptions

        if self.files.taxonomy.task(task).kind == DETECT:
            return self._box_curve(task, sized(size, options))
        self.classifying(task, "curve")
        with self.watcher.studying() as watch:
            study = measure_curve(self.files, task, CurveOptions(**sized(size, options)), watcher=watch)
        text, wanted = self._photograph_next()
        blocks = (curve_table(study), text)
        return study_result(study, curve_panel(study), blocks, self.command("balance"), photograph_next=wanted)

    def _box_curve(self, task: str, options: dict[str, Any]) -> "Result[BoxCurve]":
        from toonvision.studies.box_curve import box_curve_panel, box_curve_table, measure_box_curve
        from toonvision.studies.sizes import CurveOptions

        with self.watcher.studying() as watch:
            study = measure_box_curve(self.files, task, CurveOptions(**{"repeat": 2, **options}), watcher=watch)
        text, wanted = self._photograph_next()
        blocks = (box_curve_table(study), text)
        return study_result(study, box_curve_panel(study), blocks, self.command("balance"), photograph_next=wanted)

    def _photograph_next(self) -> tuple[str, list[dict[str, Any]]]:
        """Return which labels are shortest of samples and where, in plain words and as plain data."""
        from toonvision.data.balance import measure_balance

        with self.files.reading() as catalog:
            shortages = measure_balance(catalog.crops(), self.files.taxonomy).shortages
        first = shortages[:_MOST_SHORTAGES]
        wanted = [
            {"label": s.label.name, "context": s.context.name, "missing": s.missing, "label_missing": s.label_missing}
            for s in first
        ]
        listed = "; ".join(f"{s.label.title} in {s.context.title} (+{s.missing})" for s in first)
        text = f"Photograph first: {listed}." if listed else "Every label has its target of samples everywhere."
        return text, wanted


def sized(size: Size | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are given, with the size as height and width."""
    given = {name: value for name, value in options.items() if value is not None}
    return given if size is None else {**given, "size_hw": parse_size(size)}


def _contexts_table(study: "ContextStudy") -> Table:
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
