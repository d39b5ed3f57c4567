"""The searches for networks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toonvision.api.base import Opened, read_each
from toonvision.api.result import Result
from toonvision.api.study_steps import asked
from toonvision.api.training import Size
from toonvision.core.panels import table
from toonvision.taxonomy.labels import DETECT

if TYPE_CHECKING:
    from toonvision.tuning.result import StudyResult


@dataclass(frozen=True, repr=False)
class SearchSteps(Opened):
    """The steps that search for networks."""

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
            task: What to predict, or to find.
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
        from toonvision.report.search_facts import next_words
        from toonvision.tuning.options import SearchOptions
        from toonvision.tuning.study import tune

        self.require_step(task, "tune")
        measure = _detector_milliseconds if self.files.taxonomy.task(task).kind == DETECT else None
        with self.watcher.searching() as watch:
            wanted = asked(SearchOptions, size, options)
            result = tune(
                self.files, task, wanted, name=name, resume=resume, tighten=tighten, storage=storage, workers=workers,
                watcher=watch, measure=measure,
            )  # fmt: skip
        folder = self.files.studies / result.title
        spread = () if result.only_guesses else ("--repeat", "10")
        then = self.command(*next_words(result), *spread)
        return search_result(result, folder, write_search_report(folder, result), then)

    def studies(self) -> "Result[tuple[StudyResult, ...]]":
        """List the searches for networks with their winners."""
        from toonvision.api.search_results import search_data, study_row
        from toonvision.report.search_facts import next_words
        from toonvision.tuning.folders import study_results
        from toonvision.tuning.result import read_result

        found, damaged = read_each(study_results(self.files.studies), read_result, code="damaged-study")
        listed = [result for _, result in found]
        newest = max((one for one in listed if one.winner), key=lambda one: one.started, default=None)
        then = next_words(newest) if newest else ("tune", self.first_task())
        columns = ["Study", "State", "Started (UTC)", "Strategy", "Tried", "Best: network", "parameters"]
        columns += ["wrong: median", "worst"]
        rows = [study_row(one) for one in listed]
        return Result(
            tuple(listed),
            (table("Studies", columns, rows, names=4) if rows else "There is no study yet.",),
            {"studies": [search_data(one) for one in listed]},
            findings=tuple(damaged),
            folder=self.files.studies,
            next=self.command(*then),
        )


def _detector_milliseconds(network: str, size_hw: tuple[int, int], classes: int) -> float:
    """Return how long an exported detector takes; see `toonvision.deploy.timing`."""
    from toonvision.models.backend import start_backend

    start_backend(network, size_hw)
    from toonvision.deploy.timing import detector_milliseconds

    return detector_milliseconds(network, size_hw, classes)
