"""Small, explained image classifiers made from your own annotated screenshots.

The way from pictures to a judged model, in the order of the names below:

    workspace = toonvision.set_up(Path("my-game"), source=Path("annotated")).workspace
    toonvision.extract(workspace)
    toonvision.draw_split(workspace, ratios=toonvision.Ratios(60, 20, 20), seed=0)
    task = workspace.taxonomy.task("label")
    run = toonvision.train_run(workspace, task, toonvision.settings_for(), seeds=[0, 1, 2])
    evaluation = toonvision.evaluate_run(workspace, run)
    toonvision.write_report(workspace, run, evaluation)

Names are imported when they are first used, so that importing the package costs nothing. The figures have a namespace
of their own: `from toonvision import figures`.
"""

from typing import TYPE_CHECKING

from toonvision.core.lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from toonvision.core.errors import ToonVisionError
    from toonvision.data.balance import measure_balance
    from toonvision.data.extraction import extract
    from toonvision.data.setup import set_up
    from toonvision.data.split_plan import draw_split, plan_split
    from toonvision.data.split_summary import summarize_split
    from toonvision.data.splits import Ratios, read_split, write_split
    from toonvision.data.workspace import Workspace, open_workspace
    from toonvision.deploy.classifier import Classifier
    from toonvision.deploy.export import export_run
    from toonvision.evaluation.breakdown import break_down, measure_image_statistics
    from toonvision.evaluation.evaluate import Evaluation, evaluate_run, write_results
    from toonvision.evaluation.predict import predict_files
    from toonvision.explain.activations import layer_activations
    from toonvision.explain.cam import class_maps
    from toonvision.explain.evidence import measure_evidence
    from toonvision.explain.filters import first_filters
    from toonvision.explain.trust import trust_curves
    from toonvision.metrics.calibration import fit_temperature, reliability, with_temperature
    from toonvision.models.registry import build_network
    from toonvision.models.saving import load_model, store_temperature
    from toonvision.report.run import write_report
    from toonvision.studies.contexts import study_contexts
    from toonvision.studies.suspects import find_suspects
    from toonvision.tasks.registry import load_dataset
    from toonvision.tasks.settings import Augmentation, TrainingSettings
    from toonvision.training.recipes import settings_for
    from toonvision.training.repeat import train_run

__all__ = [
    "Augmentation",
    "Classifier",
    "Evaluation",
    "Ratios",
    "ToonVisionError",
    "TrainingSettings",
    "Workspace",
    "break_down",
    "build_network",
    "class_maps",
    "draw_split",
    "evaluate_run",
    "export_run",
    "extract",
    "find_suspects",
    "first_filters",
    "fit_temperature",
    "layer_activations",
    "load_dataset",
    "load_model",
    "measure_balance",
    "measure_evidence",
    "measure_image_statistics",
    "open_workspace",
    "plan_split",
    "predict_files",
    "read_split",
    "reliability",
    "set_up",
    "settings_for",
    "store_temperature",
    "study_contexts",
    "summarize_split",
    "train_run",
    "trust_curves",
    "with_temperature",
    "write_report",
    "write_results",
    "write_split",
]

__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        "Augmentation": "tasks.settings",
        "Classifier": "deploy.classifier",
        "Evaluation": "evaluation.evaluate",
        "Ratios": "data.splits",
        "ToonVisionError": "core.errors",
        "TrainingSettings": "tasks.settings",
        "Workspace": "data.workspace",
        "break_down": "evaluation.breakdown",
        "build_network": "models.registry",
        "class_maps": "explain.cam",
        "draw_split": "data.split_plan",
        "evaluate_run": "evaluation.evaluate",
        "export_run": "deploy.export",
        "extract": "data.extraction",
        "find_suspects": "studies.suspects",
        "first_filters": "explain.filters",
        "fit_temperature": "metrics.calibration",
        "layer_activations": "explain.activations",
        "load_dataset": "tasks.registry",
        "load_model": "models.saving",
        "measure_balance": "data.balance",
        "measure_evidence": "explain.evidence",
        "measure_image_statistics": "evaluation.breakdown",
        "open_workspace": "data.workspace",
        "plan_split": "data.split_plan",
        "predict_files": "evaluation.predict",
        "read_split": "data.splits",
        "reliability": "metrics.calibration",
        "set_up": "data.setup",
        "settings_for": "training.recipes",
        "store_temperature": "models.saving",
        "study_contexts": "studies.contexts",
        "summarize_split": "data.split_summary",
        "train_run": "training.repeat",
        "trust_curves": "explain.trust",
        "with_temperature": "metrics.calibration",
        "write_report": "report.run",
        "write_split": "data.splits",
        "write_results": "evaluation.evaluate",
    },
)
