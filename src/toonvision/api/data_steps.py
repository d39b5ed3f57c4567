"""What a workspace's data can do: be shown, extracted, counted, split, checked, and made again."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.api.base import Opened
from toonvision.api.proposers import come_with_package
from toonvision.api.result import Block, Result, who_did
from toonvision.api.split_words import pattern_findings, source_findings, split_data, split_findings, split_text
from toonvision.api.understood import setup_blocks, setup_data, shown_in_blocks
from toonvision.core.errors import Finding, UsageError
from toonvision.core.grouping import grouped
from toonvision.core.panels import Table, table
from toonvision.core.wording import counted
from toonvision.data import workspace as data
from toonvision.data.setup import SetupPlan
from toonvision.data.splits import DEFAULT_SPLIT
from toonvision.taxonomy.labels import CLASSIFY

if TYPE_CHECKING:
    from toonvision.api.capturing import CaptureOrder
    from toonvision.capture.keeping import Keeper
    from toonvision.data.balance import Balance, CountTable
    from toonvision.data.check import Checked
    from toonvision.data.extraction import ExtractionSummary
    from toonvision.data.growth import Growth
    from toonvision.data.overview import SourceOverview
    from toonvision.data.rebuild import RebuildSummary
    from toonvision.data.split_plan import SplitSummary

_MOST_SHORTAGES, _MOST_ALIKE = 15, 20


@dataclass(frozen=True, repr=False)
class DataSteps(Opened):
    """The steps about the data.

    Attributes:
        made: How the workspace was made; None where it was only opened.
    """

    made: SetupPlan | None = field(default=None, compare=False)

    def about(self) -> Result[data.Workspace]:
        """Return what the workspace is: what was understood of its source, its tasks, and the next command."""
        taxonomy = self.files.taxonomy
        tasks = [(task, len(taxonomy.level(task.level).classes)) for task in taxonomy.tasks]
        sizes = ", ".join(
            f"{task.name} ({counted(count, 'class', 'classes')}"
            f"{', needs a second one' * (count == 1 and task.kind == CLASSIFY)})"
            for task, count in tasks
        )
        about = {
            "taxonomy": taxonomy.name,
            "tasks": [task.name for task, _ in tasks],
            "size_hw": list(self.files.size_hw),
        }
        overview = self.made.overview if self.made else None
        blocks = setup_blocks(self.made, made=True) if self.made else (
            f"Workspace {self.root} with the taxonomy {taxonomy.name}.",
        )  # fmt: skip
        return Result(
            self.files,
            (*blocks, f"Tasks, which are what a model can learn to predict: {sizes}."),
            {"workspace": str(self.root), **about, **setup_data(overview)},
            findings=overview.findings if overview else (),
            shown=shown_in_blocks(overview) if overview else frozenset(),
            folder=self.root,
            next=self._labelling_first(overview) or self.next_step(),
        )

    def _labelling_first(self, overview: "SourceOverview | None") -> str:
        """Return the command that lets models propose boxes, where most pictures have none and models are at hand."""
        if overview is None or overview.unannotated <= len(overview.reading.pictures):
            return ""
        return self.command("label", "--propose") if come_with_package(self.files.taxonomy) else ""

    def capture(self, order: "CaptureOrder") -> "Result[Keeper]":
        """Take screenshots while somebody plays; see `toonvision.api.capturing.capture`."""
        from toonvision.api.capturing import capture

        return capture(self, order)

    def extract(self, *, ray: str | None = None) -> "Result[ExtractionSummary]":
        """Cut new and changed boxes out of the screenshots.

        Args:
            ray: The address of a Ray cluster that reads and cuts: ``local``, ``auto`` or ``HOST:PORT``.

        Raises:
            UsageError: If Ray is not installed, or has no such address.
            EnvironmentFaultError: If the cluster is lost; what was finished is kept.
            InputRejectedError: If there is no source, one is missing, or two of its names are too much alike.
            WorkspaceBusyError: If another process writes to the workspace.
        """
        from toonvision.data.extraction import extract

        with self.watcher.progress("extracting", "screenshots") as progress:
            summary = extract(self.files, ray=ray, say=self.watcher.say, progress=progress)
        empty = f"Put screenshots and their annotations into {self.root / 'screenshots'}, then run this again. To draw "
        empty += f"boxes: {self.command('label')}"
        return Result(
            summary,
            (
                *who_did(summary.did, "examined", "screenshots"),
                _extraction_text(summary),
                *([] if summary.pictures_read else [empty]),
            ),
            {
                **summary.counts,
                **({"workers": dict(summary.did)} if summary.did else {}),
                "notes": [{"item": item, "note": note} for note, item in summary.notes],
            },
            findings=summary.findings,
            folder=self.root,
            next=self.next_step(after="extract"),
        )

    def balance(self) -> "Result[Balance]":
        """Count samples by class and context, draw them, and list what to photograph next.

        Raises:
            InputRejectedError: If nothing was extracted yet.
        """
        from toonvision.data.balance import measure_balance
        from toonvision.data.growth import measure_growth, screenshot_rows
        from toonvision.evaluation.history import errors_so_far
        from toonvision.report.data_panels import write_balance_figures, write_growth

        crops = self.files.known_crops()
        measured = measure_balance(crops, self.files.taxonomy, rules=self.files.label_rules)
        rows = screenshot_rows(self.files)
        growth = measure_growth(self.files, rows, crops, errors_so_far(self.files.runs))
        taxonomy, folder = self.files.taxonomy, self.files.figures
        figures, why = self._drawn(
            lambda: [*write_balance_figures(measured, taxonomy, folder), *write_growth(growth, rows, taxonomy, folder)]
        )
        tables = [_count_table(f"Samples by {counts.level.title.lower()}", counts) for counts in measured.tables]
        return Result(
            measured,
            (*tables, *_shortage_blocks(measured), *_growth_blocks(growth), why),
            {
                "crops": measured.crops,
                "tables": {counts.level.name: _count_rows(counts) for counts in measured.tables},
                "photograph_next": [
                    {"label": s.label.name, "context": s.context.name, "count": s.count, "missing": s.missing,
                     "label_count": s.label_count, "label_missing": s.label_missing}
                    for s in measured.shortages
                ],
                "figures": [str(file) for file in figures],
                "screenshots": str(folder / "screenshots.csv"),
                "growth": [dict(zip(growth.rows()[0], row, strict=True)) for row in growth.rows()[1:]],
            },
            findings=measured.findings,
            folder=self.files.figures,
            files=tuple(figures),
            next=self.next_step(after="balance"),
        )  # fmt: skip

    def split(
        self,
        *,
        seed: int = 0,
        ratios: str = "60/20/20",
        name: str = DEFAULT_SPLIT,
        force: bool = False,
        from_source: bool = False,
    ) -> "Result[SplitSummary]":
        """Assign screenshots, and so their crops, to train, val and test; what belongs together stays together.

        Args:
            seed: Same seed, same split.
            ratios: Train, val and test in percent.
            name: What to call it.
            force: Replace another split of that name; the same split is always accepted.
            from_source: Take over the split that the sources have of their own, instead of drawing one.

        Raises:
            UsageError: If another split has that name, the ratios are none, or go with `from_source`.
            InputRejectedError: If there are too few crops or screenshots, or the sources have no split.
        """
        from toonvision.data.own_split import take_over
        from toonvision.data.split_plan import draw_split, summarize_split
        from toonvision.data.splits import SIXTY_TWENTY_TWENTY, Ratios
        from toonvision.report.data_panels import write_split_figures

        asked = Ratios.parse(ratios)
        if from_source and asked != SIXTY_TWENTY_TWENTY:
            raise UsageError("the source's own split has ratios of its own. Leave out --ratios, or --from-source.")
        if from_source:
            taken = take_over(self.files, seed=seed, name=name, replace=force)
            split, said = taken.split, taken.findings
        else:
            split = draw_split(self.files, ratios=asked, seed=seed, name=name, replace=force)
            said = source_findings(self.files, name)
        with self.files.reading() as catalog:
            screenshots = catalog.screenshots()
            summary = summarize_split(split, catalog.crops(), self.files.taxonomy, screenshots=screenshots)
        figures, why = self._drawn(lambda: write_split_figures(summary, self.files.figures))
        findings = (*said, *pattern_findings(self.files, screenshots), *split_findings(summary, self.files))
        by_level = {counts.level: counts for counts in summary.tables}
        tables = [
            _count_table(f"Split {summary.name} by {level.title.lower()}", one) for level, one in by_level.items()
        ]
        return Result(
            summary,
            (*tables, split_text(summary), why),
            {
                **split_data(summary),
                "file": str(self.files.splits / f"{name}.csv"),
                "tables": {level.name: _count_rows(counts) for level, counts in by_level.items()},
                "figures": list(map(str, figures)),
            },
            findings=findings,
            folder=self.files.splits,
            files=tuple(figures),
            next=self.next_step(after="split"),
        )

    def check(self, run: str | None = None, *, details: bool = False) -> "Result[Sequence[Checked]]":
        """Find what is wrong or doubtful; nothing is changed.

        Args:
            run: A run: list the crops whose label it contradicts, too.
            details: List every finding, instead of at most 20 of each kind.
        """
        from toonvision.api.checking import check_workspace

        checked, versions = check_workspace(self, run)
        faults, doubts = ([f for one in checked for f in getattr(one, kind)] for kind in ("faults", "doubts"))
        rows = [[one.what, one.count, len(one.faults), len(one.doubts)] for one in checked]
        lines = [*_finding_lines("fault", faults, details), *_finding_lines("doubt", doubts, details)]
        if run:
            lines.append(
                "A model mostly agrees with the labels that it has learned from, wrong ones too. The thorough way to "
                "find wrong labels is toonvision suspects."
            )
        following, too_few = self.next_step(), any(doubt.code == "few-groups" for doubt in doubts)
        found = f"{counted(len(faults), 'fault')}, {counted(len(doubts), 'doubt')}"
        hint = " --details lists each one." if any(line.startswith("... and") for line in lines) else ""
        lines.append(f"{found if faults or doubts else 'Nothing is wrong or doubtful'}; nothing was changed.{hint}")
        return Result(
            checked,
            (table("Checked", ["What", "Looked at", "Faults", "Doubts"], rows), "\n".join(lines)),
            {
                "faults": len(faults),
                "doubts": len(doubts),
                "checked": [asdict(one) for one in checked],
                "versions": versions,
            },
            faulty=bool(faults),
            next="" if faults or (following == self.command("split") and too_few) else following,
        )

    def rebuild(self) -> "Result[RebuildSummary]":
        """Make the catalogue again from the screenshots; splits and runs are not touched.

        Raises:
            InputRejectedError: If a source cannot be read as a whole.
            WorkspaceBusyError: If another process writes to the workspace.
        """
        from toonvision.data.rebuild import rebuild

        with self.watcher.progress("rebuilding", "screenshots") as progress:
            summary = rebuild(self.files, progress=progress)
        lines = [
            _extraction_text(summary.extraction),
            f"Crops: {summary.numbers_kept} keep their numbers, {summary.numbers_new} have new ones.",
        ]
        lines += [
            f"Split {split.name}: {len(split.subsets)} screenshots, as its file has them." for split in summary.splits
        ]
        if summary.crops_aside:
            lines.append(f"Files of crops that show no object any more were moved to {summary.crops_aside}")
        if summary.old:
            lines.append(f"The old catalogue is kept as {summary.old}")
        lines += [f"lost: {loss}" for loss in summary.losses]
        return Result(
            summary,
            ("\n".join(lines),),
            {
                **summary.extraction.counts,
                "numbers_kept": summary.numbers_kept,
                "numbers_new": summary.numbers_new,
                "splits": {split.name: len(split.subsets) for split in summary.splits},
                "old": str(summary.old) if summary.old else None,
                "crops_aside": str(summary.crops_aside) if summary.crops_aside else None,
                "lost": [asdict(loss) for loss in summary.losses],
            },
            findings=summary.extraction.findings,
            folder=self.root,
            faulty=bool(summary.losses),
            next=self.command("check"),
        )

    def _drawn(self, draw: Callable[[], list[Path]]) -> tuple[list[Path], str]:
        """Draw figures and say where they are; where that is impossible the tables are still worth showing."""
        try:
            files = draw()
        except OSError as error:
            return [], f"{self.files.figures}: the figures cannot be written ({error.strerror})."
        return files, f"Figures: {', '.join(map(str, files))}"


def _extraction_text(s: "ExtractionSummary") -> str:
    return (
        f"Pictures: {s.pictures_read:,} read = {s.pictures_kept:,} kept + {s.pictures_skipped:,} skipped "
        f"({s.pictures_unchanged:,} unchanged).\n"
        f"Objects: {s.objects_read:,} read = {s.objects_kept:,} kept + {s.objects_skipped:,} skipped; "
        f"{counted(s.crops_new, 'crop')} written, {s.crops_removed:,} removed."
    )


def _finding_lines(word: str, findings: Sequence[Finding], details: bool) -> list[str]:
    """Return a line for each finding, or of many alike for the first ones and their number."""
    lines = []
    for group in grouped(findings, lambda finding: finding.code).values():
        shown = group if details else group[:_MOST_ALIKE]
        lines += [f"{word}: {finding}" for finding in shown]
        if len(group) > len(shown):
            lines.append(f"... and {len(group) - len(shown):,} more {word}s like these ({group[0].code})")
    return lines


def _count_rows(counts: "CountTable") -> dict[str, dict[str, int]]:
    columns = [column.name for column in counts.columns]
    return {
        row.name: dict(zip(columns, values, strict=True))
        for row, values in zip(counts.classes, counts.counts.tolist(), strict=True)
    }


def _count_table(title: str, counts: "CountTable") -> Table:
    columns = [counts.level.title, *(column.title for column in counts.columns), "Total"]
    rows = [
        [row.title, *values, sum(values)] for row, values in zip(counts.classes, counts.counts.tolist(), strict=True)
    ]
    totals: list[Any] = counts.counts.sum(axis=0).tolist()
    return table(title, columns, [*rows, ["Total", *totals, sum(totals)]])


def _growth_blocks(growth: "Growth") -> list[Block]:
    return ["All is of one day, so growth over time is not drawn yet."] if len(growth.days) == 1 else []


def _shortage_blocks(measured: "Balance") -> list[Block]:
    if not measured.shortages:
        return ["Every label has its target of samples everywhere."]
    rows = [
        [s.label.title, s.context.title, s.count, f"+{s.missing}", s.label_count, f"+{s.label_missing}"]
        for s in measured.shortages[:_MOST_SHORTAGES]
    ]
    columns = ["What", "Where", "Samples there", "Missing there", "Samples in all", "Missing in all"]
    rest = len(measured.shortages) - len(rows)
    more = [f"... and {rest} more pairs (--json lists all)."] if rest > 0 else []
    return [table("Photograph next", columns, rows, names=2), *more]
