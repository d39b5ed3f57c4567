"""Whether maps can be trusted: two checks, each against what chance alone would give.

- Randomisation: does the map change when the network's weights are drawn afresh? A map that does not change shows the
  image, not what the network has learned.
- Deletion and insertion: does the probability fall when the pixels that the map calls important are blanked, and rise
  when they alone are shown, faster than in a random order?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from toonvision.core.progress import Progress, silent
from toonvision.core.seeds import generator, own_randomness
from toonvision.data.images import Pictures
from toonvision.explain.activations import Values
from toonvision.explain.evidence import enlarge
from toonvision.tasks.classify import predict_probabilities

if TYPE_CHECKING:
    import keras

Numbers = npt.NDArray[np.float64]
MapsOf = Callable[["keras.Model"], Values]
"""From a network to one map for each image, shape ``(images, height, width)``, always of the same classes."""

SURVIVES = 0.5
"""Mean rank correlation, regardless of sign, from which a map counts as having survived new weights."""
_STEPS = 20
"""In how many equal steps all pixels are changed."""
_RANDOM_ORDERS = 3
"""How many of them are averaged."""


@dataclass(frozen=True, eq=False)
class Randomisation:
    """How similar maps stay when weights are drawn afresh.

    Attributes:
        layer: The layer whose weights were drawn last; those after it, towards the head, are fresh too.
        fresh: How many layers with weights have fresh ones.
        total: How many layers have weights.
        similarity: Rank correlation of each image's map with the trained network's, shape ``(images,)``, -1 to 1.
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
        deletion: Probability with those pixels blanked, shape ``(images, steps)``; falls early for a good map.
        insertion: Probability with only those pixels shown, same shape; rises early for a good map.
        random_deletion: Deletion in random orders, averaged over several, same shape.
        random_insertion: Insertion in random orders, same shape.
    """

    shares: Numbers
    deletion: Numbers
    insertion: Numbers
    random_deletion: Numbers
    random_insertion: Numbers

    def area(self, name: Literal["deletion", "insertion", "random_deletion", "random_insertion"]) -> Numbers:
        """Return the area under each image's curve, shape ``(images,)``, 0 to 1."""
        return np.asarray(np.trapezoid(getattr(self, name), self.shares, axis=1), dtype=np.float64)


@own_randomness()
def randomisation(model: "keras.Model", maps_of: MapsOf, *, seed: int = 0) -> tuple[Randomisation, ...]:
    """Compare maps with those of a copy of the network whose weights are drawn afresh, from the head down.

    Returns:
        One entry for each layer, the head first; the last one has nothing left of what was learned.

    Source:
        Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018, arXiv:1810.03292, section 3.1.
    """
    import keras

    trained, copy = maps_of(model), keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    groups = _layers_with_weights(copy)[::-1]
    steps = []
    for number, group in enumerate(groups, start=1):
        for layer in group:
            draw_weights(layer, seed=seed)
        similarity = [rank_correlation(a, b) for a, b in zip(trained, maps_of(copy), strict=True)]
        steps.append(Randomisation(group[0].name, number, len(groups), np.array(similarity)))
    return tuple(steps)


def _layers_with_weights(model: "keras.Model") -> list[list[Any]]:
    """Return the layers that learn, in order, each with the normalisations of its outputs, which mean nothing alone."""
    from keras import layers

    groups: list[list[Any]] = []
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and groups:
            groups[-1].append(layer)
        elif layer.trainable_weights:
            groups.append([layer])
    return groups


def draw_weights(layer: Any, *, seed: int) -> None:
    """Draw the trainable weights of a layer afresh in place, as its own initialisers would, or else shuffle them."""
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
    """Return Spearman's coefficient of two maps of the same size: 1 the same order, 0 unrelated, -1 reversed.

    A constant map has no order: it is 1 with another such map and 0 with any other.

    Examples:
        >>> round(rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])), 6)
        1.0
    """
    from scipy import stats

    constant = np.ptp(a) == 0, np.ptp(b) == 0
    if any(constant):
        return float(all(constant))
    return float(stats.spearmanr(a.ravel(), b.ravel()).statistic)


def trust_curves(
    model: "keras.Model",
    images: Pictures,
    maps: Values,
    classes: Sequence[int] | npt.NDArray[np.int64],
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> TrustCurves:
    """Blank pixels, and show them, in the order of a map, and record the probability in 20 equal steps.

    What is blanked shows the image's mean colour. The random orders, of which three are averaged, are of the map's own
    cells, enlarged as the map is: single random pixels would make noise that no network has seen, and flatter every
    map. A reversed random order is random too, so that the random insertion is the random deletion read from its end.

    Args:
        model: The network.
        images: Shape ``(images, height, width, 3)``, 0 to 255.
        maps: One map for each image, shape ``(images, h, w)``, large where important.
        classes: The class whose probability is recorded, one for each image.
        seed: Decides the random orders.
        progress: Called with how many images are done.

    Source:
        Petsiuk, Das and Saenko, "RISE", BMVC 2018, arXiv:1806.07421, section 4.2. There an insertion begins with a
        blurred image; here with the blank one.
    """
    rows = []
    for index, (image, one, wanted) in enumerate(zip(images, maps, classes, strict=True)):
        rng = generator(seed, "trust", index)
        empty = blanked(image)
        orders = [one, *(rng.random(one.shape, dtype=np.float32) for _ in range(_RANDOM_ORDERS))]
        changed = [_changes(image, empty, order) for order in orders]
        changed.append(_changes(empty, image, one))
        probabilities = predict_probabilities(model, np.concatenate(changed))[:, wanted].reshape(len(changed), -1)
        rows.append((probabilities[0], probabilities[-1], probabilities[1:-1].mean(axis=0)))
        progress(index + 1, len(images))
    curves = np.array(rows, dtype=np.float64).reshape(len(rows), 3, _STEPS + 1)
    random = curves[:, 2]
    return TrustCurves(np.arange(_STEPS + 1) / _STEPS, curves[:, 0], curves[:, 1], random, random[:, ::-1])


def blanked(image: Pictures) -> Pictures:
    """Return an image's mean colour everywhere; both have shape ``(height, width, 3)``, 0 to 255."""
    return np.broadcast_to(np.rint(image.mean(axis=(0, 1))).astype(np.uint8), image.shape)


def randomisation_warning(steps: Sequence[Randomisation]) -> str | None:
    """Return a warning if maps survive new weights; None if they do not."""
    if not steps or steps[-1].mean < SURVIVES:
        return None
    return (
        f"The maps hardly change when all weights are drawn afresh (rank correlation {steps[-1].mean:.2f}): they show "
        "the image rather than what the network has learned."
    )


def curves_warning(curves: TrustCurves) -> str | None:
    """Return a warning if maps order pixels no better than chance; None if they do."""
    deletion = float((curves.area("random_deletion") - curves.area("deletion")).mean())
    insertion = float((curves.area("insertion") - curves.area("random_insertion")).mean())
    failed = [name for name, gain in (("blanking", deletion), ("showing", insertion)) if not gain > 0]
    if not failed:
        return None
    return (
        f"The maps order pixels no better than chance: {' and '.join(failed)} the most important ones first moves the "
        "probability no faster than a random order."
    )


def _changes(start: Pictures, goal: Pictures, order: Values) -> Pictures:
    """Turn one image into another by steps, pixels of large values first; shape ``(steps + 1, h, w, 3)``."""
    importance = enlarge(order, start.shape[:2])
    ranks = np.argsort(np.argsort(-importance, axis=None, kind="stable")).reshape(1, *importance.shape, 1)
    limits = np.rint(np.linspace(0, importance.size, _STEPS + 1))
    return np.where(ranks < limits[:, np.newaxis, np.newaxis, np.newaxis], goal, start)
