"""The networks by name, and the trees, which can be trained in the place of one."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from toonvision.core.errors import UsageError
from toonvision.models.grid import DEEPEST, SMALLEST
from toonvision.models.layout import COPY, Layout
from toonvision.taxonomy.labels import CLASSIFY, DETECT, SEGMENT, did_you_mean

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Network:
    """A network that can be built by name.

    Attributes:
        name: Its name.
        smallest: Smallest height and width of the input in pixels.
        about: One line for help texts.
        build: Builds it for a height and width in pixels and a number of classes; one that names pixels beside its
            objects, also for a number of classes of pixels.
        kind: The kind of task that its outputs are made for.
        layout: A layout with the same function and weights that trains faster; None if there is none.
        flips: Whether the network mirrors images at random in training, which a layout does not.
        pixels: About how many pixels its input has; None if it takes the workspace's crop size.
        branches: How many coarser levels have a branch.
        mirrored: Whether it sees each image beside its mirror image, but for training.
        multiple: What height and width of the input must be multiples of.
        names_pixels: Whether it also names the pixels of a screenshot in which it finds objects.
    """

    name: str
    smallest: int
    about: str
    build: Callable[..., "keras.Model"]
    kind: str = CLASSIFY
    layout: str | None = None
    flips: bool = False
    pixels: int | None = None
    branches: int = 0
    mirrored: bool = False
    multiple: int = 1
    names_pixels: bool = False


def _compact(size_hw: tuple[int, int], classes: int, *, branches: int = 0) -> "keras.Model":
    from toonvision.models.compact import compact

    return compact(size_hw, classes, branches)


def _published(name: str, layout: str, size_hw: tuple[int, int], classes: int, *, flip: bool = False) -> "keras.Model":
    from toonvision.models.reference import in_blocks

    return in_blocks(name, Layout.parse(layout), size_hw, classes, flip=flip)


def _binary(size_hw: tuple[int, int], classes: int) -> "keras.Model":
    from toonvision.models.reference import binary

    return binary(size_hw, classes)


def _detector(size_hw: tuple[int, int], classes: int, *, width: float = 1.0) -> "keras.Model":
    from toonvision.models.detector import detector

    return detector(size_hw, classes, width)


def _detector_with_pixels(size_hw: tuple[int, int], classes: int, pixels: int) -> "keras.Model":
    from toonvision.models.segmenter import detector_with_pixels

    return detector_with_pixels(size_hw, classes, pixels)


def _segmenter(size_hw: tuple[int, int], classes: int) -> "keras.Model":
    from toonvision.models.segmenter import segmenter

    return segmenter(size_hw, classes)


def _no_network(_size_hw: tuple[int, int], _classes: int) -> "keras.Model":
    raise UsageError("trees have no layers and no weights of a network. Choose another --model.")


def _layout(layout: Layout, size_hw: tuple[int, int], classes: int) -> "keras.Model":
    from toonvision.models.blocks import build_layout

    return build_layout(layout, size_hw, classes)


_BASELINE, _TUNED = "4c3-p2-p2-8c3-p2-p2", "16c3-p3-p2-d0.2-12c3-p2-p3-d0.3"
NETWORKS = {
    network.name: network
    for network in (
        Network(
            "compact", 16, "our own: small, quick and steady, 5,532 parameters for 4 classes", _compact, pixels=96 * 32,
            mirrored=True,
        ),
        Network(
            "baseline", 16, "published: two blocks, 14,620 parameters for 4 classes",
            partial(_published, "baseline", _BASELINE), layout=_BASELINE,
        ),
        Network(
            "tuned", 36, "published: found by search, 6,032 parameters for 4 classes",
            partial(_published, "tuned", _TUNED, flip=True), layout=_TUNED, flips=True,
        ),
        Network("binary", 46, "published: three blocks, 25,537 parameters for 2 classes", _binary),
        Network(
            "detector", SMALLEST, "our own: finds objects in screenshots, 96,086 parameters for 2 classes", _detector,
            kind=DETECT, multiple=DEEPEST,
        ),
        Network(
            "segmenter", SMALLEST, "our own: names each pixel of a screenshot, 93,240 parameters for 8 classes",
            _segmenter, kind=SEGMENT, multiple=DEEPEST,
        ),
    )
}  # fmt: skip


WITH_PIXELS = "+pixels"
"""The end of the name of a detector that also names pixels."""
_DETECTOR_WITH_PIXELS = replace(
    NETWORKS["detector"],
    name=f"detector{WITH_PIXELS}",
    about="our own: finds objects and names each pixel, on one body",
    build=_detector_with_pixels,
    names_pixels=True,
)
_DETECTOR = "detector"
NARROWEST, WIDEST = 0.25, 2.0
"""What the filters of a detector can be multiplied by."""
TREES = "trees"
DEFAULT_NETWORK = "compact"
"""What classifies where no network is named."""
FOREST = Network(
    TREES, 16, "colour histograms with extremely randomised trees: no network", _no_network, pixels=96 * 32
)
"""What is trained where no network is: seconds, and the floor that a network should beat."""


def build_network(name: str, *, size_hw: tuple[int, int], classes: int, pixels: int = 2) -> "keras.Model":
    """Build a network by name, with new weights from Keras' current random state.

    Args:
        name: One of `NETWORKS`; ``compact+1`` to ``compact+9`` with that many branches for coarser levels;
            ``detector-0.25`` to ``detector-2`` with that many times the filters; ``detector+pixels``; or a layout such
            as ``16c3-p3-p2-d0.2-12c3-p2-p3-d0.3``.
        size_hw: Height and width of the input in pixels.
        classes: Number of classes, at least 2; of objects at least 1.
        pixels: Number of classes of pixels of a network that names them beside its objects, at least 2.

    Raises:
        UsageError: If there is no such network, or the input is too small for it or no multiple of what it wants.
    """
    found = find_network(name)
    if min(size_hw) < found.smallest:
        raise UsageError(
            f"{name} needs images of at least {found.smallest} x {found.smallest} pixels; got "
            f"{size_hw[0]} x {size_hw[1]}. Choose a larger --size or another --model."
        )
    if any(side % found.multiple for side in size_hw):
        better = "x".join(str(max(1, round(side / found.multiple)) * found.multiple) for side in size_hw)
        raise UsageError(
            f"{name} needs images whose height and width are multiples of {found.multiple}; got {size_hw[0]} x "
            f"{size_hw[1]}. Write e.g. --size {better}."
        )
    return found.build(size_hw, classes, pixels) if found.names_pixels else found.build(size_hw, classes)


def find_network(name: str) -> Network:
    """Return the network of a name, or of the layout that a name describes.

    Raises:
        UsageError: If it is neither.
    """
    if name == TREES:
        return FOREST
    if name in NETWORKS:
        return NETWORKS[name]
    if branched := re.fullmatch(r"compact\+([1-9])", name):
        branches = int(branched[1])
        return replace(NETWORKS["compact"], name=name, build=partial(_compact, branches=branches), branches=branches)
    if name == _DETECTOR_WITH_PIXELS.name:
        return _DETECTOR_WITH_PIXELS
    if scaled := re.fullmatch(rf"{_DETECTOR}-(\d(?:\.\d{{1,2}})?)", name):
        return _of_width(float(scaled[1]))
    if _is_layout(name):
        layout = Layout.parse(name)
        return Network(layout.name, layout.smallest, "a layout", partial(_layout, layout))
    known = [*NETWORKS, _DETECTOR_WITH_PIXELS.name, TREES]
    raise UsageError(
        f"a model is one of {', '.join(known)}, or a layout such as 16c3-p3-p2-d0.2-12c3-p2-p3-d0.3 or "
        f"z-12c3n-p2-16c3n-p4; got {name!r}.{did_you_mean(name, known)}"
    )


def detector_name(width: float) -> str:
    """Return the name of the detector whose filters are multiplied by a width.

    Examples:
        >>> detector_name(0.75), detector_name(1.0)
        ('detector-0.75', 'detector')
    """
    return _DETECTOR if width == 1 else f"{_DETECTOR}-{width:g}"


def _of_width(width: float) -> Network:
    if not NARROWEST <= width <= WIDEST:
        raise UsageError(
            f"a detector has {NARROWEST:g} to {WIDEST:g} times its filters; got {width:g}. Write e.g. --model "
            f"{detector_name(0.75)}."
        )
    usual, name = NETWORKS[_DETECTOR], detector_name(width)
    if width == 1:
        return usual
    return replace(usual, name=name, about=f"{_DETECTOR} with {width:g} times its filters",
                   build=partial(_detector, width=width))  # fmt: skip


def input_size(name: str, size_hw: tuple[int, int]) -> tuple[int, int]:
    """Return the input size of a network for crops of a size.

    Args:
        name: The name of a network, or a layout.
        size_hw: Height and width of the workspace's crops in pixels.

    Returns:
        The same shape with about as many pixels as the network wants, in multiples of 8; `size_hw` itself if the
        network takes any size, or wants more pixels.

    Examples:
        >>> input_size("compact", (600, 200)), input_size("tuned", (600, 200))
        ((96, 32), (600, 200))
    """
    found = find_network(name)
    height, width = size_hw
    if found.pixels is None or found.pixels >= height * width:
        return size_hw
    share = math.sqrt(found.pixels / (height * width))
    rows, columns = (max(found.smallest, 8 * round(side * share / 8)) for side in size_hw)
    return rows, columns


def short_name(name: str) -> str:
    """Return the name of a network in the names of its runs."""
    return "layout" if _is_layout(find_network(name).name) else name


def _is_layout(name: str) -> bool:
    return name.removeprefix(COPY)[:1].isdecimal()
