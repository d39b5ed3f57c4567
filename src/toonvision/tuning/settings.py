"""The settings of a search: enough to go on with it on another day, or on another machine."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from toonvision.core.errors import ModelRefusedError, UsageError
from toonvision.core.seeds import SEED_LIMIT
from toonvision.data.fitting import Resize
from toonvision.data.workspace import Workspace
from toonvision.models.grid import shrunk
from toonvision.models.starting import RANDOM, has_start
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.options import DEFAULTS, Strategy
from toonvision.tuning.space import Draw, Space, published_space

if TYPE_CHECKING:
    from toonvision.tasks.base import Dataset

PUBLISHED_TRAINING = TrainingSettings(epochs=75, patience=3)
MAY_CHANGE = frozenset({"trials", "race"})
"""What may be another when a search goes on."""
MOST_RETRIES = 3
"""How often a trial whose process died is tried again."""


@dataclass(frozen=True)
class Bounds:
    """What a network may cost at most, None for any; a draw that costs more is replaced before anything is trained.

    The time is that for one image: of a classifier with Keras, measured on the machine that draws; of a detector with
    ONNX Runtime, measured before the search begins.
    """

    parameters: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True)
class RaceSettings:
    """How the best trials are compared.

    Attributes:
        candidates: Largest number of trials that race.
        trainings: Largest number of trainings of the race, all candidates together; 0 for no race.
        rounds: Largest number of trainings of one candidate.
    """

    candidates: int = 6
    trainings: int = DEFAULTS["race"]
    rounds: int = 10


@dataclass(frozen=True)
class StudySettings:
    """The settings of a search; the defaults are the published ones.

    Attributes:
        data: Hash of which item is in which subset.
        taxonomy: Digest of the taxonomy.
        split: Name of the split; its test subset is never used.
        size_hw: Height and width of the input in pixels; the largest, where its size is searched.
        resize: How images are brought to that size.
        strategy: How trials are drawn, and when they are stopped early.
        seed: Decides the draws and the trainings.
        trials: How many networks are tried.
        repeats: Trainings of each trial, each with its own seed; the same seeds for all trials.
        training: How each network is trained, except for the network, the learning rate, and the epochs where these
            are searched.
        screen_hw: Height and width of the screenshots, where the input's size is searched.
        milliseconds: How long each network that can be drawn takes for one screenshot, where that is bounded.
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
    screen_hw: tuple[int, int] | None = None
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    def seeds(self) -> list[int]:
        """Return the seeds of the trials' trainings."""
        return [(self.seed + n) % SEED_LIMIT for n in range(self.repeats)]

    def fresh_seeds(self) -> list[int]:
        """Return the seeds of the race's rounds, with none of which a trial was trained."""
        return [(self.seed + self.repeats + n) % SEED_LIMIT for n in range(self.race.rounds)]

    def training_of(self, draw: Draw) -> TrainingSettings:
        """Return the settings that a draw is trained with."""
        network, rate = self.space.network(draw), float(draw["learning_rate"])
        if not self.space.finds:
            return replace(self.training, network=network, learning_rate=rate)
        start = self.training.start if has_start(self.training.start, network) else RANDOM
        return replace(self.training, network=network, learning_rate=rate, epochs=round(draw["epochs"]), start=start)

    def size_of(self, draw: Draw) -> tuple[int, int]:
        """Return the height and width of a draw's input in pixels."""
        return shrunk(self.screen_hw, round(draw["shrink"])) if self.screen_hw and "shrink" in draw else self.size_hw

    def title_of(self, draw: Draw) -> str:
        """Return what a draw is, for tables: the layout, or what is searched of a detector."""
        if not self.space.finds:
            return self.space.network(draw)
        return f"{timed_name(self.space.network(draw), self.size_of(draw))}, {draw['epochs']:g} epochs"


def timed_name(network: str, size_hw: tuple[int, int]) -> str:
    """Return the name of a network with an input size.

    Examples:
        >>> timed_name("detector", (384, 640))
        'detector at 384x640'
    """
    return f"{network} at {size_hw[0]}x{size_hw[1]}"


def load_study_data(workspace: Workspace, settings: StudySettings, size_hw: tuple[int, int] | None = None) -> "Dataset":
    """Load the dataset of a study, by default at its largest size.

    Raises:
        UsageError: If there is no such task or split, or the dataset is not the one that the study began with.
        InputRejectedError: If nothing can be learned from it.
    """
    from toonvision.tasks.registry import load_dataset

    task = workspace.taxonomy.task(settings.task)
    data = load_dataset(
        workspace, task, size_hw=size_hw or settings.size_hw, split=settings.split, resize=settings.resize
    )
    if settings.data and (settings.data, settings.taxonomy) != (data.digest, workspace.taxonomy.digest):
        raise UsageError(
            f"the split {settings.split!r}, the crops or the taxonomy were changed since that study began. Begin "
            "another one."
        )
    return data


def settings_text(settings: StudySettings) -> str:
    """Return the settings as JSON."""
    return json.dumps(asdict(settings), sort_keys=True)


def read_settings_text(text: str, where: str) -> StudySettings:
    """Read what `settings_text` returned.

    Raises:
        ModelRefusedError: If it is something else, naming `where`.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(StudySettings).validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise ModelRefusedError(
            f"{where}: not the settings of a study ({'.'.join(map(str, fault['loc']))}: {fault['msg']}). Start another."
        ) from error
