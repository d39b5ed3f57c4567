"""Leave-one-context-out: does a model know the class, or the context of its screenshots?

For each context models learn from all other contexts and are evaluated on it. What counts is the comparison with an
ordinary test on the *same* crops: how much worse is a model that has not seen their context?
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.panels import FigurePanel
from toonvision.core.progress import unwatched
from toonvision.core.seeds import generator
from toonvision.core.wording import counted, percent
from toonvision.data.groups import group_keys
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.data.workspace import Workspace
from toonvision.metrics.bootstrap import Estimate, dependence, paired_difference
from toonvision.metrics.intervals import Proportion
from toonvision.studies.comparison import ContextScore, OrdinaryTest, choose_comparison, compare_context, trained_test
from toonvision.studies.fold_assignment import plan_contexts, require_contexts
from toonvision.studies.folds import Fold, Job, StudyWatcher, diverged_sentence, split_fold, task_dataset, train_jobs
from toonvision.studies.store import RunStudy, StudyOptions, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Category

_FEWEST_SHARED = 10
"""Crops below which nothing is said of a difference."""
_LEAST_OUTSIDE, _SCARCE = 0.2, "scarce"
"""Share of a class's crops that are to be from elsewhere, and the code of a finding that they are not."""


@dataclass(frozen=True)
class ContextStudy(RunStudy):
    """The result of leaving out each context in turn.

    Attributes:
        task: What is predicted.
        network: Which network was trained.
        seeds: The seeds of each context's trainings.
        contexts: The contexts that were left out and evaluated.
        skipped: Names of those that could not be left out.
        ordinary: Name of the run that was compared with.
        ordinary_samples: How many crops its test has.
        ordinary_right: Right answers of each of its trainings.
        ordinary_macro_f1: Of each of its trainings.
        ordinary_trained_on: How many crops it learned from.
        shared: How many crops both evaluated.
        difference: Accuracy on an unseen context minus the ordinary one, on the shared crops, -1 to 1.
        dependence: Level name to Cramer's V of its classes and the contexts, 0 to 1.
        lost: Names of contexts of which every training diverged.
        ordinary_diverged: How many trainings of the run that was compared with are left out because they diverged.
        findings: Why the contexts in `skipped` could not be left out, and which classes are rare outside a context.
    """

    FILE, WHAT, COMMAND = "contexts.json", "study of contexts", "contexts TASK"
    AGAIN = "contexts {task} --against {run}"

    task: str
    network: str
    seeds: tuple[int, ...]
    contexts: tuple[ContextScore, ...]
    skipped: tuple[str, ...]
    ordinary: str
    ordinary_samples: int
    ordinary_right: tuple[int, ...]
    ordinary_macro_f1: tuple[float, ...]
    ordinary_trained_on: int
    shared: int
    difference: Estimate | None
    dependence: Mapping[str, Estimate]
    lost: tuple[str, ...] = ()
    ordinary_diverged: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def about(self) -> str:
        """The name of the run that was compared with."""
        return self.ordinary

    @property
    def held_out(self) -> Proportion:
        """Right answers about unseen contexts: the mean over trainings, rounded, out of all crops."""
        return Proportion(
            round(sum(statistics.mean(score.right) for score in self.contexts)),
            sum(score.samples for score in self.contexts),
        )

    @property
    def usual(self) -> Proportion:
        """Right answers in the ordinary test: the mean over trainings, rounded."""
        return Proportion(round(statistics.mean(self.ordinary_right)), self.ordinary_samples)

    @property
    def diverged(self) -> int:
        """How many trainings without a context are left out because they diverged."""
        return sum(len(score.diverged) for score in self.contexts) + len(self.lost) * len(self.seeds)

    def sentence(self) -> str:
        """Return what it means, in plain words."""
        alone = (
            " Each context was left out in one training only, so the interval lacks the variation between trainings."
        ) * (len(self.seeds) == 1 and self.difference is not None)
        return self._compared() + alone + diverged_sentence(self._diverged())

    def _compared(self) -> str:
        if self.difference is None:
            return "No crop of the ordinary test is from a context that was left out, so nothing can be compared."
        value, low, high = 100 * self.difference.value, self.difference.low, self.difference.high
        how = (
            f"{abs(value):.1f} points {'worse' if value < 0 else 'better'}"
            if abs(value) >= 0.05
            else "as good as usual"
        )
        if self.shared < _FEWEST_SHARED:
            meaning = "too few crops for a conclusion"
        elif self.difference.unknown:
            meaning = "this allows no conclusion"
        elif high < 0:
            scarce = any(finding.code == _SCARCE for finding in self.findings)
            meaning = "it relies on the context" + ", or lacks classes that are rare elsewhere" * scarce
        elif low >= 0 and low != high:
            meaning = "it does not rely on the context"
        else:
            meaning = "these crops show no difference"
        return (
            f"On a context that it has not seen, the model is {how} on {counted(self.shared, 'crop')} "
            f"({self.difference.within('+.1f', times=100)}): {meaning}."
        )

    def _diverged(self) -> Iterator[tuple[str, int, int]]:
        repeats = len(self.seeds)
        for score in self.contexts:
            yield f"without {score.context}", len(score.diverged), repeats
        for name in self.lost:
            yield f"without {name}, which has no result", repeats, repeats
        yield "of the ordinary test", self.ordinary_diverged, len(self.ordinary_right) + self.ordinary_diverged


@dataclass(frozen=True, kw_only=True)
class ContextOptions(StudyOptions):
    """What a study of contexts can be asked for.

    By default it trains the network of the run that it is compared with, or else the default network, with that run's
    epochs and input size.

    Attributes:
        against: The run to compare with; by default the newest of the network. Where no run was trained alike, an
            ordinary test is trained too.
    """

    repeat: int = 2
    against: str | None = None


def study_contexts(
    workspace: Workspace, task: str, options: ContextOptions, *, watcher: StudyWatcher = unwatched
) -> ContextStudy:
    """Leave out one context after the other, compare with an ordinary run on the same crops, and save the study.

    Raises:
        UsageError: If a name is unknown, or the run to compare with was trained otherwise.
        InputRejectedError: If no context can be left out, or every training of one side diverged.
    """
    wanted = workspace.taxonomy.task(task)
    require_contexts(workspace)
    settings, size_hw, test = choose_comparison(workspace, wanted, options, against=options.against, watcher=watcher)
    dataset = task_dataset(workspace, wanted, size_hw)
    folds, findings = plan_contexts(dataset, workspace.taxonomy, seed=options.seed, learn_val=settings.with_validation)
    ordinary = test or split_fold(workspace, dataset, DEFAULT_SPLIT)
    compared = test.title if test else ""
    own = "models trained on the split default, since there is no run like them"
    watcher.noted(f"Comparing with {compared or own}.")
    recipe = recipe_of(dataset, settings, kind="contexts", seed=options.seed, against=compared)
    folder = study_folder(workspace, task, recipe, name=options.name, force=options.force)
    study = leave_out(dataset, folds, ordinary, settings, seeds=options.seeds, folder=folder, watcher=watcher)
    skipped = tuple(finding.item.removeprefix("context ") for finding in findings)
    return replace(study, skipped=skipped, findings=(*findings, *scarce_classes(dataset, folds))).save()


def scarce_classes(dataset: Dataset, folds: Sequence[tuple[Category, Fold]]) -> list[Finding]:
    """Return the classes that are seen so seldom outside a context that leaving it out leaves little of them."""
    found = []
    for context, fold in folds:
        there = np.bincount(dataset.targets[fold.test], minlength=len(dataset.classes))
        totals = np.bincount(dataset.targets, minlength=len(dataset.classes))
        for name, total, inside in zip(dataset.classes, totals.tolist(), there.tolist(), strict=True):
            if inside and total - inside < _LEAST_OUTSIDE * total:
                reason = (
                    f"only {total - inside:,} of {counted(total, 'crop')} of {name} are from elsewhere, so an error "
                )
                reason += "about these says little of the context"
                found.append(Finding(f"context {context.name}", reason, "add crops of it from other contexts", _SCARCE))
    return found


def contexts_panel(study: ContextStudy) -> FigurePanel:
    """Return the figure of the scores on each context left out; its rows are the trainings that did not diverge."""
    rows: list[tuple[object, ...]] = [
        ("context", "samples", "trained_on", "seed", "right", "accuracy", "accuracy_low", "accuracy_high", "macro_f1",
         "shared", "shared_right")
    ]  # fmt: skip
    for score in study.contexts:
        seeds = [seed for seed in study.seeds if seed not in score.diverged]
        for seed, right, f1, both in zip(seeds, score.right, score.macro_f1, score.shared_right, strict=True):
            share = Proportion(right, score.samples)
            rows.append(
                (score.context, score.samples, score.trained_on, seed, right, share.share, *share.interval, f1,
                 score.shared, both)
            )  # fmt: skip
    return FigurePanel(
        name="contexts",
        title="On contexts that it has not seen",
        alternative=f"Accuracy on {counted(len(study.contexts), 'context')}, each left out of the training: "
        f"{percent(study.held_out.share)} in all; in the ordinary test {percent(study.usual.share)}.",
        caption=study.sentence(),
        value=study,
        rows=tuple(rows),
    )


def leave_out(
    dataset: Dataset,
    folds: Sequence[tuple[Category, Fold]],
    ordinary: OrdinaryTest | Fold,
    settings: TrainingSettings,
    *,
    seeds: Sequence[int],
    folder: Path | None = None,
    watcher: StudyWatcher = unwatched,
) -> ContextStudy:
    """Train once for each context and seed, evaluate on the context, and compare with the ordinary test.

    The folds are those of `plan_contexts`. Where the ordinary test is a fold, it is trained with the same settings and
    seeds. Finished trainings are saved in the folder and used again; without one nothing is saved.

    Raises:
        InputRejectedError: If every training of the ordinary test, or every one without a context, diverged.
    """
    own = [ordinary] if isinstance(ordinary, Fold) else []
    jobs = [Job(fold, settings, seed) for fold in (*own, *(fold for _, fold in folds)) for seed in seeds]
    results = train_jobs(dataset, jobs, folder=folder, watcher=watcher)
    starts = range(0, len(results), len(seeds))
    by_fold = [(jobs[start], results[start : start + len(seeds)]) for start in starts]
    test = trained_test(dataset, *by_fold.pop(0)) if isinstance(ordinary, Fold) else ordinary
    compared = {
        context.name: compare_context(dataset, context, job, dict(zip(seeds, trained, strict=True)), test)
        for (context, _), (job, trained) in zip(folds, by_fold, strict=True)
    }
    kept = [one for one in compared.values() if one]
    if not kept:
        raise InputRejectedError("every training without a context diverged. Train another network or size.")
    keys = group_keys(dataset.crops)
    groups = [keys[index] for _, shared, _ in kept for index in shared]
    pairs = [pair for _, _, pair in kept]
    return ContextStudy(
        task=dataset.task.name,
        network=settings.network,
        seeds=tuple(seeds),
        contexts=tuple(score for score, _, _ in kept),
        skipped=(),
        ordinary=test.title,
        ordinary_samples=len(test.crops),
        ordinary_right=tuple(test.right.sum(axis=1).tolist()),
        ordinary_macro_f1=test.macro_f1,
        ordinary_trained_on=test.trained_on,
        shared=len(groups),
        difference=paired_difference(pairs, groups, rng=generator(0, "difference")) if groups else None,
        dependence=_dependence(dataset),
        lost=tuple(name for name, one in compared.items() if not one),
        ordinary_diverged=test.diverged,
        started=test.started,
        folder=folder or Path(),
    )


def _dependence(dataset: Dataset) -> dict[str, Estimate]:
    """Measure how much classes, and labels, depend on the context."""
    groups, contexts = group_keys(dataset.crops), [crop.context for crop in dataset.crops]
    classes = [dataset.classes[target] for target in dataset.targets]
    levels = {dataset.task.level: classes, "label": [crop.label for crop in dataset.crops]}
    return {
        name: dependence(values, contexts, groups, rng=generator(0, "dependence"))
        for name, values in levels.items()
        if len(set(values)) > 1
    }
