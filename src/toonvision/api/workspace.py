"""A workspace as an object: from pictures to crops, splits, runs and studies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.api import data_results as results
from toonvision.api.base import Opened
from toonvision.api.result import Result
from toonvision.api.training import Size, parse_size
from toonvision.api.watching import NOBODY, Watcher
from toonvision.core.errors import UsageError
from toonvision.data import workspace as data
from toonvision.data.setup import INFER, SetupSummary, set_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toonvision.api.run import Run
    from toonvision.data.balance import Balance
    from toonvision.data.check import Checked
    from toonvision.data.extraction import ExtractionSummary
    from toonvision.data.rebuild import RebuildSummary
    from toonvision.data.split_summary import SplitSummary
    from toonvision.studies.contexts import ContextStudy
    from toonvision.studies.curve import LearningCurve
    from toonvision.studies.suspects import SuspectStudy
    from toonvision.training.record import RunRecord
    from toonvision.tuning.result import StudyResult


def create(
    root: Path | str,
    *,
    source: Path | str | None = None,
    taxonomy: str | None = None,
    reuse: bool = True,
    watcher: Watcher = NOBODY,
) -> "Workspace":
    """Make a workspace, empty or around annotated pictures, which stay where they are.

    Args:
        root: The new workspace's folder.
        source: A folder of annotated pictures: Pascal VOC, YOLO, COCO, or one folder of pictures for each class.
        taxonomy: ``toontown``, ``infer`` (from the labels found) or the path of a TOML file; by default ToonTown's,
            unless the source has labels of which it knows none.
        reuse: Open the workspace if it is there already with the same source; otherwise that is an error.
        watcher: What watches its steps.

    Raises:
        UsageError: If the folder is another workspace.
        InputRejectedError: If the source or the taxonomy cannot be used.
    """
    root, source = Path(root), None if source is None else Path(source)
    if reuse and (root / data.SETTINGS).is_file():
        return _reopened(root, source, taxonomy, watcher)
    made = set_up(root, source=source, taxonomy=taxonomy)
    return Workspace(made.workspace, watcher, made)


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
    return Workspace(data.open_workspace(Path(root), untouched=untouched), watcher)


def _reopened(root: Path, source: Path | None, taxonomy: str | None, watcher: Watcher) -> "Workspace":
    """Open a workspace that is there, unless it is not the one that was asked for."""
    opened = open_workspace(root, watcher=watcher)
    known = [one.root.resolve() for one in opened.files.sources]
    if source is not None and source.resolve() not in known:
        listed = ", ".join(map(str, known)) or "no folder"
        raise UsageError(f"{root}: is a workspace already, which reads {listed}, not {source}. Choose another folder.")
    if taxonomy not in (None, INFER, opened.files.taxonomy.name) and not str(taxonomy).endswith(".toml"):
        raise UsageError(
            f"{root}: is a workspace already, with the taxonomy {opened.files.taxonomy.name}, not {taxonomy}. Choose "
            "another folder."
        )
    return opened


@dataclass(frozen=True, repr=False)
class Workspace(Opened):
    """A workspace: its data, its runs and its studies.

    Attributes:
        made: What making it found; None where it was only opened.
    """

    made: SetupSummary | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """Return the folder, the tasks and the runs."""
        tasks = ", ".join(task.name for task in self.files.taxonomy.tasks)
        return f"Workspace {self.root} (tasks: {tasks}; runs: {len(self.newest_runs())})"

    def _repr_html_(self) -> str:
        return self.about()._repr_html_()

    def about(self) -> Result[data.Workspace]:
        """Return what the workspace is: its tasks, its sources, and the next command."""
        return results.workspace_result(self.files, self.made, self.next_step())

    def extract(self) -> "Result[ExtractionSummary]":
        """Cut new and changed boxes out of the screenshots.

        Raises:
            InputRejectedError: If there is no source, one is missing, or its names cannot be told apart.
            WorkspaceBusyError: If another process writes to the workspace.
        """
        from toonvision.data.extraction import extract

        with self.watcher.progress("extracting", "screenshots") as progress:
            summary = extract(self.files, progress=progress)
        return results.extraction_result(summary, self.root, self.next_step(after="extract"))

    def balance(self) -> "Result[Balance]":
        """Count samples by class and context, draw them, and list what to photograph next.

        Raises:
            InputRejectedError: If nothing was extracted yet.
        """
        from toonvision.data.balance import measure_balance
        from toonvision.report.data_panels import write_balance_figures

        with self.files.reading() as catalog:
            measured = measure_balance(catalog.crops(), self.files.taxonomy)
        drawn, why = self._drawn(lambda: write_balance_figures(measured, self.files.taxonomy, self.files.figures))
        return results.balance_result(measured, drawn, self.files.figures, self.next_step(after="balance"), why)

    def split(
        self, *, seed: int = 0, ratios: str = "60/20/20", name: str = "default", force: bool = False
    ) -> "Result[SplitSummary]":
        """Assign screenshots, and so their crops, to train, val and test; near-duplicates stay together.

        Args:
            seed: Same seed, same split.
            ratios: Train, val and test in percent.
            name: What to call it.
            force: Replace another split of that name; the same split is always accepted.

        Raises:
            UsageError: If another split has that name, or the ratios are none.
            InputRejectedError: If there are too few crops or screenshots.
        """
        from toonvision.data.split_plan import draw_split
        from toonvision.data.split_summary import summarize_split
        from toonvision.data.splits import Ratios
        from toonvision.report.data_panels import write_split_figures

        split = draw_split(self.files, ratios=Ratios.parse(ratios), seed=seed, name=name, replace=force)
        with self.files.reading() as catalog:
            summary = summarize_split(split, catalog.crops(), self.files.taxonomy, screenshots=catalog.screenshots())
        drawn, why = self._drawn(lambda: write_split_figures(summary, self.files.figures))
        file = self.files.splits / f"{name}.csv"
        return results.split_result(summary, file, drawn, self.next_step(after="split"), unwritten=why)

    def check(self, run: str | None = None, *, details: bool = False) -> "Result[Sequence[Checked]]":
        """Find what is wrong or doubtful; nothing is changed.

        Args:
            run: A run: list the crops whose label it contradicts, too.
            details: List every finding, instead of one of each kind.
        """
        from toonvision.api.checking import check_workspace

        checked, versions = check_workspace(self, run)
        return results.check_result(checked, versions, run=run, details=details, next_step=self.next_step())

    def rebuild(self) -> "Result[RebuildSummary]":
        """Make the catalogue again from the screenshots; splits and runs are not touched.

        Raises:
            InputRejectedError: If a source cannot be read as a whole.
            WorkspaceBusyError: If another process writes to the workspace.
        """
        from toonvision.data.rebuild import rebuild

        with self.watcher.progress("rebuilding", "screenshots") as progress:
            summary = rebuild(self.files, progress=progress)
        return results.rebuild_result(summary, self.root, self.command("check"))

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
            model: The network: compact (the default), baseline, tuned, binary, or a layout such as ``16c3-p3-p2``.
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

        asked = {"model": model, "levels": levels, "size": size, "split": split, **settings}
        planned = plan_run(self.files, task, name=name, from_study=from_study, trial=trial, **asked)
        network = short_name(planned.settings.network)
        choose_run_folder(self.files.runs, task, network=network, name=planned.name, force=force)
        with self.watcher.training(repeats=repeat) as watch:
            folder = train_run(
                self.files, planned.task, planned.settings, seeds=range(seed, seed + repeat), split_name=planned.split,
                size_hw=planned.size_hw, name=planned.name, force=force, watcher=watch,
            )  # fmt: skip
        return Run(self, folder)

    def run(self, name: str) -> "Run":
        """Return a run by its name, such as ``label/compact-1``, or by its folder.

        Raises:
            UsageError: If there is none.
        """
        from toonvision.api.run import Run
        from toonvision.training.record import find_run

        return Run(self, find_run(self.files.runs, name))

    def runs(self) -> "Result[tuple[RunRecord, ...]]":
        """List the runs with how often each was wrong."""
        from toonvision.api.run_results import runs_result

        return runs_result(self.files, self.next_step())

    def contexts(self, task: str, *, size: Size | None = None, **options: Any) -> "Result[ContextStudy]":
        """Leave out one context after the other: does the model rely on the context?

        Args:
            task: What to predict.
            size: The input's size; by default that of the run compared with, or what the network wants.
            **options: Fields of `toonvision.studies.contexts.ContextOptions`, such as ``repeat``.
        """
        from toonvision.api.study_results import contexts_result
        from toonvision.studies.contexts import ContextOptions, study_contexts

        with self.watcher.studying() as watch:
            study = study_contexts(self.files, task, ContextOptions(**_sized(size, options)), watcher=watch)
        return contexts_result(study, self.command("suspects", task))

    def suspects(self, task: str, *, size: Size | None = None, **options: Any) -> "Result[SuspectStudy]":
        """Find labels that are probably wrong: crops that models, trained without them, take for another class.

        Args:
            task: What to predict.
            size: The input's size; by default 150 x 50 pixels.
            **options: Fields of `toonvision.studies.suspects.SuspectOptions`, such as ``folds``.
        """
        from toonvision.api.study_results import suspects_result
        from toonvision.studies.suspects import SuspectOptions, find_suspects

        with self.watcher.studying() as watch:
            study = find_suspects(self.files, task, SuspectOptions(**_sized(size, options)), watcher=watch)
        return suspects_result(self.files, study, self.command("curve", task))

    def curve(self, task: str, *, size: Size | None = None, **options: Any) -> "Result[LearningCurve]":
        """Measure how the error falls with more training crops, and predict what yet more would bring.

        Args:
            task: What to predict.
            size: The input's size; by default what the network wants.
            **options: Fields of `toonvision.studies.curve.CurveOptions`, such as ``more``.
        """
        from toonvision.api.study_results import curve_result
        from toonvision.data.balance import measure_balance
        from toonvision.studies.curve import CurveOptions, measure_curve

        with self.watcher.studying() as watch:
            study = measure_curve(self.files, task, CurveOptions(**_sized(size, options)), watcher=watch)
        with self.files.reading() as catalog:
            shortages = measure_balance(catalog.crops(), self.files.taxonomy).shortages
        return curve_result(study, shortages, self.command("balance"))

    def tune(
        self,
        task: str,
        *,
        name: str | None = None,
        resume: bool = False,
        tighten: str | None = None,
        workers: int | None = None,
        storage: str | None = None,
        size: Size | None = None,
        **options: Any,
    ) -> "Result[StudyResult]":
        """Search for a small network that is good with every seed, and write the search's report.

        Args:
            task: What to predict.
            name: The study's name; by default the strategy and a number, or with `resume` the task's newest study.
            resume: Go on with a study.
            tighten: A study: search the part of its space that its best tenth spans; its trials there count.
            workers: How many processes train at once; by default what was measured as fastest.
            storage: The address of a database that machines share; by default a file in the study's folder.
            size: The input's size; by default what the recipe wants.
            **options: Fields of `toonvision.tuning.options.SearchOptions`, such as ``max_params``.

        Raises:
            UsageError: If there is no such task or study, the name is taken, or options contradict each other.
            InputRejectedError: If nothing can be learned from the data, or every trial diverged.
            EnvironmentFaultError: If the storage cannot be reached, or processes keep dying.
        """
        from toonvision.api.search_results import search_result
        from toonvision.report.search import write_search_report
        from toonvision.tuning.options import SearchOptions
        from toonvision.tuning.study import tune

        with self.watcher.searching() as watch:
            wanted = SearchOptions(**_sized(size, options))
            result = tune(
                self.files, task, wanted, name=name, resume=resume, tighten=tighten, storage=storage, workers=workers,
                watcher=watch,
            )  # fmt: skip
        folder = self.files.studies / result.title
        again = self.command("train", task, "--from-study", result.title, "--repeat", "10")
        return search_result(result, folder, write_search_report(folder, result), again)

    def studies(self) -> "Result[tuple[StudyResult, ...]]":
        """List the searches for networks with their winners."""
        from toonvision.api.search_results import searches_result

        return searches_result(self)

    def report(self, name: str) -> Result[Path]:
        """Write the report of a run or of a study.

        Raises:
            UsageError: If there is none of that name.
        """
        from toonvision.api.run_results import report_result
        from toonvision.report.search import write_search_report
        from toonvision.report.search_facts import search_facts, search_warnings
        from toonvision.training.record import is_run
        from toonvision.tuning.folders import find_study, is_study
        from toonvision.tuning.result import read_result

        if is_run(self.files.runs, name) or not is_study(self.files.studies, name):
            return self.run(name).report()
        study = find_study(self.files.studies, name)
        result = read_result(study)
        again = self.command("train", result.settings.task, "--from-study", result.title)
        return report_result(write_search_report(study, result), search_facts(result), search_warnings(result), again)

    def _drawn(self, draw: Callable[[], list[Path]]) -> tuple[list[Path], str]:
        """Draw figures; where that is impossible the tables are still worth showing, so return why."""
        try:
            return draw(), ""
        except OSError as error:
            return [], f"{self.files.figures}: the figures cannot be written ({error.strerror})."


def _sized(size: Size | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are given, with the size as height and width."""
    given = {name: value for name, value in options.items() if value is not None}
    return given if size is None else {**given, "size_hw": parse_size(size)}
