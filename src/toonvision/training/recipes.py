"""Recipes: the default settings of each network."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toonvision.core.errors import UsageError
from toonvision.core.options import require_whole, settings_of
from toonvision.models.layout import MANY_CLASSES
from toonvision.models.registry import TREES, WITH_PIXELS, find_network
from toonvision.models.starting import RANDOM, has_start
from toonvision.tasks.settings import TRAINING_OPTIONS, Augmentation, TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT, require_known

if TYPE_CHECKING:
    from toonvision.data.workspace import Workspace
    from toonvision.taxonomy.labels import Task

_COMPACT = TrainingSettings(
    network="compact",
    epochs=400,
    batch_size=32,
    learning_rate=4e-3,
    schedule="cosine",
    averaging=0.99,
    augmentation=Augmentation(
        flip=True, zoom=0.15, color=0.05, shift=0.06, cast=0.01, surround=0.2, mixup=0.2, paste=0.5
    ),
)
"""Found by experiment; docs/compact.md reports what each of them contributes."""
_DETECTOR = TrainingSettings(
    network="detector",
    epochs=400,
    batch_size=8,
    learning_rate=8e-3,
    schedule="cosine",
    averaging=0.99,
    patience=20,
    augmentation=Augmentation(flip=True, zoom=0.4, color=0.2, shift=0.1, cast=0.03, paste=0.5),
)
"""Found by short trainings on real art; docs/detection.md reports what each of them contributes."""
_SEGMENTER = TrainingSettings(
    network="segmenter",
    epochs=400,
    batch_size=8,
    learning_rate=8e-3,
    schedule="cosine",
    averaging=0.99,
    augmentation=Augmentation(flip=True, zoom=0.3, color=0.2, shift=0.1, cast=0.03),
)
"""Found by four short trainings on real art; docs/segmentation.md reports what they reach."""
_OF_SCREENSHOTS = {_DETECTOR.network: _DETECTOR, _SEGMENTER.network: _SEGMENTER}
"""The recipes of networks for whole screenshots."""
_RATE_AFTER_START, _STEPS_AFTER_START = 4e-3, 3_000
"""The learning rate of such a network that begins with learned weights, and how many steps it takes."""
_TIMES_FROM_RANDOM = 2
"""How many times as many it takes from random ones."""
_ENOUGH_IMAGES = 400
"""With fewer training images, `compact` learns as many times slower what it begins with, so that less is forgotten."""
_STEPS, _STEPS_FOR_MANY = 4_000, 8_000
"""Of a training of few and of many classes: more images need fewer epochs."""
_FEWEST_EPOCHS, _FEWEST_OF_SCREENSHOTS = 60, 20
_OF_TREES = ("class_weights", "with_validation")
"""The settings that trees have too."""
_OF_CROPS = frozenset({"rotation_degrees", "surround", "mixup", "label_smoothing", "class_weights"})
_OF_KIND = {
    CLASSIFY: frozenset({"mosaic"}),
    DETECT: _OF_CROPS,
    SEGMENT: _OF_CROPS | {"paste"},
}
"""The settings that networks for a kind of task do not have."""


@dataclass(frozen=True)
class PlannedRun:
    """What will be trained. A size of None is what the network wants, a name of None the network's with a number."""

    settings: TrainingSettings
    size_hw: tuple[int, int] | None
    split: str
    name: str | None


def settings_for(
    network: str = _COMPACT.network, *, classes: int = 2, images: int = 1, taxonomy: str = ""
) -> TrainingSettings:
    """Return the recipe of a network: its own if it has one, else the published one.

    Args:
        network: One of `toonvision.models.registry.NETWORKS`, or a layout.
        classes: Number of classes; with more than 8, `compact` is trained for twice as many steps.
        images: Number of training images: `compact` has as many epochs as give its number of steps, from 60 to 400;
            `detector`, alone and with pixels, and `segmenter`, from 20 to 400.
        taxonomy: The name of the built-in taxonomy, if it is one. A network that weights come with the package for
            begins with them; `compact` then learns the slower the fewer images there are below 400, and one for
            screenshots takes half of the epochs.

    Raises:
        UsageError: If there is no such network, or the number of images is no whole number from 1.

    Examples:
        >>> settings_for("compact").schedule, settings_for("tuned").schedule
        ('cosine', 'constant')
    """
    find_network(network)
    require_whole("images", images, least=1)
    if network == TREES:
        return TrainingSettings(network=network, epochs=1)
    start = taxonomy if has_start(taxonomy, network, classes) else RANDOM
    if found := _of_screenshots(network):
        rate, times = (found.learning_rate, _TIMES_FROM_RANDOM) if start == RANDOM else (_RATE_AFTER_START, 1)
        epochs = _epochs(found, times * _STEPS_AFTER_START, images, fewest=_FEWEST_OF_SCREENSHOTS)
        return replace(found, network=network, epochs=epochs, learning_rate=rate, start=start)
    if network.partition("+")[0] != _COMPACT.network:
        return TrainingSettings(network=network)
    steps = _STEPS_FOR_MANY if classes > MANY_CLASSES else _STEPS
    epochs = _epochs(_COMPACT, steps, images, fewest=_FEWEST_EPOCHS)
    recipe = replace(_COMPACT, network=network, epochs=epochs, start=start)
    return replace(recipe, learning_rate=_care(recipe, images) * _COMPACT.learning_rate)


def _of_screenshots(network: str) -> TrainingSettings | None:
    """Return the recipe of a network for whole screenshots, alone, with pixels or of another width; None for others."""
    return _OF_SCREENSHOTS.get(network.removesuffix(WITH_PIXELS).partition("-")[0])


def _care(settings: TrainingSettings, images: int) -> float:
    """Return how much slower a network learns what it begins with from so few images: a factor of the rate, up to 1."""
    is_careful = settings.network.partition("+")[0] == _COMPACT.network and settings.start != RANDOM
    return min(1.0, images / _ENOUGH_IMAGES) if is_careful else 1.0


def for_fewer(settings: TrainingSettings, images: int, *, of: int) -> TrainingSettings:
    """Return the settings of a training on some of its images: as many steps, and the rate for so few images.

    Args:
        settings: How to train on all images.
        images: How many of them are learned from, at least 1.
        of: How many there are.

    Examples:
        >>> whole = settings_for("compact", images=400, taxonomy="toontown")
        >>> half = for_fewer(whole, 200, of=400)
        >>> half.epochs / whole.epochs, half.learning_rate / whole.learning_rate
        (2.0, 0.5)
    """
    epochs, patience = (math.ceil(n * of / images) for n in (settings.epochs, settings.patience))
    # The quotient first: it is exactly 1 for all images, so that their training is found again.
    rate = settings.learning_rate * (_care(settings, images) / _care(settings, of))
    return replace(settings, epochs=epochs, patience=patience, learning_rate=rate)


def _epochs(recipe: TrainingSettings, steps: int, images: int, *, fewest: int) -> int:
    """Return how many epochs give a number of steps, from `fewest` to the recipe's."""
    return min(max(round(steps / math.ceil(images / recipe.batch_size)), fewest), recipe.epochs)


def recipe_in(
    workspace: "Workspace", task: "Task", network: str, *, split: str | None, learned: float = 1.0
) -> TrainingSettings:
    """Return the recipe of a network for a task's classes and training images.

    Args:
        workspace: Where they are.
        task: The task.
        network: The network.
        split: The split whose training subset is learned from; None for all images.
        learned: Which share of them is.

    Raises:
        UsageError: If there is no such split.
        InputRejectedError: If nothing was extracted yet.
    """
    from toonvision.data.splits import read_split
    from toonvision.tasks.registry import kind_of
    from toonvision.taxonomy.loader import built_in_name

    items = kind_of(task).items(workspace.known(), workspace, task)
    if split is not None:
        stored = read_split(workspace.splits, split)
        items = [item for item in items if stored.subset_of(item) == "train"]
    classes = len(workspace.taxonomy.level(task.level).classes)
    images = max(1, round(learned * len(items)))
    return settings_for(network, classes=classes, images=images, taxonomy=built_in_name(workspace.taxonomy))


def changed(settings: TrainingSettings, **wishes: object) -> TrainingSettings:
    """Return a recipe with some settings changed.

    Args:
        settings: The recipe.
        **wishes: Fields of `TrainingSettings` and `Augmentation`; None keeps the recipe's value.

    Raises:
        UsageError: If there is no such setting or trees do not have it, a value is out of bounds, averaging is asked
            for without a schedule that ends, or patience with one.

    Examples:
        >>> changed(settings_for("compact"), epochs=20, zoom=None, flip=False).augmentation.flip
        False
    """
    given = {name: wish for name, wish in wishes.items() if wish is not None}
    for name, wish in given.items():
        require_known("a setting", name, TRAINING_OPTIONS)
        TRAINING_OPTIONS[name].check(wish)
    if settings.network == TREES and (odd := [TRAINING_OPTIONS[name].flag for name in given if name not in _OF_TREES]):
        raise UsageError(
            f"trees are grown at once, from counts of colours; {', '.join(sorted(odd))} would change nothing. Leave it "
            "out, or choose another --model."
        )
    unused = _OF_KIND.get(find_network(settings.network).kind, frozenset())
    if odd := [TRAINING_OPTIONS[name].flag for name in given if name in unused]:
        raise UsageError(f"{settings.network} is not trained with {', '.join(sorted(odd))}. Leave it out.")
    start = str(given.get("start", settings.start))
    if "start" in given and start != RANDOM and not has_start(start, settings.network):
        raise UsageError(f"no weights come with the package for {settings.network}. Leave out --from {start}.")
    if start == RANDOM != settings.start:
        fresh = settings_for(settings.network)
        given.setdefault("learning_rate", fresh.learning_rate)
        if _of_screenshots(settings.network):
            given.setdefault("epochs", min(_TIMES_FROM_RANDOM * settings.epochs, fresh.epochs))
    own = {name: given.pop(name) for name in settings_of(Augmentation) if name in given}
    if given.get("schedule") == "constant":
        given.setdefault("averaging", 0.0)
    found: TrainingSettings = replace(settings, **given, augmentation=replace(settings.augmentation, **own))  # type: ignore[arg-type]
    if "patience" in given and found.takes_all_epochs:
        raise UsageError("--patience stops early, and a cosine takes all epochs. Add --schedule constant too.")
    if found.averaging and not found.takes_all_epochs:
        raise UsageError("--averaging keeps the last average, which needs all epochs. Add --schedule cosine too.")
    return found
