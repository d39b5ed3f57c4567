"""A workspace as an object: from pictures to crops, splits, runs and studies."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from toonvision.api.base import read_each
from toonvision.api.data_steps import DataSteps
from toonvision.api.label_steps import LabelSteps
from toonvision.api.result import Result
from toonvision.api.search_steps import SearchSteps
from toonvision.api.study_steps import StudySteps
from toonvision.api.training import Size
from toonvision.api.understood import setup_blocks, setup_data, shown_in_blocks
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.errors import Finding, UsageError
from toonvision.core.files import CLOSED
from toonvision.core.options import require_kind, require_path
from toonvision.core.panels import table
from toonvision.core.seeds import seeds_from
from toonvision.data import workspace as data
from toonvision.data.label_rules import LabelRules
from toonvision.data.setup import INFER, SetupPlan, SetupRequest, carry_out, plan_setup
from toonvision.taxonomy.labels import require_known
from toonvision.taxonomy.loader import built_in_name
from toonvision.training.record import RunRecord, closed_runs, read_record, run_records

if TYPE_CHECKING:
    from toonvision.api.growing import Growth
    from toonvision.api.run import Run
    from toonvision.studies.box_folds import BoxFolds
    from toonvision.studies.cross_validation import CrossValidation


class SetupOptions(TypedDict, total=False):
    """What a new workspace is made of; every key may be left out.

    Attributes:
        source: A folder of annotated pictures in a format that can be read, such as Pascal VOC, YOLO or COCO.
        taxonomy: ``toontown``, ``infer`` (from the labels found) or the path of a TOML file; by default ToonTown's,
            unless the source has labels of which it knows none.
        format: The format of the source, such as ``voc``; by default the likeliest one.
        ignore: Labels of the source whose objects are left out.
        same: Other spellings of labels, by the label that is kept.
    """

    source: Path | str | None
    taxonomy: str | None
    format: str | None
    ignore: Iterable[str]
    same: Mapping[str, Iterable[str]] | None


def create(
    root: Path | str, *, reuse: bool = True, watcher: Watcher = NOBODY, **options: Unpack[SetupOptions]
) -> "Workspace":
    """Make a workspace, empty or around annotated pictures, which stay where they are.

    Args:
        root: The new workspace's folder.
        reuse: Open the workspace if it is there already with the same source; otherwise that is an error.
        watcher: What watches its steps.
        **options: The keys of `SetupOptions`: ``source``, ``taxonomy``, ``format``, ``ignore`` and ``same``.

    Raises:
        UsageError: If the folder is another workspace.
        InputRejectedError: If the source or the taxonomy cannot be used.
    """
    require_path("root", root)
    root = Path(root)
    request = _request(options)
    if reuse and (root / data.SETTINGS).is_file():
        return _reopened(root, request, watcher)
    made = plan_setup(root, request)
    return Workspace(carry_out(made), watcher, made)


def plan(root: Path | str, **options: Unpack[SetupOptions]) -> Result[SetupPlan]:
    """Return what `create` would make, and what it understands of the source; nothing is written."""
    require_path("root", root)
    planned = plan_setup(Path(root), _request(options))
    return Result(
        planned,
        setup_blocks(planned, made=False),
        {"workspace": str(root), "size_hw": list(planned.size_hw), **setup_data(planned.overview)},
        findings=planned.overview.findings if planned.overview else (),
        shown=shown_in_blocks(planned.overview) if planned.overview else frozenset(),
    )


def open_workspace(root: Path | str = ".", *, untouched: bool = False, watcher: Watcher = NOBODY) -> "Workspace":
    """Open the workspace in a folder.

    Args:
        root: The folder.
        untouched: Write nothing at all; otherwise a run whose replacing was killed halfway is put back.
        watcher: What watches its steps.

    Raises:
        UsageError: If the folder is no workspace.
        InputRejectedError: If its settings are wrong.
    """
    require_path("root", root)
    return Workspace(data.open_workspace(Path(root), untouched=untouched), watcher)


def _request(options: SetupOptions) -> SetupRequest:
    for name in options:
        require_known("an option", name, SetupOptions.__annotations__)
    try:
        rules = LabelRules.of(options.get("ignore", ()), options.get("same"))
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    source = options.get("source")
    require_kind("source", Path | str | None, source)
    require_path("source", source)
    folder = None if source is None else Path(source)
    return SetupRequest(folder, options.get("taxonomy"), options.get("format"), rules)


def _reopened(root: Path, request: SetupRequest, watcher: Watcher) -> "Workspace":
    """Open a workspace that is there, unless it is not the one that was asked for."""
    source, taxonomy = request.source, request.taxonomy
    opened = open_workspace(root, watcher=watcher)
    known = [one.root.resolve() for one in opened.files.sources]
    if source is not None and source.resolve() not in known:
        listed = ", ".join(map(str, known)) or "no folder"
        raise UsageError(f"{root}: is a workspace already, which reads {listed}, not {source}. Choose another folder.")
    own = opened.files.taxonomy
    known_as = (None, own.name) if built_in_name(own) else (None, own.name, INFER)
    if taxonomy not in known_as and not str(taxonomy).endswith(".toml"):
        raise UsageError(
            f"{root}: is a workspace already, with the taxonomy {own.name}, not {taxonomy}. Choose another folder."
        )
    formats = {one.root.resolve(): one.format for one in opened.files.sources}
    other = source is not None and request.format not in (None, formats[source.resolve()])
    if other or (request.rules.gone and request.rules != opened.files.label_rules):
        raise UsageError(
            f"{root}: is a workspace already, with another format or other [labels]. Edit {root / data.SETTINGS}, and "
            "leave out --format, --ignore and --same."
        )
    return opened


@dataclass(frozen=True, repr=False)
class Workspace(DataSteps, LabelSteps, StudySteps, SearchSteps):
    """A workspace: its data, its runs and its studies."""

    def __repr__(self) -> str:
        """Return the folder, the tasks and the runs."""
        tasks = ", ".join(task.name for task in self.files.taxonomy.tasks)
        return f"Workspace {self.root} (tasks: {tasks}; runs: {len(run_records(self.files.runs))})"

    def _repr_html_(self) -> str:
        return self.about()._repr_html_()

    def train(
        self,
        task: str,
        *,
        repeat: int = 1,
        seed: int = 0,
        model: str | None = None,
        levels: bool = False,
        size: Size | None = None,
        split: str | None = None,
        name: str | None = None,
        from_study: str | None = None,
        trial: int | None = None,
        force: bool = False,
        **settings: Any,
    ) -> "Run":
        """Train a network, once or often.

        Args:
            task: What to predict.
            repeat: How many trainings, with the seeds `seed`, `seed` + 1, ...
            seed: Same seed, same weights.
            model: compact (the default), baseline, tuned, binary, trees (on colour histograms), or a layout such as
                ``16c3-p3-p2``.
            levels: Learn the coarser levels too, each with a branch of its own.
            size: The input's size: ``600x200`` or height and width in pixels; by default what the network wants.
            split: The split to use.
            name: The run's name; by default the network's with a number.
            from_study: Take the network and its settings from this study.
            trial: From which of its trials; by default from its winner.
            force: Replace a run of that name.
            **settings: Fields of `TrainingSettings` and `Augmentation`, such as ``epochs``; the others are as the
                network's recipe has them.

        Returns:
            The run.

        Raises:
            UsageError: If there is no such task, network or study, a setting is unknown or impossible, or the name is
                taken.
            InputRejectedError: If a class could not be learned or evaluated, or every training diverged.
        """
        from toonvision.api.run import Run
        from toonvision.api.training import plan_run
        from toonvision.models.registry import short_name
        from toonvision.training.record import choose_run_folder
        from toonvision.training.repeat import train_run

        seeds = seeds_from(seed, repeat)
        asked = {"model": model, "levels": levels, "size": size, "split": split, **settings}
        wanted = self.files.taxonomy.task(task)
        planned = plan_run(self.files, wanted, name=name, from_study=from_study, trial=trial, **asked)
        network = short_name(planned.settings.network)
        choose_run_folder(self.files.runs, task, network=network, name=planned.name, force=force)
        with self.watcher.training(repeats=repeat) as watch:
            folder = train_run(
                self.files, wanted, planned.settings, seeds=seeds, split_name=planned.split,
                size_hw=planned.size_hw, name=planned.name, force=force, watcher=watch,
            )  # fmt: skip
        return Run(self, folder)

    def grow(self, *tasks: str, seed: int = 0, **settings: Any) -> "Result[Growth]":
        """Extract what is new, train tasks again, and compare on the same test subset; see `toonvision.api.growing`.

        Args:
            *tasks: What to train, in this order.
            seed: Of the split and of the trainings.
            **settings: Those of `train`.

        Raises:
            UsageError: If there is no such task, or a setting is impossible.
            InputRejectedError: If no task can be learned from the data.
        """
        from toonvision.api.growing import grow

        return grow(self, tasks, lambda task: self.train(task, seed=seed, **settings), seed=seed)

    def cross_validate(
        self,
        task: str,
        *,
        folds: int = 5,
        repeat: int = 1,
        seed: int = 0,
        name: str | None = None,
        force: bool = False,
        model: str | None = None,
        levels: bool = False,
        size: Size | None = None,
        **settings: Any,
    ) -> "Result[CrossValidation | BoxFolds]":
        """Train without each of some folds, so that every picture is predicted by models that did not learn from it.

        No run is saved. The options are those of `train`.

        Args:
            task: What to predict, or to find.
            folds: How many folds, 3 or more.
            repeat: How many trainings of each fold, with the seeds `seed`, `seed` + 1, ...
            seed: Also decides the folds.
            name: What to call the study.
            force: Replace a study of that name.
            model: The network.
            levels: Learn the coarser levels too.
            size: The input's size.
            **settings: Fields of `TrainingSettings` and `Augmentation`.

        Raises:
            UsageError: If there is no such task or network, a setting is unknown or impossible, or there are fewer than
                three folds.
            InputRejectedError: If a class cannot be learned without one of the folds, or every seed diverged.
        """
        from toonvision.api.study_steps import cross_validated
        from toonvision.api.training import plan_run

        self.require_step(task, "cross-validation")
        seeds = seeds_from(seed, repeat)
        wanted = self.files.taxonomy.task(task)
        asked: dict[str, Any] = {
            "model": model,
            "levels": levels,
            "size": size,
            "split": None,
            "whole": True,
            **settings,
        }
        planned = plan_run(self.files, wanted, name=None, from_study=None, trial=None, **asked)
        with self.watcher.studying() as watch:
            return cross_validated(
                self.files, wanted, planned.settings, folds=folds, seeds=seeds, size_hw=planned.size_hw, name=name,
                force=force, watcher=watch, next_step=self.command("train", task, "--model", planned.settings.network),
            )  # fmt: skip

    def run(self, name: str) -> "Run":
        """Return a run by its name, such as ``label/compact-1``, or by its folder.

        Raises:
            UsageError: If there is none.
        """
        from toonvision.api.run import Run
        from toonvision.training.record import find_run

        return Run(self, find_run(self.files.runs, name))

    def runs(self) -> "Result[tuple[RunRecord, ...]]":
        """List the runs with the test results of each."""
        from toonvision.evaluation.history import median_and_worst, results_damage, wrong_on_test

        found, damaged = read_each(run_records(self.files.runs), read_record, code="damaged-run")
        damaged += [
            Finding(str(folder), CLOSED, "allow reading", "damaged-run") for folder in closed_runs(self.files.runs)
        ]
        damaged += [
            Finding(f"run {record.title}", damage, self.command("evaluate", record.title), "damaged-results")
            for folder, record in found
            if (damage := results_damage(folder))
        ]
        columns = ["Run", "Status", "Started (UTC)", "Parameters", "Train", "Test", "Repeats", "Test: median", "worst"]
        rows = [
            [
                *(r.title, r.status, r.started[:16], f"{r.parameters:,}", r.samples["train"], r.samples["test"]),
                *(len(r.repeats), *(median_and_worst(folder) or ("-", "-"))),
            ]
            for folder, r in found
        ]
        return Result(
            tuple(record for _, record in found),
            (table("Runs", columns, rows, names=3) if rows else "There is no run yet.",),
            {
                "runs": [
                    {**asdict(record), "wrong": wrong and {name: one.count for name, one in wrong.items()}}
                    for folder, record in found
                    for wrong in [wrong_on_test(folder)]
                ],
            },
            findings=tuple(damaged),
            folder=self.files.runs,
            next=self.next_step(),
        )

    def report(self, name: str) -> Result[Path]:
        """Write the report of a run, of a study, or of the log of a watch (``watch/<name>``).

        Raises:
            UsageError: If there is none of that name, or it is a study that has no report.
        """
        from toonvision.api.run import report_result
        from toonvision.api.watched import FOLDER, report_of_log
        from toonvision.report.search import write_search_report
        from toonvision.report.search_facts import next_words, search_facts, search_warnings
        from toonvision.studies.store import refuse_to_report
        from toonvision.training.record import is_run
        from toonvision.tuning.folders import find_study, is_study
        from toonvision.tuning.result import read_result

        if name.startswith(f"{FOLDER}/"):
            return report_of_log(self, name)
        if is_run(self.files.runs, name) or not is_study(self.files.studies, name):
            refuse_to_report(self.files.studies, name)
            return self.run(name).report()
        study = find_study(self.files.studies, name)
        result = read_result(study)
        then, page = self.command(*next_words(result)), write_search_report(study, result)
        return report_result(page, search_facts(result), search_warnings(result), then)
