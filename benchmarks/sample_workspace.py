"""The workspace that benchmarks on the sample world share: the published counts, seed 0, cut and split."""

from pathlib import Path

from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY
from toonvision.data.workspace import Workspace, open_workspace


def sample_workspace(root: Path) -> Workspace:
    """Draw, cut and split the sample world, or find it done; delete the folder after the drawing code changed."""
    draw_into(root, SampleOrder(seed=0))
    workspace = open_workspace(root)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0, replace=True)
    return workspace
