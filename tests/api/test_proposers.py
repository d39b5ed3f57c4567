from types import SimpleNamespace

import pytest

from builders import make_workspace
from toonvision.api import proposers
from toonvision.api.workspace import create, open_workspace
from toonvision.data.splits import Split
from toonvision.deploy.packaged import WEIGHTS, packaged_files, proposing_files
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
        monkeypatch.setattr(proposers, "_newest", lambda _, kind: own[kind])
        monkeypatch.setattr(proposers, "_exported", lambda one: WEIGHTS / f"{one.name}.onnx")
        monkeypatch.setattr(proposers, "read_split", lambda _, name: Split(name, {}))
        proposer, _ = proposers.choose_proposer(workspace, None, ())
        assert len(proposer.classifiers) == proposer.title.count(" + ")
        return proposer

    return choose


@pytest.fixture(scope="module")
def game(tmp_path_factory):
    return create(tmp_path_factory.mktemp("game") / "w", taxonomy="toontown")


@pytest.mark.parametrize(
    ("levels", "finds", "title"),
    [
        ((), "", f"{DETECTOR} + {SUIT} + {ANIMAL} + {LABEL}"),
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
