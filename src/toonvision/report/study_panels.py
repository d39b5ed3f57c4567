"""Panels of the studies of a run's task, with notes on what has changed since they were made."""

from toonvision.core.panels import FigurePanel, Table
from toonvision.core.wording import counted
from toonvision.report.results import Results
from toonvision.studies.box_contexts import BoxContextStudy, box_contexts_panel, box_contexts_table
from toonvision.studies.box_curve import BoxCurve, box_curve_panel, box_curve_table
from toonvision.studies.box_folds import BoxFolds, box_folds_panel, box_folds_table
from toonvision.studies.box_suspects import BoxSuspectStudy, box_suspects_table
from toonvision.studies.contexts import contexts_panel
from toonvision.studies.cross_validation import folds_panel, folds_table
from toonvision.studies.curve import curve_panel, curve_table
from toonvision.studies.sizes import SizeCurve
from toonvision.studies.suspects import suspects_panel, suspects_table
from toonvision.tasks.registry import kind_of

Panels = tuple[FigurePanel | Table, ...]


def context_panels(results: Results) -> Panels:
    """Return what the run's models do in contexts that they have not seen."""
    study = results.contexts
    if isinstance(study, BoxContextStudy):
        return box_contexts_panel(study), box_contexts_table(study)
    return (contexts_panel(study),) if study else ()


def fold_panels(results: Results) -> Panels:
    """Return the cross-validation of the run's settings."""
    study, run = results.folds, results.evaluation.record.title
    if study is None:
        return ()
    note = _grown(results, study.samples, f"To repeat it, run toonvision evaluate {run} --folds {len(study.folds)}.")
    if isinstance(study, BoxFolds):
        return box_folds_panel(study), box_folds_table(study, note=note)
    return folds_panel(study), folds_table(study, note=note)


def curve_panels(results: Results) -> Panels:
    """Return the learning curve, with a note on how this run differs from what it was measured with."""
    curve = results.curve
    if curve is None:
        return ()
    note = _curve_note(results, curve)
    if isinstance(curve, BoxCurve):
        return box_curve_panel(curve), box_curve_table(curve, note=note)
    return curve_panel(curve), curve_table(curve, note=note)


def suspect_panels(results: Results) -> Panels:
    """Return suspect annotations, without those that were corrected since."""
    found = results.suspects
    if found is None:
        return ()
    study, again = found.study, f"To search again, run toonvision suspects {results.evaluation.record.task}."
    have = "has" if found.corrected == 1 else "have"
    corrected = f"{found.corrected:,} of its suspects {have} been corrected since." if found.corrected else ""
    note = "".join(f" {text}" for text in (corrected, _grown(results, study.total, again)) if text)
    if isinstance(study, BoxSuspectStudy):
        return (box_suspects_table(study, study.suspects, note=note),)
    assert found.crops is not None
    table = suspects_table(study, study.suspects, found.crops.classes, note=note)
    return (suspects_panel(study, found.crops), table) if study.suspects else (table,)


def _grown(results: Results, then: int, again: str) -> str:
    """Say how many images of the task there are now and what to do, if there were others when it was studied."""
    now, unit = results.samples, kind_of(results.evaluation.record.as_task).unit
    return "" if now == then else f"There {'is' if now == 1 else 'are'} {counted(now, unit)} now. {again}"


def _curve_note(results: Results, curve: SizeCurve) -> str:
    record = results.evaluation.record
    note = ""
    if curve.network != record.settings.network:
        note = f" This run has another network, {record.settings.network}, for which the numbers may differ."
    last, learned = curve.points[-1], record.samples["train"]
    if last.share == 1 and round(last.mean_pictures) != learned:
        note += f" This run learned from {counted(learned, curve.UNIT)}, not {last.mean_pictures:,.0f}."
    return note
