import optuna
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from toonvision.tuning.settings import MOST_RETRIES
from toonvision.tuning.stored_trials import (
    DIVERGED,
    OUTCOME,
    SURPLUS,
    counted,
    first_attempt,
    given_up,
    hand_back,
    is_surplus,
    retries,
    retry,
)

PROCESSES = 3
ACTIONS = ["take", "take", "look", "end", "diverge", "die", "stale", "retried twice", "half dead", "retried late"]
steps = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS),
        st.integers(0, PROCESSES - 1),
    ),
    min_size=8,
    max_size=40,
)


class Searchers:
    """Processes that take trials of one study as a search does, and die, in any order; nothing is trained."""

    def __init__(self, most):
        self.study, self.most = optuna.create_study(), most
        self.held, self.looked, self.ended = [None] * PROCESSES, [False] * PROCESSES, {}
        self.half_dead_ones = []

    def do(self, action, process):
        if action == "take":
            self.take(process)
        elif action == "retried late":
            if self.half_dead_ones:
                retry(self.study, self.study.get_trials()[self.half_dead_ones.pop()])
        elif self.held[process] is not None:
            getattr(self, action.replace(" ", "_"))(process)

    def take(self, process):
        waiting = any(trial.state is TrialState.WAITING for trial in self.study.get_trials())
        if self.held[process] is None and (waiting or len(counted(self.study)) < self.most):
            self.held[process], self.looked[process] = self.study.ask(), False

    def look(self, process):
        trial = self.held[process]
        self.looked[process] = True
        if is_surplus(self.study, trial.number, most=self.most):
            self.put(process, outcome=SURPLUS)

    def end(self, process):
        if not self.looked[process]:
            self.look(process)
        if self.held[process] is not None:
            self.put(process, value=1.0)

    def diverge(self, process):
        if self.looked[process]:
            self.put(process, outcome=DIVERGED)

    def put(self, process, *, outcome=None, value=None):
        trial = self.held[process]
        self.held[process] = None
        if self.study.get_trials()[trial.number].state is not TrialState.RUNNING:
            return  # another process gave it up meanwhile: what this one found does not count
        if outcome:
            trial.set_user_attr(OUTCOME, outcome)
        self.study.tell(trial, value, state=None if value else TrialState.FAIL)
        if outcome != SURPLUS:
            self.ended[trial.number] = value

    def stored(self, process):
        return self.study.get_trials()[self.held[process].number]

    def die(self, process):
        hand_back(self.study, self.stored(process))
        self.held[process] = None

    def stale(self, process):
        hand_back(self.study, self.stored(process))  # but it only slept, and goes on

    def retried_twice(self, process):
        trial = self.stored(process)
        if trial.state is TrialState.RUNNING:
            self.die(process)
            retry(self.study, self.study.get_trials()[trial.number])

    def half_dead(self, process):
        """Fail a dead one's trial, and put its retry down later, if ever: whoever noticed is slow, or died too."""
        if self.stored(process).state is TrialState.RUNNING:
            self.study.tell(self.held[process], state=TrialState.FAIL)
            self.half_dead_ones.append(self.held[process].number)
        self.held[process] = None

    def finish(self):
        for _ in range(200):
            for process in range(PROCESSES):
                self.take(process)
            for process in range(PROCESSES):
                if self.held[process] is not None:
                    self.end(process)
            waiting = any(trial.state is TrialState.WAITING for trial in self.study.get_trials())
            if not waiting and not any(self.held) and len(counted(self.study)) >= self.most:
                return
        raise AssertionError("the search does not end")


@given(steps=steps, most=st.integers(1, 5))
def test_whoever_dies_when_the_search_ends_with_as_many_networks_as_asked_and_each_counted_once(steps, most):
    searchers = Searchers(most)
    for action, process in steps:
        searchers.do(action, process)
    searchers.finish()
    trials = searchers.study.get_trials()
    assert len(counted(searchers.study)) == most
    ended = [first_attempt(trials[number]) for number in searchers.ended]
    assert len(ended) == len(set(ended))
    lost = {first_attempt(trial) for trial in trials if given_up(trial)}
    assert {*ended, *lost} == set(counted(searchers.study))
    for number, value in searchers.ended.items():  # nothing that ended was lost or changed
        kept = trials[number]
        assert kept.value == value
        assert kept.state is (TrialState.COMPLETE if value else TrialState.FAIL)


def test_a_trial_is_retried_three_times_and_then_given_up_and_counted():
    study = optuna.create_study()
    for attempt in range(MOST_RETRIES + 1):
        number = study.ask().number
        stored = study.get_trials()[number]
        assert (first_attempt(stored), len(retries(stored))) == (0, attempt)
        hand_back(study, stored)
    trials = study.get_trials()
    assert [given_up(trial) for trial in trials] == [False] * MOST_RETRIES + [True]
    assert counted(study) == {0: MOST_RETRIES}
    assert len(trials) == MOST_RETRIES + 1


def test_a_trial_that_ended_is_not_handed_back():
    study = optuna.create_study()
    study.tell(study.ask(), 1.0)
    hand_back(study, study.get_trials()[0])
    assert [(trial.state, trial.value) for trial in study.get_trials()] == [(TrialState.COMPLETE, 1.0)]


def test_a_trial_that_failed_for_another_reason_does_not_count():
    study = optuna.create_study()
    study.tell(study.ask(), state=TrialState.FAIL)
    assert counted(study) == {}
    study.tell(study.ask(), 1.0)
    assert counted(study) == {1: 1}


def test_a_retry_that_comes_late_yields_to_who_was_drawn_in_its_place():
    study = optuna.create_study()
    study.tell(study.ask(), state=TrialState.FAIL)
    assert not is_surplus(study, study.ask().number, most=1)
    retry(study, study.get_trials()[0])
    assert is_surplus(study, study.ask().number, most=1)
    assert not is_surplus(study, 1, most=1)
