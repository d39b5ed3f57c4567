"""How results about runs are shown: trainings, scores, calibration, stress, export, the list of runs."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toonvision.api.result import Block, Result, table
from toonvision.core.documents import parse_json
from toonvision.core.errors import Finding, InputRejectedError, ModelRefusedError, RejectedItemError
from toonvision.core.files import read_regular
from toonvision.core.wording import counted
from toonvision.training.history import HISTORY, peaks, read_history
from toonvision.training.record import RunRecord, read_record, run_records

if TYPE_CHECKING:
    from toonvision.data.workspace import Workspace
    from toonvision.deploy.export import Export, Int8Export
    from toonvision.evaluation.evaluate import ClassEvaluation
    from toonvision.metrics.calibration import Calibration
    from toonvision.studies.leakage import LeakageStudy

_LARGEST_METRICS = 10_000_000


def run_text(record: RunRecord, folder: Path) -> str:
    """Return a run's name, network and trainings, and how often they were wrong, in one sentence."""
    wrong = _wrong(folder)
    scores = f"; wrong on test: median {wrong['median']}, worst {wrong['worst']}" if wrong else ""
    return (
        f"Run {record.title}: {record.settings.network} ({record.parameters:,} parameters), "
        f"{counted(len(record.repeats), 'training')}{scores}"
    )


def summary_result(
    evaluation: "ClassEvaluation", folder: Path, advice: Sequence[str], next_step: str
) -> "Result[ClassEvaluation]":
    """Return the peaks of a run's own training, the scores of all of its trainings, and what to try next."""
    history = read_history(folder / HISTORY)
    listed = [f"  {name:<14} {value:.4f} in epoch {epoch}" for name, value, epoch in peaks(history)]
    scores = evaluation_result(evaluation, next_step)
    return Result(
        evaluation,
        ("\n".join([f"Best values over {counted(len(history), 'epoch')}:", *listed]), *scores.blocks,
         "\n".join([*advice, f"Saved in {folder}"])),
        {**scores.data, "advice": list(advice), "folder": str(folder)},
        next=next_step,
    )  # fmt: skip


def evaluation_result(evaluation: "ClassEvaluation", next_step: str) -> "Result[ClassEvaluation]":
    """Return the scores of a run on one subset."""
    from toonvision.evaluation.evaluate import metrics_of

    return Result(evaluation, _score_blocks(evaluation), metrics_of(evaluation), next=next_step)


def _score_blocks(evaluation: "ClassEvaluation") -> tuple[Block, ...]:
    from toonvision.tasks.classify_panels import scores_table

    report, record = evaluation.best.report, evaluation.record
    several = f" (the training with seed {record.best_seed}: lowest validation loss)" if len(record.repeats) > 1 else ""
    title = f"{record.title} on {evaluation.subset}{several}"
    spread, wrong_in = evaluation.spread, evaluation.wrong_in
    lines = [f"Wrong: {report.wrong} of {spread.total}; accuracy {report.accuracy}."]
    if len(spread.wrong) > 1:
        always = int((wrong_in == len(spread.wrong)).sum())
        lines += [
            f"Over {len(spread.wrong)} trainings: median {spread.median.count} wrong ({spread.median}), "
            f"best {spread.best.count} ({spread.best}), worst {spread.worst.count} ({spread.worst}).",
            f"{counted(always, 'crop')} {'was' if always == 1 else 'were'} wrong in every training, "
            f"{int((wrong_in > 0).sum())} in at least one.",
        ]
    lines += [
        f"Scored as {up.level}: accuracy {up.report.accuracy}; {up.within} wrong within a class, {up.across} across."
        if len(up.classes) > 1
        else f"Scored as {up.level}: all are {up.classes[0]}, so no prediction can be wrong there."
        for up in evaluation.best.rolled_up
    ]
    if evaluation.best.calibration:
        lines.append(_calibration_text(evaluation.best.calibration))
    return replace(scores_table(evaluation), title=title), "\n".join(lines)


def _calibration_text(calibration: "Calibration") -> str:
    return (
        f"Calibration error: {calibration.before.error:.1%} as trained, {calibration.after.error:.1%} with the "
        f"temperature {calibration.temperature:.2f}, fitted on {counted(calibration.fitted_on, 'validation crop')}. "
        f"{calibration.caveat}"
    ).rstrip()


def calibration_result(name: str, fitted: "Calibration | None", next_step: str) -> Result[float | None]:
    """Return the temperature that is stored with a model from now on."""
    temperature = fitted.temperature if fitted else None
    text = (
        f"The model of {name} has the temperature {temperature:.4f} from now on. {_calibration_text(fitted)}"
        if fitted
        else f"The model of {name} has no temperature from now on: its confidences are as trained."
    )
    return Result(temperature, (text,), {"run": name, "temperature": temperature}, next=next_step)


def leakage_result(study: "LeakageStudy", next_step: str) -> "Result[LeakageStudy]":
    """Return how the same training does on a naive split."""
    from toonvision.studies.leakage import leakage_table

    data = {**asdict(study), "folder": str(study.folder), "meaning": study.sentence()}
    return Result(study, (leakage_table(study), study.sentence(), f"Saved in {study.folder}"), data, next=next_step)


def report_result(page: Path, facts: Sequence[str], warnings: Sequence[str], next_step: str) -> Result[Path]:
    """Return where a report was written, and its most important sentences."""
    listed = [f"{number}. {fact}" for number, fact in enumerate(facts, start=1)]
    return Result(
        page,
        ("\n".join([*listed, *(f"Beware: {warning}" for warning in warnings), f"Report: {page}"]),),
        {"report": str(page), "facts": list(facts), "warnings": list(warnings)},
        files=(page,),
        next=next_step,
    )


def export_result(exported: "Export", next_step: str) -> "Result[Export]":
    """Return what was written, and how it was compared."""
    parity = exported.parity
    changed = parity.pictures - exported.crops
    copies = f" and {changed} changed copies" if changed else ""
    lines = [
        f"Exported to {exported.path} ({exported.size / 1000:,.0f} kB). On {exported.crops} crops{copies} it gives the "
        f"same answers as Keras; the largest difference of a probability is {parity.largest_difference:.1e}.",
        *([_int8_text(exported.int8)] if exported.int8 else []),
        *(f"{name} of an earlier export was removed; --int8 writes it again." for name in exported.removed),
    ]
    data: dict[str, Any] = {**asdict(exported), "path": str(exported.path)}
    if exported.int8:
        data["int8"] |= {"path": str(exported.int8.path)}
    return Result(exported, ("\n".join(lines),), data, files=(exported.path,), next=next_step)


def _int8_text(int8: "Int8Export") -> str:
    """Return what 8 bits cost, in accuracy and in time."""
    change = int8.int8_latency_ms / int8.latency_ms
    speed = f"{change:.1f} times as long" if change > 1 else f"{1 / change:.1f} times as fast"
    return (
        f"In 8 bits to {int8.path} ({int8.size / 1000:,.0f} kB). On the test subset {int8.int8_right} are right, with "
        f"the plain export {int8.right}; {int8.parity.disagreements} of {int8.parity.pictures} predictions differ. One "
        f"crop takes {int8.int8_latency_ms:.2f} ms on one core, {speed} as the plain export's {int8.latency_ms:.2f} ms."
    )


def runs_result(workspace: "Workspace", next_step: str) -> Result[tuple[RunRecord, ...]]:
    """Return all runs with how often each was wrong; damaged ones are findings."""
    listed: list[tuple[RunRecord, dict[str, int] | None]] = []
    damaged = []
    for path in run_records(workspace.runs):
        try:
            listed.append((read_record(path.parent), _wrong(path.parent)))
        except ModelRefusedError as error:
            damaged.append(Finding(str(path), str(error).removeprefix(f"{path}: "), code="damaged-run"))
        except InputRejectedError:
            continue  # it is being replaced at this moment
    columns = ["Run", "Status", "Started (UTC)", "Parameters", "Train", "Test", "Repeats", "Wrong: median", "worst"]
    rows = [
        [r.title, r.status, r.started[:16], f"{r.parameters:,}", r.samples["train"], r.samples["test"], len(r.repeats)]
        + ([wrong["median"], wrong["worst"]] if wrong else ["-", "-"])
        for r, wrong in listed
    ]
    return Result(
        tuple(record for record, _ in listed),
        (table("Runs", columns, rows, names=3) if rows else "There is no run yet.",),
        {
            "runs": [{**asdict(record), "wrong": wrong} for record, wrong in listed],
            "findings": [asdict(finding) for finding in damaged],
        },
        findings=tuple(damaged),
        folder=workspace.runs,
        next=next_step,
    )


def _wrong(run: Path) -> dict[str, int] | None:
    """Read how often the trainings of a run were wrong on test; None where it was not evaluated."""
    try:
        metrics: Any = parse_json(read_regular(run / "metrics.json", limit=_LARGEST_METRICS))
        return {name: metrics["wrong"][name]["count"] for name in ("best", "median", "worst")}
    except (RejectedItemError, KeyError, TypeError):
        return None
