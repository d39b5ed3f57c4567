"""What a training is told."""

from dataclasses import dataclass, field
from typing import Literal

from toonvision.data.augmentation import Augmentation


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of one training; the defaults are the published ones.

    Attributes:
        network: The name of the network.
        epochs: Most passes over the training part.
        batch_size: Pictures a step.
        learning_rate: Of Adam; with ``cosine``, the greatest.
        schedule: ``constant``; or ``cosine``: the learning rate rises over the first tenth of the steps and falls to 0
            along a cosine (Loshchilov and Hutter, "SGDR", 2017). That takes all epochs, and the last one's weights are
            kept.
        label_smoothing: Share of the target that is spread over all classes (Szegedy et al. 2016), 0 to below 1.
        averaging: Share of the old average in the moving average of the weights at each step (Polyak and Juditsky
            1992), which is what is kept; 0 for no average. Only with ``cosine``.
        patience: Epochs without a better validation loss after which training stops; with `with_validation`, without a
            better training loss.
        class_weights: Weigh each class by the inverse of its frequency.
        augmentation: Random changes to training pictures.
        with_validation: Learn from the validation part too, as published for the network that the search found. The
            training loss then decides when to stop, so that nothing guards against learning by heart; better is to
            know from other trainings how many epochs are enough.
    """

    network: str = "baseline"
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    label_smoothing: float = 0.0
    averaging: float = 0.0
    patience: int = 5
    class_weights: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    with_validation: bool = False

    @property
    def takes_all_epochs(self) -> bool:
        """Whether every epoch is trained and the last one's weights are kept, instead of the best one's."""
        return self.schedule == "cosine"
