"""The networks by name: what can be asked for, what it needs, and how it is built."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toonvision.core.errors import UsageError
from toonvision.taxonomy.labels import did_you_mean

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Network:
    """A network that can be built by name.

    Attributes:
        name: What it is called.
        module: The module of `toonvision.models` whose function of that name builds it.
        smallest: Least height and width in pixels that its poolings leave something of.
        about: One line for help texts.
    """

    name: str
    module: str
    smallest: int
    about: str


NETWORKS = {
    network.name: network
    for network in (
        Network("baseline", "reference", 16, "published: two blocks, 14,620 parameters for 4 classes"),
        Network("tuned", "reference", 36, "published: found by search, 6,032 parameters for 4 classes"),
        Network("binary", "reference", 46, "published: three blocks, 25,537 parameters for 2 classes"),
    )
}


def build_network(name: str, *, size_hw: tuple[int, int], classes: int) -> "keras.Model":
    """Build a network by name, with fresh weights from Keras' current random state.

    Args:
        name: One of `NETWORKS`.
        size_hw: Height and width of the input in pixels.
        classes: How many classes there are, 2 or more.

    Raises:
        UsageError: If there is no such network, or the input is too small for it.
    """
    network = find_network(name)
    if min(size_hw) < network.smallest:
        raise UsageError(
            f"{name} needs pictures of at least {network.smallest} x {network.smallest} pixels; got "
            f"{size_hw[0]} x {size_hw[1]}. Choose a larger --size or another --model."
        )
    module = importlib.import_module(f"toonvision.models.{network.module}")
    model: keras.Model = getattr(module, name)(size_hw, classes)
    return model


def find_network(name: str) -> Network:
    """Find a network by name.

    Raises:
        UsageError: If there is none.
    """
    if name not in NETWORKS:
        hint = did_you_mean(name, NETWORKS)
        raise UsageError(f"a model is one of {', '.join(NETWORKS)}; got {name!r}.{hint}")
    return NETWORKS[name]
