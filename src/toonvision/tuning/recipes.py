"""From what a person asks to the settings of a search: a recipe, as published or as `compact`, and what differs."""

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from toonvision.core.errors import UsageError
from toonvision.core.options import settings_of
from toonvision.data.workspace import Workspace
from toonvision.models.grid import shrunk
from toonvision.models.registry import input_size
from toonvision.tasks.detect import usual_factor, usual_screen
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import DETECT, Task
from toonvision.training.recipes import changed, recipe_in, settings_for
from toonvision.tuning.options import DEFAULTS, RecipeName, SearchOptions
from toonvision.tuning.result import LEAST_BEST, StudyResult
from toonvision.tuning.settings import MAY_CHANGE, PUBLISHED_TRAINING, Bounds, RaceSettings, StudySettings, timed_name
from toonvision.tuning.space import Space, compact_space, detector_space, published_space, tighten
from toonvision.tuning.space_file import read_space

_WHILE_TIGHTENING = MAY_CHANGE | {"strategy", "max_params"}
_TRAINING_OPTIONS = ("epochs", "patience", "batch_size", "flip")
_COMPACT_EPOCHS = 60
"""Fewer than `compact` itself takes: enough to find out which network is better."""


_SHARE_OF_EPOCHS, _SIZES = 0.25, 3
"""Of the epochs that a detector itself takes, those of a search; and how many sizes of its input are searched."""


class Recipe(NamedTuple):
    """What is drawn from, how each network is trained, and height and width of the input in pixels."""

    space: Space
    training: TrainingSettings
    size_hw: tuple[int, int]


def recipe_for(name: RecipeName, size_hw: tuple[int, int]) -> Recipe:
    """Return a recipe, for a workspace whose input has this height and width in pixels.

    ``published`` is the published space, trained until the validation loss stops falling, with flips; ``compact`` are
    networks with batch normalisation, trained like `compact`, on images as small.

    Examples:
        >>> recipe_for("compact", (600, 200)).size_hw
        (96, 32)
    """
    if name == "compact":
        training = replace(settings_for("compact"), epochs=_COMPACT_EPOCHS)
        return Recipe(compact_space(), training, input_size("compact", size_hw))
    flipping = replace(PUBLISHED_TRAINING, augmentation=replace(PUBLISHED_TRAINING.augmentation, flip=True))
    return Recipe(published_space(), flipping, size_hw)


def recipe_name(training: TrainingSettings) -> RecipeName:
    """Return the recipe that a training follows, whatever was changed of it: only one has a cosine schedule."""
    return "compact" if training.takes_all_epochs else "published"


def new_settings(workspace: Workspace, task: Task, options: SearchOptions) -> StudySettings:
    """Return the settings of a new search.

    Raises:
        InputRejectedError: If the file of the space describes none.
        UsageError: If options contradict each other.
    """
    wanted = {**DEFAULTS, **options.given()}
    finds = task.kind == DETECT
    recipe = _detectors(workspace, task, options) if finds else recipe_for(wanted["recipe"], workspace.size_hw)
    space = wanted.get("space", recipe.space)
    return StudySettings(
        task=task.name,
        data="",
        taxonomy=workspace.taxonomy.digest,
        split=wanted["split"],
        size_hw=wanted.get("size_hw", recipe.size_hw),
        resize=workspace.resize,
        strategy=wanted["strategy"],
        space=space if isinstance(space, Space) else read_space(Path(space), usual=recipe.space),
        bounds=Bounds(options.max_params, options.max_ms),
        seed=wanted["seed"],
        trials=wanted["trials"],
        repeats=wanted["repeats"],
        race=RaceSettings(trainings=wanted["race"]),
        training=changed(recipe.training, **{name: getattr(options, name) for name in _TRAINING_OPTIONS}),
        screen_hw=usual_screen(workspace) if finds else None,
    )


def _detectors(workspace: Workspace, task: Task, options: SearchOptions) -> Recipe:
    """Return the recipe of a search for detectors: inputs of the usual size and smaller ones, where none is asked for.

    Raises:
        UsageError: If an option is given that has no meaning for detectors.
    """
    if options.recipe is not None:
        raise UsageError("--recipe is for tasks that name one object; detectors have one space. Leave it out.")
    if options.strategy == "hyperband":
        raise UsageError(
            "--strategy hyperband stops trainings by their loss on the way, which says little of a detector whose "
            "learning rate falls until the last epoch. Choose another --strategy."
        )
    usual = recipe_in(workspace, task, kind_of(task).default_network, split=options.split or DEFAULTS["split"])
    epochs = options.epochs or detector_epochs(usual)
    smallest = usual_factor(usual_screen(workspace))
    factors = () if options.size_hw else range(smallest, smallest + _SIZES)
    sizes = {shrunk(usual_screen(workspace), factor): factor for factor in reversed(factors)}
    space = detector_space(epochs=epochs, factors=sorted(sizes.values()))
    return Recipe(space, usual, options.size_hw or kind_of(task).input_size(workspace, usual.network))


def detector_epochs(usual: TrainingSettings) -> int:
    """Return the epochs of each training of a search for detectors, by the recipe of a whole training."""
    return max(1, round(usual.epochs * _SHARE_OF_EPOCHS))


def with_times(
    settings: StudySettings, classes: int, measure: Callable[[str, tuple[int, int], int], float]
) -> StudySettings:
    """Return the settings of a search for detectors with the time of each that can be drawn, if that is bounded.

    Args:
        settings: The settings.
        classes: Number of classes.
        measure: Returns the milliseconds of a network for one image of a size.
    """
    if not settings.space.finds or settings.bounds.milliseconds is None or settings.milliseconds:
        return settings
    dimensions = settings.space.dimensions
    sizes = dimensions["shrink"].steps if "shrink" in dimensions else (1.0,)
    found = {}
    for width, shrink in product(dimensions["width"].steps, sizes):
        draw = {"width": width, "shrink": shrink} if "shrink" in dimensions else {"width": width}
        network, size_hw = settings.space.network(draw), settings.size_of(draw)
        found[timed_name(network, size_hw)] = measure(network, size_hw, classes)
    return replace(settings, milliseconds=found)


def resumed_settings(known: StudySettings, options: SearchOptions) -> StudySettings:
    """Return the settings of a search that goes on: its own, with more trials or a longer race where asked for.

    Raises:
        UsageError: If anything else is asked for.
    """
    if others := _flags(options.given().keys() - MAY_CHANGE):
        raise UsageError(
            f"a study keeps the settings that it began with; {others} cannot be given with --resume. Only --trials, "
            "--race, --workers and --storage can."
        )
    return _of_length(known, options.given())


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
    if others := _flags(options.given().keys() - _WHILE_TIGHTENING):
        raise UsageError(
            f"a narrower search trains as the earlier one did, so that its trials can count; {others} cannot be given "
            "with --tighten."
        )
    narrower = replace(
        settings,
        space=narrower_space(earlier),
        strategy=options.strategy or settings.strategy,
        bounds=replace(settings.bounds, parameters=options.max_params or settings.bounds.parameters),
    )
    return _of_length(narrower, {**DEFAULTS, **options.given()})


def narrower_space(result: StudyResult) -> Space:
    """Return the part of a study's space that its best tenth spans, three trials at least.

    Raises:
        UsageError: If fewer than three trials were finished.
    """
    best = result.best_tenth
    if len(best) < LEAST_BEST:
        raise UsageError(f"{result.title} has {len(best)} finished trials; a narrower space needs {LEAST_BEST}.")
    return tighten(result.settings.space, [trial.draw for trial in best])


def _of_length(settings: StudySettings, wanted: Mapping[str, Any]) -> StudySettings:
    race = replace(settings.race, trainings=wanted.get("race", settings.race.trainings))
    return replace(settings, trials=wanted.get("trials", settings.trials), race=race)


def _flags(names: Set[str]) -> str:
    """Write options as on the command line."""
    settings = settings_of(SearchOptions)
    return ", ".join(sorted(settings[name].flag for name in names))
