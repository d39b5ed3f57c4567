"""What a person asks of a search, and the settings that follow from it."""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from toonvision.core.errors import UsageError
from toonvision.data.workspace import Workspace
from toonvision.taxonomy.labels import Task
from toonvision.training.recipes import changed
from toonvision.tuning.recipes import recipe_for
from toonvision.tuning.result import LEAST_BEST, StudyResult
from toonvision.tuning.settings import Bounds, RaceSettings, StudySettings
from toonvision.tuning.space import Space, read_space, tighten
from toonvision.tuning.strategies import RecipeName, Strategy

_WHILE_RESUMING = {"trials", "race"}
_WHILE_TIGHTENING = {"trials", "race", "strategy", "max_params"}
_LEAST = {"trials": 1, "max_params": 1, "race": 0, "repeats": 1, "epochs": 1, "patience": 1, "batch_size": 1}


@dataclass(frozen=True)
class SearchOptions:
    """What a person asks of a search; None asks for the default.

    Attributes:
        strategy: How networks are drawn: ``random`` (the default); ``hyperband``: at random, and bad trials are
            stopped early; ``bayesian``: near good ones; ``front``: near the front of size against error.
        recipe: What is drawn from and how it is trained: ``published`` (the default) or ``compact``.
        trials: Number of networks to try; 25 by default.
        max_params: Greatest number of weights of a network; no bound by default.
        max_ms: Greatest time for one crop on this machine, in milliseconds; no bound by default.
        space: The space to draw from, or a TOML file that describes it; the recipe's by default.
        race: Greatest number of trainings in the race; 30 by default, 0 for no race.
        repeats: Trainings of each trial, with the same seeds for all trials; 1 by default.
        epochs: Greatest number of epochs of a training; the recipe's by default.
        patience: Epochs without a better validation loss before a training stops; the recipe's by default.
        batch_size: Images in a batch; the recipe's by default.
        flip: Whether training images are mirrored at random; the recipe's by default.
        size_hw: Height and width of the input in pixels; by default what the recipe chooses.
        split: Name of the split; ``default`` by default.
        seed: Decides the draws and the trainings; 0 by default.

    Raises:
        UsageError: If a number is too small.
    """

    strategy: Strategy | None = None
    recipe: RecipeName | None = None
    trials: int | None = None
    max_params: int | None = None
    max_ms: float | None = None
    space: Space | Path | str | None = None
    race: int | None = None
    repeats: int | None = None
    epochs: int | None = None
    patience: int | None = None
    batch_size: int | None = None
    flip: bool | None = None
    size_hw: tuple[int, int] | None = None
    split: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that make no search."""
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} is at least {least}; got {value}.")
        if self.max_ms is not None and self.max_ms <= 0:
            raise UsageError(f"max_ms is above 0; got {self.max_ms:g}.")

    def given(self) -> set[str]:
        """Return the names of the options that are not None."""
        return {field.name for field in fields(self) if getattr(self, field.name) is not None}


def new_settings(workspace: Workspace, task: Task, options: SearchOptions) -> StudySettings:
    """Return the settings of a new search.

    Args:
        workspace: Where the data is.
        task: What the networks predict.
        options: What was asked for.

    Raises:
        InputRejectedError: If the file of the space describes none.
        UsageError: If options contradict each other.
    """
    recipe = recipe_for(options.recipe or "published", workspace.size_hw)
    space = options.space
    if not isinstance(space, Space):
        space = recipe.space if space is None else read_space(Path(space), usual=recipe.space)
    return StudySettings(
        task=task.name,
        data="",
        taxonomy=workspace.taxonomy.digest,
        split=options.split or "default",
        size_hw=options.size_hw or recipe.size_hw,
        resize=workspace.resize,
        strategy=options.strategy or "random",
        space=space,
        bounds=Bounds(options.max_params, options.max_ms),
        seed=options.seed or 0,
        trials=_or(options.trials, StudySettings.trials),
        repeats=_or(options.repeats, StudySettings.repeats),
        race=RaceSettings(trainings=_or(options.race, RaceSettings.trainings)),
        training=changed(
            recipe.training,
            epochs=options.epochs,
            patience=options.patience,
            batch_size=options.batch_size,
            flip=options.flip,
        ),
    )


def resumed_settings(known: StudySettings, options: SearchOptions) -> StudySettings:
    """Return the settings of a search that goes on: its own, with more trials or a longer race where asked for.

    Raises:
        UsageError: If anything else is asked for.
    """
    if others := _flags(options.given() - _WHILE_RESUMING):
        raise UsageError(
            f"a study keeps the settings that it began with; {others} cannot be given with --resume. Only --trials, "
            "--race, --workers and --storage can."
        )
    race = replace(known.race, trainings=_or(options.race, known.race.trainings))
    return replace(known, trials=_or(options.trials, known.trials), race=race)


def narrower_settings(earlier: StudyResult, task: Task, options: SearchOptions) -> StudySettings:
    """Return the settings of a search in the part of an earlier study's space that its best tenth spans.

    Raises:
        UsageError: If the earlier study is of another task or too short, or if options are given that its trials would
            contradict.
    """
    settings = earlier.settings
    if settings.task != task.name:
        raise UsageError(
            f"{earlier.title} is a study of {settings.task}, not of {task.name}. Tighten one of {task.name}."
        )
    if others := _flags(options.given() - _WHILE_TIGHTENING):
        raise UsageError(
            f"a narrower search trains as the earlier one did, so that its trials can count; {others} cannot be given "
            "with --tighten."
        )
    return replace(
        settings,
        space=narrower_space(earlier),
        strategy=options.strategy or settings.strategy,
        bounds=replace(settings.bounds, parameters=options.max_params or settings.bounds.parameters),
        trials=_or(options.trials, StudySettings.trials),
        race=replace(settings.race, trainings=_or(options.race, RaceSettings.trainings)),
    )


def narrower_space(result: StudyResult) -> Space:
    """Return the part of a study's space that its best tenth spans, three trials at least.

    Raises:
        UsageError: If fewer than three trials were finished.
    """
    best = result.best_tenth
    if len(best) < LEAST_BEST:
        raise UsageError(f"{result.title} has {len(best)} finished trials; a narrower space needs {LEAST_BEST}.")
    return tighten(result.settings.space, [trial.draw for trial in best])


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _flags(names: set[str]) -> str:
    """Write options as on the command line."""
    return ", ".join(f"--{name.removesuffix('_hw').replace('_', '-')}" for name in sorted(names))
