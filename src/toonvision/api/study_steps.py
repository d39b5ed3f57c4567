"""The studies of the data: contexts, suspects, curve."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toonvision.api.base import Opened
from toonvision.api.result import Block, Result
from toonvision.api.training import Size, parse_size
from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.wording import between
from toonvision.taxonomy.labels import DETECT, require_known

if TYPE_CHECKING:
    from toonvision.data.workspace import Workspace
    from toonvision.studies.box_contexts import BoxContextStudy
    from toonvision.studies.box_curve import BoxCurve
    from toonvision.studies.box_folds import BoxFolds
    from toonvision.studies.box_suspects import BoxSuspectStudy
    from toonvision.studies.contexts import ContextStudy
    from toonvision.studies.cross_validation import CrossValidation
    from toonvision.studies.curve import LearningCurve
    from toonvision.studies.store import Study, StudyOptions
    from toonvision.studies.suspects import SuspectStudy
    from toonvision.tasks.settings import TrainingSettings
    from toonvision.taxonomy.labels import Task

S = TypeVar("S", bound="Study")
Options = TypeVar("Options")
_CALLED = {"network": "model"}
"""Fields of options that steps call by another name, as `train` does."""
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


def cross_validated(
    files: "Workspace", task: "Task", settings: "TrainingSettings", *, next_step: str, **asked: Any
) -> "Result[CrossValidation | BoxFolds]":
    """Cross-validate what a task learns, and return the study with its figure and its table.

    Args:
        files: Where the data is and the study goes.
        task: What to predict, or to find.
        settings: How to train.
        next_step: The command that comes next.
        **asked: See `toonvision.studies.cross_validation.cross_validate`.
    """
    from toonvision.studies import box_folds as boxes
    from toonvision.studies import cross_validation as crops

    if task.kind == DETECT:
        found = boxes.cross_validate_boxes(files, task, settings, **asked)
        return study_result(found, boxes.box_folds_panel(found), [boxes.box_folds_table(found)], next_step)
    study = crops.cross_validate(files, task, settings, **asked)
    return study_result(study, crops.folds_panel(study), [crops.folds_table(study)], next_step)


@dataclass(frozen=True, repr=False)
class StudySteps(Opened):
    """The steps that train many models to learn about the data."""

    def contexts(
        self, task: str, *, size: Size | None = None, **options: Any
    ) -> "Result[ContextStudy | BoxContextStudy]":
        """Leave out one context after the other: does the model rely on the context?

        Args:
            task: What to predict, or to find.
            size: The input's size; by default that of the run compared with, or what the network wants.
            **options: Fields of `toonvision.studies.contexts.ContextOptions`, such as ``model`` or ``repeat``, or of
                `toonvision.studies.box_contexts.BoxContextOptions`.
        """
        from toonvision.studies import box_contexts as boxes
        from toonvision.studies import contexts as crops

        study: ContextStudy | BoxContextStudy
        blocks: list[Block]
        if self._finds(task, "contexts"):
            study = self._studied(task, boxes.study_box_contexts, asked(boxes.BoxContextOptions, size, options))
            shown, blocks = boxes.box_contexts_panel(study), [boxes.box_contexts_table(study)]
        else:
            study = self._studied(task, crops.study_contexts, asked(crops.ContextOptions, size, options))
            shown, blocks = crops.contexts_panel(study), [_contexts_table(study), _contexts_text(study)]
        return study_result(study, shown, blocks, self.command("suspects", task))

    def suspects(
        self, task: str, *, size: Size | None = None, **options: Any
    ) -> "Result[SuspectStudy | BoxSuspectStudy]":
        """Find annotations that are probably wrong: models that were trained without them predict something else.

        Args:
            task: What to predict, or to find.
            size: The input's size; by default 150 x 50 pixels, or what a detector wants.
            **options: Fields of `toonvision.studies.suspects.SuspectOptions`, such as ``model`` or ``folds``, or of
                `toonvision.studies.box_suspects.BoxSuspectOptions`.
        """
        from toonvision.studies import box_suspects as boxes
        from toonvision.studies import suspects as crops

        study: SuspectStudy | BoxSuspectStudy
        shown: FigurePanel | None
        if self._finds(task, "suspects"):
            study = self._studied(task, boxes.find_box_suspects, asked(boxes.BoxSuspectOptions, size, options))
            shown, text = boxes.box_suspects_panel(self.files, study), ""
            listed = boxes.box_suspects_table(study, study.suspects[:_MOST_SUSPECTS], of=len(study.suspects))
        else:
            study = self._studied(task, crops.find_suspects, asked(crops.SuspectOptions, size, options))
            pictured = crops.suspect_crops(self.files, study, study.suspects, most=crops.MOST_PICTURED)
            shown, text = crops.suspects_panel(study, pictured), _suspects_text(study)
            few, of = study.suspects[:_MOST_SUSPECTS], len(study.suspects)
            listed = crops.suspects_table(study, few, pictured.classes, of=of)
        rest = len(study.suspects) - _MOST_SUSPECTS
        rows = f"{shown.name}.csv" if shown else study.FILE
        more = f"... and {rest} more; all are in {study.folder / rows}." if rest > 0 else ""
        blocks = [block for block in (listed if study.suspects else "", more, text) if block]
        return study_result(study, shown, blocks, self.command("curve", task))

    def curve(self, task: str, *, size: Size | None = None, **options: Any) -> "Result[LearningCurve | BoxCurve]":
        """Measure how the error falls with more training samples, and predict what yet more would bring.

        Args:
            task: What to predict, or to find.
            size: The input's size; by default what the network wants.
            **options: Fields of `toonvision.studies.sizes.CurveOptions`, such as ``model`` or ``more``.
        """
        from toonvision.studies import box_curve as boxes
        from toonvision.studies import curve as crops
        from toonvision.studies.sizes import CurveOptions

        study: LearningCurve | BoxCurve
        if self._finds(task, "curve"):
            study = self._studied(task, boxes.measure_box_curve, asked(CurveOptions, size, options, repeat=2))
            shown, listed = boxes.box_curve_panel(study), boxes.box_curve_table(study)
        else:
            study = self._studied(task, crops.measure_curve, asked(CurveOptions, size, options))
            shown, listed = crops.curve_panel(study), crops.curve_table(study)
        text, wanted = self._photograph_next(task)
        return study_result(study, shown, [listed, text], self.command("balance"), photograph_next=wanted)

    def _finds(self, task: str, what: str) -> bool:
        """Whether a task finds objects; one that a step is not for is refused."""
        self.require_step(task, what)
        return self.files.taxonomy.task(task).kind == DETECT

    def _studied(self, task: str, make: "Callable[..., S]", asked: "StudyOptions") -> S:
        with self.watcher.studying() as watch:
            return make(self.files, task, asked, watcher=watch)

    def _photograph_next(self, task: str) -> tuple[str, list[dict[str, Any]]]:
        """Return which labels that a task learns are shortest of samples, and where, in words and as plain data."""
        from toonvision.data.balance import measure_balance

        taxonomy = self.files.taxonomy
        shortages = measure_balance(self.files.known_crops(), taxonomy).shortages
        level = taxonomy.task(task).level
        learned = [one for one in shortages if taxonomy.class_of(one.label.name, level) is not None]
        first, classes = learned[:_MOST_SHORTAGES], taxonomy.level(level).by_name
        titles = {
            label: "" if taxonomy.separates_labels(level) else f" ({classes[name].title})"
            for label, name in taxonomy.classes_at(level).items()
        }
        wanted = [
            {"label": s.label.name, "context": s.context.name, "missing": s.missing, "label_missing": s.label_missing}
            for s in first
        ]
        listed = "; ".join(f"{s.label.title}{titles[s.label.name]} in {s.context.title} (+{s.missing})" for s in first)
        text = f"Photograph first: {listed}." if listed else "Every label has its target of samples everywhere."
        return text, wanted


def asked(kind: type[Options], size: Size | None, options: Mapping[str, Any], **defaults: Any) -> Options:
    """Return the options of a kind with those that are given, which None is not, and the size as height and width.

    Raises:
        UsageError: If there is no option of a name, or a value cannot be.
    """
    fields_of = {_CALLED.get(field.name, field.name): field.name for field in fields(kind)}  # type: ignore[arg-type] # every kind of options is a dataclass
    given = {}
    for name, value in options.items():
        if value is not None:
            require_known("an option", name, list(fields_of))
            given[fields_of[name]] = value
    if size is not None:
        given["size_hw"] = parse_size(size)
    return kind(**{**defaults, **given})


def _contexts_text(study: "ContextStudy") -> str:
    lines = [
        f"Ordinary test: {study.ordinary}, {study.ordinary_samples} crops, trained on {study.ordinary_trained_on}, "
        f"accuracy {study.usual}, macro F1 {_mean_and_range(study.ordinary_macro_f1)}."
    ]
    lines += [
        f"Dependence of {level} and context in the data (Cramer's V, 0 to 1): {v.value:.2f} "
        f"({between(v.low, v.high, '.2f')})."
        for level, v in study.dependence.items()
    ]
    return "\n".join(lines)


def _suspects_text(study: "SuspectStudy") -> str:
    return (
        f"The models agree with {study.agreeing} of {study.samples} labels; estimated by confident learning, about "
        f"{study.estimated_wrong:.0f} are wrong."
    )


def _contexts_table(study: "ContextStudy") -> Table:
    rows: list[list[object]] = [
        [
            *(score.title, score.samples, score.trained_on, score.accuracy),
            between(100 * score.accuracy_range[0], 100 * score.accuracy_range[1], ".1f"),
            *(_mean_and_range(score.macro_f1), score.ordinary if score.shared else "-"),
        ]
        for score in study.contexts
    ]
    rows.append(["All together", study.held_out.total, "", study.held_out, "", "", study.usual])
    columns = ["Context", "Crops", "Trained on", "Accuracy (95 %)", "Trainings", "Macro F1", "Ordinary test"]
    return table(f"{study.network} on a context that it has not seen", columns, rows)


def _mean_and_range(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.2f} ({between(min(values), max(values), '.2f')})"
