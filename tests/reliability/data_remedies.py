"""Remedies about a workspace and its settings, splits and catalogue, and about pictures and boxes of any format."""

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from PIL import Image, ImageFilter, ImageOps

from builders import run_length_bmp
from reliability.remedies import (
    PNG,
    TOML,
    XML,
    Remedy,
    as_before,
    copy,
    edit,
    end,
    move,
    options,
    printed,
    put,
    remove,
    run,
    spoiled,
    steps,
    text,
    top,
    without_object,
)

EXTRACTED = ("extract",)
CHECKED = ("check",)
ALL = ("extract", "split", "check")
SPLIT_TOO = ("extract", "split")
CHECKED_TOO = ("extract", "check")
ATTRIBUTES = "s/garden/shot_00.attributes.json"
SPLIT = "w/splits/default.csv"
FRUIT = "[labels]\napple = {}\npear = {}\nstone = {}\n"
NEW_CONTEXT = "[taxonomy.contexts]\n", '[taxonomy.contexts]\nattic = { title = "Attic" }\n'


def picture(mode, size, kind="PNG"):
    """Return what puts a picture of one colour in the place of the first one."""
    return lambda base: Image.new(mode, size).save(base / PNG, kind)


def edit_attributes(content):
    """Return what writes an attributes file of the first picture, and what corrects it or writes it again."""
    good = '{"objects": [{"number": 1, "pose": "up"}]}'
    return text(ATTRIBUTES, content), (text(ATTRIBUTES, good),)


def turned(base):
    """Save the first picture as a square JPEG that its EXIF data turn, and draw its boxes again."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(base / PNG).resize((48, 48)).convert("RGB").save(base / PNG, "JPEG", exif=exif)
    put(XML, "<width>64<", "<width>48<")(base)
    without_second(base)


def without_second(base):
    there = (base / XML).read_text(encoding="utf-8")
    first, _, rest = there.partition("</object>")
    (base / XML).write_text(f"{first}</object>{rest[rest.rindex('</object>') + len('</object>') :]}", encoding="utf-8")


def as_seen(base):
    with Image.open(base / PNG) as stored:
        seen = ImageOps.exif_transpose(stored)
    seen.getexif().clear()
    seen.save(base / PNG, "PNG", exif=b"")


def link_to_itself(base):
    (base / PNG).unlink()
    (base / PNG).symlink_to(base / PNG)


def link_outside(base):
    shutil.move(base / PNG, base / "elsewhere.png")
    (base / PNG).symlink_to(base / "elsewhere.png")


def file_itself(base):
    (base / PNG).unlink()
    shutil.copy(base / "elsewhere.png", base / PNG)


def linked_folder(base):
    shutil.move(base / "s" / "house", base / "elsewhere")
    (base / "s" / "house").symlink_to(base / "elsewhere")


def folder_here(base):
    (base / "s" / "house").unlink()
    shutil.move(base / "elsewhere", base / "s" / "house")


def house_too(base):
    """Add the context that `init` has not seen, as an extraction asks for."""
    put(TOML, "[taxonomy.contexts]\n", '[taxonomy.contexts]\nhouse = { title = "House" }\n')(base)


def pipe(base):
    (base / XML).unlink()
    os.mkfifo(base / XML)


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


def repeated_object(base):
    there = (base / XML).read_text(encoding="utf-8")
    first = there[there.index("<object>") : there.index("</object>") + len("</object>")]
    (base / XML).write_text(there.replace("<object>", f"{first}<object>", 1), encoding="utf-8")


def crop_file(change):
    """Return what changes the file of the first crop of an apple."""
    return lambda base: change(min((base / "w/crops").glob("apple*")))


def pictures_of(base):
    """Return the names of the source's files below the folder, sorted."""
    return sorted(path.relative_to(base).as_posix() for path in (base / "s").rglob("*") if path.is_file())


def saved_again(base):
    with Image.open(base / PNG) as stored:
        stored.convert("RGB").save(base / PNG, compress_level=1)


def few(base):
    """Return the names of all files of the source but those of two pictures, one in each context."""
    return [name for name in pictures_of(base) if not name.rpartition(".")[0].endswith(("shot_00", "shot_01"))]


def changed_picture(change):
    def save(base):
        path = min((base / "s").rglob("*.png"))
        with Image.open(path) as image:
            change(image.convert("RGB")).save(path)

    return save


def every_annotation(content):
    def write(base):
        for path in (base / "s").rglob("*.xml"):
            path.write_text(content, encoding="utf-8")

    return write


def steps_then(step, last):
    """Return what does a step, and then another one, whose options count."""

    def do(base):
        step(base)
        return last(base)

    return do


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
        text("w/taxonomy.toml", FRUIT)(base)
    return {"taxonomy": str(base / "t.toml")}


def named_taxonomy(base):
    return {"taxonomy": str(base / "w/taxonomy.toml")}


def copy_source(base):
    shutil.copytree(base / "s", base / "t")


def half_swapped(base):
    (base / "w/runs").mkdir()
    (base / "w/runs/.label-replaced").mkdir()


def foreign_catalogue(base):
    (base / "w/catalog.sqlite").unlink()
    with contextlib.closing(sqlite3.connect(base / "w/catalog.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def closed(base):
    if os.geteuid() == 0:
        pytest.skip("an administrator reads everything")
    (base / "s/house").chmod(0)


def in_every_annotation(old, new):
    def replace(base):
        for path in (base / "s").rglob("*.xml"):
            path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    return replace


def linked(path):
    """Replace a file by a link to it."""
    path.rename(path.with_name("other.sqlite"))
    path.symlink_to(path.with_name("other.sqlite"))


def newer_catalogue(base):
    with contextlib.closing(sqlite3.connect(base / "w/catalog.sqlite")) as connection, connection:
        connection.execute("INSERT INTO migrations (name) VALUES ('9999_from_the_future')")


PICTURES = [
    Remedy("correct it", *edit(XML, "<xmin>2<", "<xmin>two<")),
    Remedy("name it", *edit(XML, "<name>apple<", "<name> <")),
    Remedy("rename it", *edit(XML, "<name>apple<", f"<name>{'a' * 1001}<")),
    Remedy("swap its corners", *edit(XML, "<xmin>2<", "<xmin>30<")),
    Remedy(
        "draw it again or remove it",
        put(XML, "<xmin>2<", "<xmin>18<"),
        (put(XML, "<xmin>18<", "<xmin>2<"), without_object(XML)),
    ),
    Remedy(
        "draw it again inside the picture, or remove it",
        steps(put(XML, "<xmin>2<", "<xmin>200<"), put(XML, "<xmax>18<", "<xmax>220<")),
        (steps(put(XML, "<xmin>200<", "<xmin>2<"), put(XML, "<xmax>220<", "<xmax>18<")), without_object(XML)),
    ),
    Remedy("the boxes were drawn on another size: annotate it again", *edit(XML, "<width>64<", "<width>60<")),
    Remedy("remove one", repeated_object, (without_object(XML),)),
    Remedy(
        "remove one",
        steps(copy(PNG, "s/house/same.png"), copy(XML, "s/house/same.xml")),
        (remove("s/house/same.png", "s/house/same.xml"), remove(PNG, XML)),
    ),
    Remedy("take or save it again", *spoiled(lambda base: text(PNG, (base / PNG).read_bytes()[:-900])(base))),
    Remedy("replace it with a PNG, or remove it", text(PNG, "no picture"), (as_before, remove(PNG, XML))),
    Remedy("copy it again, or remove it", text(PNG, ""), (as_before, remove(PNG, XML))),
    Remedy("save it as PNG", *spoiled(lambda base: text(PNG, run_length_bmp((6000, 4000), b"\0\1"))(base))),
    Remedy("make it smaller", *spoiled(picture(mode="1", size=(9000, 6000)))),
    Remedy("save it with 8 bits", *spoiled(picture(mode="F", size=(64, 48), kind="TIFF"))),
    Remedy(
        "replace it with a copy that is saved as you see it, without EXIF data, and look whether its boxes fit",
        turned,
        (as_seen,),
    ),
    Remedy("correct it", *spoiled(link_to_itself)),
    Remedy("use a path inside it", link_outside, (file_itself,)),
    Remedy("put the folder here, or name it as a source", linked_folder, (steps(folder_here, house_too),)),
    Remedy("put the file itself here", *spoiled(pipe)),
    Remedy("make it smaller", *spoiled(text(XML, b" " * 10_000_001))),
    Remedy("correct it, or write it again", *edit_attributes('{"objects": [{"number": 0}]}')),
    Remedy(
        "correct the number; objects are counted from 1", *edit_attributes('{"objects": [{"number": 9, "pose": "up"}]}')
    ),
    Remedy(
        "name it after its picture, or remove it",
        text("s/garden/other.attributes.json", '{"objects": []}'),
        (move("s/garden/other.attributes.json", ATTRIBUTES), remove("s/garden/other.attributes.json")),
    ),
]

WORKSPACES = [
    Remedy(
        "move it to one of garden, house, or add the context",
        steps(move(PNG, "s/attic/shot_00.png"), move(XML, "s/attic/shot_00.xml")),
        (steps(move("s/attic/shot_00.png", PNG), move("s/attic/shot_00.xml", XML)), put(TOML, *NEW_CONTEXT)),
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
        "Name them in toonvision.toml, or run toonvision extract.",
        put(TOML, '"house" = {', '"home" = {'),
        (put(TOML, '"home" = {', '"house" = {'), put(TOML, '"home" = {', '"house" = {')),
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
        "Make it again: toonvision rebuild -w ...",
        text("w/catalog.sqlite", b"SQLite format 3\0" + b"\1" * 84),
        (printed,),
        verbs=("check",),
        before=ALL,
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
        "toonvision split --name default --force, then train again",
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
SETTINGS = [
    Remedy("Correct this key and run again.", *edit(TOML, "height = ", "height = -"), before=EXTRACTED),
    Remedy("Correct this line and run again.", *edit(TOML, "height = ", "height == "), before=EXTRACTED),
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
    Remedy("Name the folder that holds the pictures.", move("s", "t"), (move("t", "s"),), before=EXTRACTED),
    Remedy(
        "Rename one of them.",
        steps(copy(PNG, "s/garden/SHOT_00.png"), copy(XML, "s/garden/SHOT_00.xml")),
        (
            steps(
                move("s/garden/SHOT_00.png", "s/garden/shot_000.png"),
                move("s/garden/SHOT_00.xml", "s/garden/shot_000.xml"),
            ),
        ),
    ),
]
SETUPS = [
    Remedy(
        "To read them as one label, add: --same ...",
        put(XML, "<name>apple<", "<name>Apple<"),
        (options(same={"apple": ["Apple"]}),),
    ),
    Remedy("Leave out less.", lambda _: {"ignore": ["apple", "pear", "stone"]}, (options(ignore=["stone"]),)),
    Remedy(
        "Annotate more screenshots and run toonvision extract.",
        lambda base: remove(*few(base))(base),
        (as_before,),
        verbs=("extract", "split"),
    ),
]
OTHER_FOLDER = (options(root="w2"),)
SETUPS += [
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
        steps(in_every_annotation("<name>pear", "<name>apple"), in_every_annotation("<name>stone", "<name>apple")),
        (steps(as_before, put(TOML, "[taxonomy.labels]\n", "[taxonomy.labels]\npear = {}\nstone = {}\n")),),
    ),
    Remedy("Allow reading, and run again.", lambda base: closed(base), (lambda base: (base / "s/house").chmod(0o755),)),
    Remedy(
        'correct it, add it to the taxonomy, or leave it out: write ignore = ["plum"] under [labels] in toonvision.toml',
        put(XML, "<name>apple<", "<name>plum<"),
        (
            put(XML, "<name>plum<", "<name>apple<"),
            put(TOML, "[taxonomy.labels]\n", '[taxonomy.labels]\n"plum" = { title = "Plum" }\n'),
            top(TOML, '[labels]\nignore = ["plum"]\n'),
        ),
        before=EXTRACTED,
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
        "Choose --name, or give --force.",
        options(split={"seed": 3, "ratios": "40/30/30"}),
        (
            options(split={"seed": 3, "ratios": "40/30/30", "name": "b"}),
            options(split={"seed": 3, "ratios": "40/30/30", "force": True}),
        ),
        verbs=SPLIT_TOO,
        before=SPLIT_TOO,
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
DOUBTS = [
    Remedy(
        "check that it holds the whole object and nothing else",
        put("s/garden/shot_00.xml", "<ymax>23<", "<ymax>6<"),
        (as_before,),
        on="many boxes",
        verbs=CHECKED_TOO,
    ),
    Remedy(
        "take a sharper screenshot, if you can",
        changed_picture(lambda image: image.filter(ImageFilter.GaussianBlur(9))),
        (as_before,),
        on="many pictures",
        verbs=CHECKED_TOO,
    ),
    Remedy(
        "take a brighter screenshot, if you can",
        changed_picture(lambda image: image.point(lambda value: value // 8)),
        (as_before,),
        on="many pictures",
        verbs=CHECKED_TOO,
    ),
]
DATA = [*PICTURES, *WORKSPACES, *SETTINGS, *SETUPS, *SPLITS, *DOUBTS]
