"""Workspaces that benchmarks share: the sample world, drawn, extracted and split."""

from pathlib import Path

from toonvision.cli.sample_world import SampleOrder, draw_into
from toonvision.data.extraction import extract
from toonvision.data.split_plan import draw_split
from toonvision.data.splits import SIXTY_TWENTY_TWENTY
from toonvision.data.workspace import Workspace, open_workspace


def sample_workspace(root: Path, *, scale: float = 1.0, masks: bool = False) -> Workspace:
    """Draw, extract and split the sample world with seed 0, or find it done.

    Args:
        root: The workspace's folder; delete it after the drawing code has changed.
        scale: Factor on the published counts.
        masks: Whether to draw masks too.
    """
    draw_into(root, SampleOrder(seed=0, scale=scale, masks=masks))
    return extracted_and_split(root)


def extracted_and_split(root: Path) -> Workspace:
    """Extract and split a workspace as a user does by default."""
    workspace = open_workspace(root)
    extract(workspace)
    draw_split(workspace, ratios=SIXTY_TWENTY_TWENTY, seed=0, replace=True)
    return workspace
