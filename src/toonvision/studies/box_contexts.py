"""Contexts of a detector: one context after the other is left out of the training, then searched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from toonvision.core.errors import Finding, InputRejectedError
from toonvision.core.panels import FigurePanel, Table, table
from toonvision.core.progress import unwatched
from toonvision.core.wording import counted
from toonvision.data.workspace import Workspace
from toonvision.evaluation.evaluate import Evaluation
from toonvision.metrics.bootstrap import Estimate
from toonvision.models.registry import find_network
from toonvision.studies.box_precision import cells, mean_precision, scored_boxes
from toonvision.studies.box_training import plan_detectors
from toonvision.studies.comparison import done_runs, find_comparison
from toonvision.studies.fold_assignment import plan_contexts, require_contexts
from toonvision.studies.folds import Fold, FoldResult, Job, StudyWatcher, diverged_sentence, train_jobs
from toonvision.studies.store import RunStudy, StudyOptions, recipe_of, study_folder
from toonvision.tasks.base import Dataset
from toonvision.tasks.box_scores import BoxScores
from toonvision.tasks.registry import kind_of
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import Category, Task
from toonvision.training.record import read_record


@dataclass(frozen=True)
class BoxContextScore:
    """How well objects are found in a context that was left out.

    Attributes:
        context: Its name.
        title: For people.
        screenshots: How many were searched.
        objects: How many objects count there.
        trained_on: How many screenshots of other contexts were learned from.
        ap50: AP50, the mean over trainings, with its 95 % interval over screenshots.
        ap: The same of AP.
        ordinary: AP50 there of the run compared with, which knows the context; None where it has no test screenshot.
        diverged: How many trainings are left out because their loss became NaN.
    """

    context: str
    title: str
    screenshots: int
    objects: int
    trained_on: int
    ap50: Estimate
    ap: Estimate
    ordinary: float | None
    diverged: int


@dataclass(frozen=True)
class BoxContextStudy(RunStudy):
    """What a detector does in contexts that it has not seen.

    Attributes:
        task: What is found.
        network: Which network was trained.
        seeds: Of the trainings of each context.
        contexts: The scores, in the taxonomy's order.
        together: AP50 over all of these screenshots, each searched by a model that does not know its context.
        against: The run compared with; empty if there is none.
        usual: Its AP50 on its test subset; None if there is none.
        findings: Why contexts could not be left out.
    """

    FILE, WHAT, COMMAND = "box-contexts.json", "study of a detector's contexts", "contexts TASK"
    AGAIN = "contexts {task} --against {run}"

    task: str
    network: str
    seeds: tuple[int, ...]
    contexts: tuple[BoxContextScore, ...]
    together: Estimate
    against: str = ""
    usual: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def about(self) -> str:
        """The name of the run compared with."""
        return self.against

    def sentence(self) -> str:
        """Return what was found, in plain words."""
        one = self.together
        worst = min(self.contexts, key=lambda score: score.ap50.value)
        text = (
            f"In contexts that it has not seen, {self.network} finds objects with an AP50 of {one.value:.3f} "
            f"({one.within()}), worst in {worst.title} ({worst.ap50.value:.3f})."
        )
        if self.usual is not None:
            text += f" In the ordinary test {self.against} has {self.usual:.3f}."
        repeats = len(self.seeds)
        return text + diverged_sentence((f"without {one.context}", one.diverged, repeats) for one in self.contexts)


@dataclass(frozen=True, kw_only=True)
class BoxContextOptions(StudyOptions):
    """What a study of a detector's contexts can be asked for.

    By default it trains the network of the run that it is compared with, at that run's size, by the network's recipe.

    Attributes:
        against: The run to compare with; by default the newest of the network.
    """

    repeat: int = 1
    against: str | None = None


def study_box_contexts(
    workspace: Workspace, task: str, options: BoxContextOptions, *, watcher: StudyWatcher = unwatched
) -> BoxContextStudy:
    """Leave out one context after the other, search it with models of the others, and save the study.

    Raises:
        UsageError: If a name is unknown, or the run to compare with predicts something else.
        InputRejectedError: If no context can be left out, or every training diverged.
    """
    wanted = workspace.taxonomy.task(task)
    require_contexts(workspace)
    network = find_network(options.network or kind_of(wanted).default_network).name
    against, record = find_comparison(
        workspace, wanted, options, against=options.against, network=network, watcher=watcher, read=lambda one: one
    ) or (None, None)
    title = record.title if record else ""
    watcher.noted(f"Comparing with {title}." if title else _none_alike(workspace, wanted, network, options.size_hw))
    if record:
        options = replace(options, network=record.settings.network, size_hw=options.size_hw or record.size_hw)
    names = len(workspace.taxonomy.contexts) or 2
    dataset, settings = plan_detectors(workspace, task, options, learned=1 - 1 / names)
    folds, findings = plan_contexts(dataset, workspace.taxonomy, seed=options.seed, learn_val=settings.with_validation)
    recipe = recipe_of(dataset, settings, kind="contexts", seed=options.seed, against=title)
    folder = study_folder(workspace, task, recipe, name=options.name, force=options.force)
    jobs = [Job(fold, settings, seed) for _, fold in folds for seed in options.seeds]
    results = train_jobs(dataset, jobs, folder=folder, watcher=watcher)
    study = compare_contexts(dataset, folds, results, settings, seeds=options.seeds, against=against)
    return replace(study, findings=tuple(findings), folder=folder).save()


def _none_alike(workspace: Workspace, task: Task, network: str, size_hw: tuple[int, int] | None) -> str:
    """Say that there is no run to compare with, and which there is of another size than the one asked for."""
    others = done_runs(workspace, task, network, None)
    if size_hw is None or not others or done_runs(workspace, task, network, size_hw):
        return f"There is no run of {network} to compare with."
    title = read_record(others[0]).title
    return (
        f"There is no run of {network} of {size_hw[0]} x {size_hw[1]} pixels to compare with. To compare with that of "
        f"another size, add --against {title}."
    )


def compare_contexts(
    dataset: Dataset,
    folds: Sequence[tuple[Category, Fold]],
    results: Sequence[FoldResult],
    settings: TrainingSettings,
    *,
    seeds: Sequence[int],
    against: Evaluation[Any] | None = None,
) -> BoxContextStudy:
    """Score each context with the models that did not learn from it, `len(seeds)` results for each fold in turn.

    Raises:
        InputRejectedError: If every training diverged.
    """
    listed, pooled = [], []
    for number, (context, fold) in enumerate(folds):
        own = results[number * len(seeds) : (number + 1) * len(seeds)]
        sound = [result for result in own if not result.diverged]
        if not sound:
            continue
        each = [scored_boxes(dataset, fold.test, [result.predictions]) for result in sound]
        ap50, ap = mean_precision(each, 0), mean_precision(each, None)
        usual = None if against is None else _within(against.best, context.name)
        learned = len(fold.learned(with_validation=settings.with_validation))
        objects = int((~each[0].truth.ignored).sum())
        listed.append(BoxContextScore(context.name, context.title, len(fold.test), objects, learned, ap50, ap, usual,
                                      len(own) - len(sound)))  # fmt: skip
        pooled.append((fold.test, sound[0].predictions))
    if not listed:
        raise InputRejectedError("every training without a context diverged. Train another network or size.")
    whole = scored_boxes(dataset, np.concatenate([test for test, _ in pooled]), [found for _, found in pooled])
    return BoxContextStudy(
        dataset.task.name, settings.network, tuple(seeds), tuple(listed), mean_precision([whole], 0),
        against.record.title if against else "", against.best.precision.ap50 if against else None,
        started=against.record.started if against else "",
    )  # fmt: skip


def box_contexts_table(study: BoxContextStudy) -> Table:
    """Return the scores of each context as a table."""
    columns = ("Context", "Screenshots", "Objects", "Trained on", "AP50", "95 %", "AP", "95 %", "Ordinary test: AP50")
    rows: list[tuple[str, ...]] = [
        (one.title, f"{one.screenshots:,}", f"{one.objects:,}", f"{one.trained_on:,}", *cells(one.ap50),
         *cells(one.ap), "–" if one.ordinary is None else f"{one.ordinary:.3f}")
        for one in study.contexts
    ]  # fmt: skip
    total = [sum(getattr(one, name) for one in study.contexts) for name in ("screenshots", "objects")]
    rows.append(("All together", *(f"{count:,}" for count in total), "", *cells(study.together), "", "",
                 "–" if study.usual is None else f"{study.usual:.3f}"))  # fmt: skip
    trainings = counted(len(study.seeds), "training")
    note = f"Each context is searched by models that learned from the others alone: {trainings}."
    return table(f"{study.network} in contexts that it has not seen", columns, rows,
                 totals=1, note=note)  # fmt: skip


def box_contexts_panel(study: BoxContextStudy) -> FigurePanel:
    """Return the figure of AP50 in each context that was left out."""
    head = ("context", "screenshots", "objects", "trained_on", "ap50", "ap50_low", "ap50_high", "ap", "ap_low",
            "ap_high", "ordinary_ap50")  # fmt: skip
    rows = tuple(
        (one.context, one.screenshots, one.objects, one.trained_on, one.ap50.value, one.ap50.low, one.ap50.high,
         one.ap.value, one.ap.low, one.ap.high, "" if one.ordinary is None else one.ordinary)
        for one in study.contexts
    )  # fmt: skip
    return FigurePanel(
        "contexts", "In contexts that it has not seen",
        f"AP50 in each of {counted(len(study.contexts), 'context')} that was left out; {study.together.value:.3f} "
        "over all.",
        study.sentence(), study, (head, *rows),
    )  # fmt: skip


def _within(scores: BoxScores, context: str) -> float | None:
    """Return the AP50 in the screenshots of a context; None if there is no object."""
    times = np.array([[frame.context == context for frame in scores.frames]], np.int64)
    found = [matches.drawn(times)[0, 0] for matches in scores.matches]
    known = [float(value) for value in found if not math.isnan(value)]
    return sum(known) / len(known) if known else None
