"""Every remedy that is printed about data is carried out, literally; then everything goes well."""

import re
import shlex
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from builders import (
    Shot,
    make_workspace,
    small_shots,
    write_class_folders,
    write_coco,
    write_picture,
    write_voc,
    write_yolo,
)
from format_writers import (
    write_createml,
    write_csv,
    write_cvat,
    write_labelme,
    write_labelstudio,
    write_supervisely,
    write_via,
)
from reliability.format_remedies import FORMATS
from reliability.picture_remedies import ABOUT_PICTURES
from reliability.remedies import KEPT, Remedy, command_in, covers, run, templates
from reliability.setup_remedies import ABOUT_SETTINGS
from reliability.workspace_remedies import ABOUT_WORKSPACES
from reliability.yolo_remedies import YOLO
from toonvision.api import predicting
from toonvision.api.data_steps import DataSteps
from toonvision.api.workspace import create, open_workspace
from toonvision.cli.app import app
from toonvision.core.errors import InputRejectedError, ToonVisionError, UsageError
from toonvision.metrics.predictions import Prediction

WRITERS = {
    "voc": write_voc,
    "yolo": write_yolo,
    "coco": write_coco,
    "folders": write_class_folders,
    "labelme": write_labelme,
    "labelstudio": write_labelstudio,
    "via": write_via,
    "createml": write_createml,
    "supervisely": write_supervisely,
    "cvat": write_cvat,
    "csv": write_csv,
}
ELSEWHERE = {
    "allow reading": "carried out by whoever owns the file",
    "allow reading it": "carried out by whoever owns the file",
    "Allow reading": "carried out by whoever owns the file",
    "Free space or allow writing": "half of a message",
    "describe fewer objects": "attributes are written by the sample world alone",
    "it was not changed. Update toonvision, or move the file away.": "half of a message",
    "a level is one of ...; got ....": "about trainings",
    "a task of this taxonomy is one of ...; got ....": "about trainings",
    "no split is called .... ...": "about trainings",
    "annotate more screenshots": "about trainings",
    "Samples in train/val/test: .... ...": "about trainings",
    "Train it on that run's split: ...": "about trainings",
    "Train it longer.": "about trainings",
    "name pictures, or folders of pictures": "about predictions",
    "free space on the disk": "about the machine",
    "fix this": "about the machine",
    "check it": "about the machine",
    "--same is KEEP=SPELLING, such as --same cat=Cat; got ....": "an option as it is meant is given by many tests",
    "Make one: toonvision init ...": "carried out below",
    "Move it away, then run: toonvision init ...": "carried out below",
    "..., and none comes with the package for this workspace's labels. ......": "see below",
    "Train it ...; or use it as it is: --detector ...": "about trainings",
    "... is a path; got an empty text.": "carried out in tests/cli/test_paths.py, which gives paths elsewhere",
    "Train one: ...": "about trainings",
    "Add a task of the kind detect": "about trainings",
    "Add --propose, too.": "carried out in tests/cli/test_proposing.py",
    "Add both.": "carried out in tests/cli/test_proposing.py",
    "Name one, or several as detect,suit.": "what that does is tested in tests/label/test_growing.py",
    "move ... away, then decide again": "carried out in tests/label/test_session.py",
    "to train that, annotate something else too, under a label of another class": "see tests/data/test_check.py",
    "run toonvision extract": "carried out in tests/data/test_label_rules.py",
    "say which label each object has: toonvision label": "carried out in tests/label/test_session.py",
    "Name another.": "carried out in tests/cli/test_joint_verbs.py",
    "Check the path.": "carried out below",
    "Choose another --save.": "carried out below",
    "Choose another ....": "that of --save is carried out below",
    "cut out the objects first; if they are annotated, add --boxes": "carried out below",
    "Leave out --boxes for pictures that show one object each.": "carried out below",
    "Run: pip install 'toonvision[ray]'": "about the machine",
    "--ray takes local, auto, or the HOST:PORT of a cluster's head; got ....": "an option; tests of clusters give both",
    "Leave them out.": "about the sample world",
    "Leave out --run.": "about runs",
    "Add --detector too.": "about runs",
    "no models come with the package for this workspace's labels. ....": "see below",
    "Train and export a run that finds, then add --detector RUN": "about trainings",
    "Add --detector ...": "carried out in tests/cli/test_detect_verbs.py",
    "Run: ..., then add --detector ...": "carried out in tests/cli/test_detect_verbs.py",
    "use a path inside it": "of settings and masks; their tests give such paths",
    "Leave one out.": "options of capture; each alone is given by its tests",
    "screenshots lie by context: add --context, one of ......": "an option of capture, which is given by its tests",
    "draw them again with their seeds: toonvision split --seed SEED": "the seeds are those of a person",
}
"""Remedies that need no input of these to be carried out, and why."""
LAST = small_shots()[0].objects
REMEDIES = [*ABOUT_PICTURES, *ABOUT_WORKSPACES, *ABOUT_SETTINGS, *FORMATS, *YOLO]


def made(base, remedy):
    """Write the source, or the workspace with its pictures, that a remedy is about."""
    if remedy.on == "workspace":
        make_workspace(base / "w", small_shots()[:6])
    elif remedy.on == "many boxes":
        shots = [Shot(f"shot_{n:02}", "garden", (("apple", (2, 3, 18, 22 + n % 3)),)) for n in range(24)]
        write_voc(base / "s", [replace(shots[0], objects=(("apple", (2, 3, 18, 23)),)), *shots[1:]])
    elif remedy.on == "coco in one folder":
        write_coco(
            base / "s", [*(replace(shot, context="garden") for shot in small_shots()), Shot("last", "house", LAST)]
        )
    elif remedy.on == "many pictures":
        for number in range(24):
            write_picture(base / "s" / ("apple", "pear")[number % 2] / f"{number}.png", Shot(f"{number}", "", ()))
    else:
        WRITERS[remedy.on](base / "s", small_shots()[:6])


def done(base, verbs, **options):
    """Do everything; return what was said, and whether all went well."""
    said, fine = [], True
    root = base / options.pop("root", "w")
    source = base / "s" if (base / "s").exists() else None
    asked = {verb: options.pop(verb, {}) for verb in verbs}
    if options.get("source"):
        source = base / options.pop("source")
    try:
        workspace = untouched(root) if verbs == ("check",) else None
        workspace = workspace or create(root, **{"source": source, **options})
        for result in (workspace.about(), *(getattr(workspace, verb)(**asked[verb]) for verb in verbs)):
            found = [*result.findings, *(one for kind in _checked(result) for one in kind)]
            said += map(str, found)
            fine &= not result.faulty and not any(finding.skips for finding in result.findings)
    except ToonVisionError as error:
        said += [str(error), *map(str, getattr(error, "findings", ()))]
        fine = False
    return said, fine


def untouched(root):
    """Open a workspace as `check` does, if there is one."""
    return open_workspace(root, untouched=True) if (root / "toonvision.toml").is_file() else None


def options_of(answer):
    """Return the options that a step wants `init` to have."""
    return answer if isinstance(answer, dict) else {}


def _checked(result):
    groups = result.value if isinstance(result.value, list) else ()
    return [(*one.faults, *one.doubts) for one in groups if hasattr(one, "doubts")]


@pytest.fixture(autouse=True)
def nothing_drawn(monkeypatch):
    """Draw no figures: that takes longer than all the rest."""
    monkeypatch.setattr(DataSteps, "_drawn", lambda *_: ([], ""))


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda remedy: f"{remedy.on}: {remedy.says[:50]}")
def test_a_remedy_that_is_carried_out_cures(remedy: Remedy, tmp_path):
    for index, cure in enumerate(remedy.cures):
        base = tmp_path / f"cure{index}"
        base.mkdir()
        made(base, remedy)
        if remedy.before:
            before, fine = done(base, remedy.before)
            assert fine, before
        if (base / "s").exists():
            shutil.copytree(base / "s", base / KEPT)
        asked = options_of(remedy.spoil(base))
        said, _ = done(base, remedy.verbs, **asked)
        message = next((one for one in said if remedy.pattern.search(one)), None)
        assert message, f"{remedy.says!r} is not among {said}"
        answer = cure(base)
        if answer == "the command":
            answer = run(*command_in(message))(base)
        said, fine = done(base, remedy.verbs, **options_of(answer))
        assert not [one for one in said if remedy.pattern.search(one)]
        assert fine, said


def test_every_remedy_in_the_program_is_carried_out_by_a_test():
    said = [*(remedy.says for remedy in REMEDIES), *ELSEWHERE]
    missing = [(place, text) for place, text in templates() if not any(covers(one, text) for one in said)]
    assert missing == []


def test_a_folder_that_is_no_workspace_becomes_one_as_is_said(tmp_path):
    with pytest.raises(UsageError) as refused:
        open_workspace(tmp_path / "w")
    words = shlex.split(str(refused.value).partition("Make one: toonvision ")[2])
    assert CliRunner().invoke(app, words).exit_code == 0
    assert open_workspace(tmp_path / "w").root == tmp_path / "w"


def test_settings_that_are_a_folder_are_moved_away_and_made_as_is_said(tmp_path):
    settings = tmp_path / "w" / "toonvision.toml"
    settings.mkdir(parents=True)
    with pytest.raises(InputRejectedError) as refused:
        open_workspace(tmp_path / "w")
    settings.rename(tmp_path / "away")
    words = shlex.split(str(refused.value).partition("then run: toonvision ")[2])
    assert CliRunner().invoke(app, words).exit_code == 0
    assert open_workspace(tmp_path / "w").root == tmp_path / "w"


def test_remedies_of_predict(tmp_path, small_workspace, monkeypatch):
    pictures = small_workspace.root / "screenshots"

    def answers(_, paths, **__):
        files = [file for path in paths for file in (path.rglob("*.png") if path.is_dir() else [path])]
        return [Prediction(np.array([0.75, 0.25], np.float32), ("apple", "pear"), file) for file in files], []

    def predict(*paths, boxes=False, save=None):
        return predicting.predict(run, paths, boxes=boxes, save=save, keras=True)

    run = SimpleNamespace(workspace=open_workspace(small_workspace.root), folder=tmp_path, name="label/compact-1")
    card = SimpleNamespace(level="label", task="label")
    monkeypatch.setattr(predicting, "read_card", lambda *_, **__: card)
    monkeypatch.setattr(predicting, "predict_files", answers)
    refused = {
        "Check the path.": lambda: predict(tmp_path / "gone"),
        "Choose another --save.": lambda: predict(pictures, save=pictures),
        "Leave out --boxes for pictures that show one object each.": lambda: predict(tmp_path / "bare", boxes=True),
    }
    write_picture(tmp_path / "bare" / "one.png", small_shots()[0])
    (tmp_path / "bare" / "one.xml").write_text("<annotation/>", encoding="utf-8")
    for remedy, asked in refused.items():
        with pytest.raises(ToonVisionError, match=re.escape(remedy)):
            asked()
    assert predict(pictures, save=tmp_path / "new").value
    assert predict(tmp_path / "bare").value
    too_large = {finding.code for finding in predict(pictures).findings}
    assert too_large == {"not-a-crop"}
    write_picture(tmp_path / "plain" / "folder" / "one.png", small_shots()[0])
    with pytest.raises(ToonVisionError, match="plain: no annotated box was found"):
        predict(tmp_path / "plain", boxes=True)
    assert predict(pictures, boxes=True).findings == predict(small_workspace.crops).findings == ()
