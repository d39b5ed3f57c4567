"""Checks of maps: deletion and insertion, random weights, and where the evidence lies."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from toonvision.explain.evidence import FIGURE, GroupEvidence
from toonvision.explain.trust import SURVIVES, Numbers, Randomisation, TrustCurves
from toonvision.figures.style import (
    INK,
    MUTED,
    PAPER,
    WIDTH,
    halo,
    ink_on,
    new_figure,
    quiet_axis,
    shorten,
    styled,
    write_inside,
)
from toonvision.figures.values import EvidenceBars, RandomisationSteps

REGION_COLORS = {
    "cloth": "#0072B2",
    "head": "#E69F00",
    "hands": "#CC79A7",
    "other": "#969696",
    "background": "#DDE1E7",
}
"""The colours of the regions in the masks of a drawn world."""

_MAP, _CHANCE = "#0072B2", "#B26A00"
_PERCENT = [f"{at} %" for at in (0, 25, 50, 75, 100)]
_TEXT = 0.03
"""Half of the width of a percentage, as a share of the bar."""
_NAMES = {"other": "Rest of the object", "background": "Background"}


@styled
def draw_trust_curves(curves: TrustCurves) -> Figure:
    """Draw deletion and insertion beside each other, each with its random order."""
    figure = new_figure(WIDTH, 3.6)
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_curve(left, curves, curves.deletion, curves.random_deletion, title="Deletion (lower is better)")
    left.set_xlabel("Pixels removed, the most important first")
    left.set_ylabel("Probability of the class")
    _draw_curve(right, curves, curves.insertion, curves.random_insertion, title="Insertion (higher is better)")
    right.set_xlabel("Pixels shown, the most important first")
    several = len(curves.deletion) > 1
    handles = [
        Line2D([], [], color=_MAP, linewidth=2.2, label="In the map's order" + (", on average" if several else "")),
        Line2D([], [], color=_CHANCE, linewidth=2.2, linestyle=(0, (4, 1.5)), label="In random orders"),
    ]
    if several:
        handles.append(Line2D([], [], color=_MAP, linewidth=0.8, alpha=0.4, label="Thin: each image"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


@styled
def draw_randomisation(ax: Axes, steps: Sequence[Randomisation]) -> Axes:
    """Draw how similar maps stay while layer after layer gets random weights, the head first.

    Args:
        ax: Where to draw.
        steps: At least one.
    """
    for at, step in enumerate(steps):
        sizes = np.abs(step.similarity)
        aside = np.linspace(-0.16, 0.16, len(sizes)) if len(sizes) > 1 else np.zeros(1)
        ax.plot(at + aside, sizes, "o", color=_MAP, markersize=4, alpha=0.45, markeredgewidth=0)
        ax.plot([at - 0.26, at + 0.26], [step.mean] * 2, color=INK, linewidth=2.2, solid_capstyle="butt")
        ax.annotate(
            f"{step.mean:.2f}", (at + 0.26, step.mean), (5, 0), textcoords="offset points", va="center_baseline",
            fontweight="bold", path_effects=halo(),
        )  # fmt: skip
    ax.axhline(SURVIVES, color=_CHANCE, linewidth=1.2, linestyle=(0, (4, 1.5)), zorder=0)
    ax.annotate(
        "above: the map does not depend on the weights", (1, SURVIVES), (0, 3), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha="right", va="bottom", fontsize=8, color=_CHANCE, path_effects=halo(),
    )  # fmt: skip
    names = [shorten(step.layer, 18) for step in steps]
    first = steps[0].fresh == 1
    ax.set_xticks(
        range(len(steps)),
        [f"{'' if first and not at else 'and '}{name}" if first else "all layers" for at, name in enumerate(names)],
    )
    ax.set_xlim(-0.6, len(steps) - 0.35)
    ax.set_ylim(-0.03, 1.03)
    quiet_axis(ax, grid="y")
    ax.set_xlabel("Layers with random weights, from the head down")
    ax.set_ylabel("Rank correlation (absolute)")
    ax.set_title("Similarity to the trained network's maps (lower is better)")
    return ax


@styled
def draw_randomisations(value: RandomisationSteps) -> Figure:
    """Draw `draw_randomisation` in a figure of its own."""
    steps = value.steps
    figure = new_figure(max(5.5, min(WIDTH, 2.2 + 1.5 * len(steps))), 3.4)
    draw_randomisation(figure.subplots(), steps)
    return figure


@styled
def draw_evidence(value: EvidenceBars) -> Figure:
    """Draw where the evidence lies, a bar for each group, below a heading for each section."""
    sections = value.sections
    rows = sum(len(groups) + bool(title) for title, groups in sections)
    figure = new_figure(WIDTH, 1.35 + 0.42 * rows)
    draw_evidence_bars(figure.subplots(), sections)
    handles: list[Patch | Line2D] = [
        Patch(facecolor=color, label=_name(region)) for region, color in REGION_COLORS.items()
    ]
    handles.append(
        Line2D([], [], color=INK, marker="|", markersize=13, markeredgewidth=2.2, linestyle="none",
               label="Area of the object: an even map")
    )  # fmt: skip
    handles.append(Line2D([], [], color=INK, linewidth=1.2, label="95 % interval"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), handlelength=1.0,
                  handleheight=1.0, columnspacing=1.3)  # fmt: skip
    return figure


@styled
def draw_evidence_bars(ax: Axes, sections: Sequence[tuple[str, Sequence[GroupEvidence]]]) -> Axes:
    """Draw the bars of `draw_evidence`: the regions of the object, then the background; a mark shows the object's area.

    Args:
        ax: Where to draw.
        sections: Heading and groups.
    """
    ticks, names, bold = [], [], []
    row = 0
    for title, groups in sections:
        if title:
            ticks.append(row)
            names.append(title)
            bold.append(len(names) - 1)
            row += 1
        for group in groups:
            _draw_group(ax, row, group)
            ticks.append(row)
            names.append(shorten(group.name, 28))
            row += 1
    ax.set_yticks(ticks, names)
    for index in bold:
        ax.get_yticklabels()[index].set_fontweight("bold")
    ax.set_ylim(row - 0.45, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], _PERCENT)
    quiet_axis(ax)
    ax.grid(visible=False)
    ax.tick_params(axis="x", labelcolor=MUTED)
    ax.set_title("Where the evidence for the predicted class lies")
    return ax


def _draw_group(ax: Axes, row: int, group: GroupEvidence) -> None:
    unit = "crop" if group.crops == 1 else "crops"
    ax.annotate(f"{group.crops:,} {unit}", (1, row), (6, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="center_baseline", fontsize=8.5, color=MUTED)  # fmt: skip
    figure = group.of(FIGURE)
    if not group.crops:
        write_inside(ax, 0.5, row, "no evidence for the predicted class", fontsize=8.5, color=MUTED)
        return
    start = 0.0
    for region, color in REGION_COLORS.items():
        share = group.of(region).share
        ax.barh(row, share, 0.7, start, color=color, edgecolor=PAPER, linewidth=0.6)
        if share >= 0.055:
            at = _beside(figure.area, start, share)
            write_inside(ax, at, row, f"{100 * share:.0f} %", fontsize=8, color=ink_on(color))
        start += share
    if group.screenshots > 1:
        ax.plot(figure.interval, [row + 0.27] * 2, color=INK, linewidth=1.2, solid_capstyle="butt", zorder=4)
    ax.plot([figure.area] * 2, [row - 0.44, row + 0.44], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=5)


def _draw_curve(ax: Axes, curves: TrustCurves, own: Numbers, random: Numbers, *, title: str) -> None:
    for line in own if len(own) > 1 else ():
        ax.plot(curves.shares, line, color=_MAP, linewidth=0.8, alpha=0.25)
    mean, chance = own.mean(axis=0), random.mean(axis=0)
    ax.fill_between(curves.shares, mean, chance, color=_MAP, alpha=0.08, linewidth=0)
    ax.plot(curves.shares, chance, color=_CHANCE, linewidth=2.2, linestyle=(0, (4, 1.5)))
    ax.plot(curves.shares, mean, color=_MAP, linewidth=2.2)
    widths = np.diff(curves.shares)
    area, by_chance = (float(((line[1:] + line[:-1]) / 2 * widths).sum()) for line in (mean, chance))
    ax.set_title(title)
    ax.set_title(f"area {area:.2f}, random {by_chance:.2f}", loc="right", fontsize=9, fontweight="normal", color=MUTED)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], _PERCENT)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], _PERCENT)
    quiet_axis(ax, grid="both")


def _beside(mark: float, start: float, share: float) -> float:
    """Return the middle of a segment, or a position beside the mark where the text would cross it."""
    middle = start + share / 2
    if abs(middle - mark) >= _TEXT:
        return middle
    after, before = mark + _TEXT, mark - _TEXT
    if after + _TEXT <= start + share:
        return after
    return before if before - _TEXT >= start else middle


def _name(region: str) -> str:
    return _NAMES.get(region, region.capitalize())
