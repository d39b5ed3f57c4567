"""Real searches that are over in seconds: networks of a few weights on images of 32 x 32, for an epoch or two."""

import tomllib

from builders import SETTINGS_TEXT
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.loader import TaxonomyTable
from toonvision.tuning.result import StudyResult
from toonvision.tuning.settings import RaceSettings, StudySettings
from toonvision.tuning.space import Choices, Range, Space
from toonvision.tuning.storage import Address, file_url, open_study
from toonvision.tuning.stored_trials import read_scores, read_trials

SIZE_HW = (32, 32)
NO_RACE = RaceSettings(trainings=0)
TAXONOMY = TaxonomyTable.model_validate(tomllib.loads(SETTINGS_TEXT)["taxonomy"]).build().digest


def tiny_space(rates=(1e-3, 1e-2)):
    """Return a space of one block."""
    return Space({
        "filters_1": Choices((2, 4)), "kernel_1": Choices((1, 3)), "pool_1a": Range(2, 4, 1),
        "pool_1b": Choices((1, 2)), "dropout_1": Range(0.0, 0.5, 0.1), "learning_rate": Choices(rates),
    })  # fmt: skip


def tiny(data, *, epochs=1, **changes):
    """Return the settings of a short search."""
    made = {
        "task": "label", "data": data.digest, "taxonomy": TAXONOMY, "size_hw": SIZE_HW, "space": tiny_space(),
        "trials": 3, "race": NO_RACE, "training": TrainingSettings(epochs=epochs, batch_size=16),
    }  # fmt: skip
    return StudySettings(**{**made, **changes})


def begin(folder, settings, **heartbeat):
    """Begin a study in a file; return its address and the study."""
    address = Address(file_url(folder / "study.sqlite"), "study", **heartbeat)
    return address, open_study(address, settings)


def search(address, data, folder, *, most=100, load=None):
    """Search in this process, as one of a search's processes does; return whether the study is finished."""
    from toonvision.tuning.search import Worker  # starts TensorFlow

    return Worker(address, open_study(address), data, logs=folder / "logs", load=load).work(most=most)


def found(study, data):
    """Return how a study stands."""
    evaluated = len(data.indices["val"])
    return StudyResult(
        name="study", settings=study.settings, classes=data.classes, evaluated=evaluated, trials=read_trials(study),
        scores=read_scores(study, evaluated=evaluated), device="this one", versions={},
        started="2026-01-02T03:04:05+00:00", storage="a file",
    )  # fmt: skip
