"""The example at the top of the package runs as it stands, and again."""

import contextlib
import random
import textwrap
from dataclasses import replace

import numpy as np
import pytest

import toonvision
from builders import Shot, write_voc
from toonvision.studies import suspects
from toonvision.training import recipes
from toonvision.tuning import options
from toonvision.tuning import recipes as tuning_recipes

pytestmark = pytest.mark.usefixtures("eager")

LABELS = ("cog_bb_flunky", "cog_lb_bottomfeeder", "cog_cb_shortchange", "cog_sb_coldcaller")
SIZE_HW = (48, 48)


@pytest.fixture
def quick(monkeypatch):
    """Let everything train for one epoch on small images: what is tested is that the lines work."""
    monkeypatch.setattr("toonvision.data.setup.DEFAULT_SIZE_HW", SIZE_HW)
    monkeypatch.setattr(recipes, "_COMPACT", replace(recipes._COMPACT, epochs=1))
    monkeypatch.setattr(tuning_recipes, "PUBLISHED_TRAINING", replace(tuning_recipes.PUBLISHED_TRAINING, epochs=1))
    monkeypatch.setitem(options.DEFAULTS, "trials", 2)
    monkeypatch.setitem(options.DEFAULTS, "race", 2)
    for name, value in {"epochs": 1, "repeat": 1, "folds": 3, "size_hw": SIZE_HW}.items():
        monkeypatch.setitem(suspects.SuspectOptions.__init__.__kwdefaults__, name, value)


def example():
    """The indented lines of the package's docstring, where a folder is watched instead of a window."""
    lines = textwrap.dedent("\n".join(line for line in toonvision.__doc__.splitlines() if line.startswith("    ")))
    return lines.replace("window:Toontown", "annotated")


def drawn():
    """What decides the next random numbers of Python and NumPy."""
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002 - those of the caller


@pytest.mark.slow
def test_the_example_runs_as_it_stands_and_a_second_time(quick, tmp_path):
    shots = [
        Shot(f"shot_{n}", "ttc", tuple((LABELS[(n + k) % 4], (2 + 30 * k, 3, 20 + 30 * k, 40)) for k in range(2)))
        for n in range(10)
    ]
    write_voc(tmp_path / "annotated", shots)
    (tmp_path / "new").mkdir()
    with contextlib.chdir(tmp_path):
        found = {"toonvision": toonvision}
        before = drawn()
        exec(compile(example(), "example", "exec"), found)
        assert drawn() == before
        crop = next((tmp_path / "my-game" / "crops").glob("*.png"))
        (tmp_path / "new" / "one.png").write_bytes(crop.read_bytes())
        exec(compile(example(), "example", "exec"), found)
        workspace = found["ws"]
        assert [record.title for record in workspace.runs().value] == ["suit/compact-1", "suit/compact-2"]
        assert (workspace.root / "studies" / "suit" / "random-2" / "report.html").is_file()
        assert (found["run"].folder / "model.onnx").is_file()
