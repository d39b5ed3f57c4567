"""Remedies about settings, and about making a workspace around a source."""

import os
import shutil

import pytest

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
    put,
    remove,
    run,
    steps,
    steps_then,
    text,
    top,
)

FRUIT = "[labels]\napple = {}\npear = {}\nstone = {}\n"


def few(base):
    """Return the names of all files of the source but those of two pictures, one in each context."""
    return [name for name in pictures_of(base) if not name.rpartition(".")[0].endswith(("shot_00", "shot_01"))]


def every_annotation(content):
    def write(base):
        for path in (base / "s").rglob("*.xml"):
            path.write_text(content, encoding="utf-8")

    return write


def one_class_folder(base):
    """Leave no label but `apple`, of pictures that show one object each."""
    for picture in [*(base / "s/pear").iterdir(), *(base / "s/stone").iterdir()]:
        picture.rename(base / "s/apple" / picture.name)
    remove("s/pear", "s/stone")(base)
    return {"format": "folders"}


def into_screenshots(base):
    """Move the pictures into the folder of screenshots of a workspace that has no other source."""
    shutil.move(base / "s", base / "pictures")
    (base / "s").mkdir()
    shutil.move(base / "pictures", base / "s/screenshots")
    text("t.toml", FRUIT)(base)
    return {"root": "s", "source": None, "taxonomy": str(base / "t.toml")}


def own_taxonomy(base):
    """Ask for a taxonomy of one's own in a folder that holds another one, unless that was moved away."""
    text("t.toml", FRUIT)(base)
    if not (base / "w").exists():
        text("w/taxonomy.toml", f"{FRUIT}# another one\n")(base)
    return {"taxonomy": str(base / "t.toml")}


def named_taxonomy(base):
    return {"taxonomy": str(base / "w/taxonomy.toml")}


def copy_source(base):
    shutil.copytree(base / "s", base / "t")


def closed(base):
    if os.geteuid() == 0:
        pytest.skip("an administrator reads everything")
    (base / "s/house").chmod(0)


def archive(base):
    (base / "export.zip").write_bytes(b"PK")
    return {"source": "export.zip"}


SETTINGS = [
    Remedy("Correct this key and run again.", *edit(TOML, "height = ", "height = -"), before=EXTRACTED),
    Remedy("Correct this line and run again.", *edit(TOML, "height = ", "height == "), before=EXTRACTED),
    Remedy(
        "Correct the level of the task.",
        top(TOML, '[tasks]\nfind = { level = "lable", kind = "detect" }\n'),
        (put(TOML, "lable", "label"),),
        before=EXTRACTED,
    ),
    Remedy(
        "Name the classes of pixels in [pixels].",
        top(TOML, '[tasks]\nscene = { level = "pixel", kind = "segment" }\n'),
        (end(TOML, "[pixels]\nground = {}\nsky = {}\n"),),
        before=EXTRACTED,
    ),
    Remedy(
        "Take a label out of it.",
        top(TOML, '[labels]\nignore = ["apple", "pear", "stone"]\n'),
        (put(TOML, ', "stone"', ""),),
        before=EXTRACTED,
    ),
    Remedy(
        "Remove the link.",
        lambda base: (base / "w/figures").symlink_to(base.parent / "x"),
        (remove("w/figures"),),
        before=EXTRACTED,
    ),
    Remedy(
        "Remove one and run again.",
        end(TOML, '[[sources]]\nformat = "voc"\npath = "../s/."'),
        (put(TOML, '[[sources]]\nformat = "voc"\npath = "../s/."', ""),),
        before=EXTRACTED,
    ),
    Remedy(
        "Keep it in the workspace.",
        steps(text("t.toml", FRUIT), text(TOML, 'taxonomy = "../t.toml"\n')),
        (steps(copy("t.toml", "w/t.toml"), text(TOML, 'taxonomy = "t.toml"\n')),),
        on="workspace",
    ),
    Remedy(
        "Correct its name.",
        text(TOML, 'taxonomy = "t.toml"\n'),
        (
            steps(
                text("w/fruit.toml", FRUIT),
                text(TOML, 'taxonomy = "fruit.toml"\n'),
            ),
        ),
        on="workspace",
    ),
    Remedy(
        "Save it as UTF-8 and run again.",
        lambda base: (base / TOML).write_text((base / TOML).read_text() + "# ü\n", encoding="latin-1"),
        (lambda base: (base / TOML).write_text((base / TOML).read_text(encoding="latin-1"), encoding="utf-8"),),
        before=EXTRACTED,
    ),
    Remedy(
        "To fix it, make it smaller.", end(TOML, "#" * 10_000_001), (put(TOML, "#" * 10_000_001, ""),), before=EXTRACTED
    ),
    Remedy(
        "Put the screenshots back, or name their folder.",
        move("w/screenshots", "away"),
        (move("away", "w/screenshots"), end(TOML, '[[sources]]\nformat = "voc"\npath = "../away"')),
        on="workspace",
    ),
    Remedy(
        "Name the folder that holds the pictures; a workspace has it as path in its toonvision.toml.",
        move("s", "t"),
        (move("t", "s"), put(TOML, "../s", "../t")),
        before=EXTRACTED,
    ),
    Remedy(
        "Unpack it, and name the folder that comes out of it.",
        archive,
        (lambda _: {"source": "s"},),
    ),
    Remedy(
        "Name the folder that holds the pictures.",
        lambda _: {"source": "s/garden/shot_00.png"},
        (lambda _: {"source": "s"},),
    ),
    Remedy(
        "Rename one of them, and its annotation with it.",
        steps(copy(PNG, "s/garden/SHOT_00.png"), copy(XML, "s/garden/SHOT_00.xml")),
        (
            steps(
                move("s/garden/SHOT_00.png", "s/garden/shot_000.png"),
                move("s/garden/SHOT_00.xml", "s/garden/shot_000.xml"),
            ),
        ),
    ),
]


OTHER_FOLDER = (options(root="w2"),)
SETUPS = [
    Remedy(
        "To read them as one label, add: --same ...",
        put(XML, "<name>apple<", "<name>Apple<"),
        (options(same={"apple": ["Apple"]}),),
    ),
    Remedy("Correct --ignore or --same.", options(ignore=["stoone"]), (options(ignore=["stone"]),)),
    Remedy("Leave out less.", lambda _: {"ignore": ["apple", "pear", "stone"]}, (options(ignore=["stone"]),)),
    Remedy(
        "Annotate more screenshots and run toonvision extract.",
        lambda base: remove(*few(base))(base),
        (as_before,),
        verbs=("extract", "split"),
    ),
    Remedy(
        "annotate more screenshots and run toonvision extract",
        lambda base: remove(*few(base))(base),
        (as_before,),
        verbs=("extract", "check"),
    ),
    Remedy(
        "Rename the folder.",
        steps_then(lambda base: (base / "s").rename(base / "\udcff"), options(source="\udcff")),
        (lambda base: (base / "\udcff").rename(base / "s"),),
    ),
    Remedy(
        "is not in the format yolo, but can be read as Pascal VOC, an XML file for each picture: --format voc",
        options(format="yolo"),
        (options(format="voc"),),
    ),
    Remedy("--format is one of ...; got ...", options(format="voca"), (options(format="voc"),)),
    Remedy("Edit it, or choose another folder.", options(reuse=False), OTHER_FOLDER, before=EXTRACTED),
    Remedy("Choose another folder.", text("w", ""), OTHER_FOLDER),
    Remedy(
        "Make it in a folder of its own, or move the pictures to ...",
        options(root="s"),
        (options(root="w"), into_screenshots),
    ),
    Remedy(
        "Move it away, or name it.",
        own_taxonomy,
        (steps_then(remove("w/taxonomy.toml"), own_taxonomy), named_taxonomy),
    ),
    Remedy(
        "Name their folder with --from.",
        options(source=None, taxonomy="infer"),
        (options(taxonomy="infer"),),
    ),
    Remedy(
        "Name its folder with --from.",
        options(source=None, ignore=["stone"]),
        (options(ignore=["stone"]),),
    ),
    Remedy(
        "Move it out of there.",
        steps_then(move("s", "w/cache/s"), options(source="w/cache/s")),
        (move("w/cache/s", "s"),),
    ),
    Remedy(
        "Choose another folder.",
        steps_then(copy_source, options(source="t")),
        (options(source="t", root="w2"),),
        before=EXTRACTED,
    ),
    Remedy(
        "Choose another folder.",
        options(taxonomy="toontown"),
        (options(taxonomy="toontown", source=None, root="w2"),),
        before=EXTRACTED,
        verbs=(),
    ),
    Remedy(
        "Edit ..., and leave out --format, --ignore and --same.",
        options(ignore=["stone"]),
        (top(TOML, '[labels]\nignore = ["stone"]\n'),),
        before=EXTRACTED,
    ),
    Remedy(
        "the only built-in taxonomy is 'toontown'; got ....",
        options(taxonomy="toontwon", source=None),
        (options(taxonomy="toontown", source=None),),
        verbs=(),
    ),
    Remedy(
        "Correct what is listed here",
        in_every_annotation("<xmin>", "<xmin>x"),
        (in_every_annotation("<xmin>x", "<xmin>"),),
    ),
    Remedy("Draw boxes first", every_annotation("<annotation/>"), (as_before,)),
    Remedy(
        "annotate something else too, such as what could be mistaken for 'apple', under a label of its own",
        one_class_folder,
        (steps(as_before, put(TOML, "[taxonomy.labels]\n", "[taxonomy.labels]\npear = {}\nstone = {}\n")),),
        on="folders",
    ),
    Remedy(
        'if they are one, write apple = ["apple_"] under [labels.same] in toonvision.toml',
        in_every_annotation("<name>stone", "<name>apple_"),
        (top(TOML, '[labels.same]\napple = ["apple_"]\n'),),
        verbs=("extract", "check"),
    ),
    Remedy("Allow reading, and run again.", closed, (lambda base: (base / "s/house").chmod(0o755),)),
    Remedy(
        'correct it, add it to the taxonomy, or leave it out: write ignore = ["plum"] under [labels] in ...',
        put(XML, "<name>apple<", "<name>plum<"),
        (
            put(XML, "<name>plum<", "<name>apple<"),
            put(TOML, "[taxonomy.labels]\n", '[taxonomy.labels]\n"plum" = { title = "Plum" }\n'),
            top(TOML, '[labels]\nignore = ["plum"]\n'),
        ),
        before=EXTRACTED,
    ),
    Remedy(
        'correct it, or write apple = ["Apple"] under [labels.same] in toonvision.toml',
        put(XML, "<name>apple<", "<name>Apple<"),
        (put(XML, "<name>Apple<", "<name>apple<"), top(TOML, '[labels.same]\napple = ["Apple"]\n')),
        before=EXTRACTED,
    ),
    Remedy(
        'correct the annotations or write Apple = ["apple"] under [labels.same] in toonvision.toml, then run ...',
        put(TOML, '"apple" = { title = "apple" }', '"Apple" = { title = "Apple" }'),
        (
            steps(in_every_annotation("<name>apple<", "<name>Apple<"), run("extract")),
            steps(top(TOML, '[labels.same]\nApple = ["apple"]\n'), run("extract")),
        ),
        verbs=("check",),
        before=EXTRACTED,
    ),
]


ABOUT_SETTINGS = [*SETTINGS, *SETUPS]
