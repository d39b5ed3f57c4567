"""Studies made by hand, without any training: every number of them is known, or follows from a seed."""

import math

import numpy as np

from toonvision.models.layout import Layout
from toonvision.tuning.race import Score
from toonvision.tuning.result import StudyResult, Trial
from toonvision.tuning.settings import Bounds, RaceSettings, StudySettings
from toonvision.tuning.space import Choices, Range, Space, published_space, random_value

SIZE_HW, CLASSES, EVALUATED = (600, 200), ("bb", "lb", "cb", "sb"), 174


def trial(number, draw, space, *, loss=1.0, wrong=40, state="done", size_hw=SIZE_HW, **changes):
    """Return a trial whose network is that of its draw; a loss of None means that it diverged."""
    layout: Layout = space.layout(draw)
    scores = () if state in ("lost", "cut short") else (Score(loss, wrong, 5 if loss else 0, 12.5),)
    given = {
        "number": number, "state": "diverged" if loss is None else state, "draw": draw, "layout": layout.name,
        "parameters": layout.parameters(size_hw, len(CLASSES)), "loss": loss, "scores": scores, "epochs": 8,
        "replaced": number % 3, "attempt": 1,
    }  # fmt: skip
    return Trial(**{**given, **changes})


def study(trials, scores=None, *, space=None, name="random-1", **settings):
    """Return a study of some trials, and of a race if scores are given."""
    race = settings.pop("race", RaceSettings(candidates=6, trainings=30 if scores else 0, rounds=5))
    made = StudySettings(
        task="suit", data="d" * 16, taxonomy="t" * 16, space=space or published_space(), race=race,
        trials=len(trials), **{"bounds": Bounds(6032), "size_hw": SIZE_HW, **settings},
    )  # fmt: skip
    return StudyResult(
        name=name, settings=made, classes=CLASSES, evaluated=EVALUATED, trials=tuple(trials), scores=scores or {},
        device="tensorflow, 1 process of 2 threads", versions={"keras": "3", "optuna": "5"},
        started="2026-01-02T03:04:05+00:00", storage="sqlite:///study.sqlite",
    )  # fmt: skip


def drawn(space, count, *, seed=0):
    """Draw from a space at random."""
    rng = np.random.default_rng(seed)
    varied = set(space.varied)

    def value(name, one):
        return float(random_value(one, rng)) if name in varied else one.low

    return [{name: value(name, one) for name, one in space.dimensions.items()} for _ in range(count)]


def plausible(count=25, *, seed=0, space=None, raced=True, cut=0, lost=0, diverged=0.0, **settings):
    """Return a study in which the learning rate and the dropouts decide, and a race of its best."""
    space = space or published_space()
    rng = np.random.default_rng(seed)
    trials = []
    for number, draw in enumerate(drawn(space, count, seed=seed)):
        dropout = max(draw[f"dropout_{n}"] for n in range(1, space.blocks + 1))
        slow = 1.2 if draw["learning_rate"] < 5e-4 else 0.0
        loss = math.exp(-1.6 + slow + 1.3 * dropout**2 + rng.normal(0, 0.25))
        wrong = min(EVALUATED, round(EVALUATED * loss / 4))
        wild = draw["learning_rate"] > 5e-3 and rng.random() < diverged
        state = "cut short" if number % 5 < cut else "lost" if lost and number % 7 == 0 else "done"
        made = trial(number, draw, space, loss=None if wild else loss, wrong=wrong, state=state)
        trials.append(made)
    if not raced:
        return study(trials, space=space, **settings)
    blank = study(trials, space=space, race=RaceSettings(5, 25, 5), **settings)
    seeds = StudySettings("suit", "d", "t", race=RaceSettings(rounds=5)).fresh_seeds()
    scores = {}
    for rank, number in enumerate(blank.candidates[:5]):
        factors = np.exp(rng.normal(0.05 + 0.22 * rank, 0.16, size=len(seeds)))
        base = blank.tried[0].loss
        scores[number] = {
            one: Score(base * f, round(EVALUATED * base * f / 4), 12, 31.5)
            for one, f in zip(seeds, factors.tolist(), strict=True)
        }
    return study(trials, scores, space=space, race=RaceSettings(5, 25, 5), **settings)


def one_block():
    """Return a space of one block with a logarithmic range of learning rates."""
    return Space(
        {"filters_1": Range(4, 64, 4), "kernel_1": Choices((3,)), "pool_1a": Range(2, 6, 1), "pool_1b": Choices((1, 2)),
         "dropout_1": Range(0.0, 0.5), "learning_rate": Range(1e-4, 1e-2, log=True)}
    )  # fmt: skip
