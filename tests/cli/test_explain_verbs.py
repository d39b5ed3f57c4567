import csv
import io
from pathlib import Path

import numpy as np
import pytest

from builders import copied
from toonvision.explain.filters import ascent
from toonvision.world.masks import INSTANCE_COLOURS, PART_COLOURS, indexed

pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(autouse=True)
def _short_ascents(monkeypatch):
    monkeypatch.setitem(ascent.__kwdefaults__, "steps", 5)


@pytest.fixture(scope="module")
def workspace(small_workspace, tmp_path_factory):
    return copied(small_workspace, tmp_path_factory.mktemp("explain") / "workspace")


@pytest.fixture
def trained(run, workspace):
    """A workspace with the run label/one, trained once for all tests here."""
    if not (workspace.runs / "label" / "one").exists():
        outcome = run(
            "train", "label", "-w", workspace.root, "--epochs", "2", "--batch-size", "4", "--name", "one",
            "--size", "48x40", "--model", "baseline",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
    return workspace


def rows_of(path: Path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def draw_masks(workspace):
    """Write masks for every screenshot, in which each object fills its box, in cloth."""
    crops = workspace.known_crops()
    for screenshot in {crop.screenshot for crop in crops}:
        instances = np.zeros((48, 64), np.uint8)
        own = [crop for crop in crops if crop.screenshot == screenshot]
        for number, crop in enumerate(own, start=1):
            x_min, y_min, x_max, y_max = crop.box.xyxy
            instances[y_min + 4 : y_max, x_min : x_max - 3] = number
        for kind, mask, colours in (
            ("instances", instances, INSTANCE_COLOURS),
            ("parts", 2 * (instances > 0).astype(np.uint8), PART_COLOURS),
        ):
            path = workspace.masks / kind / own[0].context / f"{Path(screenshot).stem}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            indexed(mask, colours).save(path)


def test_explain_shows_the_wrong_and_least_sure_ones_with_their_checks(run, trained):
    outcome = run("explain", "label/one", "-w", trained.root, "--count", "2")
    assert outcome.code == 0, outcome.err
    folder = trained.runs / "label" / "one" / "figures" / "explain"
    names = sorted(path.name for path in folder.iterdir())
    for suffix in (".png", ".csv"):
        assert len([name for name in names if name.startswith("maps-") and name.endswith(suffix)]) == 2
    for start in ("activations-01", "filters-01", "filters-02", "deletion-insertion", "randomisation"):
        assert any(name.startswith(start) for name in names), (start, names)
    pictures = {name.removesuffix(".png") for name in names if name.endswith(".png")}
    assert pictures == {name.removesuffix(".csv") for name in names if name.endswith(".csv")}
    assert max(path.stat().st_size for path in folder.glob("*.csv")) < 1_000_000
    assert not (folder / "evidence.csv").exists()
    assert "There are no masks" in outcome.out
    assert "Deletion: area" in outcome.out
    assert "Beware:" in outcome.out or "Nothing speaks against these maps." in outcome.out
    curve = rows_of(folder / "deletion-insertion.csv")
    assert len(curve) == 2 * 21
    assert all(0 <= float(row["deletion"]) <= 1 for row in curve)
    assert {row["random_layers"] for row in rows_of(folder / "randomisation.csv")} == {"1", "2", "3"}


def test_explain_of_pictures_asks_no_split_and_knows_its_own_crops(run, trained, tmp_path):
    crop = min(trained.crops.glob("apple_*.png"))
    stranger = tmp_path / "stranger.png"
    stranger.write_bytes(crop.read_bytes())
    outcome = run("explain", "label/one", crop, stranger, "-w", trained.root, "--method", "gradcam", "--each", "--json")
    assert outcome.code == 0, outcome.err
    data = outcome.json
    assert [row["picture"] for row in data["pictures"]] == [crop.name, "stranger.png"]
    assert [row["y_true"] for row in data["pictures"]] == ["apple", None]
    assert data["method"] == "gradcam"
    assert data["evidence"] == []
    assert 0 <= data["deletion"]["area"] <= 1
    drawn = sorted(path.name for path in Path(data["folder"]).glob("maps-*.png"))
    assert drawn == [f"maps-01-{crop.stem}.png", "maps-02-stranger.png"]
    assert set(drawn) < set(data["files"])
    assert data["files"] == sorted(path.name for path in Path(data["folder"]).iterdir())
    assert data["layer"] == "max_pooling2d_3"


def test_explain_measures_the_evidence_where_there_are_masks(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    draw_masks(other)
    outcome = run("explain", "label/one", "-w", other.root, "--count", "1", "--json")
    assert outcome.code == 0, outcome.err
    groups = {(group["by"], group["group"]): group for group in outcome.json["evidence"]}
    assert ("", "All") in groups
    assert {group for by, group in groups if by == "By place"} <= {"Garden", "House"}
    figure, background = (groups["", "All"]["regions"][name] for name in ("figure", "background"))
    assert figure["share"] + background["share"] == pytest.approx(1)
    assert 0.6 < figure["area"] < 0.9
    rows = rows_of(Path(outcome.json["folder"]) / "evidence.csv")
    assert len(rows) == groups["", "All"]["crops"] + groups["", "All"]["without_evidence"]
    assert float(rows[0]["area_cloth"]) + float(rows[0]["area_background"]) == pytest.approx(1, abs=1e-5)
    assert "evidence.png" in outcome.json["files"]
    assert "Cloth" in run("explain", "label/one", "-w", other.root, "--count", "1").out


def test_what_was_drawn_before_stays_until_all_is_drawn_anew(run, trained, tmp_path):
    other = copied(trained, tmp_path / "workspace")
    crop = min(other.crops.glob("apple_*.png"))
    folder = Path(run("explain", "label/one", crop, "-w", other.root, "--json").json["folder"])
    (folder / "activations-99-of_another_network.png").write_bytes(b"stale")
    before = sorted(path.name for path in folder.iterdir())
    assert run("explain", "label/one", crop, "-w", other.root, "--layer", "conv2d_9").code == 2
    assert sorted(path.name for path in folder.iterdir()) == before
    assert run("explain", "label/one", crop, "-w", other.root).code == 0
    assert sorted(path.name for path in folder.iterdir()) == [name for name in before if "-99-" not in name]


def test_an_unknown_layer_is_wrong_usage_with_what_there_is(run, trained):
    outcome = run("explain", "label/one", "-w", trained.root, "--layer", "conv2d_9")
    assert outcome.code == 2
    assert "a layer with a map is one of" in outcome.err


def test_explain_names_what_it_cannot_read_and_ends_with_three(run, trained, tmp_path):
    outcome = run("explain", "label/one", tmp_path / "absent.png", "-w", trained.root)
    assert outcome.code == 3
    assert f"{tmp_path / 'absent.png'}: cannot be read" in outcome.err
    (tmp_path / "empty").mkdir()
    outcome = run("explain", "label/one", tmp_path / "empty", "-w", trained.root)
    assert outcome.code == 3
    assert "holds no picture" in outcome.err
