"""The networks by name: what can be asked for, what it needs, and how it is built."""

import importlib
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from toonvision.core.errors import UsageError
from toonvision.models.layout import COPY, Layout
from toonvision.taxonomy.labels import did_you_mean

if TYPE_CHECKING:
    import keras


MANY_CLASSES = 8
"""To tell more classes than these apart, `compact` is wider and trained longer."""


@dataclass(frozen=True)
class Network:
    """A network that can be built by name.

    Attributes:
        name: What it is called.
        module: The module of `toonvision.models` whose function of that name builds it.
        smallest: Least height and width in pixels that its poolings leave something of.
        about: One line for help texts.
        layout: A layout of the same function, weight for weight, which is quicker to train; none where there is none.
        flips: Whether the network mirrors pictures at random in training, which a layout does not.
        pixels: About how many pixels it wants to see; none where it takes the workspace's size as it is.
        branches: How many coarser levels it has branches for.
    """

    name: str
    module: str
    smallest: int
    about: str
    layout: str | None = None
    flips: bool = False
    pixels: int | None = None
    branches: int = 0


NETWORKS = {
    network.name: network
    for network in (
        Network(
            "compact",
            "compact",
            16,
            "our own: small, quick and steady, 5,964 parameters for 4 classes",
            pixels=96 * 32,
        ),
        Network(
            "baseline",
            "reference",
            16,
            "published: two blocks, 14,620 parameters for 4 classes",
            layout="4c3-p2-p2-8c3-p2-p2",
        ),
        Network(
            "tuned",
            "reference",
            36,
            "published: found by search, 6,032 parameters for 4 classes",
            layout="16c3-p3-p2-d0.2-12c3-p2-p3-d0.3",
            flips=True,
        ),
        Network("binary", "reference", 46, "published: three blocks, 25,537 parameters for 2 classes"),
    )
}


def build_network(name: str, *, size_hw: tuple[int, int], classes: int) -> "keras.Model":
    """Build a network by name, with fresh weights from Keras' current random state.

    Args:
        name: One of `NETWORKS`, ``compact+1`` or more for a branch for each of that many coarser levels, or a layout
            such as ``16c3-p3-p2-d0.2-12c3-p2-p3-d0.3``.
        size_hw: Height and width of the input in pixels.
        classes: How many classes there are, 2 or more.

    Raises:
        UsageError: If there is no such network, or the input is too small for it.
    """
    found = find_network(name)
    if min(size_hw) < found.smallest:
        raise UsageError(
            f"{name} needs pictures of at least {found.smallest} x {found.smallest} pixels; got "
            f"{size_hw[0]} x {size_hw[1]}. Choose a larger --size or another --model."
        )
    model: keras.Model
    if isinstance(found, Layout):
        model = importlib.import_module("toonvision.models.blocks").build_layout(found, size_hw, classes)
    elif found.branches:
        model = importlib.import_module("toonvision.models.compact").compact(size_hw, classes, found.branches)
    else:
        module = importlib.import_module(f"toonvision.models.{found.module}")
        model = getattr(module, name)(size_hw, classes)
    return model


def find_network(name: str) -> Network | Layout:
    """Find a network by name, or read the layout that the name is.

    Raises:
        UsageError: If it is neither.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    if branched := re.fullmatch(r"compact\+([1-9])", name):
        return replace(NETWORKS["compact"], name=name, branches=int(branched[1]))
    if name.removeprefix(COPY)[:1].isdecimal():
        return Layout.parse(name)
    raise UsageError(
        f"a model is one of {', '.join(NETWORKS)}, or a layout such as 16c3-p3-p2-d0.2-12c3-p2-p3-d0.3 or "
        f"z-12c3n-p2-16c3n-p4; got {name!r}."
        f"{did_you_mean(name, NETWORKS)}"
    )


def input_size(name: str, size_hw: tuple[int, int]) -> tuple[int, int]:
    """Give the input size that a network wants for pictures of a shape.

    Args:
        name: One of `NETWORKS`, or a layout.
        size_hw: Height and width in pixels at which crops are seen otherwise.

    Returns:
        The same shape with about as many pixels as the network wants, in multiples of 8; `size_hw` itself where it
        wants none in particular, or more than there are.

    Examples:
        >>> input_size("compact", (600, 200)), input_size("tuned", (600, 200))
        ((96, 32), (600, 200))
    """
    found = find_network(name)
    height, width = size_hw
    if isinstance(found, Layout) or found.pixels is None or found.pixels >= height * width:
        return size_hw
    share = math.sqrt(found.pixels / (height * width))
    rows, columns = (max(found.smallest, 8 * round(side * share / 8)) for side in size_hw)
    return rows, columns


def branches_of(name: str) -> int:
    """Tell for how many coarser levels a network has branches."""
    found = find_network(name)
    return 0 if isinstance(found, Layout) else found.branches


def short_name(name: str) -> str:
    """Give the name that runs of a network are called after."""
    return "layout" if isinstance(find_network(name), Layout) else name
