"""Remedies about pictures, boxes and attributes of any format, and about what is odd among crops."""

import os
import shutil

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
    move,
    put,
    remove,
    spoiled,
    steps,
    text,
    without_object,
)

CHECKED_TOO = ("extract", "check")


ATTRIBUTES = "s/garden/shot_00.attributes.json"


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


def copies_elsewhere(base):
    """Name the folder that holds the picture of a link, and its annotation, as the source."""
    for path in (base / "s").rglob("shot_*"):
        (base / "shots" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, base / "shots" / path.parent.name / path.name)
    (base / TOML).unlink()
    return {"source": "shots"}


def attributes_outside(base):
    text("elsewhere.json", '{"objects": [{"number": 1, "pose": "up"}]}')(base)
    (base / ATTRIBUTES).symlink_to(base / "elsewhere.json")


def attributes_themselves(base):
    (base / ATTRIBUTES).unlink()
    copy("elsewhere.json", ATTRIBUTES)(base)


def linked_folder(base):
    shutil.move(base / "s" / "house", base / "elsewhere")
    (base / "s" / "house").symlink_to(base / "elsewhere")


def folder_here(base):
    (base / "s" / "house").unlink()
    shutil.move(base / "elsewhere", base / "s" / "house")


def two_of_one_stem(base):
    with Image.open(base / "s/apple/shot_00.png") as image:
        image.convert("L").convert("RGB").save(base / "s/apple/shot_00.jpg")


def shrunk(base):
    """Save the first picture at half its size."""
    with Image.open(base / PNG) as stored:
        stored.resize((32, 24)).save(base / PNG)


def annotated_again(base):
    """State the size that the first picture has now, with one box in it."""
    without_second(base)
    for side, half in (("<width>64<", "<width>32<"), ("<height>48<", "<height>24<")):
        put(XML, side, half)(base)


def pipe(base):
    (base / XML).unlink()
    os.mkfifo(base / XML)


def repeated_object(base):
    there = (base / XML).read_text(encoding="utf-8")
    first = there[there.index("<object>") : there.index("</object>") + len("</object>")]
    (base / XML).write_text(there.replace("<object>", f"{first}<object>", 1), encoding="utf-8")


def changed_picture(change):
    def save(base):
        path = min((base / "s").rglob("*.png"))
        with Image.open(path) as image:
            change(image.convert("RGB")).save(path)

    return save


PICTURES = [
    Remedy("correct it", *edit(XML, "<xmin>2<", "<xmin>two<")),
    Remedy("name it", *edit(XML, "<name>apple<", "<name> <")),
    Remedy("rename it", *edit(XML, "<name>apple<", f"<name>{'a' * 1001}<")),
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
    Remedy(
        "put the picture of 64x48 pixels back, on which the boxes were drawn, or annotate this one again",
        shrunk,
        (as_before, annotated_again),
    ),
    Remedy(
        "if the boxes were drawn on the picture as it is, write width 64 and height 48 there; else put the picture of "
        "48x64 pixels back, on which the boxes were drawn, or annotate this one again",
        steps(put(XML, "<width>64<", "<width>48<"), put(XML, "<height>48<", "<height>64<")),
        (
            steps(put(XML, "<width>48<", "<width>64<"), put(XML, "<height>64<", "<height>48<")),
            lambda base: Image.new("RGB", (48, 64), "red").save(base / PNG),
            as_before,
        ),
    ),
    Remedy("remove one", repeated_object, (without_object(XML),)),
    Remedy(
        "remove one",
        steps(copy(PNG, "s/house/same.png"), copy(XML, "s/house/same.xml")),
        (remove("s/house/same.png", "s/house/same.xml"), remove(PNG, XML)),
    ),
    Remedy(
        "remove the one that is wrong",
        copy("s/apple/shot_00.png", "s/pear/same.png"),
        (remove("s/pear/same.png"), remove("s/apple/shot_00.png")),
        on="folders",
    ),
    Remedy("take or save it again", *spoiled(lambda base: text(PNG, (base / PNG).read_bytes()[:-900])(base))),
    Remedy("replace it with a PNG, or remove it", text(PNG, "no picture"), (as_before, remove(PNG, XML))),
    Remedy(
        "fetch it: git lfs pull", *spoiled(text(PNG, "version https://git-lfs.github.com/spec/v1\noid sha256:4d\n"))
    ),
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
    Remedy(
        "copy the file into its place, or name the folder that it leads to as the source",
        link_outside,
        (file_itself, copies_elsewhere),
    ),
    Remedy("copy the file into its place", attributes_outside, (attributes_themselves,)),
    Remedy("put the folder here, or name it as a source", linked_folder, (folder_here,)),
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
    Remedy(
        "move it to apple/shot_00.jpg.attributes.json or apple/shot_00.png.attributes.json",
        steps(two_of_one_stem, text("s/apple/shot_00.attributes.json", '{"objects": []}')),
        (
            move("s/apple/shot_00.attributes.json", "s/apple/shot_00.jpg.attributes.json"),
            move("s/apple/shot_00.attributes.json", "s/apple/shot_00.png.attributes.json"),
        ),
        on="folders",
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

ABOUT_PICTURES = [*PICTURES, *DOUBTS]
