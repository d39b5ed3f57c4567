from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from builders import SETTINGS_TEXT, make_workspace
from toonvision.api import base, proposers
from toonvision.api.watching import Watcher
from toonvision.api.workspace import create, open_workspace
from toonvision.core.errors import UsageError
from toonvision.data.splits import Split
from toonvision.deploy.packaged import WEIGHTS, packaged_files, proposing_files
from toonvision.tasks.settings import TrainingSettings
from toonvision.taxonomy.labels import CLASSIFY, DETECT

DETECTOR = "the package's detector"
KIND, SUIT, ANIMAL, LABEL = (f"the package's {level}" for level in ("kind", "suit", "animal", "label"))


@pytest.fixture
def chosen(monkeypatch):
    """What proposes in a workspace with runs that name levels, and one that finds kinds if asked for."""

    def choose(workspace, levels, finds=""):
        def run(level, kind):
            settings = SimpleNamespace(with_validation=False)
            record = SimpleNamespace(level=level, kind=kind, split="default", settings=settings)
            return SimpleNamespace(name=f"own {level}", record=record)

        own = {
            CLASSIFY: {level: run(level, CLASSIFY) for level in levels},
            DETECT: {"": run(finds, DETECT)} if finds else {},
        }
        monkeypatch.setattr(proposers, "newest_by_level", lambda _, kind: own[kind])
        monkeypatch.setattr(proposers, "_exported_now", lambda one: WEIGHTS / f"{one.name}.onnx")
        monkeypatch.setattr(proposers, "read_split", lambda _, name: Split(name, {}))
        proposer, _ = proposers.choose_proposer(workspace, None, ())
        assert len(proposer.classifiers) == proposer.title.count(" + ") or not (levels or finds)
        return proposer

    return choose


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return create(tmp_path_factory.mktemp("game") / "w", taxonomy="toontown")


@pytest.mark.parametrize(
    ("levels", "finds", "title"),
    [
        ((), "", "the package's models"),
        ((), "kind", f"own kind + {SUIT} + {ANIMAL} + {LABEL}"),
        (("suit",), "kind", f"own kind + own suit + {ANIMAL} + {LABEL}"),
        (("kind", "suit"), "", f"{DETECTOR} + own suit + {ANIMAL} + {LABEL}"),
        (("animal",), "", f"{DETECTOR} + {SUIT} + own animal + {LABEL}"),
        (("entity",), "", f"{DETECTOR} + {SUIT} + own entity + {ANIMAL}"),
        (("entity", "animal"), "", f"{DETECTOR} + {SUIT} + own entity + own animal"),
        (("label",), "kind", f"own kind + {SUIT} + own label"),
        ((), "entity", f"own entity + {KIND} + {SUIT} + {ANIMAL}"),
        ((), "label", f"own label + {KIND} + {SUIT}"),
    ],
)
def test_models_of_the_package_name_what_no_run_does(game, chosen, levels, finds, title):
    assert chosen(game, levels, finds).title == title


def test_the_files_are_in_the_order_of_the_levels(game, chosen):
    files = {**packaged_files("toontown"), **proposing_files("toontown")}
    assert chosen(game, ()).classifiers == tuple(files[level] for level in ("suit", "animal", "label"))


def test_another_taxonomy_is_named_by_its_own_runs_alone(tmp_path, chosen):
    workspace = open_workspace(make_workspace(tmp_path / "w").root)
    assert chosen(workspace, ("kind",), "label").title == "own label + own kind"


@pytest.fixture
def runs(monkeypatch):
    """Let a workspace have runs, the newest first: name, kind, level, and whether of its taxonomy."""

    def give(workspace, *given):
        records = {
            Path(name): SimpleNamespace(
                title=name, kind=kind, level=level, status="failed" if "failed" in name else "done",
                taxonomy=("", workspace.files.taxonomy.digest if fits else "another"),
                repeats=[SimpleNamespace(diverged="nan" in name)], settings=TrainingSettings(learning_rate=0.002),
            )
            for name, kind, level, fits in given
        }  # fmt: skip
        monkeypatch.setattr(base, "readable_records", lambda _: list(records.items()))

    return give


class Heard(Watcher):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def test_runs_of_another_taxonomy_are_passed_over_and_named(game, runs):
    heard = Heard()
    workspace = replace(game, watcher=heard)
    runs(
        workspace,
        ("kind/new", CLASSIFY, "kind", True),
        ("suit/old", CLASSIFY, "suit", False),
        ("kind/old", CLASSIFY, "kind", False),
        ("suit/older", CLASSIFY, "suit", True),
        ("detect/old", DETECT, "kind", False),
    )
    assert {level: run.folder.as_posix() for level, run in proposers.newest_by_level(workspace, CLASSIFY).items()} == {
        "kind": "kind/new",
        "suit": "suit/older",
    }
    assert heard.said == ["suit/old was trained with another taxonomy, and not used."]
    assert proposers.newest_by_level(workspace, DETECT) == {}
    assert heard.said[1:] == ["detect/old was trained with another taxonomy, and not used."]


def refusal(workspace):
    with pytest.raises(UsageError) as refused:
        proposers.require_proposer(workspace, None, (), trained=("label",))
    return str(refused.value)


def test_without_a_detector_proposing_is_refused_before_anything_is_trained(tmp_path, runs, game):
    workspace = open_workspace(make_workspace(tmp_path / "w").root)
    runs(workspace, ("label/one", CLASSIFY, "label", True), ("detect/old", DETECT, "label", False))
    with pytest.raises(UsageError, match="no detector was trained yet"):
        proposers.require_proposer(workspace, None, (), trained=("label",))
    runs(workspace, ("detect/failed-2", DETECT, "label", True), ("detect/failed", DETECT, "label", True))
    says = r"the training of detect/failed-2 and detect/failed failed, and none comes .* --detector detect/failed-2\."
    with pytest.raises(UsageError, match=says):
        proposers.require_proposer(workspace, None, (), trained=("label",))
    assert "Train it longer, with more --epochs; or use it as it is" in refusal(workspace)
    runs(workspace, ("detect/failed-nan", DETECT, "label", True))
    assert "Train it with half the learning rate: --learning-rate 0.001; or use it as it is" in refusal(workspace)
    with pytest.raises(UsageError, match="There is none yet. Run: toonvision train TASK -w "):
        proposers.require_proposer(workspace, "detect/none", (), trained=("label",))
    runs(workspace, ("detect/one", DETECT, "label", True))
    proposers.require_proposer(workspace, None, (), trained=("label",))
    runs(game)
    proposers.require_proposer(game, None, (), trained=("suit",))


def test_a_task_that_is_to_be_trained_may_be_the_first_that_finds(tmp_path):
    text = SETTINGS_TEXT.replace("[taxonomy.tasks]", '[taxonomy.tasks]\nfind = { level = "label", kind = "detect" }')
    workspace = open_workspace(make_workspace(tmp_path / "w", settings_text=text).root)
    proposers.require_proposer(workspace, None, (), trained=("label", "find"))
