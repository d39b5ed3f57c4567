import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property
from toonvision.core.errors import UsageError
from toonvision.tasks.settings import TrainingSettings
from toonvision.tuning.sampling import BoundedSampler, pruner_of
from toonvision.tuning.settings import Bounds, StudySettings
from toonvision.tuning.space import Choices, Space, published_space
from tuning.spaces import spaces

SIZE_HW, CLASSES = (600, 200), 4


def settings_with(strategy="random", *, most=None, space=None, seed=0, size_hw=SIZE_HW, epochs=75):
    return StudySettings(
        "suit", "d", "t", strategy=strategy, bounds=Bounds(most), seed=seed, size_hw=size_hw,
        space=space or published_space(), training=TrainingSettings(epochs=epochs),
    )  # fmt: skip


def asked(settings, trials, *, loss=lambda draw: draw["learning_rate"], study=None):
    """Draw trials in one process, each with a loss; return their draws and how many were replaced."""
    sampler = BoundedSampler(settings, classes=CLASSES)
    directions = ["minimize"] * (1 + (settings.strategy == "front"))
    study = study or optuna.create_study(directions=directions)
    study.sampler, found = sampler, []
    for _ in range(trials):
        trial = study.ask()
        draw = settings.space.suggest(trial)
        found.append((draw, sampler.replaced or 0))
        study.tell(trial, [loss(draw), 1.0][: len(directions)])
    return found


def parameters(settings, draw):
    return settings.space.layout(draw).parameters(settings.size_hw, CLASSES)


@files_property
@given(space=spaces(most_blocks=2), seed=st.integers(0, 9), share=st.floats(0, 1))
def test_every_draw_lies_in_the_space_and_within_the_bounds(space, seed, share):
    some = sorted(
        parameters(settings_with(space=space, seed=seed), draw)
        for draw, _ in asked(settings_with(space=space, seed=seed), 5)
    )
    settings = settings_with(space=space, seed=seed, most=some[round(share * 4)])
    for draw, _ in asked(settings, 5):
        assert space.holds(draw)
        assert parameters(settings, draw) <= settings.bounds.parameters


@pytest.mark.parametrize("strategy", ["bayesian", "front"])
def test_guided_draws_stay_within_the_bounds_too_and_go_where_the_loss_is_low(strategy):
    settings = settings_with(strategy, most=6032)
    found = asked(settings, 40, loss=lambda draw: abs(draw["filters_1"] - 8) + draw["dropout_1"])
    assert all(parameters(settings, draw) <= 6032 and settings.space.holds(draw) for draw, _ in found)
    late = [draw["filters_1"] for draw, _ in found[20:]]
    assert late.count(8) > len(late) / 2


@given(seed=st.integers(0, 99), number=st.integers(0, 6), most=st.sampled_from([None, 6032]))
def test_trial_n_of_a_random_search_is_the_same_network_whoever_draws_it(seed, number, most):
    settings = settings_with(seed=seed, most=most)
    together = asked(settings, 7)
    alone = optuna.create_study()
    for _ in range(number):  # drawn by other processes
        alone.ask()
    assert asked(settings, 1, study=alone)[0] == together[number]


def test_another_seed_draws_other_networks():
    assert asked(settings_with(seed=1), 5) != asked(settings_with(seed=2), 5)


def test_how_many_draws_were_replaced_is_counted():
    free, bounded = asked(settings_with(), 30), asked(settings_with(most=4000), 30)
    assert all(replaced == 0 for _, replaced in free)
    outside = [parameters(settings_with(), draw) > 4000 for draw, _ in free]
    assert [replaced > 0 for _, replaced in bounded] == outside  # the first draw of each is the same
    assert any(outside)


@pytest.mark.parametrize("strategy", ["random", "hyperband", "bayesian", "front"])
def test_a_bound_that_nothing_keeps_is_refused_in_one_line(strategy):
    with pytest.raises(UsageError, match=r"^none of 2,000 networks drawn is within 10 parameters\. Raise[^\n]+$"):
        asked(settings_with(strategy, most=10), 1)


def test_images_that_are_too_small_for_every_network_are_refused_as_such():
    with pytest.raises(UsageError, match="what images of 3 x 3 pixels leave room for"):
        asked(settings_with(size_hw=(3, 3)), 1)


def test_the_only_network_of_a_space_is_drawn_or_refused():
    only = Space({name: Choices((value,)) for name, value in asked(settings_with(), 1)[0][0].items()})
    draw, replaced = asked(settings_with(space=only), 1)[0]
    assert (only.holds(draw), replaced) == (True, 0)
    with pytest.raises(UsageError, match="the only network of the space is not within 10 parameters"):
        asked(settings_with(space=only, most=10), 1)


@files_property
@given(seed=st.integers(0, 50), kept=st.integers(0, 11), strategy=st.sampled_from(["random", "bayesian"]))
def test_a_retry_of_a_trial_that_died_while_it_was_drawn_keeps_its_values_and_the_bounds(seed, kept, strategy):
    settings = settings_with(strategy, seed=seed, most=6032)
    study = optuna.create_study(sampler=BoundedSampler(settings, classes=CLASSES))
    distributions = settings.space.distributions()
    whole = settings.space.suggest(study.ask())
    retry = optuna.create_trial(
        state=optuna.trial.TrialState.WAITING,
        params={name: whole[name] for name in list(distributions)[:kept]},
        distributions={name: distributions[name] for name in list(distributions)[:kept]},
        system_attrs={"failed_trial": 0, "retry_history": [0]},
    )
    study.add_trial(retry)
    again = settings.space.suggest(study.ask())
    assert all(again[name] == whole[name] for name in list(distributions)[:kept])
    assert parameters(settings, again) <= 6032
    assert again == whole or strategy == "bayesian"  # whose later draws depend on what has been learned since


def test_only_hyperband_stops_trials_early():
    assert isinstance(pruner_of(settings_with("hyperband")), optuna.pruners.HyperbandPruner)
    for strategy in ("random", "bayesian", "front"):
        assert isinstance(pruner_of(settings_with(strategy)), optuna.pruners.NopPruner)


@pytest.mark.parametrize("epochs", [1, 2, 9, 75])
def test_hyperband_takes_any_number_of_epochs(epochs):
    settings = settings_with("hyperband", epochs=epochs)
    study = optuna.create_study(pruner=pruner_of(settings))
    study.sampler = BoundedSampler(settings, classes=CLASSES)
    trial = study.ask()
    settings.space.suggest(trial)
    trial.report(1.0, 1)
    assert trial.should_prune() is False
