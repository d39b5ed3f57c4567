"""What a search is told: enough to go on with it on another day, or on another machine."""

import json
from dataclasses import asdict, dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from toonvision.core.errors import ModelRefusedError
from toonvision.core.seeds import SEED_LIMIT
from toonvision.data.images import Resize
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.options import DEFAULTS, Strategy
from toonvision.tuning.space import Draw, Space, published_space

PUBLISHED_TRAINING = TrainingSettings(epochs=75, patience=3)


@dataclass(frozen=True)
class Bounds:
    """What a network may cost; a draw that costs more is replaced before anything is trained.

    Attributes:
        parameters: Most weights; None for any number.
        milliseconds: Most time for one picture, measured on the machine that draws; None for any.
    """

    parameters: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True)
class RaceSettings:
    """How the best trials are compared.

    Attributes:
        candidates: Most trials that race.
        trainings: Most trainings of the race, all candidates together; 0 for no race.
        rounds: Most trainings of one candidate.
    """

    candidates: int = 6
    trainings: int = DEFAULTS["race"]
    rounds: int = 10


@dataclass(frozen=True)
class StudySettings:
    """The settings of a search; the defaults are the published ones.

    Attributes:
        task: What the networks predict.
        data: Hash of which crops are in which part.
        taxonomy: Digest of the taxonomy.
        split: Name of the split; its test part is never looked at.
        size_hw: Height and width of the input in pixels.
        resize: How crops are brought to that size.
        strategy: How trials are drawn, and when they are cut short.
        space: What is drawn from.
        bounds: What a network may cost.
        seed: Decides the draws and the trainings.
        trials: How many networks are tried.
        repeats: Trainings of each trial, each with its own seed; the same seeds for all trials.
        race: How the best are compared.
        training: How each network is trained, but for the network and the learning rate.
    """

    task: str
    data: str
    taxonomy: str
    split: str = DEFAULTS["split"]
    size_hw: tuple[int, int] = (600, 200)
    resize: Resize = "stretch"
    strategy: Strategy = DEFAULTS["strategy"]
    space: Space = field(default_factory=published_space)
    bounds: Bounds = field(default_factory=Bounds)
    seed: int = DEFAULTS["seed"]
    trials: int = DEFAULTS["trials"]
    repeats: int = DEFAULTS["repeats"]
    race: RaceSettings = field(default_factory=RaceSettings)
    training: TrainingSettings = PUBLISHED_TRAINING

    def seeds(self) -> list[int]:
        """Give the seeds of the trials' trainings."""
        return [(self.seed + n) % SEED_LIMIT for n in range(self.repeats)]

    def fresh_seeds(self) -> list[int]:
        """Give the seeds of the race's rounds, none of which a trial was trained with."""
        return [(self.seed + self.repeats + n) % SEED_LIMIT for n in range(self.race.rounds)]

    def training_of(self, draw: Draw) -> TrainingSettings:
        """Give the settings that a draw is trained with."""
        return replace(self.training, network=self.space.layout(draw).name, learning_rate=float(draw["learning_rate"]))


def settings_text(settings: StudySettings) -> str:
    """Write the settings as JSON."""
    return json.dumps(asdict(settings), sort_keys=True)


def read_settings_text(text: str, where: str) -> StudySettings:
    """Read what `settings_text` wrote.

    Raises:
        ModelRefusedError: If it is none, naming `where`.
    """
    try:
        return TypeAdapter(StudySettings).validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise ModelRefusedError(
            f"{where}: not the settings of a study ({'.'.join(map(str, fault['loc']))}: {fault['msg']}). Start another."
        ) from error
