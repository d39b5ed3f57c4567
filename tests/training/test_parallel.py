import pytest

from toonvision.core.errors import EnvironmentFaultError
from toonvision.core.runner import available_cores
from toonvision.models.backend import threads_for
from toonvision.tasks.settings import TrainingSettings
from toonvision.training import parallel
from toonvision.training.parallel import trainings_at_once
from toonvision.training.record import read_record, repeat_folder
from toonvision.training.repeat import TrainingWatcher, train_run
from training.test_repeat import weights_digest

SMALL, LARGE = (96, 32), (600, 200)
LONG = TrainingSettings(epochs=60, batch_size=32)


def test_small_inputs_have_one_thread_and_large_ones_all():
    assert threads_for(SMALL) == 1
    assert threads_for(LARGE) is None


def test_only_long_trainings_of_small_inputs_run_at_once_and_never_more_than_there_are():
    assert trainings_at_once(LONG, size_hw=SMALL, images=516, trainings=99) == available_cores()
    assert trainings_at_once(LONG, size_hw=SMALL, images=516, trainings=1) == 1
    assert trainings_at_once(LONG, size_hw=LARGE, images=516, trainings=99) == 1
    assert trainings_at_once(TrainingSettings(epochs=2), size_hw=SMALL, images=516, trainings=99) == 1


class Noting(TrainingWatcher):
    """Notes what it is told, and may stop everything."""

    def __init__(self, *, stop_at=None):
        self.epochs, self.ended, self.stop_at = [], [], stop_at

    def epoch_ended(self, repeat, epoch, logs):
        self.epochs.append((repeat, epoch, sorted(logs)))
        if len(self.epochs) == self.stop_at:
            raise KeyboardInterrupt

    def repeat_ended(self, repeat, record):
        self.ended.append((repeat, record.seed))


@pytest.fixture
def at_once(monkeypatch):
    """Let the shortest training run in a process of its own, two at a time."""
    monkeypatch.setattr(parallel, "_WORTH_STEPS", 0)
    monkeypatch.setattr(parallel, "available_cores", lambda: 2)


def train(workspace, name, **options):
    settings = TrainingSettings(network="z-4c3n-p2-p2", epochs=2, batch_size=4)
    task = workspace.taxonomy.task("label")
    return train_run(workspace, task, settings, seeds=[3, 4], size_hw=SMALL, name=name, **options)


@pytest.mark.slow
def test_repeats_at_once_give_the_same_weights_as_one_after_the_other(own_workspace, request):
    plain = train(own_workspace, "plain")
    request.getfixturevalue("at_once")
    noting = Noting()
    together = train(own_workspace, "together", watcher=noting)
    for seed in (3, 4):
        assert weights_digest(repeat_folder(plain, seed)) == weights_digest(repeat_folder(together, seed))
    assert [one.seed for one in read_record(together).repeats] == [3, 4]
    assert read_record(together).best_seed == read_record(plain).best_seed
    assert sorted(noting.ended) == [(0, 3), (1, 4)]
    assert {(repeat, epoch) for repeat, epoch, _ in noting.epochs} == {(r, e) for r in range(2) for e in (1, 2)}
    assert all("val_loss" in logs for _, _, logs in noting.epochs)


@pytest.mark.slow
def test_who_interrupts_repeats_at_once_leaves_no_run(own_workspace, at_once):
    with pytest.raises(KeyboardInterrupt):
        train(own_workspace, "stopped", watcher=Noting(stop_at=1))
    assert not (own_workspace.runs / "label" / "stopped").exists()


@pytest.mark.slow
def test_a_training_that_is_killed_ends_the_run_in_one_line(own_workspace, at_once):
    class Killing(TrainingWatcher):
        def epoch_ended(self, *_):
            import multiprocessing

            for process in multiprocessing.active_children():
                process.kill()

    with pytest.raises(EnvironmentFaultError, match="a worker process died"):
        train(own_workspace, "killed", watcher=Killing())
    assert not (own_workspace.runs / "label" / "killed").exists()
