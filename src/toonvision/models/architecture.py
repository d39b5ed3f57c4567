"""The stages of a network, for figures and tables of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from toonvision.models.layout import Block, Layout
from toonvision.models.registry import NETWORKS

PUBLISHED: Mapping[str, Layout] = {
    network.name: Layout.parse(network.layout) for network in NETWORKS.values() if network.layout
}
"""The published networks as layouts; `binary` is none, since its convolutions have no padding."""


@dataclass(frozen=True)
class Stage:
    """A stage of a network.

    Attributes:
        steps: Descriptions of its layers, in order.
        size_hw: Height and width of its output maps in pixels; None for the last stage.
        channels: Number of output maps; for the last stage, of outputs.
        weights: Number of weights of its layers.
    """

    steps: tuple[str, ...]
    size_hw: tuple[int, int] | None
    channels: int
    weights: int


@dataclass(frozen=True)
class Architecture:
    """A network's title and its stages: the image, the blocks, the dense head."""

    title: str
    stages: tuple[Stage, ...]

    @property
    def weights(self) -> int:
        """Number of weights of all stages."""
        return sum(stage.weights for stage in self.stages)


def describe(layout: Layout, *, size_hw: tuple[int, int], classes: int, title: str = "") -> Architecture:
    """Return the stages of a layout.

    Args:
        layout: The network.
        size_hw: Height and width of the input in pixels.
        classes: Number of classes, at least 2.
        title: Its name; by default that of the layout.

    Examples:
        >>> [stage.weights for stage in describe(PUBLISHED["tuned"], size_hw=(600, 200), classes=4).stages]
        [0, 448, 1740, 3844]
    """
    image = ("image, and a", "normalised copy") if layout.with_copy else ("image",)
    stages = [Stage(image, size_hw, layout.input_channels, 0)]
    for block, size in zip(layout.blocks, layout.map_sizes(size_hw), strict=True):
        stages.append(Stage(_steps(block), size, block.filters, block.parameters(stages[-1].channels)))
    head = "dense, sigmoid" if classes == 2 else "dense, softmax"
    weights = layout.head_parameters(size_hw, classes)
    return Architecture(title or layout.name, (*stages, Stage((head,), None, 1 if classes == 2 else classes, weights)))


def _steps(block: Block) -> tuple[str, ...]:
    pools = [f"pool {', then '.join(map(str, block.pools))}"] if block.pools else []
    between = ", ".join(pools + ["normalise"] * block.normalized)
    dropout = f"dropout {block.dropout:g}" if block.dropout else ""
    return tuple(filter(None, (f"{block.filters} filters, {block.kernel} × {block.kernel}", between, dropout)))
