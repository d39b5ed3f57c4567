"""Every figure, for your own axes and reports: `from toonvision import figures`.

`draw` makes a whole figure of a result or of a value of `toonvision.figures.values`; the others draw one panel into
axes of yours, `ax`. None computes or shows anything:

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
    from toonvision.figures.data import draw_counts
    from toonvision.figures.detection import draw_precision_curves, draw_precisions, draw_view
    from toonvision.figures.evaluation import (
        draw_breakdown,
        draw_class_scores,
        draw_matrix,
        draw_novelty_scores,
        draw_reliability,
    )
    from toonvision.figures.growth import draw_areas, draw_run_errors
    from toonvision.figures.maps import draw_map, draw_superimposed
    from toonvision.figures.panels import draw, save_png, write_panel
    from toonvision.figures.pictures import draw_case, draw_probabilities, draw_suspect
    from toonvision.figures.race import draw_behind, draw_front_loss, draw_front_wrong, draw_racers
    from toonvision.figures.segmentation import draw_class_iou
    from toonvision.figures.studies import (
        draw_context_accuracy,
        draw_context_f1,
        draw_curve,
        draw_fold_errors,
        draw_stress_rows,
    )
    from toonvision.figures.style import new_figure
    from toonvision.figures.training import draw_metric, draw_wrong_in, draw_wrong_per_seed
    from toonvision.figures.trials import draw_coordinates, draw_importance_bars, draw_slice, draw_trials
    from toonvision.figures.trust import draw_evidence_bars, draw_randomisation
    from toonvision.figures.watched import draw_count_lines, draw_lanes

__all__ = [
    "draw",
    "draw_architecture",
    "draw_areas",
    "draw_behind",
    "draw_breakdown",
    "draw_case",
    "draw_class_iou",
    "draw_class_scores",
    "draw_context_accuracy",
    "draw_context_f1",
    "draw_coordinates",
    "draw_count_lines",
    "draw_counts",
    "draw_curve",
    "draw_evidence_bars",
    "draw_fold_errors",
    "draw_front_loss",
    "draw_front_wrong",
    "draw_importance_bars",
    "draw_lanes",
    "draw_map",
    "draw_matrix",
    "draw_metric",
    "draw_novelty_scores",
    "draw_precision_curves",
    "draw_precisions",
    "draw_probabilities",
    "draw_racers",
    "draw_randomisation",
    "draw_reliability",
    "draw_run_errors",
    "draw_slice",
    "draw_stress_rows",
    "draw_superimposed",
    "draw_suspect",
    "draw_tiles",
    "draw_trials",
    "draw_view",
    "draw_wrong_in",
    "draw_wrong_per_seed",
    "new_figure",
    "save_png",
    "write_panel",
]

_HOMES = {
    "activations": ("draw_tiles",),
    "architecture": ("draw_architecture",),
    "data": ("draw_counts",),
    "detection": ("draw_precision_curves", "draw_precisions", "draw_view"),
    "evaluation": ("draw_breakdown", "draw_class_scores", "draw_matrix", "draw_novelty_scores", "draw_reliability"),
    "growth": ("draw_areas", "draw_run_errors"),
    "maps": ("draw_map", "draw_superimposed"),
    "panels": ("draw", "save_png", "write_panel"),
    "pictures": ("draw_case", "draw_probabilities", "draw_suspect"),
    "race": ("draw_behind", "draw_front_loss", "draw_front_wrong", "draw_racers"),
    "segmentation": ("draw_class_iou",),
    "studies": ("draw_context_accuracy", "draw_context_f1", "draw_curve", "draw_fold_errors", "draw_stress_rows"),
    "style": ("new_figure",),
    "training": ("draw_metric", "draw_wrong_in", "draw_wrong_per_seed"),
    "trials": ("draw_coordinates", "draw_importance_bars", "draw_slice", "draw_trials"),
    "trust": ("draw_evidence_bars", "draw_randomisation"),
    "watched": ("draw_count_lines", "draw_lanes"),
}
__getattr__, __dir__ = _lazy_names(__name__, {name: home for home, names in _HOMES.items() for name in names})
