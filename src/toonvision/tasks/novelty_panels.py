"""Panels of novelty: which images a model finds unlike anything that it learned, and which outliers it does not."""

import numpy as np

from toonvision.core.panels import FigurePanel
from toonvision.core.wording import counted, listed, percent
from toonvision.metrics.novelty import REJECTED, NoveltyTest
from toonvision.tasks.class_scores import ClassEvaluated
from toonvision.tasks.classify_panels import gallery_panel

_MOST_REJECTED = 10
NO_SCORE = (
    "No novelty score is stored with this run, so that every picture gets a class, whatever it shows. Training stores "
    "one for a network, not for trees, where screenshots show background beside their objects and 20 or more "
    "validation crops are not learned from."
)


def novelty_sentence(test: NoveltyTest) -> str:
    """Return how many crops, and how many outliers of each kind, are rejected."""
    crops = test.share(test.scores)
    others = [f"{share.count} of {share.total} {name} ({percent(share.share)})" for name, share in test.shares.items()]
    beside = f" Beside them in the same screenshots it rejects {listed(others)}." if others else ""
    return (
        f"None of these: the model finds {crops.count} of {counted(crops.total, 'crop')} ({percent(crops.share)}) "
        f"unlike anything that it learned.{beside}"
    )


def novelty_panel(evaluation: ClassEvaluated) -> FigurePanel | None:
    """Return the figure of the distributions of novelty scores; None without a score or samples."""
    test = evaluation.novelty
    if test is None or not len(test.scores):
        return None
    groups = {"crops": test.scores, **test.outliers}
    return FigurePanel(
        "novelty",
        "None of these: how unlike all that was learned",
        novelty_sentence(test),
        f"Right of the line an image is none of the classes. By {counted(test.fitted.validation, 'validation crop')} "
        f"about {percent(REJECTED)} of crops should be. Red is what stands on the wrong side: crops right of it, all "
        f"else left of it. Fitted on {test.fitted.learned:,} crops and {test.fitted.outliers:,} outliers of other "
        "screenshots. The score is the log-odds of an outlier, less the threshold.",
        test,
        (("images", "score"), *((name, float(score)) for name, scores in groups.items() for score in scores)),
    )


def rejected_panel(evaluation: ClassEvaluated) -> FigurePanel | None:
    """Return the rejected crops, the most unlike first; None if there are none."""
    test = evaluation.novelty
    if test is None or not test.rejected.any():
        return None
    order = np.argsort(-test.scores, kind="stable")[: min(_MOST_REJECTED, int(test.rejected.sum()))]
    return gallery_panel(
        evaluation,
        order,
        "rejected",
        "Rejected as none of these",
        f"{counted(len(order), 'crop')} that the model finds unlike anything that it learned, the most unlike first.",
        "Each is an object of a class: look whether it is cut, hidden, or wrongly labelled. The text below each crop "
        "is the class that it would get.",
    )
