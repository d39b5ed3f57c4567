"""Claims: a tenth of KerasTuner's time to a network at least as good; half of the published network's worst mistakes.

Run: python benchmarks/tuning_against_kerastuner.py FOLDER

KerasTuner's RandomSearch searches the published space as published: 25 trials, one training each, up to 75 epochs,
batch size 64, patience 3, images of 600 x 200; the lowest validation loss wins. Ours is `tune --recipe compact
--max-params 6032`: as many trials, and a race of the best. Both winners are then trained ten times with fresh seeds,
each as its search trained it, and evaluated on the test subset, which neither search has seen. So is the published
`tuned` network of 6,032 parameters, by its published recipe.

The networks that led our search at some time are trained ten times too, one after the other, until one is as good: that
is what a search would have found that was stopped there. Each finished trial is kept in FOLDER, so that a stopped
benchmark goes on. Time is also counted in processor seconds, which other work on the same machine changes less. Needs
`pip install keras-tuner`; takes about four hours.
"""

import argparse
import itertools
import json
import resource
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from measure import arguments, write_result
from sample_workspace import sample_workspace
from sample_world import right_share

from toonvision.core.runner import available_cores
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import evaluate_run
from toonvision.models.backend import threads_for
from toonvision.tasks import classify
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import load_dataset
from toonvision.tasks.settings import Augmentation, TrainingSettings
from toonvision.training.record import RECORD
from toonvision.training.repeat import train_run
from toonvision.tuning.folders import STORE
from toonvision.tuning.recipes import Recipe, recipe_for
from toonvision.tuning.settings import Bounds, StudySettings
from toonvision.tuning.storage import Address, file_url, open_study
from toonvision.tuning.study import run_study
from toonvision.tuning.workers import default_workers

_TRIALS, _RETRAININGS, _MOST_PARAMETERS = 25, 10, 6032


def main(given: Sequence[str] | None = None) -> None:
    """Search with both, retrain both winners; print and write the results."""
    folder = parser().parse_args(given).folder
    workspace = sample_workspace(folder / "world")
    published, own = (recipe_for(name, workspace.size_hw) for name in ("published", "compact"))
    ours = _found_once(folder / "ours.json", lambda: _ours(workspace, own, workspace.studies / "suit" / "benchmark"))
    theirs = _found_once(folder / "kerastuner.json", lambda: _kerastuner(workspace, published, folder / "kerastuner"))
    for name, found, recipe in (("ours", ours, own), ("kerastuner", theirs, published)):
        found["wrong"] = _retrain(workspace, name, found, recipe)
        print(
            f"{name:<11} {found['seconds'] / 60:6.1f} min to {found['network']}, {found['parameters']:,} parameters, "
            f"learning rate {found['learning_rate']:g}: {_spread(found['wrong'])}"
        )
    _print_first_as_good(workspace, ours, theirs, own)
    shares = {name: ours[name] / theirs[name] for name in ("seconds", "processor_seconds")}
    print(
        f"all of ours takes {shares['seconds']:.1%} of the time, {shares['processor_seconds']:.1%} of the processors'"
    )
    result: dict[str, Any] = {"kerastuner": theirs, "ours": ours}
    write_result("tuning_against_kerastuner", result)  # what follows takes half an hour
    tuned = [right_share(workspace, "tuned", seed, split="default") for seed in range(_RETRAININGS)]
    wrong = [score.total - score.count for score in tuned]
    print(f"published tuned, 6,032 parameters: {_spread(wrong)}")
    write_result("tuning_against_kerastuner", {**result, "published_tuned": {"wrong": wrong}})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__, folder=True)


def _print_first_as_good(workspace: Workspace, ours: dict[str, Any], theirs: dict[str, Any], recipe: Recipe) -> None:
    """Find the first network that led our search and, trained ten times, is at least as good as theirs."""
    goal = statistics.median(theirs["wrong"])
    for place, leader in enumerate(ours["leaders"]):
        leader["wrong"] = _retrain(workspace, f"leader-{place}", leader, recipe)
        print(f"led after {leader['seconds']:.0f} s: {leader['network']}: {_spread(leader['wrong'])}")
        if statistics.median(leader["wrong"]) <= goal:
            most = available_cores() * leader["seconds"]
            print(
                f"as good after {leader['seconds'] / theirs['seconds']:.1%} of the time, at most "
                f"{most / theirs['processor_seconds']:.1%} of the processors'"
            )
            return


def _spread(wrong: Sequence[float]) -> str:
    return f"median {statistics.median(wrong):g}, best {min(wrong)}, worst {max(wrong)} wrong of ten trainings"


def _kerastuner(workspace: Workspace, recipe: Recipe, folder: Path) -> dict[str, Any]:
    import keras
    import keras_tuner

    data, training = _data(workspace, recipe), recipe.training
    # Read before the clocks start, as arrays in memory, which is what the published search was given.
    pictures, wanted = {}, {}
    for subset in SUBSETS[:2]:
        pictures[subset], wanted[subset] = classify.batch(
            data, data.indices[subset], augmentation=Augmentation(), rng=None
        )

    class Timed(keras_tuner.RandomSearch):  # type: ignore[misc]
        """Records what each trial took, so that a stopped search goes on."""

        def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
            clock = _Clock()
            keras.utils.set_random_seed(int(trial.trial_id))
            found = super().run_trial(trial, *args, **kwargs)
            with times.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"trial": trial.trial_id, **clock.spent()}) + "\n")
            return found

    times = folder / "times.jsonl"
    times.parent.mkdir(parents=True, exist_ok=True)
    tuner = Timed(
        _published_network, objective="val_loss", max_trials=_TRIALS, executions_per_trial=1, seed=0, directory=folder
    )
    tuner.search(
        pictures["train"],
        wanted["train"],
        epochs=training.epochs,
        batch_size=training.batch_size,
        validation_data=(pictures["val"], wanted["val"]),
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=training.patience, restore_best_weights=True)
        ],
        verbose=0,
    )
    best = tuner.get_best_hyperparameters(1)[0].values
    draw = {name: float(value) for name, value in best.items()}
    layout = recipe.space.layout(draw)
    return {
        **_sums(times),
        "network": layout.name,
        "parameters": layout.parameters(recipe.size_hw, len(data.classes)),
        "learning_rate": draw["learning_rate"],
    }


def _published_network(hp: Any) -> Any:
    """Build the published search's network: flip, rescale, two blocks, a dense head."""
    import keras
    from keras import layers

    steps = [keras.Input((600, 200, 3), dtype="uint8"), layers.RandomFlip("horizontal"), layers.Rescaling(1 / 255)]
    for block in (1, 2):
        filters = hp.Int(f"filters_{block}", 4, 16, step=4)
        kernel = hp.Choice(f"kernel_{block}", [3, 5])
        steps += [
            layers.Conv2D(filters, kernel, padding="same", activation="relu"),
            layers.MaxPooling2D(hp.Int(f"pool_{block}a", 2, 4)),
            layers.MaxPooling2D(hp.Int(f"pool_{block}b", 1, 4)),
            layers.Dropout(hp.Float(f"dropout_{block}", 0.0, 0.9, step=0.1)),
        ]
    model = keras.Sequential([*steps, layers.Flatten(), layers.Dense(4, activation="softmax")])
    rate = hp.Choice("learning_rate", [1e-2, 1e-3, 1e-4])
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def _ours(workspace: Workspace, recipe: Recipe, folder: Path) -> dict[str, Any]:
    data = _data(workspace, recipe)
    settings = StudySettings(
        task="suit",
        data=data.digest,
        taxonomy=workspace.taxonomy.digest,
        size_hw=recipe.size_hw,
        space=recipe.space,
        bounds=Bounds(_MOST_PARAMETERS),
        trials=_TRIALS,
        training=recipe.training,
    )
    shutil.rmtree(folder, ignore_errors=True)  # a search that was stopped begins anew: its clock would miss the start
    clock = _Clock()
    result = run_study(workspace, folder, settings, data, workers=default_workers(recipe.size_hw))
    winner = result.winner
    assert winner is not None
    return {
        **clock.spent(),
        "network": winner.layout,
        "parameters": winner.parameters,
        "learning_rate": winner.draw["learning_rate"],
        "trials": len(result.trials),
        "race": sum(map(len, result.scores.values())),
        "leaders": _leaders(folder, settings, datetime.fromisoformat(result.started)),
    }


def _leaders(folder: Path, settings: StudySettings, started: datetime) -> list[dict[str, Any]]:
    """Return the trials that had the lowest loss so far when they ended, with the seconds until then."""
    study = open_study(Address(file_url(folder / STORE), f"{settings.task}/{folder.name}"))
    done = [
        (trial.datetime_complete.astimezone(), trial.value, trial.params)
        for trial in study.trials.get_trials()
        if trial.state.name == "COMPLETE" and trial.datetime_complete and trial.value is not None
    ]
    ended = sorted(done, key=lambda one: one[0])
    losses = [loss for _, loss, _ in ended]
    best = itertools.accumulate(losses, min)
    return [
        {
            "seconds": (moment - started).total_seconds(),
            "network": settings.space.layout(draw).name,
            "learning_rate": draw["learning_rate"],
        }
        for (moment, loss, draw), lowest in zip(ended, best, strict=True)
        if loss == lowest
    ]


def _sums(times: Path) -> dict[str, float]:
    """Add up the times of the trials; a trial that ran twice counts once."""
    by_trial = {}
    for line in times.read_text(encoding="utf-8").splitlines():
        spent = json.loads(line)
        by_trial[spent.pop("trial")] = spent
    assert len(by_trial) == _TRIALS, f"{len(by_trial)} trials were timed"
    return {name: sum(spent[name] for spent in by_trial.values()) for name in ("seconds", "processor_seconds")}


class _Clock:
    """Seconds on the clock and on the processors, of this process and its ended children."""

    def __init__(self) -> None:
        self._started, self._used = time.monotonic(), _processor_seconds()

    def spent(self) -> dict[str, float]:
        return {
            "seconds": time.monotonic() - self._started,
            "processor_seconds": _processor_seconds() - self._used,
        }


def _processor_seconds() -> float:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in (own, others))


def _retrain(workspace: Workspace, name: str, found: dict[str, Any], recipe: Recipe) -> list[int]:
    """Train the found network ten times with seeds that no search used; return the wrong test crops of each."""
    settings: TrainingSettings = replace(
        recipe.training, network=found["network"], learning_rate=found["learning_rate"]
    )
    seeds = range(1000, 1000 + _RETRAININGS)
    # Small ones are trained two at a time; large ones one after the other, so that little is lost when it is stopped.
    runs: list[Sequence[int]] = [seeds] if threads_for(recipe.size_hw) == 1 else [[seed] for seed in seeds]
    wrong: list[int] = []
    for together in runs:
        run = workspace.runs / "suit" / f"{name}-{together[0]}"
        if not (run / RECORD).exists():
            task = workspace.taxonomy.task("suit")
            train_run(workspace, task, settings, seeds=together, size_hw=recipe.size_hw, name=run.name)
        evaluation = evaluate_run(workspace, run)
        wrong += [evaluation.scores[place].report.wrong for place in range(len(together))]
    return wrong


def _data(workspace: Workspace, recipe: Recipe) -> Dataset:
    return load_dataset(workspace, workspace.taxonomy.task("suit"), size_hw=recipe.size_hw)


def _found_once(path: Path, find: Any) -> dict[str, Any]:
    """Return what was found before, or find it now and keep it in a file."""
    if not path.exists():
        path.write_text(json.dumps(find()), encoding="utf-8")
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return known


if __name__ == "__main__":
    main()
