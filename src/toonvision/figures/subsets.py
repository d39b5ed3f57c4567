"""How a split came out: samples of each class in each part."""

from matplotlib.figure import Figure

from toonvision.data.balance import CountTable
from toonvision.figures.counts import column_handles, draw_counts
from toonvision.figures.style import WIDTH, new_figure, styled


@styled
def draw_subsets(table: CountTable) -> Figure:
    """Draw one bar a class, made of its training, validation and test samples.

    Args:
        table: Samples a class and part.
    """
    count = len(table.classes)
    figure = new_figure(WIDTH, 1.15 + count * (0.42 if count <= 8 else 0.24))
    title = f"Samples by {table.level.title.lower() if table.level.title.istitle() else table.level.title} and part"
    draw_counts(figure.subplots(), table, title=title, details=True, size=9.0 if count <= 12 else 8.0)
    figure.legend(handles=column_handles(table.columns), loc="outside upper center", ncols=len(table.columns),
                  handlelength=1.0, handleheight=1.0)  # fmt: skip
    return figure
