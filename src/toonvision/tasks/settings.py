"""The settings of a training. Each is described once, by its `Option`; the command line is made from that."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from toonvision.core.options import Option, settings_of
from toonvision.models.starting import RANDOM


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images; everything is off by default.

    Each image is changed by its own random amount, up to the value of the setting or with it as the standard deviation.
    """

    flip: Annotated[bool, Option("Mirror half of the training images, left to right.", common=True)] = False
    rotation_degrees: Annotated[
        float, Option("Rotate by up to this angle either way.", minimum=0, maximum=180, unit="degrees", flag="rotation")
    ] = 0.0
    zoom: Annotated[
        float, Option("Scale height and width, each by up to this share either way.", minimum=0, maximum=0.9)
    ] = 0.0
    color: Annotated[
        float,
        Option("Change brightness, contrast and saturation by up to this share either way.", minimum=0, maximum=1),
    ] = 0.0
    shift: Annotated[
        float, Option("Move by up to this share of the width and height either way.", minimum=0, maximum=0.5)
    ] = 0.0
    cast: Annotated[
        float,
        Option(
            "Multiply red, green and blue by random factors with this standard deviation of their logarithms.",
            minimum=0,
            maximum=1,
        ),
    ] = 0.0
    surround: Annotated[
        float,
        Option(
            "Change the light left and right of the middle, by factors with this standard deviation of their "
            "logarithms.",
            minimum=0,
            maximum=1,
        ),
    ] = 0.0
    mixup: Annotated[
        float,
        Option(
            "Mix pairs of training images, and their targets alike, in shares drawn from a beta distribution with this "
            "parameter; 0 for none.",
            minimum=0,
            maximum=10,
        ),
    ] = 0.0

    mosaic: Annotated[
        float, Option("Share of screenshots that are put together from four others.", minimum=0, maximum=1)
    ] = 0.0
    paste: Annotated[
        float,
        Option(
            "Share of images that figures of others are pasted into, where masks are known; so many crops also get the "
            "background of another one. Where crops have no mask, a network that comes with the package predicts it.",
            minimum=0,
            maximum=1,
        ),
    ] = 0.0

    @property
    def active(self) -> bool:
        """Whether anything would be changed."""
        return self != Augmentation()


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of one training; the defaults are the published ones.

    `network` is the name of a network (`toonvision.models.registry`).

    With the schedule ``cosine`` the learning rate rises over the first tenth of the steps and falls to 0 along a cosine
    (Loshchilov and Hutter, "SGDR", 2017). That takes all epochs, and the last epoch's weights are saved. Only then can
    the weights be averaged (Polyak and Juditsky 1992). Label smoothing is that of Szegedy et al. (2016).

    With `with_validation` the training loss decides when to stop, so that nothing guards against overfitting. The
    network that the published search found was trained like that. It is better to know from other trainings how many
    epochs are enough.
    """

    network: str = "baseline"
    epochs: Annotated[int, Option("Most passes over the training subset.", minimum=1, common=True)] = 100
    batch_size: Annotated[int, Option("Images per training step.", minimum=1, common=True)] = 64
    learning_rate: Annotated[
        float, Option("Learning rate of Adam; its peak with the schedule cosine.", minimum=1e-7, maximum=1, common=True)
    ] = 1e-3
    schedule: Annotated[
        Literal["constant", "cosine"],
        Option("Learning-rate schedule; cosine takes all epochs and saves the last one's weights."),
    ] = "constant"
    label_smoothing: Annotated[
        float, Option("Share of the target that is spread over all classes.", minimum=0, maximum=0.9)
    ] = 0.0
    averaging: Annotated[
        float,
        Option(
            "Keep a moving average of the weights with this momentum; 0 for none. Only with the schedule cosine.",
            minimum=0,
            maximum=0.9999,
        ),
    ] = 0.0
    patience: Annotated[
        int,
        Option(
            "Stop after this many epochs without a better validation loss, or AP50 for boxes.", minimum=1, common=True
        ),
    ] = 5
    class_weights: Annotated[
        bool, Option("Weigh each class by the inverse of its frequency, so that rare classes count more.")
    ] = False
    start: Annotated[
        str,
        Option(
            "Begin with weights that were learned from the drawn world and come with the package, or with random ones "
            "(none).",
            flag="from",
            common=True,
        ),
    ] = RANDOM
    augmentation: Augmentation = field(default_factory=Augmentation)
    with_validation: Annotated[
        bool, Option("Learn from the validation subset too; the training loss decides when to stop.")
    ] = False

    @property
    def at_half_rate(self) -> str:
        """The option that halves the learning rate, which cures most trainings whose loss became NaN."""
        return f"--learning-rate {self.learning_rate / 2:g}"

    @property
    def takes_all_epochs(self) -> bool:
        """Whether every epoch is trained and the last one's weights are saved, instead of the best one's."""
        return self.schedule == "cosine"


TRAINING_OPTIONS = {**settings_of(TrainingSettings), **settings_of(Augmentation)}
"""The options of a training, by name."""
