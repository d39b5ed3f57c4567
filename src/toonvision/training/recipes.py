"""How each network is trained unless somebody says otherwise: its recipe."""

from dataclasses import fields, replace

from toonvision.core.errors import UsageError
from toonvision.data.augmentation import Augmentation
from toonvision.models.registry import MANY_CLASSES
from toonvision.training.settings import TrainingSettings

_COMPACT = TrainingSettings(
    network="compact",
    epochs=90,
    batch_size=32,
    learning_rate=4e-3,
    schedule="cosine",
    averaging=0.99,
    augmentation=Augmentation(flip=True, zoom=0.15, color=0.4, shift=0.06, cast=0.12, surround=0.4),
)
"""Found by experiment; docs/compact.md tells what each part of it is good for."""
_EPOCHS_FOR_MANY = 120
_AUGMENTATIONS = {field.name for field in fields(Augmentation)}


def settings_for(network: str = _COMPACT.network, *, classes: int = 2) -> TrainingSettings:
    """Give a network's recipe: its own where it has one, else the published one.

    Args:
        network: One of `toonvision.models.registry.NETWORKS`, or a layout.
        classes: How many classes there are: to tell more than 8 apart, `compact` takes more epochs.

    Examples:
        >>> settings_for("compact").schedule, settings_for("tuned").schedule
        ('cosine', 'constant')
    """
    if network.partition("+")[0] != _COMPACT.network:
        return TrainingSettings(network=network)
    return replace(_COMPACT, network=network, epochs=_EPOCHS_FOR_MANY if classes > MANY_CLASSES else _COMPACT.epochs)


def changed(settings: TrainingSettings, **wishes: object) -> TrainingSettings:
    """Change what somebody wishes of a recipe, and keep the rest.

    Args:
        settings: The recipe.
        **wishes: Fields of `TrainingSettings` and of its augmentation; None keeps what the recipe has.

    Raises:
        UsageError: If averaging is wished without a schedule that ends, or patience with one.

    Examples:
        >>> changed(settings_for("compact"), epochs=20, zoom=None, flip=False).augmentation.flip
        False
    """
    given = {name: wish for name, wish in wishes.items() if wish is not None}
    own = {name: given.pop(name) for name in list(given) if name in _AUGMENTATIONS}
    if given.get("schedule") == "constant":
        given.setdefault("averaging", 0.0)
    found: TrainingSettings = replace(settings, **given, augmentation=replace(settings.augmentation, **own))  # type: ignore[arg-type]
    if "patience" in given and found.takes_all_epochs:
        raise UsageError("--patience stops early, and a cosine takes all epochs. Give --schedule constant too.")
    if found.averaging and not found.takes_all_epochs:
        raise UsageError("--averaging keeps the last average, which needs all epochs. Give --schedule cosine too.")
    return found
