"""A run as an object: evaluated, explained, reported, exported and used."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from toonvision.api import run_results as results
from toonvision.api.base import StoredRun
from toonvision.api.result import Result
from toonvision.core.errors import UsageError

if TYPE_CHECKING:
    from toonvision.data.splits import Subset
    from toonvision.evaluation.evaluate import ClassEvaluation
    from toonvision.explain.explanation import Explanation
    from toonvision.metrics.predictions import Prediction
    from toonvision.studies.leakage import LeakageStudy
    from toonvision.studies.stress import StressTest

Paths = Path | str | Sequence[Path | str]


@dataclass(frozen=True, repr=False)
class Run(StoredRun):
    """A run: one or more trainings of a network."""

    def __repr__(self) -> str:
        """Return the name, the network, and how the trainings ended."""
        return results.run_text(self.record, self.folder)

    def _repr_html_(self) -> str:
        return Result(self.record, (repr(self),), {})._repr_html_()

    def summary(self) -> "Result[ClassEvaluation]":
        """Return how the trainings went, how good the model is on the test subset, and what to try next."""
        from toonvision.evaluation.advice import advise

        advice = advise(self.workspace.files, self.folder, self.evaluation())
        next_step = self.workspace.command("report", self.name)
        return results.summary_result(self.evaluation(), self.folder, advice, next_step)

    def evaluate(self, subset: "Subset" = "test") -> "Result[ClassEvaluation]":
        """Evaluate all trainings on one subset of the split.

        Raises:
            ModelRefusedError: If a model cannot be used, or the taxonomy has changed since.
            InputRejectedError: If the split or the crops are not those that it was trained with.
        """
        return results.evaluation_result(self.evaluation(subset), self.workspace.command("report", self.name))

    def calibrate(self, *, remove: bool = False) -> Result[float | None]:
        """Fit a temperature on the validation subset and store it with the model, so that confidences can be believed.

        Args:
            remove: Remove the stored temperature instead.

        Raises:
            UsageError: If the run learned from the validation subset too, so that no picture is left to fit on.
        """
        from toonvision.models.saving import store_temperature

        fitted = None if remove else self.evaluation().best.calibration
        if not remove and fitted is None:
            raise UsageError(
                f"{self.name} learned from the validation subset too, so that no picture is left to fit a temperature "
                "on. Train it without --with-validation."
            )
        temperature = fitted.temperature if fitted else None
        store_temperature(self.folder, temperature)
        return results.calibration_result(self.name, fitted, self.workspace.command("export", self.name))

    def stress(self) -> "Result[StressTest]":
        """Evaluate pictures that are darker, blurred, smaller, compressed, or cut beside the box."""
        from toonvision.api.study_results import study_result
        from toonvision.studies.stress import stress_panel, stress_run, stress_table

        evaluation = self.evaluation()
        with self.workspace.watcher.progress("changing and evaluating", "crops") as progress:
            test = stress_run(self.workspace.files, self.folder, evaluation, progress=progress)
        next_step = self.workspace.command("report", self.name)
        return study_result(test, stress_panel(test), [stress_table(test)], next_step)

    def leakage(self) -> "Result[LeakageStudy]":
        """Train once more on a naive split, which separates crops of one screenshot, to see how good that looks.

        Raises:
            InputRejectedError: If that training diverged.
        """
        from toonvision.studies.leakage import compare_naive

        evaluation = self.evaluation()
        with self.workspace.watcher.studying() as watch:
            study = compare_naive(self.workspace.files, self.folder, evaluation, watcher=watch)
        return results.leakage_result(study, self.workspace.command("report", self.name))

    def explain(
        self,
        pictures: Paths | None = None,
        *,
        count: int = 12,
        layer: str | None = None,
        method: Literal["exact", "gradcam"] = "exact",
        each: bool = False,
        seed: int = 0,
    ) -> "Result[Explanation]":
        """Show which regions of pictures are evidence for which class, and whether that can be trusted.

        Args:
            pictures: Pictures, or folders of pictures; by default the wrong and least sure ones of the test subset.
            count: How many of those at most.
            layer: The layer whose activations the maps weigh; by default the last one that has a map.
            method: ``exact`` splits the logit up; ``gradcam`` is as published.
            each: Give the map of each class its own scale.
            seed: Decides what is drawn at random.
        """
        from toonvision.api.explaining import explain

        return explain(self, paths_of(pictures), count=count, layer=layer, method=method, each=each, seed=seed)

    def report(self) -> Result[Path]:
        """Write the run's report: one HTML file that needs nothing else."""
        from toonvision.report.page import REPORT
        from toonvision.report.run import write_report

        page = write_report(self.workspace.files, self.folder, self.evaluation())
        next_step = self.workspace.command("export", self.name)
        return results.report_result(self.folder / REPORT, page.facts, page.warnings, next_step)

    def export(self, *, int8: bool = False) -> "ExportedRun":
        """Write the model as one ONNX file, which needs no Keras, and compare the two.

        Args:
            int8: Write a second file that computes with 8 bits, and measure what that costs.

        Raises:
            ModelRefusedError: If the file does not say the same as the model; it is not written then.
        """
        from toonvision.core.files import require_writable
        from toonvision.deploy.export import export_run
        from toonvision.models.backend import start_keras

        require_writable(self.folder)
        watcher = self.workspace.watcher
        watcher.say(f"Comparing with {start_keras()}.")
        with watcher.progress("comparing", "crops") as progress:
            exported = export_run(self.workspace.files, self.folder, int8=int8, progress=progress)
        crops = self.workspace.files.crops
        shown = results.export_result(exported, self.workspace.command("predict", self.name, str(crops)))
        return ExportedRun(shown.value, shown.blocks, shown.data, next=shown.next, run=self)

    def predict(
        self, pictures: Paths, *, boxes: bool = False, save: Path | str | None = None, keras: bool = False
    ) -> "Result[list[Prediction]]":
        """Predict the class of each picture, which must show one object, as the crops do.

        Where the run was exported that file answers, so that Keras need not start.

        Args:
            pictures: Pictures, or folders of pictures.
            boxes: The pictures are annotated screenshots: cut out their boxes first, and predict each.
            save: A new folder for copies of the pictures with the answers drawn onto them.
            keras: Use the trained network itself, even where there is an export.

        Raises:
            InputRejectedError: If no such picture exists.
            ModelRefusedError: If the model cannot be used.
        """
        from toonvision.api.predicting import predict

        folder = None if save is None else Path(save)
        return predict(self, paths_of(pictures) or [], boxes=boxes, save=folder, keras=keras)


@dataclass(frozen=True, repr=False)
class ExportedRun(Result[Any]):
    """What an export wrote, and how it compares; it predicts.

    Attributes:
        run: The run.
    """

    run: Run | None = None

    def predict(
        self, pictures: Paths, *, boxes: bool = False, save: Path | str | None = None
    ) -> "Result[list[Prediction]]":
        """Predict pictures with the exported file, as `Run.predict` does."""
        assert self.run is not None
        return self.run.predict(pictures, boxes=boxes, save=save)


def paths_of(given: Paths | None) -> list[Path] | None:
    """Return one or more paths as a list."""
    if given is None:
        return None
    return [Path(given)] if isinstance(given, str | Path) else [Path(one) for one in given]
