"""The optimization history of a search: the loss of its trials in their order."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toonvision.figures.style import MUTED, WIDTH, halo, new_figure, quiet_axis, styled
from toonvision.figures.trials import BEST, handles, log_axis, put_points
from toonvision.tuning.insight import OptimizationHistory


@styled
def draw_search_history(history: OptimizationHistory) -> Figure:
    """Draw the optimization history of at least one trial in a figure of its own."""
    figure = new_figure(WIDTH, 3.4)
    draw_trials(figure.subplots(), history)
    shown = handles({point.ending for point in history.points})
    figure.legend(handles=shown, loc="outside upper right", ncols=len(shown))
    return figure


@styled
def draw_trials(ax: Axes, history: OptimizationHistory) -> Axes:
    """Draw a mark for each trial and a line along the lowest loss so far; those that diverged stand at the top.

    Args:
        ax: Where to draw.
        history: The trials in their order, at least one.
    """
    last = max(point.value for point in history.points)
    losses = put_points(ax, history.points, {point.trial: point.value for point in history.points})
    if history.best:
        numbers, best = zip(*history.best, strict=True)
        ax.step([*numbers, last + 0.6], [*best, best[-1]], where="post", color=BEST, linewidth=1.4, alpha=0.7)
        ax.annotate(f"best {best[-1]:.3f}", (1, best[-1]), (4, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center_baseline", fontsize=8.5, color=MUTED,
                    path_effects=halo())  # fmt: skip
    quiet_axis(ax, grid="y")
    if losses:
        log_axis(ax, "y", losses, room=0.12)
    else:
        ax.set_yticks([])
    ax.spines["bottom"].set_visible(True)
    ax.set_xlim(-0.6, last + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(15, integer=True, min_n_ticks=1))
    ax.set_xlabel("Trial, in the order of their start")
    ax.set_title("Validation loss in nats (logarithmic), and the lowest so far")
    return ax
