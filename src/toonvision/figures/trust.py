"""Checks of maps: deletion and insertion, random weights, and where the evidence lies."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from toonvision.explain.evidence import FIGURE, GroupEvidence
from toonvision.explain.trust import SURVIVES, Randomisation, TrustCurves
from toonvision.figures import style
from toonvision.figures.style import INK, MUTED, PAPER, WIDTH, styled
from toonvision.figures.values import EvidenceBars

REGION_COLORS = {
    "cloth": "#0072B2",
    "head": "#E69F00",
    "hands": "#CC79A7",
    "other": "#969696",
    "background": "#DDE1E7",
}
"""The colours of the regions in the masks of a drawn world."""

_MAP, _CHANCE = "#0072B2", "#B26A00"
_LINE = (0, (4, 1.5))
_QUARTERS, _PERCENT = (0, 0.25, 0.5, 0.75, 1), ("0 %", "25 %", "50 %", "75 %", "100 %")
_TEXT = 0.03
"""Half of the width of a percentage, as a share of the bar."""
_NAMES = {"other": "Rest of the object"}


@styled
def draw_trust_curves(curves: TrustCurves) -> Figure:
    """Draw deletion and insertion beside each other, each with its random order."""
    figure = style.new_figure(WIDTH, 3.6)
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_curve(left, curves, "deletion")
    left.set_title("Deletion (lower is better)")
    left.set_xlabel("Pixels removed, the most important first")
    left.set_ylabel("Probability of the class")
    _draw_curve(right, curves, "insertion")
    right.set_title("Insertion (higher is better)")
    right.set_xlabel("Pixels shown, the most important first")
    several = len(curves.deletion) > 1
    handles = [
        style.key("In the map's order" + (", on average" if several else ""), color=_MAP, linewidth=2.2),
        style.key("In random orders", color=_CHANCE, linewidth=2.2, linestyle=_LINE),
    ]
    if several:
        handles.append(style.key("Thin: each image", color=_MAP, linewidth=0.8, alpha=0.4))
    style.add_legend(figure, handles)
    return figure


@styled
def draw_randomisations(steps: tuple[Randomisation, ...]) -> Figure:
    """Draw `draw_randomisation` in a figure of its own."""
    figure = style.new_figure(max(5.5, min(WIDTH, 2.2 + 1.5 * len(steps))), 3.4)
    draw_randomisation(figure.subplots(), steps)
    return figure


@styled
def draw_randomisation(ax: Axes, steps: Sequence[Randomisation]) -> Axes:
    """Draw how similar maps stay while layer after layer gets random weights, the head first."""
    for at, step in enumerate(steps):
        sizes = np.abs(step.similarity)
        aside = np.linspace(-0.16, 0.16, len(sizes)) if len(sizes) > 1 else np.zeros(1)
        ax.plot(at + aside, sizes, "o", color=_MAP, markersize=4, alpha=0.45, markeredgewidth=0)
        ax.plot([at - 0.26, at + 0.26], [step.mean] * 2, color=INK, linewidth=2.2, solid_capstyle="butt")
        look: style.Look = {"fontsize": 9, "fontweight": "bold"}
        style.note(ax, f"{step.mean:.2f}", (at + 0.26, step.mean), (5, 0), **look)
    ax.axhline(SURVIVES, color=_CHANCE, linewidth=1.2, linestyle=_LINE, zorder=0)
    look = {"xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom", "path_effects": style.halo()}
    text = "above: the map does not depend on the weights"
    style.note(ax, text, (1, SURVIVES), (0, 3), fontsize=8, color=_CHANCE, **look)
    names = [style.shorten(step.layer, 18) for step in steps]
    one_by_one = [names[0], *(f"and {name}" for name in names[1:])]
    ax.set_xticks(range(len(steps)), one_by_one if steps[0].fresh == 1 else ["all layers"] * len(steps))
    ax.set_xlim(-0.6, len(steps) - 0.35)
    ax.set_ylim(-0.03, 1.03)
    style.quiet_axis(ax, grid="y")
    ax.set_xlabel("Layers with random weights, from the head down")
    ax.set_ylabel("Rank correlation (absolute)")
    ax.set_title("Similarity to the trained network's maps (lower is better)")
    return ax


@styled
def draw_evidence(value: EvidenceBars) -> Figure:
    """Draw `draw_evidence_bars` in a figure of its own, with a legend."""
    rows = sum(len(groups) + bool(title) for title, groups in value.sections)
    figure = style.new_figure(WIDTH, 1.35 + 0.42 * rows)
    draw_evidence_bars(figure.subplots(), value.sections)
    handles: list[Artist] = [
        *(Patch(facecolor=color, label=_NAMES.get(name, name.capitalize())) for name, color in REGION_COLORS.items()),
        style.key("Area of the object: an even map", color=INK, marker="|", markersize=13, markeredgewidth=2.2),
        style.key("95 % interval", color=INK, linewidth=1.2),
    ]
    style.add_legend(figure, handles, handlelength=1.0, handleheight=1.0, columnspacing=1.3)
    return figure


@styled
def draw_evidence_bars(ax: Axes, sections: Sequence[tuple[str, Sequence[GroupEvidence]]]) -> Axes:
    """Draw where the evidence lies: a bar for each group, below a heading for each section.

    A bar shows the regions of the object, then the background; a mark shows the object's area.

    Args:
        ax: Where to draw.
        sections: Heading and groups.
    """
    names: list[str] = []
    headings = []
    for title, groups in sections:
        if title:
            headings.append(len(names))
            names.append(title)
        for group in groups:
            _draw_group(ax, len(names), group)
            names.append(style.shorten(group.name, 28))
    style.name_rows(ax, names)
    for row in headings:
        ax.get_yticklabels()[row].set_fontweight("bold")
    ax.set_xlim(0, 1)
    ax.set_xticks(_QUARTERS, _PERCENT)
    style.quiet_axis(ax)
    ax.grid(visible=False)
    ax.tick_params(axis="x", labelcolor=MUTED)
    ax.set_title("Where the evidence for the predicted class lies")
    return ax


def _draw_group(ax: Axes, row: int, group: GroupEvidence) -> None:
    style.note_row(ax, row, f"{group.crops:,} {'crop' if group.crops == 1 else 'crops'}")
    figure = group.of(FIGURE)
    if not group.crops:
        style.write_inside(ax, 0.5, row, "no evidence for the predicted class", fontsize=8.5, color=MUTED)
        return
    start = 0.0
    for region, color in REGION_COLORS.items():
        share = group.of(region).share
        ax.barh(row, share, 0.7, start, color=color, edgecolor=PAPER, linewidth=0.6)
        if share >= 0.055:
            at = _beside(figure.area, start, share)
            style.write_inside(ax, at, row, f"{100 * share:.0f} %", fontsize=8, color=style.ink_on(color))
        start += share
    if group.screenshots > 1:
        ax.plot(figure.interval, [row + 0.27] * 2, color=INK, linewidth=1.2, solid_capstyle="butt", zorder=4)
    ax.plot([figure.area] * 2, [row - 0.44, row + 0.44], color=INK, linewidth=2.2, solid_capstyle="butt", zorder=5)


def _draw_curve(ax: Axes, curves: TrustCurves, name: Literal["deletion", "insertion"]) -> None:
    own = getattr(curves, name)
    for line in own if len(own) > 1 else ():
        ax.plot(curves.shares, line, color=_MAP, linewidth=0.8, alpha=0.25)
    mean, chance = own.mean(axis=0), getattr(curves, f"random_{name}").mean(axis=0)
    ax.fill_between(curves.shares, mean, chance, color=_MAP, alpha=0.08, linewidth=0)
    ax.plot(curves.shares, chance, color=_CHANCE, linewidth=2.2, linestyle=_LINE)
    ax.plot(curves.shares, mean, color=_MAP, linewidth=2.2)
    by_chance = curves.area("random_deletion" if name == "deletion" else "random_insertion")
    style.side_title(ax, f"area {curves.area(name).mean():.2f}, random {by_chance.mean():.2f}")
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.02, 1.02)
    ax.set_xticks(_QUARTERS, _PERCENT)
    ax.set_yticks(_QUARTERS, _PERCENT)
    style.quiet_axis(ax, grid="both")


def _beside(mark: float, start: float, share: float) -> float:
    """Return the middle of a segment, or a position beside the mark where the text would cross it."""
    middle = start + share / 2
    if abs(middle - mark) >= _TEXT:
        return middle
    after, before = mark + _TEXT, mark - _TEXT
    if after + _TEXT <= start + share:
        return after
    return before if before - _TEXT >= start else middle
