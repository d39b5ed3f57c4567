"""What a terminal shows while work goes on: bars where it can draw them, lines elsewhere."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from toonvision.api.watching import Watcher
from toonvision.cli import output
from toonvision.cli.interrupts import heed
from toonvision.cli.output import say
from toonvision.cli.tables import Rows
from toonvision.core.errors import printable
from toonvision.core.wording import counted, percent
from toonvision.models.registry import TREES

if TYPE_CHECKING:
    from toonvision.studies.folds import FoldResult, Job
    from toonvision.tasks.base import Dataset
    from toonvision.tasks.settings import TrainingSettings
    from toonvision.training.record import RepeatRecord, RunRecord
    from toonvision.tuning.result import StudyResult
    from toonvision.tuning.settings import StudySettings


class _Display:
    """What a terminal draws while the block runs; nothing where it cannot draw."""

    def __init__(self) -> None:
        self.drawn: Any = None

    def __enter__(self) -> Self:
        self.drawn = self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.drawn:
            self.drawn.stop()

    def start(self) -> Any:
        """Start a bar with the time that is gone."""
        return output.training_bar(time_left=False)


class TrainingDisplay(_Display):
    """Shows a run while it is trained."""

    def __init__(self, *, repeats: int) -> None:
        super().__init__()
        self._repeats = repeats
        self._settings: TrainingSettings | None = None
        self._collapse = ""
        self._best: dict[int, float] = {}
        self._precisions: dict[int, str] = {}
        self._tasks: dict[int, Any] = {}

    def started(self, record: "RunRecord") -> None:
        """Print what will be trained on what, and where."""
        from toonvision.tasks.registry import kind_of

        self._settings, self._collapse = record.settings, kind_of(record.as_task).collapse
        samples = ", ".join(f"{count:,} {subset}" for subset, count in record.samples.items())
        both = " (it learns from train and val)" if record.settings.with_validation else ""
        height, width = record.size_hw
        unit = f"{kind_of(record.as_task).unit.capitalize()}s"
        size = f" ({record.parameters:,} parameters)" if record.parameters else ""
        say(
            f"Training {record.settings.network}{size} for {record.task} on {record.device}. {unit}: {samples}{both}; "
            f"the model sees them at {height} x {width} pixels."
        )
        if record.left_out:
            say(f"Left out, since there is no sample, or too few: {', '.join(record.left_out)}.")

    def epoch_ended(self, repeat: int, epoch: int, logs: Mapping[str, float]) -> None:
        """Show the losses of an epoch."""
        heed()
        settings = self._settings
        assert settings is not None
        if settings.network == TREES:
            return
        accuracy = f", accuracy {percent(logs['val_accuracy'])}" if "val_accuracy" in logs else ""
        if "val_ap50" in logs:
            accuracy += self._precision(repeat, epoch, logs["val_ap50"])
        best = self._best[repeat] = min(self._best.get(repeat, float("inf")), logs["val_loss"])
        lowest = "" if settings.takes_all_epochs else f" (best {best:.3f})"
        text = (
            f"training {repeat + 1}/{self._repeats}: epoch {epoch}/{settings.epochs}, loss {logs['loss']:.3f}, "
            f"validation loss {logs['val_loss']:.3f}{lowest}{accuracy}"
        )
        if self.drawn:
            if repeat not in self._tasks:
                self._tasks[repeat] = self.drawn.add_task(text, total=settings.epochs)
            self.drawn.update(self._tasks[repeat], completed=epoch, description=text)
        elif epoch == 1 or epoch % 5 == 0:
            say(text)

    def _precision(self, repeat: int, epoch: int, ap50: float) -> str:
        """Return the validation AP50 that was measured last, with its epoch; empty before the first time."""
        if math.isfinite(ap50):
            self._precisions[repeat] = f", validation AP50 {ap50:.3f} (epoch {epoch})"
        return self._precisions.get(repeat, "")

    def repeat_ended(self, repeat: int, record: "RepeatRecord") -> None:
        """Print which epoch's weights are used, and why."""
        assert self._settings is not None
        ending = _ending(record, self._settings, self._collapse)
        say(f"training {repeat + 1}/{self._repeats} (seed {record.seed}): {ending}, {record.seconds:.0f} s")


def _ending(record: "RepeatRecord", settings: "TrainingSettings", collapse: str) -> str:
    """Write how a training ended: the epoch whose weights are used, and its validation loss."""
    loss = "" if record.val_loss is None else f", validation loss {record.val_loss:.3f}"
    if settings.network == TREES:
        return f"grown{loss}"
    fault = "its loss became NaN" if record.diverged else f"it {collapse}"
    failed = f"FAILED, {fault}; " if record.failed else ""
    if settings.takes_all_epochs and not record.diverged:
        used = (
            "the weights averaged over the last steps are used" if settings.averaging else "the last weights are used"
        )
        theirs = loss and f"{loss} with these" if settings.averaging else loss
        return f"{failed}{'all ' * (record.epochs > 1)}{counted(record.epochs, 'epoch')} trained; {used}{theirs}"
    return f"{failed}{_best_epoch(record.best_epoch, record.epochs)}{loss}"


def _best_epoch(best: int, epochs: int) -> str:
    return f"best epoch {best} of {epochs}" if best else "no epoch could be used"


class StudyDisplay(_Display):
    """Shows a study while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self._known = 0
        self._done = 0

    def start(self) -> Any:
        """Start a bar with its one task and the time left."""
        bar = output.training_bar(time_left=True)
        if bar:
            bar.add_task("training", total=None)
        return bar

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if self._known:
            again = "was saved before and is" if self._known == 1 else "were saved before and are"
            say(f"{counted(self._known, 'training')} {again} used again.")

    def noted(self, text: str) -> None:
        """Print it."""
        say(text)

    def started(self, network: str, missing: int, total: int) -> None:
        """Print how many trainings are to be done."""
        say(f"Training {network}: {missing} of {counted(total, 'training')} to do.")

    def epoch_ended(self, job: "Job", epoch: int, logs: Mapping[str, float]) -> None:
        """Show the validation loss of an epoch."""
        heed()
        if self.drawn:
            text = f"{job.fold.name}, seed {job.seed}: epoch {epoch}, validation loss {logs['val_loss']:.3f}"
            self.drawn.update(self.drawn.tasks[0].id, description=text)

    def ended(self, job: "Job", result: "FoldResult", number: int, total: int, *, known: bool) -> None:
        """Count a training, and print how it ended."""
        self._known += known
        self._done += 1
        if self.drawn:
            self.drawn.update(self.drawn.tasks[0].id, completed=self._done, total=total)
        if known:
            return
        how = "DIVERGED (NaN), left out" if result.diverged else _best_epoch(result.best_epoch, result.epochs)
        if job.settings.network == TREES:
            how = "grown"
        say(f"training {number}/{total} ({job.fold.name}, seed {job.seed}): {how}, {result.seconds:.0f} s")


class SearchDisplay(_Display):
    """Shows a search while it runs: a table on a terminal, a line for each trial elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: set[tuple[int, str]] = set()
        self._raced = 0

    def start(self) -> Any:
        """Start the table."""
        return output.live_display()

    def started(self, settings: "StudySettings", data: "Dataset", name: str) -> None:
        """Print what is searched, on what."""
        train, val = len(data.indices["train"]), len(data.indices["val"])
        unit = "screenshot" if settings.space.finds else "crop"
        height, width = settings.size_hw
        say(
            f"Searching among {counted(settings.trials, 'network')} for {settings.task} ({settings.strategy}) as "
            f"{settings.task}/{name}, at {height} x {width} pixels. Each learns from {counted(train, unit)} and is "
            f"evaluated on {val:,}; the test subset is not used."
        )

    def update(self, result: "StudyResult") -> None:
        """Show how the search stands, and stop where somebody asked for that."""
        from toonvision.api.search_results import latest_trials, progress_text, trial_text

        heed()
        if self.drawn:
            self.drawn.update(Rows(latest_trials(result)))
            return
        for trial in result.trials:
            if trial.state not in ("waiting", "running") and (trial.number, trial.state) not in self._shown:
                self._shown.add((trial.number, trial.state))
                say(f"trial {trial.number}: {trial_text(trial)}; {progress_text(result)}")
        raced = sum(map(len, result.scores.values()))
        if raced > self._raced:
            self._raced = raced
            say(f"race: {counted(raced, 'training')}; {progress_text(result)}")


TERMINAL = Watcher(lambda line: say(printable(line)), output.progress_bar, TrainingDisplay, StudyDisplay, SearchDisplay)
"""Shows each step on standard error."""
