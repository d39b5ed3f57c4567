"""Class activation maps beside and upon their images: a column for each class."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from toonvision.core.wording import percent
from toonvision.data.arrays import Pictures
from toonvision.figures import style
from toonvision.figures.style import DPI, INK, MUTED, WIDTH, WRONG, styled
from toonvision.figures.values import MapGrid, MapRows
from toonvision.taxonomy.labels import Category

Maps = npt.NDArray[np.float32]

EVIDENCE: Colormap = LinearSegmentedColormap.from_list(
    "evidence", ["#00407A", "#0072B2", "#7DB8DC", "#F6F6F4", "#F2AE72", "#D55E00", "#7F2E00"]
)
"""Blue is evidence against a class, orange for it; distinguishable with every kind of colour vision."""

_MOST = 8
_STRONGEST = 0.995
_GREY = np.array([0.299, 0.587, 0.114])
"""How bright red, green and blue are to the eye (ITU-R BT.601)."""

_GAP, _HEAD, _BAR, _FOOT, _LEAST = 0.12, 0.66, 0.95, 0.55, 7.6
"""Inches: between images, above a column, beside the last one and below the last row for the colour bar, and the
least width of rows, which leaves its words room."""
_STRONG, _WEAK = 2.5, 0.8
"""Points of a frame."""


@styled
def draw_map_grid(grid: MapGrid) -> Figure:
    """Draw an image and, a column for each class, its maps: alone above, upon the image below.

    Of more than 8 classes the most probable are shown, and the true one.
    """
    picture, classes, y_true, predicted = grid.picture, grid.classes, grid.y_true, grid.predicted
    shown = _shown(grid.probabilities, predicted if y_true is None else y_true, predicted)
    height, width = picture.shape[:2]
    wide = min((WIDTH - _BAR) / (len(shown) + 1) - _GAP, 3.0 * width / height)
    tall = wide * height / width
    cell = max(wide + _GAP, min(1.5, (WIDTH - _BAR) / (len(shown) + 1)))
    figure = style.sheet(cell * (len(shown) + 1) + _BAR, 2 * tall + _HEAD + 3 * _GAP)
    size = 9.5 if cell > 1.3 else 8.0
    room = int(cell * 72 / (0.69 * size))
    limits = _limits(grid.maps[shown], each=grid.normalise_each)
    for column, (index, limit) in enumerate(zip(shown, limits, strict=True), start=1):
        left = column * cell + (cell - wide) / 2
        upper = draw_map(
            style.axes_at(figure, left, _HEAD, wide, tall), grid.maps[index], picture.shape[:2], limit=limit
        )
        lower = style.axes_at(figure, left, _HEAD + tall + _GAP, wide, tall)
        draw_superimposed(lower, picture, grid.maps[index], limit=limit)
        marks = " and ".join(word for word, at in (("predicted", predicted), ("true", y_true)) if at == index)
        _head_column(upper, classes[index], grid.probabilities[index], marks, size, room)
        for ax in (upper, lower):
            style.frame(ax, classes[index].color, _STRONG if index == predicted else _WEAK)
    color = MUTED if y_true is None else classes[y_true].color
    style.show_picture(
        style.axes_at(figure, (cell - wide) / 2, _HEAD + tall + _GAP, wide, tall), picture, color, aspect="auto"
    )
    verdict = style.axes_at(figure, 0.08, _HEAD, cell - 0.16, tall)
    truth = None if y_true is None else classes[y_true].title
    _write_verdict(verdict, truth, classes[predicted].title, grid.probabilities[predicted], size, room)
    bar = style.axes_at(figure, cell * (len(shown) + 1) + 0.1, _HEAD, 0.13, 2 * tall + _GAP)
    _draw_bar(bar, limits, grid.unit, each=grid.normalise_each, vertical=True)
    return figure


@styled
def draw_map_rows(rows: MapRows) -> Figure:
    """Draw several images, a row for each: the image, then the maps of the classes upon it.

    Narrow rows stand beside each other. Of more than 8 classes the most probable of each image are shown, and the true
    one.
    """
    predicted = rows.probabilities.argmax(axis=1)
    shown = [
        _shown(given, int(t), int(p)) for given, t, p in zip(rows.probabilities, rows.y_true, predicted, strict=True)
    ]
    cells = len(shown[0]) + 1
    height, width = rows.pictures.shape[1:3]
    wide = min(WIDTH / cells - _GAP, max(0.6, 1.8 * width / height))
    tall = wide * height / width
    pictures = _as_shown(rows.pictures, (round(wide * DPI), round(tall * DPI)))
    strip, step = cells * (wide + 0.06) + 2 * _GAP, tall + 0.78
    across = max(1, min(len(pictures), int(WIDTH / strip)))
    down = math.ceil(len(pictures) / across)
    figure = style.sheet(max(_LEAST, across * strip), down * step + _FOOT)
    maps = [values[indices] for values, indices in zip(rows.maps, shown, strict=True)]
    limits = _limits(np.concatenate(maps), each=False)
    for number, (picture, indices) in enumerate(zip(pictures, shown, strict=True)):
        left, top = number % across * strip + _GAP, number // across * step + 0.3
        truth, said = rows.classes[rows.y_true[number]], rows.classes[predicted[number]]
        ax = style.axes_at(figure, left, top, wide, tall)
        style.show_picture(ax, picture, truth.color, aspect="auto")
        title = f"{truth.title}, right" if truth == said else f"{truth.title}, predicted {said.title}"
        title = style.shorten(title, int(strip * 72 / 5.2))
        ax.set_title(title, fontsize=8.5, pad=5, color=INK if truth == said else WRONG)
        for column, index in enumerate(indices, start=1):
            ax = style.axes_at(figure, left + column * (wide + 0.06), top, wide, tall)
            limit = limits[number * len(indices) + column - 1]
            draw_superimposed(ax, picture, rows.maps[number, index], limit=limit)
            category, strong = rows.classes[index], index == predicted[number]
            style.frame(ax, category.color, _STRONG if strong else _WEAK)
            name = style.shorten(category.title, max(5, int((wide + 0.06) * 72 / 4.2)))
            look: style.Look = {"fontsize": 7, "linespacing": 1.25, "color": INK if strong else MUTED}
            style.write_below(ax, (f"{name}\n{percent(rows.probabilities[number, index], 0)}", look))
    bar = style.axes_at(figure, 0.4, down * step + 0.06, 3.0, 0.12)
    _draw_bar(bar, limits, rows.unit, each=False, vertical=False)
    return figure


@styled
def draw_map(ax: Axes, values: Maps, size_hw: tuple[int, int], *, limit: float) -> Axes:
    """Draw one map in its own few cells, in the shape of its image.

    Args:
        ax: Where to draw.
        values: Signed evidence, shape ``(height, width)``.
        size_hw: Height and width of the image.
        limit: The evidence, for or against, that has the strongest colour.
    """
    extent = (-0.5, size_hw[1] - 0.5, size_hw[0] - 0.5, -0.5)
    ax.imshow(values, cmap=EVIDENCE, vmin=-limit, vmax=limit, extent=extent, interpolation="nearest", aspect="auto")
    style.bare(ax)
    return ax


@styled
def draw_superimposed(ax: Axes, picture: Pictures, values: Maps, *, limit: float) -> Axes:
    """Draw one map upon its image, which is greyed, so that all colour is evidence.

    Args:
        ax: Where to draw.
        picture: Shape ``(height, width, 3)``, 0 to 255.
        values: Signed evidence, shape ``(height, width)`` of any size; it is stretched bilinearly.
        limit: The evidence, for or against, that has the strongest colour.
    """
    ax.imshow(superimposed(picture, values, limit=limit), interpolation="lanczos", aspect="auto")
    style.bare(ax)
    return ax


def superimposed(picture: Pictures, values: Maps, *, limit: float) -> Pictures:
    """Lay the colours of a map on an image, greyed and of full contrast, the more opaque the stronger the evidence.

    Args:
        picture: Shape ``(height, width, 3)``, 0 to 255.
        values: Signed evidence, shape ``(height, width)`` of any size.
        limit: The evidence, for or against, that has the strongest colour.

    Returns:
        The shape of the image, uint8.
    """
    height, width = picture.shape[:2]
    whole = Image.fromarray(values.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    shares = np.clip(np.asarray(whole) / limit, -1, 1)
    # Beginning away from the scale's white, weak evidence is a thin veil of blue or orange and not a white one.
    colors = EVIDENCE(0.5 + 0.15 * np.sign(shares) + 0.35 * shares)[..., :3]
    bright = picture @ _GREY
    darkest, brightest = np.quantile(bright[::4, ::4], (0.01, 0.99))
    grey = 0.3 + 0.65 * np.clip((bright - darkest) / max(1.0, brightest - darkest), 0, 1)[..., np.newaxis]
    opacity = 0.9 * np.abs(shares)[..., np.newaxis] ** 0.7
    return np.asarray(np.rint(255 * (grey * (1 - opacity) + colors * opacity)), dtype=np.uint8)


def _shown(probabilities: npt.NDArray[np.float32], y_true: int, predicted: int) -> list[int]:
    """Return the indices of the classes to show: all, or of many the true, the predicted and the most probable ones."""
    if len(probabilities) <= _MOST:
        return list(range(len(probabilities)))
    kept = list(dict.fromkeys([predicted, y_true, *np.argsort(-probabilities, kind="stable").tolist()]))[:_MOST]
    return sorted(kept, key=lambda index: (-float(probabilities[index]), index))


def _limits(maps: Maps, *, each: bool) -> list[float]:
    """Return the evidence that has the strongest colour, for each map, from its own values or from all; never 0.

    One value in 200 is beyond it, as the single strongest would make the rest pale.
    """
    strengths = np.abs(maps).reshape(len(maps), -1)
    limits = np.quantile(strengths, _STRONGEST, axis=1 if each else None) * np.ones(len(maps))
    return [float(limit or most or 1.0) for limit, most in zip(limits, strengths.max(axis=1), strict=True)]


def _as_shown(pictures: Pictures, size_wh: tuple[int, int]) -> Pictures:
    """Shrink large images to the size at which they are shown, once for all maps that are laid on them."""
    if size_wh[0] >= pictures.shape[2] or size_wh[1] >= pictures.shape[1]:
        return pictures
    return np.stack([np.asarray(Image.fromarray(one).resize(size_wh, Image.Resampling.LANCZOS)) for one in pictures])


def _head_column(ax: Axes, category: Category, share: float, marks: str, size: float, room: int) -> None:
    """Write class, probability and marks above a column."""
    ax.set_title(style.shorten(category.title, room), fontsize=size, loc="center", pad=27)
    look: style.Look = {"xycoords": "axes fraction", "ha": "center", "va": "bottom", "fontsize": 8, "linespacing": 1.3}
    style.note(ax, f"{percent(share, 0)}\n{marks}", (0.5, 1), (0, 4), color=INK if marks else MUTED, **look)


def _write_verdict(ax: Axes, y_true: str | None, predicted: str, confidence: float, size: float, room: int) -> None:
    """Write the true and the predicted class above the image."""
    ax.set_axis_off()
    color = INK if y_true in {None, predicted} else WRONG
    small, bold = {"fontsize": 8, "color": MUTED}, {"fontsize": size, "fontweight": "bold"}
    lines: list[tuple[str, int, style.Look]] = [
        ("True class", 66, small),
        (style.shorten(y_true or "not known", room), 53, {**bold, "color": INK}),
        ("Predicted", 32, small),
        (style.shorten(predicted, room), 19, {**bold, "color": color}),
        (f"with {percent(confidence, 0)}", 7, small),
    ]
    for text, up, look in lines:
        style.note(ax, text, (0, 0), (0, up), xycoords="axes fraction", va="bottom", **look)


def _draw_bar(ax: Axes, limits: Sequence[float], unit: str, *, each: bool, vertical: bool) -> None:
    """Draw the scale: blue against a class, orange for it."""
    ramp = np.linspace(-1, 1, 255)
    image = ramp[::-1, np.newaxis] if vertical else ramp[np.newaxis]
    ax.imshow(image, cmap=EVIDENCE, vmin=-1, vmax=1, aspect="auto", extent=(0, 1, -1, 1) if vertical else (-1, 1, 0, 1))
    most = "most" if each else f"{limits[0]:.2g}"
    ticks, names = (-1, 0, 1), (f"−{most}", "0", f"+{most}")
    label = f"{unit}, each map on its own scale" if each else unit
    label = f"{label}: blue against, orange for the class"
    if vertical:
        ax.set_yticks(ticks, names)
        ax.set_xticks([])
        ax.yaxis.tick_right()
        ax.yaxis.set_label_position("right")
        ax.set_ylabel(label, fontsize=8)
    else:
        ax.set_xticks(ticks, names)
        ax.set_yticks([])
        style.note(ax, label, (1, 0.5), (14, 0), xycoords="axes fraction", va="center", fontsize=8, color=MUTED)
    ax.tick_params(length=0, labelsize=8)
    ax.spines[:].set_visible(False)
