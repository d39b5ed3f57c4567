"""Claim: we train the published networks at least 1.6 times as fast as the published recipe does.

The recipe is `fit` on float32 arrays of the network as written. Ours is a loop over `train_on_batch` on uint8 of the
layout that computes the same, with the flip in the loader; the steps between the two are measured too.

Random uint8 pictures of 600 x 200 pixels, batch 64, one epoch a repetition. Run: python benchmarks/training_loop.py
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from measure import alternate, medians, write_result

from toonvision.core.seeds import generator
from toonvision.data.arrays import batch_order
from toonvision.models.backend import start_keras
from toonvision.models.registry import build_network
from toonvision.tasks import classify
from toonvision.tasks.augmentation import augment
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.taxonomy.labels import Task

_PICTURES, _BATCH, _CLASSES = 512, 64, 4


def main() -> None:
    """Measure and print."""
    start_keras()
    import keras

    rng = generator(0, "benchmark")
    pictures = rng.integers(0, 256, (_PICTURES, 600, 200, 3), dtype=np.uint8)
    dataset = Dataset(
        Task("made", "up"), pictures, np.arange(_PICTURES) % _CLASSES, (), tuple(map(str, range(_CLASSES)))
    )
    _, targets = classify.batch(dataset, np.arange(_PICTURES), augmentation=Augmentation(), rng=None)

    # Keras carries no types, so its class counts as Any.
    class Shuffled(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return _PICTURES // _BATCH

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            places = np.arange(index * _BATCH, (index + 1) * _BATCH)
            return pictures[places], targets[places]

    def fresh(name: str) -> keras.Model:
        model = build_network(name, size_hw=(600, 200), classes=_CLASSES)
        classify.set_loss(model, keras.optimizers.Adam(1e-3), settings=TrainingSettings(), dataset=dataset)
        return model

    def loop(model: keras.Model, changes: Augmentation) -> None:
        for batch in batch_order(np.arange(_PICTURES), batch_size=_BATCH, rng=rng):
            changed = augment(pictures[batch], changes, rng) if changes.active else pictures[batch]
            model.train_on_batch(changed, targets[batch])

    floats = pictures.astype(np.float32)

    result = {}
    for name in ("baseline", "tuned"):
        quick, nothing = classify.quick_form(TrainingSettings(network=name)), Augmentation()
        a, b, c, d, e = (fresh(one) for one in (name, name, name, name, quick.network))
        alternatives: dict[str, Callable[[], object]] = {
            "fit on float32": partial(d.fit, floats, targets, batch_size=_BATCH, verbose=0),
            "fit on uint8": partial(a.fit, pictures, targets, batch_size=_BATCH, verbose=0),
            "fit on a PyDataset": partial(b.fit, Shuffled(), verbose=0),
            "train_on_batch": partial(loop, c, nothing),
            "and the quick form": partial(loop, e, quick.augmentation),
        }
        alternate(alternatives, repetitions=1)  # graphs are traced
        rates = {key: _PICTURES / value for key, value in medians(alternate(alternatives, repetitions=7)).items()}
        for key, rate in rates.items():
            print(f"{name:<9} {key:<20} {rate:6.0f} pictures/s  {rate / rates['fit on float32']:.2f}")
        result[name] = rates
    write_result("training_loop", {"pictures_per_s": result})


if __name__ == "__main__":
    main()
