from collections.abc import Iterator
from functools import partial

import pytest

from toonvision.figures import panels
from toonvision.figures.panels import save_png


@pytest.fixture(scope="session", autouse=True)
def small_pictures() -> Iterator[None]:
    """Draw at a low resolution: what these tests promise does not depend on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "save_png", partial(save_png, dpi=30))
        yield
