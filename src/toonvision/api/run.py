"""A run as an object: evaluated, explained, reported, exported and used."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from toonvision.api.base import StoredRun
from toonvision.api.detecting import box_blocks
from toonvision.api.result import Block, Result
from toonvision.api.run_words import calibration_text, export_text, score_blocks, unbeaten
from toonvision.api.segmenting import pixel_blocks
from toonvision.core.errors import UsageError
from toonvision.core.names import Paths, paths_of
from toonvision.core.options import require_whole
from toonvision.core.wording import counted
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT
from toonvision.training.history import HISTORY, peaks, read_history

if TYPE_CHECKING:
    from toonvision.api.two_stage_scores import TwoStageScores
    from toonvision.data.subsets import Subset
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.explain.boxes import BoxEvidence
    from toonvision.explain.explanation import Explanation
    from toonvision.studies.box_folds import BoxFolds
    from toonvision.studies.cross_validation import CrossValidation
    from toonvision.studies.leakage import LeakageStudy
    from toonvision.studies.stress import StressTest
    from toonvision.training.history import Epochs


@dataclass(frozen=True, repr=False)
class Run(StoredRun):
    """A run: one or more trainings of a network."""

    def __repr__(self) -> str:
        """Return the name, the network, and how the trainings ended."""
        from toonvision.evaluation.history import median_and_worst

        record, result = self.record, median_and_worst(self.folder)
        scores = f"; on test: median {result[0]}, worst {result[1]}" if result else ""
        return (
            f"Run {record.title}: {record.settings.network} ({record.parameters:,} parameters), "
            f"{counted(len(record.repeats), 'training')}{scores}"
        )

    def _repr_html_(self) -> str:
        return Result(self.record, (repr(self),), {})._repr_html_()

    def summary(self) -> "Result[Evaluation[Any]]":
        """Return how the trainings went, how good the model is on the test subset, and what to try next."""
        from toonvision.evaluation.advice import advise

        history = read_history(self.folder / HISTORY)
        best = _best_values(history, averaged=bool(self.record.settings.averaging))
        scores = self.evaluate()
        first = unbeaten(scores.value)
        advice = advise(self.workspace.files, self.folder, scores.value)
        blocks = (*first, best, *scores.blocks[len(first) :], "\n".join([*advice, f"Saved in {self.folder}"]))
        return replace(scores, blocks=blocks, data={**scores.data, "advice": advice, "folder": str(self.folder)})

    def evaluate(self, subset: "Subset" = "test") -> "Result[Evaluation[Any]]":
        """Evaluate all trainings on one subset of the split.

        Raises:
            ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
            InputRejectedError: If the split or the crops are not those that it was trained with.
        """
        from toonvision.evaluation.evaluate import metrics_of

        evaluation = self.evaluation(subset)
        next_step = self.workspace.command("report", self.name)
        own: dict[str, Callable[[Evaluation[Any]], tuple[Block, ...]]] = {
            CLASSIFY: score_blocks,
            DETECT: partial(box_blocks, taxonomy=self.workspace.files.taxonomy),
            SEGMENT: pixel_blocks,
        }
        blocks = (*unbeaten(evaluation), *own[self.record.kind](evaluation))
        return Result(evaluation, blocks, metrics_of(evaluation), next=next_step)

    def calibrate(self, *, remove: bool = False) -> Result[float | None]:
        """Fit a temperature on the validation subset and store it with the model, so that confidences can be believed.

        Args:
            remove: Remove the stored temperature instead.

        Raises:
            UsageError: If the run learned from the validation subset too, so that no picture is left to fit on, or
                finds objects.
        """
        from toonvision.models.saving import store_temperature

        if self.record.kind == DETECT:
            from toonvision.tasks.box_scores import DEFAULT_THRESHOLD

            raise UsageError(
                f"{self.name} finds objects: its scores put boxes in order and are no probabilities, so there is no "
                "temperature to fit. From which score on a box counts is stored with it: for each class the threshold "
                f"that was chosen on validation screenshots, or {DEFAULT_THRESHOLD:.2f} where none could be chosen. To "
                f"see them, run: {self.workspace.command('evaluate', self.name)}"
            )
        self.require_step("calibrate")
        fitted = None if remove else self.evaluation().best.calibration
        if not remove and fitted is None:
            raise UsageError(
                f"{self.name} learned from the validation subset too, so that no picture is left to fit a temperature "
                "on. Train it without --with-validation."
            )
        temperature = fitted.temperature if fitted else None
        store_temperature(self.folder, temperature)
        text = (
            f"The model of {self.name} has the temperature {temperature:.4f} from now on. {calibration_text(fitted)}"
            if fitted
            else f"The model of {self.name} has no temperature from now on: its confidences are as trained."
        )
        data = {"run": self.name, "temperature": temperature}
        return Result(temperature, (text,), data, next=self.workspace.command("export", self.name))

    def stress(self) -> "Result[StressTest]":
        """Evaluate pictures that are darker, blurred, smaller, compressed, or cut beside the box."""
        from toonvision.api.study_steps import study_result
        from toonvision.studies.stress import stress_panel, stress_run, stress_table

        self.require_step("stress")
        evaluation = self.evaluation()
        with self.workspace.watcher.progress("changing and evaluating", self.unit) as progress:
            test = stress_run(self.workspace.files, self.folder, evaluation, progress=progress)
        next_step = self.workspace.command("report", self.name)
        return study_result(test, stress_panel(test), [stress_table(test)], next_step)

    def cross_validate(self, folds: int = 5) -> "Result[CrossValidation | BoxFolds]":
        """Train the run's settings without each of some folds, with the run's seeds: how good is it on all pictures?

        Args:
            folds: How many folds; each is predicted by models of the others.

        Raises:
            UsageError: If there are fewer than three folds.
            InputRejectedError: If a class cannot be learned without one of the folds, or every seed diverged.
        """
        from toonvision.api.study_steps import cross_validated

        self.require_step("cross-validation")
        record, workspace = self.record, self.workspace
        with workspace.watcher.studying() as watch:
            return cross_validated(
                workspace.files, workspace.files.taxonomy.task(record.task), record.settings, folds=folds,
                seeds=[repeat.seed for repeat in record.repeats], size_hw=record.size_hw, resize=record.resize,
                watcher=watch, next_step=workspace.command("report", self.name),
            )  # fmt: skip

    def leakage(self) -> "Result[LeakageStudy]":
        """Train once more on a naive split, which separates crops of one screenshot, to see how good that looks.

        Raises:
            InputRejectedError: If that training diverged.
        """
        from toonvision.studies.leakage import compare_naive, leakage_table

        self.require_step("a naive split")
        evaluation = self.evaluation()
        with self.workspace.watcher.studying() as watch:
            study = compare_naive(self.workspace.files, self.folder, evaluation, watcher=watch)
        data = {**asdict(study), "folder": str(study.folder), "meaning": study.sentence()}
        blocks = (leakage_table(study), study.sentence(), f"Saved in {study.folder}")
        return Result(study, blocks, data, next=self.workspace.command("report", self.name))

    def explain(
        self,
        pictures: Paths | None = None,
        *,
        count: int = 12,
        layer: str | None = None,
        method: Literal["exact", "gradcam"] = "exact",
        each: bool = False,
        seed: int = 0,
    ) -> "Result[Explanation] | Result[tuple[BoxEvidence, ...]]":
        """Show which regions of pictures are evidence for which class, and whether that can be trusted.

        Args:
            pictures: Pictures, or folders of pictures; by default the wrong and least sure ones of the test subset.
            count: How many of those at most.
            layer: The layer whose activations the maps weigh; by default the last one that has a map.
            method: ``exact`` splits the logit up; ``gradcam`` is as published.
            each: Give the map of each class its own scale.
            seed: Decides what is drawn at random.

        Raises:
            UsageError: If there is no picture, or no such layer or method.
        """
        from toonvision.api.explaining import explain

        paths = paths_of(pictures)
        if paths == []:
            raise UsageError("there is no picture to explain. Name some, or leave them out: those of the test subset.")
        require_whole("count", count, least=1)
        require_whole("seed", seed, least=0)
        if self.record.kind == DETECT:
            from toonvision.api.explaining_boxes import explain_boxes

            if layer or each or method != "exact":
                raise UsageError(
                    f"--layer, --method and --each are for runs that name one object; {self.name} finds objects. Leave "
                    "them out."
                )
            return explain_boxes(self, paths, count=count)
        self.require_step("explain")
        return explain(self, paths, count=count, layer=layer, method=method, each=each, seed=seed)

    def evaluate_stages(self, classifiers: "Sequence[Run]") -> "Result[list[TwoStageScores]]":
        """Count how often this run's boxes and their names are right, from end to end, on the test subset.

        Args:
            classifiers: Runs that name what one box shows, of any levels, which learned from none of the screenshots.

        Raises:
            UsageError: If a run is of the other kind, two name one level, or a classifier learned from one of the
                screenshots.
        """
        from toonvision.api.two_stage import require_kinds
        from toonvision.api.two_stage_scores import evaluate_stages

        require_kinds(self, classifiers)
        return evaluate_stages(self, classifiers, self.evaluation())

    def report(self) -> Result[Path]:
        """Write the run's report: one HTML file that needs nothing else."""
        from toonvision.report.page import REPORT
        from toonvision.report.run import write_report

        page = write_report(self.workspace.files, self.folder, self.evaluation())
        next_step = self.workspace.command("export", self.name)
        return report_result(self.folder / REPORT, page.facts, page.warnings, next_step)

    def export(self, *, int8: bool = False) -> "ExportedRun":
        """Write the model as one ONNX file, which needs no Keras, and compare the two.

        Args:
            int8: Write a second file that computes with 8 bits, and measure what that costs.

        Raises:
            ModelRefusedError: If the file does not say the same as the model; it is not written then.
        """
        from toonvision.core.files import require_writable
        from toonvision.deploy.export import export_run
        from toonvision.models.backend import start_backend

        require_writable(self.folder)
        watcher = self.workspace.watcher
        watcher.say(f"Comparing with {start_backend(self.record.settings.network, self.record.size_hw)}.")
        with watcher.progress("comparing", self.unit) as progress:
            exported = export_run(self.workspace.files, self.folder, int8=int8, progress=progress)
        data: dict[str, Any] = {**asdict(exported), "path": str(exported.path)}
        if exported.int8:
            data["int8"] |= {"path": str(exported.int8.path)}
        return ExportedRun(exported, (export_text(exported),), data, next=self.next_step(), run=self)

    def predict(
        self,
        pictures: Paths,
        *,
        boxes: bool = False,
        save: Path | str | None = None,
        voc: Path | str | None = None,
        masks: Path | str | None = None,
        keras: bool = False,
    ) -> "Result[list[Any]]":
        """Predict the class of each picture, which must show one object, as the crops do.

        Or find the objects in it, or name its pixels, as the run's task says.

        Where the run was exported that file answers, so that Keras need not start.

        Args:
            pictures: Pictures, or folders of pictures.
            boxes: The pictures are annotated screenshots: cut out their boxes first, and predict each.
            save: A new folder for copies of the pictures with the answers drawn onto them.
            voc: A new folder for the boxes that a run finds, as Pascal VOC, to review and correct them.
            masks: A new folder for the pixels that a run names, as masks.
            keras: Use the trained network itself, even where there is an export.

        Raises:
            UsageError: If boxes or masks are asked for that a run has not, or a folder is not empty.
            InputRejectedError: If no such picture exists.
            ModelRefusedError: If the model cannot be used.
        """
        from toonvision.api.detecting import detect
        from toonvision.api.predicting import predict
        from toonvision.api.segmenting import segment

        kind, paths = self.record.kind, paths_of(pictures) or []
        folder, annotations, drawn = (None if one is None else Path(one) for one in (save, voc, masks))
        does = {CLASSIFY: "names one object", DETECT: "finds boxes", SEGMENT: "names pixels"}
        for flag, given, its in (("--voc", annotations, [DETECT]), ("--masks", drawn, [SEGMENT, DETECT])):
            if given is not None and kind not in its:
                is_for = does[its[0]].replace("s ", " ", 1)
                raise UsageError(f"{flag} is for runs that {is_for}; {self.name} {does[kind]}. Leave it out.")
        if boxes and kind != CLASSIFY:
            itself = "finds its boxes itself" if kind == DETECT else does[kind]
            raise UsageError(f"{self.name} {itself}; --boxes is for runs that name one object. Leave it out.")
        if kind == DETECT:
            return detect(self, paths, save=folder, voc=annotations, masks=drawn, keras=keras)
        if kind == SEGMENT:
            return segment(self, paths, save=folder, masks=drawn, keras=keras)
        return predict(self, paths, boxes=boxes, save=folder, keras=keras)


@dataclass(frozen=True, repr=False)
class ExportedRun(Result[Any]):
    """What an export wrote, and how it compares; it predicts.

    Attributes:
        run: The run.
    """

    run: Run | None = None

    def predict(self, pictures: Paths, *, boxes: bool = False, save: Path | str | None = None) -> "Result[list[Any]]":
        """Predict pictures with the exported file, as `Run.predict` does."""
        assert self.run is not None
        return self.run.predict(pictures, boxes=boxes, save=save)


def _best_values(history: "Epochs", *, averaged: bool) -> str:
    """Return the best value of each metric with its epoch, the losses as low as they were in any."""
    found = peaks(history)
    wide = max(len(name) for name, _, _ in found)
    last = f"; val_ in epoch {len(history)} is of the averaged weights, which are used" if averaged else ""
    listed = [f"  {name:<{wide}} {value:.4f} in epoch {epoch}" for name, value, epoch in found]
    return "\n".join([f"Best values over {counted(len(history), 'epoch')}{last}:", *listed])


def report_result(page: Path, facts: Sequence[str], warnings: Sequence[str], next_step: str) -> Result[Path]:
    """Return where a report was written, and its most important sentences."""
    listed = [f"{number}. {fact}" for number, fact in enumerate(facts, start=1)]
    return Result(
        page,
        ("\n".join([*listed, *(f"Beware: {warning}" for warning in warnings), f"Report: {page}"]),),
        {"report": str(page), "facts": list(facts), "warnings": list(warnings)},
        files=(page,),
        next=next_step,
    )
