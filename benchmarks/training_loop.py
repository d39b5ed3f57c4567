"""Claim: we train the published networks at least 1.6 times as fast as the published recipe does.

Run: python benchmarks/training_loop.py

The recipe is `fit` on float32 arrays, with the network as written. Ours is a loop over `train_on_batch` on uint8, with
a layout that computes the same and with the flip in the loader. The steps between the two are measured too. Random
images of 600 x 200 pixels, batch size 64, one epoch for each repetition.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from measure import alternate, arguments, medians, write_result

from toonvision.core.seeds import generator
from toonvision.data.arrays import batch_order
from toonvision.models.backend import start_keras
from toonvision.models.registry import build_network
from toonvision.tasks import classify
from toonvision.tasks.augmentation import augment
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task

_IMAGES, _BATCH, _CLASSES = 512, 64, 4


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    parser().parse_args(given)
    start_keras()
    import keras

    rng = generator(0, "benchmark")
    images = rng.integers(0, 256, (_IMAGES, 600, 200, 3), dtype=np.uint8)
    classes = tuple(map(str, range(_CLASSES)))
    dataset = Dataset(Task("made", "up"), images, np.arange(_IMAGES) % _CLASSES, (), classes)
    _, targets = classify.batch(dataset, np.arange(_IMAGES), augmentation=Augmentation(), rng=None)

    # Keras carries no types, so its class counts as Any.
    class Shuffled(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return _IMAGES // _BATCH

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            indices = np.arange(index * _BATCH, (index + 1) * _BATCH)
            return images[indices], targets[indices]

    def fresh(name: str) -> keras.Model:
        model = build_network(name, size_hw=(600, 200), classes=_CLASSES)
        classify.set_loss(model, keras.optimizers.Adam(1e-3), settings=TrainingSettings(), dataset=dataset)
        return model

    def loop(model: keras.Model, changes: Augmentation) -> None:
        for batch in batch_order(np.arange(_IMAGES), batch_size=_BATCH, rng=rng):
            changed = augment(images[batch], changes, rng) if changes.active else images[batch]
            model.train_on_batch(changed, targets[batch])

    floats = images.astype(np.float32)

    result = {}
    for name in ("baseline", "tuned"):
        quick, nothing = classify.quick_form(TrainingSettings(network=name)), Augmentation()
        a, b, c, d, e = (fresh(one) for one in (name, name, name, name, quick.network))
        alternatives: dict[str, Callable[[], object]] = {
            "fit on float32": partial(d.fit, floats, targets, batch_size=_BATCH, verbose=0),
            "fit on uint8": partial(a.fit, images, targets, batch_size=_BATCH, verbose=0),
            "fit on a PyDataset": partial(b.fit, Shuffled(), verbose=0),
            "train_on_batch": partial(loop, c, nothing),
            "and the quick form": partial(loop, e, quick.augmentation),
        }
        alternate(alternatives, repetitions=1)  # graphs are traced
        rates = {key: _IMAGES / value for key, value in medians(alternate(alternatives, repetitions=7)).items()}
        for key, rate in rates.items():
            print(f"{name:<9} {key:<20} {rate:6.0f} images/s  {rate / rates['fit on float32']:.2f}")
        result[name] = rates
    write_result("training_loop", {"images_per_s": result})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__)


if __name__ == "__main__":
    main()
