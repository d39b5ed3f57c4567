"""What `toonvision contexts`, `suspects` and `curve` show: progress, then tables and sentences."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.cli.interrupts import heed
from toonvision.cli.output import report_findings, say, table, training_bar

if TYPE_CHECKING:
    from toonvision.core.errors import Finding
    from toonvision.studies.contexts import ContextStudy
    from toonvision.studies.curve import LearningCurve
    from toonvision.studies.folds import FoldResult, Job
    from toonvision.studies.suspects import SuspectStudy

_MOST_SUSPECTS = 15


def contexts_renderables(result: "ContextStudy") -> list[Any]:
    """Return a table of the contexts and the ordinary test, and how much labels depend on the context."""
    rows: list[list[object]] = []
    for score in result.contexts:
        low, high = score.accuracy_range
        f1 = score.macro_f1
        usual = f"{score.ordinary}" if score.shared else "-"
        rows.append(
            [score.title, score.samples, score.trained_on, score.accuracy, f"{100 * low:.1f}-{100 * high:.1f}",
             f"{sum(f1) / len(f1):.2f} ({min(f1):.2f}-{max(f1):.2f})", usual]
        )  # fmt: skip
    f1 = result.ordinary_macro_f1
    rows.append(["All together", result.held_out.total, "", result.held_out, "", "", result.usual])
    columns = ["Context", "Crops", "Trained on", "Accuracy (95 %)", "Repeats", "Macro F1", "Ordinary test"]
    lines = [
        f"Ordinary test: {result.ordinary}, {result.ordinary_samples} crops, trained on {result.ordinary_trained_on}, "
        f"accuracy {result.usual}, macro F1 {sum(f1) / len(f1):.2f} ({min(f1):.2f}-{max(f1):.2f})."
    ]
    lines += [
        f"Dependence of {level} and context in the data (Cramer's V, 0 to 1): {v.value:.2f} ({v.low:.2f}-{v.high:.2f})."
        for level, v in result.dependence.items()
    ]
    return [table(f"{result.network} on a context that it has not seen", columns, rows), "\n".join(lines)]


def suspects_renderables(result: "SuspectStudy", titles: Mapping[str, str]) -> list[Any]:
    """Return a table of the most suspect labels, and how many labels the models agree with.

    Args:
        result: What was found.
        titles: Class name to its title.
    """
    rows = [
        [rank, one.file, titles[one.given], titles[one.likely], f"{one.self_confidence:.2f}", f"{one.margin:.2f}"]
        for rank, one in enumerate(result.suspects[:_MOST_SUSPECTS], start=1)
    ]
    columns = ["", "Crop", "Label", "Predicted", "Confidence in label", "Margin"]
    rest = len(result.suspects) - len(rows)
    more = [f"... and {rest} more; all are in {result.folder / 'suspects.json'}."] if rest > 0 else []
    text = (
        f"The models agree with {result.agreeing} of {result.samples} labels; estimated by confident learning, about "
        f"{result.estimated_wrong:.0f} are wrong."
    )
    return [*([table("Suspect labels", columns, rows, names=4)] if rows else []), *more, text]


def curve_renderable(result: "LearningCurve") -> Any:
    """Return a table of the sizes: measured errors and the fitted one."""
    rows: list[list[object]] = []
    for point in result.points:
        shares = [100 * wrong / result.tested for wrong in point.wrong]
        spread = f"{min(shares):.1f}-{max(shares):.1f}"
        fitted = 100 * float(result.law.at(point.mean_pictures))
        rows.append([f"{point.mean_pictures:.0f}", f"{sum(shares) / len(shares):.1f} %", spread, f"{fitted:.1f} %"])
    columns = ["Training crops", "Error", "Repeats", "Fit"]
    return table(f"Error of {result.network} on {result.tested} test crops", columns, rows, names=0)


class StudyDisplay:
    """Shows a study while it trains: a bar on a terminal, a line a training elsewhere."""

    def __init__(self) -> None:
        self._known = 0
        self._done = 0
        self._bar: Any = None

    def __enter__(self) -> "StudyDisplay":
        """Start the bar where there is a terminal."""
        self._bar = training_bar(time_left=True)
        if self._bar:
            self._bar.add_task("training", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the bar."""
        if self._bar:
            self._bar.stop()
        if self._known:
            say(f"{self._known} trainings were saved before and are used again.")

    def planned(self, folder: Path, findings: "Sequence[Finding]") -> None:
        """Print what is left out."""
        report_findings(findings, folder=folder)

    def noted(self, text: str) -> None:
        """Print it."""
        say(text)

    def started(self, network: str, missing: int, total: int) -> None:
        """Print how much is to be done."""
        say(f"Training {network}: {missing} of {total} trainings to do.")

    def epoch_ended(self, job: "Job", epoch: int, logs: Mapping[str, float]) -> None:
        """Show the epoch's validation loss on the bar, and stop if asked to."""
        heed()
        if self._bar:
            text = f"{job.fold.name}, seed {job.seed}: epoch {epoch}, validation loss {logs['val_loss']:.3f}"
            self._bar.update(self._bar.tasks[0].id, description=text)

    def ended(self, job: "Job", result: "FoldResult", number: int, total: int, *, known: bool) -> None:
        """Count the training."""
        self._known += known
        self._done += 1
        if self._bar:
            self._bar.update(self._bar.tasks[0].id, completed=self._done, total=total)
        if known:
            return
        how = (
            "DIVERGED, its loss became NaN; it is left out"
            if result.diverged
            else f"best epoch {result.best_epoch} of {result.epochs}"
        )
        say(f"training {number}/{total} ({job.fold.name}, seed {job.seed}): {how}, {result.seconds:.0f} s")
