"""What a training is told."""

from dataclasses import dataclass, field

from toonvision.data.batches import Augmentation


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of one training; the defaults are the published ones.

    Attributes:
        network: The name of the network.
        epochs: Most passes over the training part.
        batch_size: Pictures a step.
        learning_rate: Of Adam.
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
    patience: int = 5
    class_weights: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
    with_validation: bool = False
