"""Everything that a report is made from, read from the workspace and the run."""

from pathlib import Path

from toonvision.data.balance import measure_balance
from toonvision.data.splits import summarize_split
from toonvision.data.workspace import Workspace
from toonvision.evaluation.judge import Evaluation
from toonvision.figures.curves import Curve
from toonvision.report.contents import Results
from toonvision.training.history import HISTORY, read_history
from toonvision.training.record import repeat_folder
from toonvision.training.repeat import load_task_data


def gather_results(workspace: Workspace, run: Path, evaluation: Evaluation) -> Results:
    """Read what a report needs beside the evaluation: the catalogue and the run's histories."""
    record = evaluation.record
    data = load_task_data(
        workspace, record.level, split_name=record.split, size_hw=record.size_hw, resize=record.resize
    )
    with workspace.reading() as catalog:
        crops = catalog.crops()
        counts, findings = catalog.last_extraction()
    return Results(
        evaluation=evaluation,
        taxonomy=workspace.taxonomy,
        balance=measure_balance(crops, workspace.taxonomy),
        split=summarize_split(data.split, crops, workspace.taxonomy),
        screenshots=len({crop.screenshot_id for crop in data.samples.crops}),
        curves=_curves(run, evaluation),
        counts=counts,
        findings=tuple(findings),
        newer=data.newer,
    )


def _curves(run: Path, evaluation: Evaluation) -> tuple[Curve, ...]:
    record = evaluation.record
    return tuple(
        Curve(
            repeat.seed,
            read_history(repeat_folder(run, repeat.seed) / HISTORY),
            repeat.best_epoch,
            repeat.seed == record.chosen,
        )
        for repeat in record.repeats
    )
