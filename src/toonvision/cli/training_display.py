"""What `train` and `evaluate` show: a training as it goes on, its peaks, a run's scores."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toonvision.cli.interrupts import heed
from toonvision.cli.output import say, table, training_bar

if TYPE_CHECKING:
    from toonvision.evaluation.evaluate import Evaluation
    from toonvision.training.record import RepeatRecord, RunRecord


def peaks_text(history: Sequence[Mapping[str, float]]) -> str:
    """Say the best value of each measure and the epoch that reached it."""
    from toonvision.training.history import peaks

    listed = [f"  {name:<14} {value:.4f} in epoch {epoch}" for name, value, epoch in peaks(history)]
    return "\n".join([f"Peaks over {len(history)} epochs:", *listed])


def evaluation_renderables(judged: "Evaluation") -> list[Any]:
    """Give a run's scores as tables and sentences."""
    report_, spread, names = judged.report, judged.spread, {c.name: c.title for c in judged.classes}
    rows = [
        [names.get(s.name, s.name), f"{s.precision:.2f}", f"{s.recall:.2f}", f"{s.f1:.2f}", s.support]
        for s in (*report_.classes, report_.macro, report_.weighted)
    ]
    title = f"{judged.record.title} on {judged.part} (seed {judged.record.best_seed}, lowest validation loss)"
    lines = [f"Wrong: {report_.wrong} of {spread.total}; accuracy {report_.accuracy}."]
    if len(spread.wrong) > 1:
        lines.append(
            f"Over {len(spread.wrong)} trainings: median {spread.median.count} wrong ({spread.median}), "
            f"best {spread.best.count} ({spread.best}), worst {spread.worst.count} ({spread.worst})."
        )
        always = int((judged.wrong_in == len(spread.wrong)).sum())
        were = "picture was" if always == 1 else "pictures were"
        lines.append(f"{always} {were} wrong every time, {int((judged.wrong_in > 0).sum())} at least once.")
    lines += [
        f"Scored as {up.level}: accuracy {up.report.accuracy}; wrong within one: {up.within}, across: {up.across}."
        if len(up.classes) > 1
        else f"Scored as {up.level}: all are {up.classes[0]}, so no prediction can be wrong there."
        for up in judged.rolled_up
    ]
    if judged.calibration:
        before, after = judged.calibration.before, judged.calibration.after
        lines.append(
            f"Calibration error: {before.error:.1%} as trained, {after.error:.1%} with temperature "
            f"{judged.calibration.temperature:.2f}, fitted on {judged.calibration.fitted_on} validation pictures. "
            f"{judged.calibration.caveat}".rstrip()
        )
    return [table(title, ["Class", "Precision", "Recall", "F1", "Samples"], rows), "\n".join(lines)]


class TrainingDisplay:
    """Shows a run while it is trained: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, repeats: int, epochs: int) -> None:
        self._repeats = repeats
        self._epochs = epochs
        self._best: dict[int, float] = {}
        self._tasks: dict[int, Any] = {}
        self._bar: Any = None

    def __enter__(self) -> "TrainingDisplay":
        """Start the bar where there is a terminal."""
        self._bar = training_bar(time_left=False)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the bar."""
        if self._bar:
            self._bar.stop()

    def started(self, record: "RunRecord") -> None:
        """Say what will be trained on what, and where."""
        parts = ", ".join(f"{count} {part}" for part, count in record.samples.items())
        both = ", of which the first two teach" if record.settings.with_validation else ""
        say(
            f"Training {record.settings.network} ({record.parameters:,} parameters) for {record.task} at "
            f"{record.size_hw[0]}x{record.size_hw[1]} on {record.device}; samples: {parts}{both}."
        )
        if record.left_out:
            say(f"Left out, since there is no sample: {', '.join(record.left_out)}.")

    def epoch_ended(self, repeat: int, epoch: int, logs: Mapping[str, float]) -> None:
        """Show the epoch's validation loss."""
        heed()
        best = self._best[repeat] = min(self._best.get(repeat, math.inf), logs["val_loss"])
        text = (
            f"training {repeat + 1}/{self._repeats}: epoch {epoch}, loss {logs['loss']:.3f}, "
            f"validation loss {logs['val_loss']:.3f} (best {best:.3f}), accuracy {logs['val_accuracy']:.1%}"
        )
        if self._bar:
            if repeat not in self._tasks:
                self._tasks[repeat] = self._bar.add_task(text, total=self._epochs)
            self._bar.update(self._tasks[repeat], completed=epoch, description=text)
        elif epoch == 1 or epoch % 5 == 0:
            say(text)

    def repeat_ended(self, repeat: int, record: "RepeatRecord") -> None:
        """Say which epoch was kept."""
        kept = f"kept epoch {record.best_epoch} of {record.epochs}" if record.best_epoch else "kept no epoch"
        why = "the loss became no number" if record.diverged else "it gives one answer to every picture"
        what = f"FAILED, {why}; {kept}" if record.failed else kept
        loss = "" if record.val_loss is None else f", validation loss {record.val_loss:.3f}"
        say(f"training {repeat + 1}/{self._repeats} (seed {record.seed}): {what}{loss}, {record.seconds:.0f} s")
