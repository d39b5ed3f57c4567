"""Every figure, for your own axes and reports: `from toonvision import figures`.

Each function takes values that were computed elsewhere, draws them and gives back what it drew on; none computes or
shows anything. Those whose first argument is `ax` draw one panel into axes of yours:

    figure = figures.new_figure(6, 4)
    figures.draw_reliability(figure.subplots(), evaluation.calibration.before)
    figures.save_png(figure, Path("reliability.png"))

The others make a whole figure of several panels. Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

from toonvision.core.lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from toonvision.figures.activations import draw_activation, draw_tiles
    from toonvision.figures.architecture import draw_architecture, draw_architectures
    from toonvision.figures.balance import draw_balance
    from toonvision.figures.breakdown import draw_breakdown, draw_breakdowns
    from toonvision.figures.calibration import draw_calibration, draw_reliability
    from toonvision.figures.confusion import draw_confusion, draw_matrix
    from toonvision.figures.contexts import draw_context_accuracy, draw_context_f1, draw_contexts
    from toonvision.figures.counts import draw_counts
    from toonvision.figures.course import draw_course, draw_trials
    from toonvision.figures.curves import draw_curves, draw_measure
    from toonvision.figures.filters import draw_ascent, draw_first_filters
    from toonvision.figures.front import draw_front, draw_front_loss, draw_front_wrong
    from toonvision.figures.gallery import draw_gallery, draw_judged, draw_probabilities, draw_unsure
    from toonvision.figures.importance import draw_importance, draw_importance_bars
    from toonvision.figures.learning_curve import draw_curve, draw_learning_curve
    from toonvision.figures.maps import draw_map, draw_map_grid, draw_map_rows, draw_superimposed
    from toonvision.figures.parallel import draw_coordinates, draw_parallel
    from toonvision.figures.race import draw_behind, draw_race, draw_racers
    from toonvision.figures.save import save_png
    from toonvision.figures.scores import draw_class_scores, draw_scores
    from toonvision.figures.shortages import draw_shortages
    from toonvision.figures.slices import draw_slice, draw_slices
    from toonvision.figures.spread import draw_spread, draw_wrong_in, draw_wrong_per_seed
    from toonvision.figures.stress import draw_stress, draw_stress_rows
    from toonvision.figures.style import new_figure
    from toonvision.figures.subsets import draw_subsets
    from toonvision.figures.suspects import draw_suspect, draw_suspects
    from toonvision.figures.trust import (
        draw_evidence,
        draw_evidence_bars,
        draw_randomisation,
        draw_randomisations,
        draw_trust_curves,
    )

__all__ = [
    "draw_activation",
    "draw_architecture",
    "draw_architectures",
    "draw_ascent",
    "draw_balance",
    "draw_behind",
    "draw_breakdown",
    "draw_breakdowns",
    "draw_calibration",
    "draw_class_scores",
    "draw_confusion",
    "draw_context_accuracy",
    "draw_context_f1",
    "draw_contexts",
    "draw_coordinates",
    "draw_counts",
    "draw_course",
    "draw_curve",
    "draw_curves",
    "draw_evidence",
    "draw_evidence_bars",
    "draw_first_filters",
    "draw_front",
    "draw_front_loss",
    "draw_front_wrong",
    "draw_gallery",
    "draw_importance",
    "draw_importance_bars",
    "draw_judged",
    "draw_learning_curve",
    "draw_map",
    "draw_map_grid",
    "draw_map_rows",
    "draw_matrix",
    "draw_measure",
    "draw_parallel",
    "draw_probabilities",
    "draw_race",
    "draw_racers",
    "draw_randomisation",
    "draw_randomisations",
    "draw_reliability",
    "draw_scores",
    "draw_shortages",
    "draw_slice",
    "draw_slices",
    "draw_spread",
    "draw_stress",
    "draw_stress_rows",
    "draw_subsets",
    "draw_superimposed",
    "draw_suspect",
    "draw_suspects",
    "draw_tiles",
    "draw_trials",
    "draw_trust_curves",
    "draw_unsure",
    "draw_wrong_in",
    "draw_wrong_per_seed",
    "new_figure",
    "save_png",
]

__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        "draw_activation": "activations",
        "draw_architecture": "architecture",
        "draw_architectures": "architecture",
        "draw_ascent": "filters",
        "draw_balance": "balance",
        "draw_behind": "race",
        "draw_breakdown": "breakdown",
        "draw_breakdowns": "breakdown",
        "draw_calibration": "calibration",
        "draw_class_scores": "scores",
        "draw_confusion": "confusion",
        "draw_context_accuracy": "contexts",
        "draw_context_f1": "contexts",
        "draw_contexts": "contexts",
        "draw_coordinates": "parallel",
        "draw_counts": "counts",
        "draw_course": "course",
        "draw_curve": "learning_curve",
        "draw_curves": "curves",
        "draw_evidence": "trust",
        "draw_evidence_bars": "trust",
        "draw_first_filters": "filters",
        "draw_front": "front",
        "draw_front_loss": "front",
        "draw_front_wrong": "front",
        "draw_gallery": "gallery",
        "draw_importance": "importance",
        "draw_importance_bars": "importance",
        "draw_judged": "gallery",
        "draw_learning_curve": "learning_curve",
        "draw_map": "maps",
        "draw_map_grid": "maps",
        "draw_map_rows": "maps",
        "draw_matrix": "confusion",
        "draw_measure": "curves",
        "draw_parallel": "parallel",
        "draw_subsets": "subsets",
        "draw_probabilities": "gallery",
        "draw_race": "race",
        "draw_racers": "race",
        "draw_randomisation": "trust",
        "draw_randomisations": "trust",
        "draw_reliability": "calibration",
        "draw_scores": "scores",
        "draw_shortages": "shortages",
        "draw_slice": "slices",
        "draw_slices": "slices",
        "draw_spread": "spread",
        "draw_stress": "stress",
        "draw_stress_rows": "stress",
        "draw_superimposed": "maps",
        "draw_suspect": "suspects",
        "draw_suspects": "suspects",
        "draw_tiles": "activations",
        "draw_trials": "course",
        "draw_trust_curves": "trust",
        "draw_unsure": "gallery",
        "draw_wrong_in": "spread",
        "draw_wrong_per_seed": "spread",
        "new_figure": "style",
        "save_png": "save",
    },
)
