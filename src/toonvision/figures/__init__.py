"""Every figure, for your own axes and reports: `from toonvision import figures`.

`draw` makes a whole figure of a result or of a value of `toonvision.figures.values`; the others draw one panel into
axes of yours. None computes or shows anything:

    figures.save_png(figures.draw(evaluation.best.calibration), Path("calibration.png"))
    figure = figures.new_figure(6, 4)
    figures.draw_reliability(figure.subplots(), evaluation.best.calibration.before)
    figures.save_png(figure, Path("reliability.png"))

Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

from toonvision.core.lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from toonvision.figures.activations import draw_tiles
    from toonvision.figures.architecture import draw_architecture
    from toonvision.figures.breakdown import draw_breakdown
    from toonvision.figures.calibration import draw_reliability
    from toonvision.figures.confusion import draw_matrix
    from toonvision.figures.contexts import draw_context_accuracy, draw_context_f1
    from toonvision.figures.counts import draw_counts
    from toonvision.figures.curves import draw_metric
    from toonvision.figures.front import draw_front_loss, draw_front_wrong
    from toonvision.figures.gallery import draw_case, draw_probabilities
    from toonvision.figures.importance import draw_importance_bars
    from toonvision.figures.learning_curve import draw_curve
    from toonvision.figures.maps import draw_map, draw_superimposed
    from toonvision.figures.panels import draw, write_panel
    from toonvision.figures.parallel import draw_coordinates
    from toonvision.figures.race import draw_behind, draw_racers
    from toonvision.figures.save import save_png
    from toonvision.figures.scores import draw_class_scores
    from toonvision.figures.search_history import draw_trials
    from toonvision.figures.slices import draw_slice
    from toonvision.figures.spread import draw_wrong_in, draw_wrong_per_seed
    from toonvision.figures.stress import draw_stress_rows
    from toonvision.figures.style import new_figure
    from toonvision.figures.suspects import draw_suspect
    from toonvision.figures.trust import draw_evidence_bars, draw_randomisation

__all__ = [
    "draw",
    "draw_architecture",
    "draw_behind",
    "draw_breakdown",
    "draw_case",
    "draw_class_scores",
    "draw_context_accuracy",
    "draw_context_f1",
    "draw_coordinates",
    "draw_counts",
    "draw_curve",
    "draw_evidence_bars",
    "draw_front_loss",
    "draw_front_wrong",
    "draw_importance_bars",
    "draw_map",
    "draw_matrix",
    "draw_metric",
    "draw_probabilities",
    "draw_racers",
    "draw_randomisation",
    "draw_reliability",
    "draw_slice",
    "draw_stress_rows",
    "draw_superimposed",
    "draw_suspect",
    "draw_tiles",
    "draw_trials",
    "draw_wrong_in",
    "draw_wrong_per_seed",
    "new_figure",
    "save_png",
    "write_panel",
]

__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        "draw": "panels",
        "draw_architecture": "architecture",
        "draw_behind": "race",
        "draw_breakdown": "breakdown",
        "draw_case": "gallery",
        "draw_class_scores": "scores",
        "draw_context_accuracy": "contexts",
        "draw_context_f1": "contexts",
        "draw_coordinates": "parallel",
        "draw_counts": "counts",
        "draw_curve": "learning_curve",
        "draw_evidence_bars": "trust",
        "draw_front_loss": "front",
        "draw_front_wrong": "front",
        "draw_importance_bars": "importance",
        "draw_map": "maps",
        "draw_matrix": "confusion",
        "draw_metric": "curves",
        "draw_probabilities": "gallery",
        "draw_racers": "race",
        "draw_randomisation": "trust",
        "draw_reliability": "calibration",
        "draw_slice": "slices",
        "draw_stress_rows": "stress",
        "draw_superimposed": "maps",
        "draw_suspect": "suspects",
        "draw_tiles": "activations",
        "draw_trials": "search_history",
        "draw_wrong_in": "spread",
        "draw_wrong_per_seed": "spread",
        "new_figure": "style",
        "save_png": "save",
        "write_panel": "panels",
    },
)
