"""What a network of blocks is made of, stage by stage, for pictures and tables of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from toonvision.models.layout import Block, Layout
from toonvision.models.registry import NETWORKS

PUBLISHED: Mapping[str, Layout] = {
    network.name: Layout.parse(network.layout) for network in NETWORKS.values() if network.layout
}
"""The published networks as layouts, weight for weight; `binary` is none, since its convolutions lose their edges."""


@dataclass(frozen=True)
class Stage:
    """A point of a network: what was done to get there, and what is handed on.

    Attributes:
        steps: What was done, in words, in order.
        size_hw: Height and width of the maps in pixels; None at the end, where there are none.
        channels: How many maps, or at the end outputs, there are.
        weights: How many weights the steps have.
    """

    steps: tuple[str, ...]
    size_hw: tuple[int, int] | None
    channels: int
    weights: int


@dataclass(frozen=True)
class Architecture:
    """A network from the picture to its outputs.

    Attributes:
        title: What it is called.
        stages: The picture, the blocks, the dense head.
    """

    title: str
    stages: tuple[Stage, ...]

    @property
    def weights(self) -> int:
        """Weights of all stages."""
        return sum(stage.weights for stage in self.stages)


def describe(layout: Layout, *, size_hw: tuple[int, int], classes: int, title: str = "") -> Architecture:
    """Tell a layout's stages.

    Args:
        layout: The network.
        size_hw: Height and width of the input in pixels.
        classes: How many classes there are, 2 or more.
        title: What it is called; by default its notation.

    Examples:
        >>> [stage.weights for stage in describe(PUBLISHED["tuned"], size_hw=(600, 200), classes=4).stages]
        [0, 448, 1740, 3844]
    """
    picture = ("picture, and a", "normalised copy") if layout.with_copy else ("picture",)
    stages = [Stage(picture, size_hw, layout.input_channels, 0)]
    for block, size in zip(layout.blocks, layout.map_sizes(size_hw), strict=True):
        stages.append(Stage(_steps(block), size, block.filters, block.parameters(stages[-1].channels)))
    outputs = 1 if classes == 2 else classes
    height, width = layout.map_sizes(size_hw)[-1]
    head = "dense, sigmoid" if classes == 2 else "dense, softmax"
    stages.append(Stage((head,), None, outputs, (height * width * stages[-1].channels + 1) * outputs))
    return Architecture(title or layout.name, tuple(stages))


def _steps(block: Block) -> tuple[str, ...]:
    found = [f"{block.filters} filters, {block.kernel} × {block.kernel}"]
    pools = [f"pool {', then '.join(map(str, block.pools))}"] if block.pools else []
    if between := pools + ["normalise"] * block.normalized:
        found.append(", ".join(between))
    if block.dropout:
        found.append(f"dropout {block.dropout:g}")
    return tuple(found)
