"""Whether a map can be trusted: three checks, each against what chance alone would give.

- Randomisation: does the map change when the network's weights are drawn afresh? One that does not shows the picture,
  not what the network has learned.
- Deletion and insertion: does the probability fall when the pixels that the map calls important are blanked, and rise
  when they alone are shown, quicker than in a random order?
- Warnings: is the map flat, empty, or heavy at the border?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from toonvision.core.progress import Progress, silent
from toonvision.core.seeds import generator
from toonvision.data.arrays import Pictures
from toonvision.explain.evidence import enlarge
from toonvision.tasks.classify import predict_probabilities

if TYPE_CHECKING:
    import keras

Values = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
Blank = Literal["mean", "blur"]
MapsOf = Callable[["keras.Model"], Values]
"""From a network to one map a picture, shape ``(pictures, height, width)``, always of the same classes."""

SURVIVES = 0.5
"""Mean rank correlation, regardless of sign, from which a map counts as having survived new weights."""
FLAT_BELOW = 0.15
"""Contrast below which a map counts as flat; a map of one bright half has 1, a bell-shaped spot more."""
SPOT_GRID, SPOT_RATIO = 5, 3.0
"""In how many rows and columns of blocks a fixed place is looked for; how many times its area it must hold."""
BORDER_MARGIN, BORDER_RATIO = 0.05, 2.0
"""The border's width as a share of height and width; how many times its area's share its evidence may be."""


@dataclass(frozen=True, eq=False)
class Randomisation:
    """How alike maps stay when weights are drawn afresh.

    Attributes:
        layer: The layer whose weights were drawn last; those behind it, towards the head, are fresh too.
        fresh: How many layers with weights have fresh ones.
        total: How many layers have weights.
        similarity: Rank correlation of each picture's map with the trained network's, shape ``(pictures,)``, -1 to 1.
    """

    layer: str
    fresh: int
    total: int
    similarity: Numbers

    @property
    def mean(self) -> float:
        """Mean similarity regardless of sign: a map that turned to its negative has kept its shape."""
        return float(np.abs(self.similarity).mean())


@dataclass(frozen=True, eq=False)
class TrustCurves:
    """Probability of the explained class while pixels are blanked or shown, the most important first.

    Attributes:
        shares: Share of the pixels that were changed, shape ``(steps,)``, 0 to 1.
        deletion: Probability with those pixels blanked, shape ``(pictures, steps)``; falls early for a good map.
        insertion: Probability with none but those pixels shown, same shape; rises early for a good map.
        random_deletion: Deletion in random orders, averaged over several, same shape.
        random_insertion: Insertion in random orders, same shape.
    """

    shares: Numbers
    deletion: Numbers
    insertion: Numbers
    random_deletion: Numbers
    random_insertion: Numbers

    def area(self, name: Literal["deletion", "insertion", "random_deletion", "random_insertion"]) -> Numbers:
        """Area under each picture's curve, shape ``(pictures,)``, 0 to 1."""
        curve: Numbers = getattr(self, name)
        return np.asarray(((curve[:, 1:] + curve[:, :-1]) / 2 * np.diff(self.shares)).sum(axis=1), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class MapChecks:
    """What can be told of a map by itself.

    Attributes:
        contrast: Standard deviation of each map over the mean of its sizes, shape ``(pictures,)``; 0 of an empty one.
        empty: Whether nothing in it is positive, shape ``(pictures,)``.
        border: Share of the positive evidence that lies at the border, shape ``(pictures,)``, 0 to 1; 0 where empty.
        border_area: Share of the pixels that lie at the border, the same for all.
    """

    contrast: Numbers
    empty: npt.NDArray[np.bool_]
    border: Numbers
    border_area: float

    @property
    def flat(self) -> npt.NDArray[np.bool_]:
        """Which maps hardly differ from place to place."""
        return self.contrast < FLAT_BELOW

    @property
    def at_border(self) -> npt.NDArray[np.bool_]:
        """Which maps have far more of their weight at the border than an even map would."""
        return self.border > BORDER_RATIO * self.border_area


@dataclass(frozen=True)
class Spot:
    """A place at the edge that holds much of the evidence in picture after picture.

    Attributes:
        place: Where it is, in words, such as ``upper left corner``.
        share: Mean share of the positive evidence there, 0 to 1.
        area: Its share of the pixels.
    """

    place: str
    share: float
    area: float


def randomisation(
    model: "keras.Model", maps_of: MapsOf, *, seed: int = 0, cascading: bool = True
) -> tuple[Randomisation, ...]:
    """Compare maps with those of the same network whose weights are drawn afresh, from the head down.

    Args:
        model: A trained network; it is left as it is.
        maps_of: Gives the maps of a network.
        seed: Where the fresh weights come from.
        cascading: One step more a layer; otherwise only the last step, with all weights fresh.

    Returns:
        One entry a step, the head first; the last one has nothing left of what was learned.

    Source:
        Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, arXiv:1810.03292, section 3.1.
    """
    trained = maps_of(model)
    copy = copied_network(model)
    groups = _layers_with_weights(copy)[::-1]
    steps = []
    for place, group in enumerate(groups, start=1):
        for layer in group:
            draw_weights(layer, seed=seed)
        if cascading or place == len(groups):
            fresh = maps_of(copy)
            similarity = np.array([rank_correlation(a, b) for a, b in zip(trained, fresh, strict=True)])
            steps.append(Randomisation(group[0].name, place, len(groups), similarity))
    return tuple(steps)


def _layers_with_weights(model: "keras.Model") -> list[list[Any]]:
    """Give the layers that learn, in order, each with the normalisations of its outputs, which mean nothing alone."""
    from keras import layers

    groups: list[list[Any]] = []
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and groups:
            groups[-1].append(layer)
        elif layer.trainable_weights:
            groups.append([layer])
    return groups


def copied_network(model: "keras.Model") -> "keras.Model":
    """Copy a network with its weights, so that they can be changed."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def draw_weights(layer: Any, *, seed: int) -> None:
    """Draw the trainable weights of a layer afresh, as its own initialisers would.

    Args:
        layer: A layer of Keras, changed in place.
        seed: Where chance comes from; each weight has its own stream.
    """
    for variable in layer.trainable_weights:
        rng = generator(seed, "randomisation", layer.name, variable.name)
        initializer = getattr(layer, f"{variable.name}_initializer", None)
        if initializer is None:
            values = np.asarray(variable.numpy())
            variable.assign(rng.permutation(values.ravel()).reshape(values.shape))
            continue
        config = initializer.get_config()
        if "seed" in config:
            config["seed"] = int(rng.integers(2**31))
        variable.assign(type(initializer).from_config(config)(variable.shape, dtype=variable.dtype))


def rank_correlation(a: Values, b: Values) -> float:
    """Return Spearman's rank correlation of the values of two maps, -1 to 1.

    Args:
        a: A map of any shape.
        b: A map of the same number of values.

    Returns:
        1 if both have the same order, -1 if it is reversed. A constant map has no order: it is 1 with another such map
        and 0 with any other.

    Examples:
        >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0]))
        1.0
    """
    from scipy.stats import spearmanr

    constant_a, constant_b = np.ptp(a) == 0, np.ptp(b) == 0
    if constant_a or constant_b:
        return float(constant_a == constant_b)
    return float(spearmanr(a, b, axis=None).statistic)


def trust_curves(
    model: "keras.Model",
    pictures: Pictures,
    maps: Values,
    classes: Sequence[int] | npt.NDArray[np.int64],
    *,
    steps: int = 20,
    blank: Blank = "mean",
    draws: int = 3,
    seed: int = 0,
    progress: Progress = silent,
) -> TrustCurves:
    """Blank pixels, and show them, in the order of a map, and watch the probability.

    The random order is one of the map's own cells, enlarged as the map is: single random pixels would make noise that
    no network has seen, and flatter every map. A random order turned round is one too, so that the random insertion is
    the random deletion read from its end.

    Args:
        model: The network.
        pictures: Shape ``(pictures, height, width, 3)``, 0 to 255.
        maps: One map a picture, shape ``(pictures, h, w)``, large where important.
        classes: Whose probability to watch, one a picture.
        steps: In how many equal steps all pixels are changed.
        blank: What blanked pixels show: the picture's ``mean`` colour, or the picture under a heavy ``blur``.
        draws: How many random orders to average over.
        seed: Where they come from.
        progress: Told how many pictures are done.

    Source:
        Petsiuk, Das and Saenko, "RISE", BMVC 2018, arXiv:1806.07421, section 4.2 (pixels blanked with a constant,
        insertion from a blurred picture).
    """
    rows = []
    for at, (picture, one, wanted) in enumerate(zip(pictures, maps, classes, strict=True)):
        rng = generator(seed, "trust", at)
        empty = blanked(picture, blank)
        orders = [one, *(rng.random(one.shape, dtype=np.float32) for _ in range(draws))]
        changed = [_changes(picture, empty, order, steps) for order in orders]
        changed.append(_changes(empty, picture, one, steps))
        probabilities = predict_probabilities(model, np.concatenate(changed))[:, wanted].reshape(len(changed), -1)
        rows.append((probabilities[0], probabilities[-1], probabilities[1:-1].mean(axis=0)))
        progress(at + 1, len(pictures))
    curves = np.array(rows, dtype=np.float64).reshape(len(rows), 3, steps + 1)
    random = curves[:, 2]
    return TrustCurves(np.arange(steps + 1) / steps, curves[:, 0], curves[:, 1], random, random[:, ::-1])


def blanked(picture: Pictures, how: Blank) -> Pictures:
    """Give what a picture shows where it is blanked.

    Args:
        picture: Shape ``(height, width, 3)``, 0 to 255.
        how: Its ``mean`` colour everywhere, or the picture under a ``blur`` of an eighth of its shorter side.

    Returns:
        The same shape and type.
    """
    if how == "mean":
        return np.broadcast_to(np.rint(picture.mean(axis=(0, 1))).astype(np.uint8), picture.shape)
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(min(picture.shape[:2]) / 8)))


def check_maps(maps: Values, *, size_hw: tuple[int, int]) -> MapChecks:
    """Look for maps that are flat, empty, or heavy at the border.

    Args:
        maps: Shape ``(pictures, h, w)``, signed evidence of the explained class.
        size_hw: The picture's height and width in pixels, at which the border is measured.
    """
    inside = np.zeros(size_hw, dtype=bool)
    top, left = (max(1, round(BORDER_MARGIN * side)) for side in size_hw)
    inside[top:-top, left:-left] = True
    border = np.zeros(len(maps))
    for place, one in enumerate(maps):
        positive = np.maximum(enlarge(one, size_hw), 0).astype(np.float64)
        if (total := positive.sum()) > 0:
            border[place] = positive[~inside].sum() / total
    sizes = np.abs(maps).mean(axis=(1, 2), dtype=np.float64)
    contrast = np.divide(maps.std(axis=(1, 2), dtype=np.float64), sizes, out=np.zeros(len(maps)), where=sizes > 0)
    return MapChecks(contrast, maps.max(axis=(1, 2)) <= 0, border, float(1 - inside.mean()))


def map_warnings(checks: MapChecks, names: Sequence[str]) -> tuple[str, ...]:
    """Say in plain words which maps should not be read as an explanation, and why.

    Args:
        checks: One row a picture.
        names: What to call the pictures.
    """
    found = []
    for place, name in enumerate(names):
        if checks.empty[place]:
            found.append(f"{name}: nothing in the picture speaks for this class, so the map shows nothing.")
        elif checks.flat[place]:
            found.append(f"{name}: the map is nearly even, so it does not say where the network looked.")
        elif checks.at_border[place]:
            found.append(
                f"{name}: {100 * checks.border[place]:.0f} % of the evidence lies at the border, which is "
                f"{100 * checks.border_area:.0f} % of the picture. Look for a mark at the edge, or the surroundings."
            )
    return tuple(found)


def fixed_spot(maps: Values) -> Spot | None:
    """Look for a place at the edge where the evidence lies whatever the picture shows: a mark, or a panel of a game.

    Figures stand in the middle of their crops, so that blocks of the rim are looked at alone. It needs no masks.

    Args:
        maps: One map a picture, of its own predicted class, shape ``(pictures, h, w)``, signed; better those of
            `evidence.distinctive`.

    Returns:
        The block of the rim with the largest mean share, if that is over `SPOT_RATIO` times its area.
    """
    side = 20 * SPOT_GRID
    positive = np.maximum([enlarge(one, (side, side)) for one in maps], 0).astype(np.float64)
    positive = positive[positive.any(axis=(1, 2))]
    if not len(positive):
        return None
    mean = (positive / positive.sum(axis=(1, 2), keepdims=True)).mean(axis=0)
    blocks = mean.reshape(SPOT_GRID, 20, SPOT_GRID, 20).sum(axis=(1, 3))
    blocks[1:-1, 1:-1] = 0
    row, column = (int(place) for place in np.unravel_index(blocks.argmax(), blocks.shape))
    spot = Spot(_place_in_words(row, column), float(blocks.max()), 1 / SPOT_GRID**2)
    return spot if spot.share > SPOT_RATIO * spot.area else None


def spot_warning(spot: Spot | None) -> str | None:
    """Say in plain words that a fixed place decides; None without one."""
    if spot is None:
        return None
    return (
        f"In picture after picture {100 * spot.share:.0f} % of the evidence lies in one place, the {spot.place}, on "
        f"{100 * spot.area:.0f} % of the area. Look for a mark there that gives the class away."
    )


def randomisation_warning(steps: Sequence[Randomisation]) -> str | None:
    """Say in plain words that maps survive new weights; None where they do not."""
    if not steps or steps[-1].mean < SURVIVES:
        return None
    return (
        f"The maps hardly change when all weights are drawn afresh (rank correlation {steps[-1].mean:.2f}): they show "
        "the picture rather than what the network has learned."
    )


def curves_warning(curves: TrustCurves) -> str | None:
    """Say in plain words that maps order pixels no better than chance; None where they do."""
    deletion = float((curves.area("random_deletion") - curves.area("deletion")).mean())
    insertion = float((curves.area("insertion") - curves.area("random_insertion")).mean())
    failed = [name for name, gain in (("blanking", deletion), ("showing", insertion)) if not gain > 0]
    if not failed:
        return None
    return (
        f"The maps order pixels no better than chance: {' and '.join(failed)} the most important ones first moves the "
        "probability no quicker than a random order."
    )


def _changes(start: Pictures, goal: Pictures, order: Values, steps: int) -> Pictures:
    """Turn one picture into another by steps, pixels of large values first; shape ``(steps + 1, h, w, 3)``."""
    height, width = start.shape[:2]
    importance = enlarge(order, (height, width)).ravel()
    places = np.empty(importance.size, dtype=np.int64)
    places[np.argsort(-importance, kind="stable")] = np.arange(importance.size)
    limits = np.rint(np.linspace(0, importance.size, steps + 1))
    turned = places.reshape(1, height, width, 1) < limits[:, np.newaxis, np.newaxis, np.newaxis]
    return np.where(turned, goal, start)


def _place_in_words(row: int, column: int) -> str:
    last = SPOT_GRID - 1
    vertical = {0: "upper", last: "lower"}.get(row, "")
    horizontal = {0: "left", last: "right"}.get(column, "")
    return f"{vertical} {horizontal} corner" if vertical and horizontal else f"{vertical or horizontal} edge"
