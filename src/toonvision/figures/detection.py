"""How good boxes are: precision over recall, and parts of screenshots with the boxes on them."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toonvision.figures import style
from toonvision.figures.style import DASHED, MUTED, PAPER, WIDTH, styled
from toonvision.tasks.detect_panels import BoxGallery, ClassCurve, View


@styled
def draw_precision_recall(curves: tuple[ClassCurve, ...]) -> Figure:
    """Draw the curves of all classes."""
    figure = style.new_figure(0.6 * WIDTH, 4.4)
    draw_precision_curves(figure.subplots(), curves)
    return figure


@styled
def draw_precision_curves(ax: Axes, curves: tuple[ClassCurve, ...]) -> Axes:
    """Draw precision over recall of each class, with a dot at the chosen threshold."""
    for one in curves:
        color, counts = one.category.color, one.at_threshold
        label = f"{one.category.title} (threshold {one.threshold:.2f})"
        ax.plot(one.curve.recall, one.curve.precision, color=color, linewidth=2, label=label)
        if counts.found:
            precision = counts.found / (counts.found + counts.false_alarms)
            ax.plot([counts.found / counts.total], [precision], "o", color=color, markersize=8)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    names = [f"{100 * tick:.0f} %" for tick in ticks]
    ax.set(xlim=(0, 1.01), ylim=(0, 1.01), xlabel="Recall: found share of the objects")
    ax.set(ylabel="Precision: right share of the predictions")
    ax.set_xticks(ticks, names)
    ax.set_yticks(ticks, names)
    ax.legend(loc="lower left")
    style.quiet_axis(ax, grid="both")
    ax.set_title("Precision and recall")
    return ax


@styled
def draw_box_gallery(gallery: BoxGallery) -> Figure:
    """Draw parts of screenshots in a grid."""
    figure, panels, _ = style.picture_grid(
        len(gallery.views), gallery.views[0].picture.shape[:2], columns=(8, 6, 4), tallest=3.0, side=0.14, above=0.06,
        below=0.1, lines=2,
    )  # fmt: skip
    for ax, view in zip(panels, gallery.views, strict=True):
        draw_view(ax, view)
    return figure


@styled
def draw_view(ax: Axes, view: View) -> Axes:
    """Draw a part of a screenshot: true boxes as lines, predicted ones dashed, in the colours of their classes."""
    style.show_picture(ax, view.picture, MUTED)
    for box in view.boxes:
        left, top, right, bottom = box.xyxy
        for color, width in ((box.color, 1.8),) if box.predicted else ((PAPER, 3.0), (box.color, 1.6)):
            look: style.Look = {"fill": False, "edgecolor": color, "linewidth": width}
            look["linestyle"] = DASHED if box.predicted else "solid"
            ax.add_patch(Rectangle((left, top), right - left, bottom - top, **look))
    style.write_below(ax, (view.title, {"fontweight": "bold"}), (view.note, {"fontsize": 7.5, "color": MUTED}))
    return ax
