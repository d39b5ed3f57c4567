import numpy as np
import pytest

from toonvision.core.seeds import generator
from toonvision.explain.evidence import Evidence, summarise
from toonvision.explain.trust import Randomisation, TrustCurves
from toonvision.figures.panels import draw, to_png
from toonvision.figures.style import new_figure
from toonvision.figures.trust import (
    REGION_COLORS,
    draw_evidence,
    draw_randomisation,
    draw_randomisations,
    draw_trust_curves,
)
from toonvision.figures.values import EvidenceBars


def curves(pictures=6, steps=20):
    rng = generator(0, "curves")
    shares = np.arange(steps + 1) / steps
    steep = rng.uniform(3, 9, (pictures, 1))
    deletion = 0.3 + 0.6 * np.exp(-steep * shares)
    insertion = 0.92 - 0.62 * np.exp(-steep * shares)
    random = np.tile(0.9 - 0.6 * shares**2, (pictures, 1))
    return TrustCurves(shares, deletion, insertion, random, random[:, ::-1])


def groups(names, *, empty=False):
    rng = generator(0, "evidence")
    crops = 60
    shares = rng.dirichlet([2.2, 0.6, 4, 2, 0.5], crops)
    areas = rng.dirichlet([35, 6, 30, 18, 3], crops)
    if empty:
        shares[:] = np.nan
    return summarise(Evidence(shares, areas), [names[at % len(names)] for at in range(crops)])


def steps():
    rng = generator(0, "similarity")
    return [
        Randomisation(name, fresh, 3, np.clip(rng.normal(mean, 0.12, 12), -1, 1))
        for fresh, (name, mean) in enumerate([("dense", 0.45), ("conv2d_1", 0.2), ("conv2d", -0.1)], start=1)
    ]


def sections():
    streets = groups(["Toontown Central", "Donald's Dock", "Daisy Gardens"])
    return [
        ("", groups(["All"])),
        ("By suit", groups(["Bossbot", "Lawbot", "Cashbot", "Sellbot"])),
        ("By context", streets),
    ]


def test_curves_show_mean_each_image_and_chance_with_their_areas():
    made = curves()
    left, right = draw_trust_curves(made).axes
    assert left.get_title() == ""
    assert left.get_title(loc="left") == "Deletion (lower is better)"
    assert right.get_title(loc="left") == "Insertion (higher is better)"
    area, chance = made.area("deletion").mean(), made.area("random_deletion").mean()
    assert left.get_title(loc="right") == f"area {area:.2f}, random {chance:.2f}"
    assert len(left.lines) == 6 + 2
    assert left.lines[-1].get_ydata() == pytest.approx(made.deletion.mean(axis=0))


def test_curves_of_one_image_are_drawn_once():
    left, _ = draw_trust_curves(curves(pictures=1)).axes
    assert len(left.lines) == 2


def test_randomisation_shows_every_image_and_the_mean_size():
    ax = draw_randomisation(new_figure(6, 3).subplots(), steps())
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [len(line.get_ydata()) for line in dots] == [12, 12, 12]
    assert min(dots[2].get_ydata()) >= 0
    assert [text.get_text() for text in ax.texts[:3]] == [f"{step.mean:.2f}" for step in steps()]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["dense", "and conv2d_1", "and conv2d"]


def test_all_weights_at_once_are_called_all_layers():
    (ax,) = draw_randomisations(tuple(steps()[-1:])).axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["all layers"]


def test_bars_stack_to_one_and_mark_the_area_of_the_object():
    made = sections()
    (ax,) = draw_evidence(EvidenceBars(made)).axes
    first = [bar for bar in ax.patches if abs(bar.get_y() + bar.get_height() / 2) < 0.01]
    assert len(first) == len(REGION_COLORS)
    assert sum(bar.get_width() for bar in first) == pytest.approx(1)
    (everything,) = made[0][1]
    marks = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert marks[0] == pytest.approx(everything.of("figure").area)
    assert len(marks) == 8
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[:3] == ["All", "By suit", "Bossbot"]
    assert ax.get_yticklabels()[1].get_fontweight() == "bold"


def test_a_group_without_any_evidence_says_so():
    (ax,) = draw_evidence(EvidenceBars([("", groups(["All"], empty=True))])).axes
    assert not ax.patches
    assert "no evidence for the predicted class" in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("value", [curves(), tuple(steps()), EvidenceBars(sections())])
def test_figures_render(value):
    assert to_png(draw(value), dpi=40).startswith(b"\x89PNG")
