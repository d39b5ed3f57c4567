"""Which pixels of a crop are foreground, that is show its own object, predicted by a network where no mask says so.

It learned drawn crops with their masks (docs/make_starts.py), and is used in training alone: what it takes for the
object is put in front of other backgrounds and other objects (`toonvision.tasks.covering`).

Source:
    Ronneberger, Fischer and Brox, "U-Net", 2015: maps of the same size are joined on the way down and up.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from toonvision.data.fitting import fit
from toonvision.data.images import Pictures
from toonvision.models.starting import FOLDER, save_halves

if TYPE_CHECKING:
    import keras

SIZE_HW: Final = (96, 32)
"""Height and width of what the network sees."""
_FILE: Final = "foreground.npz"
_AT_ONCE: Final = 1024
"""How many crops are looked at before the next ones are loaded."""


def has_foreground(start: str) -> bool:
    """Return whether a network that predicts the foreground of crops of a taxonomy comes with the package."""
    return _file(start).is_file()


def foreground_network() -> "keras.Model":
    """Build the network: 21,297 parameters.

    Returns:
        A network from uint8 crops, shape ``(batch, 96, 32, 3)``, to the probability that a pixel shows the crop's own
        object, shape ``(batch, 96, 32, 1)``.
    """
    import keras
    from keras import layers

    from toonvision.models.blocks import Tensor, around_zero, normalized, separable

    def joined(coarse: Tensor, fine: Tensor, filters: int) -> Tensor:
        return separable(layers.Concatenate()([layers.UpSampling2D(interpolation="bilinear")(coarse), fine]), filters)

    inputs = keras.Input((*SIZE_HW, 3), dtype="uint8")
    half = normalized(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(around_zero(inputs)))
    quarter = separable(separable(layers.MaxPooling2D()(half), 32), 32)
    eighth = separable(separable(layers.MaxPooling2D()(quarter), 48), 48, 5)
    whole = separable(layers.MaxPooling2D()(eighth), 48, (5, 3))
    x = joined(joined(joined(whole, eighth, 40), quarter, 32), half, 24)
    logits = layers.UpSampling2D(interpolation="bilinear")(layers.Conv2D(1, 1)(x))
    return keras.Model(inputs, layers.Activation("sigmoid")(logits), name="foreground")


def foreground_of(images: Pictures, start: str) -> Pictures:
    """Predict which pixels of crops are foreground.

    Args:
        images: Shape ``(images, height, width, 3)``, uint8.
        start: The taxonomy whose network is asked; see `has_foreground`.

    Returns:
        Shape ``(images, height, width)``, uint8: 1 where a pixel shows the crop's own object, else 0.
    """
    model = foreground_network()
    with np.load(_file(start), allow_pickle=False) as archive:
        model.set_weights([archive[name] for name in sorted(archive.files)])
    found = np.empty(images.shape[:3], np.uint8)
    for at in range(0, len(images), _AT_ONCE):
        crops = np.stack([fit(Image.fromarray(one), size_hw=SIZE_HW) for one in images[at : at + _AT_ONCE]])
        shown = model.predict(crops, batch_size=64, verbose=0)[..., 0] > 0.5
        found[at : at + _AT_ONCE] = [
            fit(Image.fromarray(one), size_hw=images.shape[1:3], resampling=Image.Resampling.NEAREST)
            for one in shown.astype(np.uint8)
        ]
    return found


def save_foreground(model: "keras.Model", start: str, folder: Path = FOLDER) -> Path:
    """Save the weights of a network, as float16, as those of a taxonomy; return the file."""
    path = folder / start / _FILE
    save_halves(path, {f"{at:02d}": one for at, one in enumerate(model.get_weights())})
    return path


def _file(start: str) -> Path:
    return FOLDER / start / _FILE
