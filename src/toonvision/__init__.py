"""Small, explained image classifiers made from your own annotated screenshots.

The way from pictures to a judged model, in the order of the names below:

    workspace = toonvision.set_up(Path("my-game"), source=Path("annotated")).workspace
    toonvision.extract(workspace)
    with workspace.writing("split") as catalog:
        catalog.save_split(toonvision.plan_split(catalog.crops(), ratios=toonvision.Ratios(60, 20, 20), seed=0))
    task = workspace.taxonomy.task("label")
    run = toonvision.train_run(workspace, task, toonvision.TrainingSettings(), seeds=[0, 1, 2])
    evaluation = toonvision.evaluate_run(workspace, run)
    toonvision.write_report(workspace, run, evaluation)

Names are imported when they are first used, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING

from toonvision.core.lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from toonvision.core.errors import ToonVisionError
    from toonvision.data.balance import measure_balance
    from toonvision.data.batches import Augmentation, load_samples
    from toonvision.data.extraction import extract
    from toonvision.data.setup import set_up
    from toonvision.data.splits import Ratios, plan_split, summarize_split
    from toonvision.data.workspace import Workspace, open_workspace
    from toonvision.evaluation.judge import Evaluation, evaluate_run, write_results
    from toonvision.evaluation.predict import predict_files
    from toonvision.models.registry import build_network
    from toonvision.models.saving import load_model
    from toonvision.report.render import write_report
    from toonvision.training.repeat import train_run
    from toonvision.training.settings import TrainingSettings

__all__ = [
    "Augmentation",
    "Evaluation",
    "Ratios",
    "ToonVisionError",
    "TrainingSettings",
    "Workspace",
    "build_network",
    "evaluate_run",
    "extract",
    "load_model",
    "load_samples",
    "measure_balance",
    "open_workspace",
    "plan_split",
    "predict_files",
    "set_up",
    "summarize_split",
    "train_run",
    "write_report",
    "write_results",
]

__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        "Augmentation": "data.batches",
        "Evaluation": "evaluation.judge",
        "Ratios": "data.splits",
        "ToonVisionError": "core.errors",
        "TrainingSettings": "training.settings",
        "Workspace": "data.workspace",
        "build_network": "models.registry",
        "evaluate_run": "evaluation.judge",
        "extract": "data.extraction",
        "load_model": "models.saving",
        "load_samples": "data.batches",
        "measure_balance": "data.balance",
        "open_workspace": "data.workspace",
        "plan_split": "data.splits",
        "predict_files": "evaluation.predict",
        "set_up": "data.setup",
        "summarize_split": "data.splits",
        "train_run": "training.repeat",
        "write_report": "report.render",
        "write_results": "evaluation.judge",
    },
)
