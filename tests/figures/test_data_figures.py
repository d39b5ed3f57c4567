import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from figures import examples
from toonvision.data.balance import CountTable, measure_balance
from toonvision.figures.data import (
    Group,
    draw_balance,
    draw_counts,
    draw_shortages,
    draw_subsets,
    label_groups,
    lay_out,
    missing_counts,
    shown_tables,
)
from toonvision.figures.panels import save_png, to_png
from toonvision.figures.style import SETTINGS, ink_on, new_figure
from toonvision.figures.values import BalanceBars, ShortageMap
from toonvision.taxonomy.labels import Category, Level, Targets


def texts(ax):
    return [text.get_text() for text in ax.texts]


def all_axes(figure):
    return [ax for part in ([figure, *figure.subfigs]) for ax in part.axes] if figure.subfigs else figure.axes


@pytest.fixture(scope="module")
def toontown():
    return examples.toontown_balance()


@pytest.fixture(scope="module")
def balance_figure(toontown):
    return draw_balance(BalanceBars(*toontown))


def test_toontowns_balance_has_panels_for_labels_kinds_suits_and_animals(toontown):
    balance, taxonomy = toontown
    assert [table.level.name for table in shown_tables(balance, taxonomy)] == ["label", "kind", "suit", "animal"]


def test_each_panel_says_how_many_samples_it_shows(balance_figure):
    titles = [ax.get_title(loc="left") for ax in dict.fromkeys(all_axes(balance_figure))]
    assert titles == [
        "Samples by label: 1,035 (dashed: target 30)",
        "Samples by kind: 1,035",
        "Samples by suit: 862",
        "Samples by animal: 173",
    ]


def test_labels_stand_in_the_taxonomys_order_below_their_groups(balance_figure, toontown):
    ax = balance_figure.subfigs[0].axes[0]
    rows = sorted(zip(ax.get_yticks(), (tick.get_text() for tick in ax.get_yticklabels()), strict=True))
    names = [name for _, name in rows]
    assert names[:3] == ["Bossbot", "Flunky", "Pencil Pusher"]
    assert names.index("Lawbot") == names.index("The Big Cheese") + 1
    assert names[-1] == "Rabbit"
    assert len(names) == 43 + 5


def test_bars_add_up_to_the_totals_behind_them(balance_figure, toontown):
    table = toontown[0].tables[0]
    ax = balance_figure.subfigs[0].axes[0]
    widths = np.array([[bar.get_width() for bar in container] for container in ax.containers])
    np.testing.assert_array_equal(widths.T, table.counts)
    written = texts(ax)
    assert all(f"{total:,}" in written for total in table.totals.tolist())


def test_segments_have_their_contexts_colour(balance_figure, toontown):
    ax = balance_figure.subfigs[1].axes[0]
    colors = [to_hex(container[0].get_facecolor()).upper() for container in ax.containers]
    assert colors == [context.color for context in toontown[1].contexts]


def test_a_single_context_lets_bars_have_their_classes_colours():
    taxonomy = examples.plain_taxonomy("Platelets", "RBC", "WBC")
    figure = draw_balance(BalanceBars(measure_balance(examples.blood_crops(), taxonomy), taxonomy))
    (ax,) = figure.axes
    assert [bar.get_width() for bar in ax.containers[0]] == [36, 415, 37]
    colors = [to_hex(bar.get_facecolor()).upper() for bar in ax.containers[0]]
    assert colors == [category.color for category in taxonomy.level("label").classes]
    assert not figure.legends


def test_numbers_are_left_out_of_segments_that_are_too_narrow():
    level = Level("part", "Part", (Category("a", "A", "#0072B2"),))
    columns = tuple(Category(name, name, "#E69F00") for name in ("wide", "narrow"))
    table = CountTable(level, level.classes, columns, np.array([[997, 3]]))
    ax = draw_counts(new_figure(6, 2).subplots(), table, title="t")
    assert texts(ax) == ["997", "1,000"]


@pytest.mark.parametrize(("color", "ink"), [("#E69F00", "#000000"), ("#332288", "#ffffff"), ("#117733", "#ffffff")])
def test_text_on_a_colour_is_black_or_white_whichever_contrasts_more(color, ink):
    assert ink_on(color) == ink


def test_groups_follow_the_most_specific_level_that_groups(toontown):
    assert [(group.title, group.size) for group in label_groups(toontown[1])] == [
        ("Bossbot", 8), ("Lawbot", 8), ("Cashbot", 8), ("Sellbot", 8), ("Toon", 11)
    ]  # fmt: skip
    assert label_groups(examples.plain_taxonomy("a", "b")) == ()


def test_rows_below_a_heading_never_overlap():
    rows = lay_out(3, (Group("one", 2), Group("two", 1)))
    places = sorted([*rows.positions, *(at for at, _ in rows.headings)])
    assert min(np.diff(places)) >= 1
    assert rows.height > places[-1]


def test_the_map_of_shortages_writes_what_is_missing_and_leaves_the_rest_empty(toontown):
    balance, taxonomy = toontown
    figure = draw_shortages(ShortageMap(balance, taxonomy))
    written = [int(text) for ax in figure.axes for text in texts(ax)]
    assert sorted(written) == sorted(shortage.missing for shortage in balance.shortages)
    assert missing_counts(balance).sum() == sum(written)
    assert len(figure.axes) == 2
    title = figure.get_suptitle()
    assert title == "Missing samples (target: 30 of each label, at least 5 in each context)"


def test_many_labels_without_groups_are_cut_in_halves():
    taxonomy = examples.plain_taxonomy(*(f"label {number}" for number in range(31)))
    crops = [examples.crop("label 0", context, 1) for context in ("here", "there")]
    balance = measure_balance(crops, taxonomy.with_targets(Targets(30, 5)))
    figure = draw_shortages(ShortageMap(balance, taxonomy))
    assert [len(ax.get_yticks()) for ax in figure.axes] == [16, 15]


def test_the_split_shows_all_three_subsets_of_every_class(toontown):
    split = examples.split_summary(toontown[1], examples.toontown_crops())
    table = next(table for table in split.tables if table.level.name == "suit")
    (ax,) = draw_subsets(table).axes
    widths = np.array([[bar.get_width() for bar in container] for container in ax.containers])
    np.testing.assert_array_equal(widths.T, table.counts)
    assert "  ".join(str(count) for count in table.counts[0]) in texts(ax)


def test_labels_with_dollars_and_braces_are_written_as_they_are(tmp_path):
    taxonomy = examples.plain_taxonomy("$x^{$", "<b>&", "a_b", "トゥーン")
    balance = measure_balance([examples.crop("$x^{$", "all", 0)], taxonomy)
    figure = draw_balance(BalanceBars(balance, taxonomy))
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["$x^{$", "<b>&", "a_b", "トゥーン"]
    assert to_png(figure, dpi=40).startswith(b"\x89PNG")


def test_a_figure_is_saved_whole_and_the_same_bytes_come_back(tmp_path):
    path = tmp_path / "new" / "figure.png"
    figure = Figure(figsize=(1, 1))
    content = save_png(figure, path, dpi=50)
    assert path.read_bytes() == content == to_png(figure, dpi=50)
    assert [file.name for file in path.parent.iterdir()] == ["figure.png"]


def test_drawing_leaves_matplotlibs_own_settings_alone(toontown):
    import matplotlib as mpl

    before = {name: mpl.rcParams[name] for name in SETTINGS}
    draw_shortages(ShortageMap(*toontown))
    assert {name: mpl.rcParams[name] for name in SETTINGS} == before
