"""Real searches that are over in seconds: networks of a few weights on pictures of 32 x 32, for an epoch or two."""

from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.result import StudyResult, read_scores, read_trials
from toonvision.tuning.settings import RaceSettings, StudySettings
from toonvision.tuning.space import Choices, Range, Space
from toonvision.tuning.storage import Place, Pulse, file_url, open_study

SIZE_HW = (32, 32)
NO_RACE = RaceSettings(trainings=0)


def tiny_space(rates=(1e-3, 1e-2)):
    """Give a space of one block."""
    return Space({
        "filters_1": Choices((2, 4)), "kernel_1": Choices((1, 3)), "pool_1a": Range(2, 4, 1),
        "pool_1b": Choices((1, 2)), "dropout_1": Range(0.0, 0.5, 0.1), "learning_rate": Choices(rates),
    })  # fmt: skip


def tiny(data, *, epochs=1, **changes):
    """Give the settings of a search that is soon over."""
    told = {
        "task": "label", "data": data.digest, "taxonomy": "t" * 16, "size_hw": SIZE_HW, "space": tiny_space(),
        "trials": 3, "race": NO_RACE, "training": TrainingSettings(epochs=epochs, batch_size=16),
    }  # fmt: skip
    return StudySettings(**{**told, **changes})


def begin(folder, settings, *, pulse=None, name="study"):
    """Begin a study in a file; give where it is and the study."""
    place = Place(file_url(folder / "study.sqlite"), name, pulse or Pulse())
    return place, open_study(place.url, name, settings, pulse=place.pulse)


def search(place, data, folder, *, most=100):
    """Search in this process, as one of a search's processes does; give whether the study is finished."""
    from toonvision.tuning.search import Worker  # starts TensorFlow

    study = open_study(place.url, place.name, pulse=place.pulse)
    return Worker(place, study, data, logs=folder / "logs").work(most=most)


def found(study, data):
    """Give how a study stands."""
    judged = len(data.indices["val"])
    return StudyResult(
        name="study", settings=study.settings, classes=data.classes, judged=judged, trials=read_trials(study),
        scores=read_scores(study, judged=judged), device="this one", versions={}, started="2026-01-02T03:04:05+00:00",
        storage="a file",
    )  # fmt: skip
