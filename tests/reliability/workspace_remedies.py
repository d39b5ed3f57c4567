"""Remedies about a workspace's crops, its catalogue and its splits."""

import contextlib
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

from PIL import Image

from builders import small_shots, write_voc
from reliability.remedies import (
    EXTRACTED,
    PNG,
    TOML,
    XML,
    Remedy,
    as_before,
    copy,
    edit,
    end,
    in_every_annotation,
    move,
    options,
    pictures_of,
    printed,
    put,
    remove,
    run,
    steps,
    steps_then,
    text,
    top,
)
from toonvision.data.boxes import Box
from toonvision.data.own_annotations import Annotation, LabelledBox, write_annotation
from toonvision.data.workspace import open_workspace
from toonvision.label.changes import Change
from toonvision.label.session import Session

ALL = ("extract", "split", "check")


SPLIT_TOO = ("extract", "split")


SPLIT = "w/splits/default.csv"


CONTEXTS = end(TOML, "[taxonomy.contexts]\ngarden = {}\nhouse = {}")


def twin(base):
    """Add a picture that looks like the first one, and put it into another subset."""
    with Image.open(base / PNG) as first:
        first.convert("RGB").save(base / "s/garden/twin.png", compress_level=1)
    copy(XML, "s/garden/twin.xml")(base)
    run("extract")(base)
    rows = (base / SPLIT).read_text(encoding="utf-8")
    line = next(one for one in rows.splitlines() if one.startswith("garden/shot_00.png"))
    other = "test" if not line.endswith("test") else "train"
    (base / SPLIT).write_text(f"{rows}garden/twin.png,{other}\n", encoding="utf-8")


def crop_file(change):
    """Return what changes the file of the first crop of an apple."""
    return lambda base: change(min((base / "w/crops").glob("apple*")))


def saved_again(base):
    with Image.open(base / PNG) as stored:
        stored.convert("RGB").save(base / PNG, compress_level=1)


def in_subsets(base):
    """Lay the source out as train, val and test."""
    for number, path in enumerate(sorted((base / "s").rglob("*.*"))):
        subset = ("train", "train", "train", "train", "val", "val", "test", "test", "train", "train", "train", "train")[
            number
        ]
        (base / "s" / subset).mkdir(exist_ok=True)
        path.rename(base / "s" / subset / path.name)


def in_subsets_with_a_twin(base):
    """Lay the source out as train, val and test, with a picture of train in test too."""
    in_subsets(base)
    copy("s/train/shot_00.png", "s/test/twin.png")(base)
    copy("s/train/shot_00.xml", "s/test/twin.xml")(base)


def in_small_train(base):
    """Lay the source out as train and val, with too few pictures in train to draw test from them."""
    in_subsets(base)
    for path in [*(base / "s/test").iterdir(), *sorted((base / "s/train").iterdir())[4:]]:
        path.rename(base / "s/val" / path.name)


def more_in_train(base):
    write_voc(base / "s", [replace(shot, stem=f"{shot.stem} more", context="train") for shot in small_shots()[6:]])


OWN = options(split={"from_source": True})


OWN_AGAIN = options(split={"from_source": True, "force": True})


def half_swapped(base):
    (base / "w/runs").mkdir()
    (base / "w/runs/.label-replaced").mkdir()


OWN_XML = "w/annotations/garden/shot_00.xml"


def review_begun(base):
    """Take the annotation of the first picture away, and draw a box on it without ending its review."""
    (base / XML).unlink()
    apple = LabelledBox("a1", "apple", Box(1, 2, 30, 40))
    write_annotation(base / OWN_XML, Annotation("../s", "garden/shot_00.png", (64, 48), (apple,), review="open"))


def said_in_review(contexts):
    """Say on the labelling page where some screenshots were taken, and end their review."""

    def step(base):
        session = Session(open_workspace(base / "w"))
        for shot in session.screenshots:
            if shot.name in contexts:
                session.change(shot.id, Change("context", context=contexts[shot.name]))
                session.change(shot.id, Change("confirm"))

    return step


def foreign_catalogue(base):
    (base / "w/catalog.sqlite").unlink()
    with contextlib.closing(sqlite3.connect(base / "w/catalog.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def linked(path):
    """Replace a file by a link to it."""
    path.rename(path.with_name("other.sqlite"))
    path.symlink_to(path.with_name("other.sqlite"))


def newer_catalogue(base):
    with contextlib.closing(sqlite3.connect(base / "w/catalog.sqlite")) as connection, connection:
        connection.execute("INSERT INTO migrations (name) VALUES ('9999_from_the_future')")


WORKSPACES = [
    Remedy(
        "put them into folders named after contexts (garden, house), or choose the context of each on the page of "
        "toonvision label (key k), or add the contexts: write ... under [contexts] in ...",
        steps(
            CONTEXTS,
            move(PNG, "s/attic/shot_00.png"),
            move(XML, "s/attic/shot_00.xml"),
            move("s/house/shot_01.png", "s/shot_01.png"),
            move("s/house/shot_01.xml", "s/shot_01.xml"),
        ),
        (
            steps(
                move("s/attic", "s/garden/attic"),
                move("s/shot_01.png", "s/house/shot_01.png"),
                move("s/shot_01.xml", "s/house/shot_01.xml"),
            ),
            said_in_review({"attic/shot_00.png": "garden", "shot_01.png": "house"}),
            end(TOML, '[contexts]\n"attic" = {}\n"all" = {}\n'),
        ),
        before=EXTRACTED,
    ),
    Remedy(
        "correct the annotations or add the label to the taxonomy, then run toonvision extract",
        put(TOML, '"pear" = { title = "pear" }\n', ""),
        (
            steps(in_every_annotation("<name>pear<", "<name>apple<"), run("extract")),
            steps(put(TOML, "[taxonomy.labels]\n", '[taxonomy.labels]\n"pear" = { title = "pear" }\n'), run("extract")),
        ),
        verbs=("check",),
        before=ALL,
    ),
    Remedy(
        "Name them among its contexts, or move their screenshots to others and run toonvision extract.",
        steps(CONTEXTS, put(TOML, "house = {}", "home = {}")),
        (put(TOML, "home = {}", "home = {}\nhouse = {}"), steps(move("s/house", "s/home"), run("extract"))),
        verbs=("balance",),
        before=EXTRACTED,
    ),
    Remedy("toonvision extract makes it again", crop_file(Path.unlink), (printed,), verbs=("check",), before=ALL),
    Remedy(
        "toonvision extract makes it again",
        crop_file(lambda path: Image.new("RGB", (3, 3)).save(path)),
        (printed,),
        verbs=("check",),
        before=ALL,
    ),
    Remedy(
        "toonvision extract removes it",
        crop_file(lambda path: shutil.copy(path, path.with_name("apple_0099.png"))),
        (printed,),
        verbs=("check",),
        before=ALL,
    ),
    Remedy("toonvision extract removes them", remove(PNG, XML), (printed,), verbs=("check",), before=ALL),
    Remedy("toonvision extract", put(XML, "<xmin>2<", "<xmin>3<"), (printed,), verbs=("check",), before=ALL),
    Remedy("toonvision extract", saved_again, (printed,), verbs=("check",), before=ALL),
    Remedy("toonvision extract", lambda _: None, (printed,), verbs=("check",)),
    Remedy("toonvision rebuild", remove("w/catalog.sqlite"), (printed,), verbs=("check",), before=ALL),
    Remedy(
        "is missing, and so are all crops (toonvision extract)",
        remove("w/catalog.sqlite", "w/crops"),
        (printed,),
        verbs=("check",),
        before=ALL,
    ),
    Remedy(
        "Make it again: toonvision rebuild -w ...",
        text("w/catalog.sqlite", b"SQLite format 3\0" + b"\1" * 84),
        (printed,),
        verbs=("check",),
        before=ALL,
    ),
    Remedy("end it: toonvision label", review_begun, (put(OWN_XML, ' review="open"', ""),), before=EXTRACTED),
    *(
        Remedy(
            "is empty. Make it again: toonvision rebuild -w ...",
            text("w/catalog.sqlite", ""),
            (printed,),
            verbs=(verb,),
            before=ALL,
        )
        for verb in ("check", "split")
    ),
    Remedy(
        "is empty. Make it again: toonvision extract -w ...",
        steps(text("w/catalog.sqlite", ""), lambda base: shutil.rmtree(base / "w/crops")),
        (printed,),
        verbs=("check",),
        before=EXTRACTED,
    ),
    *(
        Remedy(
            "Move it away, then run: toonvision rebuild -w ...",
            steps(remove("w/catalog.sqlite"), lambda base: (base / "w/catalog.sqlite").mkdir()),
            (steps(move("w/catalog.sqlite", "away.sqlite"), run("rebuild")),),
            verbs=(verb,),
            before=ALL,
        )
        for verb in ("check", "balance", "rebuild")
    ),
    Remedy(
        "Move it away, then run: toonvision rebuild -w ...",
        lambda base: linked(base / "w/catalog.sqlite"),
        (steps(move("w/catalog.sqlite", "away.sqlite"), run("rebuild")),),
        before=ALL,
    ),
    Remedy(
        "Update toonvision, or move the file away.",
        newer_catalogue,
        (steps(move("w/catalog.sqlite", "away.sqlite"), run("rebuild")),),
        before=ALL,
    ),
    Remedy(
        "Move it elsewhere; or, if the catalogue was lost: toonvision rebuild -w ...",
        text("w/crops/mine.png", "mine"),
        (move("w/crops/mine.png", "mine.png"),),
    ),
    Remedy(
        "Move it elsewhere; or, if the catalogue was lost: toonvision rebuild -w ...",
        remove("w/catalog.sqlite"),
        (printed,),
        before=EXTRACTED,
    ),
    Remedy(
        "Bring the pictures back, or move the crops away.",
        lambda base: steps(remove("w/catalog.sqlite"), *map(remove, pictures_of(base)))(base),
        (as_before, move("w/crops", "crops")),
        verbs=("rebuild",),
        before=EXTRACTED,
    ),
    Remedy(
        "Bring them back, or take the source out of toonvision.toml.",
        lambda base: remove(*pictures_of(base))(base),
        (as_before,),
        before=EXTRACTED,
    ),
    Remedy(
        "toonvision split --force, then train again",
        twin,
        (printed,),
        verbs=("check",),
        before=ALL,
    ),
    Remedy(
        "correct their names; those that are gone do no harm",
        put(SPLIT, "garden/shot_00.png", "garden/shot_0.png"),
        (put(SPLIT, "garden/shot_0.png", "garden/shot_00.png"),),
        verbs=("check",),
        before=ALL,
    ),
    Remedy(
        "To fix it, correct this line and run again.", *edit(SPLIT, ",train", ",training"), verbs=("check",), before=ALL
    ),
    Remedy(
        "remove it if none is at work",
        text("w/crops/.tmp-0123456789abcdef", ""),
        (remove("w/crops/.tmp-0123456789abcdef"),),
        verbs=("check",),
        before=ALL,
    ),
]


SPLITS = [
    Remedy(
        "Write e.g. --ratios 60/20/20.",
        options(split={"ratios": "60/20/30"}),
        (options(split={"ratios": "60/20/20"}),),
        verbs=SPLIT_TOO,
    ),
    Remedy(
        "Write e.g. --ratios 60/20/20.",
        options(split={"ratios": "most"}),
        (options(split={"ratios": "60/20/20"}),),
        verbs=SPLIT_TOO,
    ),
    Remedy(
        "Choose --name, or add --force.",
        options(split={"seed": 3, "ratios": "40/30/30"}),
        (
            options(split={"seed": 3, "ratios": "40/30/30", "name": "b"}),
            options(split={"seed": 3, "ratios": "40/30/30", "force": True}),
        ),
        verbs=SPLIT_TOO,
        before=SPLIT_TOO,
    ),
    Remedy(
        "put them into train, val or test in the source, then run toonvision split --force --from-source",
        steps_then(
            steps(
                in_subsets,
                move("s/train/shot_00.png", "s/more/shot_00.png"),
                move("s/train/shot_00.xml", "s/more/shot_00.xml"),
            ),
            OWN,
        ),
        (
            steps_then(
                steps(
                    move("s/more/shot_00.png", "s/train/shot_00.png"), move("s/more/shot_00.xml", "s/train/shot_00.xml")
                ),
                OWN_AGAIN,
            ),
        ),
        verbs=SPLIT_TOO,
    ),
    Remedy(
        "put more pictures into train in the source, then run toonvision extract and toonvision split --force "
        "--from-source",
        steps_then(in_small_train, OWN),
        (steps_then(more_in_train, OWN_AGAIN),),
        verbs=SPLIT_TOO,
    ),
    Remedy(
        "correct it in toonvision.toml",
        top(TOML, '[groups]\npattern = "session([0-9]+)"\n'),
        (put(TOML, "session([0-9]+)", "shot_[0-9]+"),),
        verbs=SPLIT_TOO,
        before=EXTRACTED,
    ),
    Remedy("Draw one: toonvision split", OWN, (options(),), verbs=SPLIT_TOO),
    Remedy(
        "Draw a split of all of them: toonvision split",
        steps_then(steps(in_subsets, move("s/train", "s/testing")), OWN),
        (options(),),
        verbs=SPLIT_TOO,
    ),
    Remedy(
        "Leave out --ratios, or --from-source.",
        steps_then(in_subsets, options(split={"from_source": True, "ratios": "40/30/30"})),
        (OWN, options(split={"ratios": "40/30/30"})),
        verbs=SPLIT_TOO,
    ),
    Remedy("toonvision split --force --from-source takes it over", in_subsets, (OWN_AGAIN,), verbs=SPLIT_TOO),
    Remedy(
        "a split without such leaks: toonvision split --force",
        steps_then(in_subsets_with_a_twin, OWN),
        (options(split={"force": True}),),
        verbs=SPLIT_TOO,
    ),
    Remedy(
        "toonvision split --force, then train again",
        steps_then(in_subsets_with_a_twin, OWN),
        (options(split={"force": True}),),
        verbs=ALL,
    ),
    Remedy("Run: toonvision extract -w ...", lambda _: None, (printed,), verbs=("balance",)),
    Remedy("leave it: the next command settles it", half_swapped, (run("runs"),), verbs=("check",), before=ALL),
    Remedy(
        "...: it is no catalogue of this program; it was not changed. Update toonvision, or move the file away.",
        foreign_catalogue,
        (steps(move("w/catalog.sqlite", "away.sqlite"), run("rebuild")),),
        before=ALL,
    ),
]

GONE = (
    '<annotation source="../s" picture="garden/gone.png"><size><width>64</width><height>48</height></size>'
    "<object><name>apple</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
    "</annotation>"
)
"""A person's annotation of a picture that is not there."""

LABELS = [
    Remedy(
        "put the picture back, or remove this file",
        text("w/annotations/garden/gone.xml", GONE),
        (copy(PNG, "s/garden/gone.png"), remove("w/annotations/garden/gone.xml")),
        before=EXTRACTED,
    ),
]

ABOUT_WORKSPACES = [*WORKSPACES, *SPLITS, *LABELS]
