"""Layouts: networks written as one word, blocks of a convolution, poolings and a dropout, then a dense head.

``16c3-p3-p2-d0.2-12c3-p2-p3-d0.3`` has a convolution of 16 filters of 3 x 3 pixels, poolings of 3 and of 2, a dropout
of 0.2, then a second such block. ``16c3n`` is a convolution with batch normalisation; with ``z-`` in front, the input
is each image and a normalised copy of it. Every network that a search finds has such a name, and is trained, saved and
loaded like the published ones.
"""

import math
import re
from dataclasses import dataclass

from toonvision.core.errors import UsageError

MOST_BLOCKS, MOST_FILTERS, LARGEST_KERNEL, LARGEST_POOL = 6, 512, 15, 16
_COLORS = 3
_BLOCK = re.compile(r"(\d{1,4})c(\d{1,3})(n?)((?:-p\d{1,3})*)(?:-d(0(?:\.\d{1,4})?))?")
MANY_CLASSES = 8
"""With more classes than these, `compact` is wider and trained for more epochs."""
COPY = "z-"
"""Prefix of the names of networks with a normalised copy of the image in their input."""
_START = re.compile(r"-(?=\d+c)")


@dataclass(frozen=True)
class Block:
    """A convolution of the same size with relu, then poolings, then a dropout.

    With batch normalisation (Ioffe and Szegedy 2015) a block pools first, then normalises, then applies relu.

    Attributes:
        filters: Number of filters of the convolution.
        kernel: Their height and width in pixels.
        pools: Sizes of the poolings in pixels, in order; a pooling of 1 does nothing and is left out.
        dropout: Share of the values that are dropped in training, from 0 to below 1.
        normalized: Whether the block has batch normalisation; the bias of its convolution has no effect then.
    """

    filters: int
    kernel: int
    pools: tuple[int, ...] = ()
    dropout: float = 0.0
    normalized: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "pools", tuple(pool for pool in self.pools if pool != 1))
        sound = (
            1 <= self.filters <= MOST_FILTERS
            and 1 <= self.kernel <= LARGEST_KERNEL
            and all(1 <= pool <= LARGEST_POOL for pool in self.pools)
            and 0 <= self.dropout < 1
        )
        if not sound:
            raise UsageError(
                f"a block has 1 to {MOST_FILTERS} filters of 1 to {LARGEST_KERNEL} pixels, poolings of 1 to "
                f"{LARGEST_POOL} and a dropout from 0 to below 1; got {self}."
            )

    def __str__(self) -> str:
        pools = "".join(f"-p{pool}" for pool in self.pools)
        dropout = f"-d{round(self.dropout, 4):g}" if self.dropout else ""
        return f"{self.filters}c{self.kernel}{'n' * self.normalized}{pools}{dropout}"

    @property
    def shrink(self) -> int:
        """Factor by which the block reduces each side: ``floor(floor(n / a) / b)`` is ``floor(n / (a b))``."""
        return math.prod(self.pools)

    def parameters(self, channels: int) -> int:
        """Return the number of weights for an input of so many maps; batch normalisation has four per map."""
        return (self.kernel**2 * channels + (4 if self.normalized else 1)) * self.filters


@dataclass(frozen=True)
class Layout:
    """A network from uint8 images to probabilities: rescaling, blocks, and a dense head.

    Attributes:
        blocks: In order, at least one.
        with_copy: Whether the input has each image and a copy in which each colour has mean 0 and variance 1.
    """

    blocks: tuple[Block, ...]
    with_copy: bool = False

    @classmethod
    def parse(cls, text: str) -> "Layout":
        """Return the layout of a name.

        Raises:
            UsageError: If the name is not a layout.

        Examples:
            >>> Layout.parse("4c3-p2-p2-8c5n-d0.5").blocks[1]
            Block(filters=8, kernel=5, pools=(), dropout=0.5, normalized=True)
        """
        blocks: list[Block] = []
        for part in _START.split(text.removeprefix(COPY)):
            found = _BLOCK.fullmatch(part)
            if not found or len(blocks) == MOST_BLOCKS:
                raise UsageError(
                    f"a layout is at most {MOST_BLOCKS} blocks such as 16c3-p3-p2-d0.2 (16 filters of 3 pixels, "
                    f"poolings of 3 and 2, dropout 0.2; 16c3n normalises), joined by -, and z- in front for a "
                    f"normalised copy of the picture; got {text!r}."
                )
            filters, kernel, normalized, pools, dropout = found.groups()
            sizes = tuple(map(int, pools.split("-p")[1:]))
            blocks.append(Block(int(filters), int(kernel), sizes, float(dropout or 0), bool(normalized)))
        return cls(tuple(blocks), with_copy=text.startswith(COPY))

    def __str__(self) -> str:
        return COPY * self.with_copy + "-".join(map(str, self.blocks))

    @property
    def name(self) -> str:
        """The name, each block in its shortest form."""
        return str(self)

    @property
    def input_channels(self) -> int:
        """Number of input maps of the first convolution."""
        return _COLORS * (2 if self.with_copy else 1)

    @property
    def smallest(self) -> int:
        """Smallest height and width of the input in pixels, of which the poolings leave at least one pixel."""
        return math.prod(block.shrink for block in self.blocks)

    def map_sizes(self, size_hw: tuple[int, int]) -> list[tuple[int, int]]:
        """Return the height and width of the output of each block, in pixels.

        Examples:
            >>> Layout.parse("4c3-p2-p2-8c3-p2-p2").map_sizes((600, 200))
            [(150, 50), (37, 12)]
        """
        sizes, (height, width) = [], size_hw
        for block in self.blocks:
            height, width = height // block.shrink, width // block.shrink
            sizes.append((height, width))
        return sizes

    def parameters(self, size_hw: tuple[int, int], classes: int) -> int:
        """Return the number of weights, without building the network.

        Args:
            size_hw: Height and width of the input in pixels.
            classes: Number of classes, at least 2.

        Examples:
            >>> Layout.parse("4c3-p2-p2-8c3-p2-p2").parameters((600, 200), 4)  # the published `baseline`
            14620
        """
        channels = (self.input_channels, *(block.filters for block in self.blocks))
        of_blocks = sum(block.parameters(maps) for block, maps in zip(self.blocks, channels, strict=False))
        return of_blocks + self.head_parameters(size_hw, classes)

    def head_parameters(self, size_hw: tuple[int, int], classes: int) -> int:
        """Return the number of weights of the dense head; see `parameters`."""
        height, width = self.map_sizes(size_hw)[-1]
        return (height * width * self.blocks[-1].filters + 1) * (1 if classes == 2 else classes)
