"""No channel but cloth, head and hands tells a Cog's suit.

One Cog's shape is dressed in the cloth of all four suits, so that neither outline nor build can distinguish them. The
published network learns the suits from pictures as they are drawn; with cloth, head and hands painted in one grey it
must be at chance, whether it learned from pictures with colours or from grey ones. Street, size, light, place, name
panels and the bytes of the picture would all be found here if they followed the label.
"""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from toonvision.core.seeds import generator
from toonvision.metrics.intervals import wilson_interval
from toonvision.tasks.base import Dataset
from toonvision.taxonomy.labels import Task
from toonvision.world.cogs import COGS
from toonvision.world.palette import STREETS, SUITS
from toonvision.world.scene import compose
from toonvision.world.settings import SceneSettings

A_SUIT, TRAIN, VALIDATE = 56, 40, 5
SIZE_HW = (150, 50)
SETTINGS = SceneSettings(heights_px=(120, 320), cut_rate=0, screened_rate=0.05, dim_rate=0)


def crop(number, suit, *, grey):
    """Draw one figure in a street of its own, and cut it out."""
    street = tuple(STREETS)[number % len(STREETS)]
    rng = generator(number, "test", "honesty", suit)
    scene = compose(street, (f"cog_{suit}_flunky",), rng=rng, settings=SETTINGS, grey=grey)
    cut = scene.image.crop(scene.figures[0].xyxy)
    return np.asarray(cut.resize((SIZE_HW[1], SIZE_HW[0]), Image.Resampling.BILINEAR))


@pytest.fixture(scope="module")
def samples():
    """Pictures with colours and in grey, of the same scenes."""
    with pytest.MonkeyPatch.context() as patch:
        for suit in SUITS:
            patch.setitem(COGS, f"cog_{suit}_flunky", replace(COGS["cog_bb_flunky"], suit=suit))
        order = [(number, suit) for number in range(A_SUIT) for suit in SUITS]
        targets = np.array([list(SUITS).index(suit) for _, suit in order])
        return {
            grey: Dataset(
                Task("suit", "suit"),
                np.stack([crop(number, suit, grey=grey) for number, suit in order]),
                targets,
                (),
                tuple(SUITS),
            )
            for grey in (False, True)
        }


def trained(samples):
    """Train the published network on the first pictures of each suit."""
    import keras

    from toonvision.models.registry import build_network
    from toonvision.tasks.settings import TrainingSettings
    from toonvision.training.loop import Training

    keras.utils.set_random_seed(0)
    model = build_network("baseline", size_hw=SIZE_HW, classes=len(SUITS))
    places = np.arange(len(samples.targets))
    train, val = places[: TRAIN * len(SUITS)], places[TRAIN * len(SUITS) : (TRAIN + VALIDATE) * len(SUITS)]
    settings = TrainingSettings(epochs=60, batch_size=16, patience=15)
    Training(model, samples, settings, train, val, seed=0).run()
    return model


def right(model, samples):
    """Count right answers on the pictures that were held back; give them with their number."""
    held_back = np.arange((TRAIN + VALIDATE) * len(SUITS), len(samples.targets))
    answers = np.asarray(model(samples.images[held_back])).argmax(axis=1)
    return int((answers == samples.targets[held_back]).sum()), len(held_back)


@pytest.mark.slow
def test_without_cloth_head_and_hands_the_suit_cannot_be_recognised(samples):
    in_colour = trained(samples[False])
    seen, total = right(in_colour, samples[False])
    assert wilson_interval(seen, total)[0] > 0.5, f"{seen} of {total}: the network must learn the suits from colours"
    for model, learned in ((in_colour, "in colour"), (trained(samples[True]), "in grey")):
        guessed, _ = right(model, samples[True])
        assert wilson_interval(guessed, total)[0] < 0.25, (
            f"trained {learned}: {guessed} of {total} right on grey pictures"
        )
        print(f"{seen} of {total} right in colour; trained {learned}, {guessed} in grey")
