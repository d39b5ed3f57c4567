"""What a search draws from and how it trains, unless somebody says otherwise: as published, or as `compact`."""

from dataclasses import dataclass, replace

from toonvision.models.registry import input_size
from toonvision.tasks.settings import TrainingSettings
from toonvision.training.recipes import settings_for
from toonvision.tuning.space import Space, compact_space, published_space
from toonvision.tuning.strategies import RecipeName

PUBLISHED_TRAINING = TrainingSettings(epochs=75, patience=3)
_COMPACT_EPOCHS = 60
"""Fewer than `compact` itself takes: enough to tell which network is better."""


@dataclass(frozen=True)
class Recipe:
    """How networks are drawn and trained.

    Attributes:
        space: What is drawn from.
        training: How each is trained, but for the network and the learning rate.
        size_hw: Height and width of the input in pixels.
    """

    space: Space
    training: TrainingSettings
    size_hw: tuple[int, int]


def recipe_for(name: RecipeName, size_hw: tuple[int, int]) -> Recipe:
    """Give a recipe.

    Args:
        name: ``published``: the published space, trained until the validation loss falls no more, with flips;
            ``compact``: normalised networks, trained as `compact` is, on as small pictures.
        size_hw: Height and width in pixels at which crops are seen otherwise.

    Examples:
        >>> recipe_for("compact", (600, 200)).size_hw
        (96, 32)
    """
    if name == "compact":
        training = replace(settings_for("compact"), epochs=_COMPACT_EPOCHS)
        return Recipe(compact_space(), training, input_size("compact", size_hw))
    flipping = replace(PUBLISHED_TRAINING, augmentation=replace(PUBLISHED_TRAINING.augmentation, flip=True))
    return Recipe(published_space(), flipping, size_hw)


def recipe_of(training: TrainingSettings) -> RecipeName:
    """Tell after which recipe somebody trains, whatever was changed of it: only one follows a cosine."""
    return "compact" if training.takes_all_epochs else "published"
