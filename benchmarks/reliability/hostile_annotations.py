"""Hostile annotations of good pictures: XML, rows of YOLO, tables of COCO."""

import itertools
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from hostile_cases import BOX, CONTEXT, GOOD_BOX, GOOD_XML, Case, Content, good

_LABELS = ("apple", "pear")
_DIGITS = "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}"
_CHINESE = "中文"
_LAUGHS = (
    "<!DOCTYPE l [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in itertools.pairwise("abcdefghij"))
    + "]><annotation><object><name>&j;</name></object></annotation>"
)


def _object(label: str = "apple", box: str = GOOD_BOX) -> str:
    return f"<object><name>{label}</name>{box}</object>"


def _xml(*objects: str, size: str = "") -> str:
    return f"<annotation>{size}{''.join(objects)}</annotation>"


def _declared(encoding: str, text: str, y_true: str) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(y_true)


def _unreadable_xml() -> Iterable[tuple[str, Content, str]]:
    xml = GOOD_XML.decode()
    labelled = _xml(_object(_CHINESE))
    yield "xml truncated", GOOD_XML[:-20], "bad-xml"
    yield "xml empty", b"", "bad-xml"
    yield "xml of blanks", b" \n" * 100, "bad-xml"
    yield "xml that is json", b'{"annotation": 3}', "bad-xml"
    yield "xml that is a picture", good("xml"), "encoding"
    yield "xml of zeros", bytes(1000), "bad-xml"
    yield "xml with a control character", _xml(_object("a\x01b")).encode(), "bad-xml"
    yield "xml with two roots", (xml * 2).encode(), "bad-xml"
    yield "xml without namespace declaration", b"<x:annotation/>", "bad-xml"
    yield "xml nested without end", b"<a>" * 200_000, "bad-xml"
    yield "xml with a dtd", f"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'>{xml}".encode(), "xml-entities"
    yield "xml billion laughs", _LAUGHS.encode(), "xml-entities"
    yield (
        "xml with an external entity",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + _xml(_object("&x;")).encode(),
        "xml-entities",
    )
    yield "xml with a parameter entity", f"<!DOCTYPE a [<!ENTITY % p 'x'> %p;]>{xml}".encode(), "xml-entities"
    yield "xml with an undeclared entity", _xml(_object("&x;")).encode(), "bad-xml"
    yield "xml with another root", f"<html>{_object()}</html>".encode(), "other-xml"
    yield "xml over 10 MB", _xml(f"<!--{'x' * 10_000_000}-->").encode(), "too-large"
    yield "xml with 10001 objects", _xml(*[_object()] * 10_001).encode(), "too-many-objects"
    yield "xml with 200000 empty objects", _xml("<object/>" * 200_000).encode(), "too-many-objects"
    yield "xml in gb2312", _declared("gb2312", labelled, "gb2312"), "encoding"
    yield "xml in big5", _declared("big5", labelled, "big5"), "encoding"
    yield "xml in gb2312 that says utf-8", _declared("utf-8", labelled, "gb2312"), "encoding"
    yield "xml in gb2312 that says nothing", labelled.encode("gb2312"), "encoding"
    yield "xml in utf-8 that says utf-16", _declared("utf-16", labelled, "utf-8"), "encoding"
    yield "xml in an unknown encoding", _declared("no-such-code", labelled, "utf-8"), "encoding"
    yield "xml in an encoding that is a packer", _declared("zlib", labelled, "utf-8"), "encoding"
    yield "xml half of utf-16", xml.encode("utf-16")[:-7], "encoding"
    yield "xml that is a pipe", os.mkfifo, "unreadable"
    yield "xml that is a folder", _folder, "no-annotation"
    yield "xml that is a link to itself", lambda path: path.symlink_to(path.name), "bad-path"
    yield "xml that is a link out", lambda path: path.symlink_to("/etc/hostname"), "path-escapes"
    yield "xml that is a link to a device", lambda path: path.symlink_to("/dev/zero"), "path-escapes"
    yield "xml of another size", _xml(size=_size("65", "48")).encode(), "size-differs"
    yield "xml of size nan", _xml(size=_size("nan", "48")).encode(), "bad-number"
    yield "xml of size 1e400", _xml(size=_size("64", "1e400")).encode(), "bad-number"


def _folder(path: Any) -> None:
    path.mkdir()


def _size(width: str, height: str) -> str:
    return f"<size><width>{width}</width><height>{height}</height></size>"


def _odd_xml() -> Iterable[tuple[str, str | bytes, tuple[str, ...]]]:
    """Return XML whose picture is kept, with the codes of the findings on its objects."""
    good_object = _object("pear", BOX.format(5, 5, 20, 20))
    for name, label, code in (
        ("label empty", "", "no-label"), ("label of blanks", "  ", "no-label"),
        ("label with a line break", "a\nb", "unprintable-label"),
        ("label with a reversal", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "unprintable-label"),
        ("label of 5000 characters", "x" * 5000, "long-label"),
        ("label of a million characters", "x" * 1_000_000, "long-label"),
        ("label unknown", "zebra", "unknown-label"), ("label nearly known", "aple", "unknown-label"),
        ("label of another case", "Apple", "unknown-label"), ("label of html", "&lt;b&gt;apple", "unknown-label"),
        ("label that is a path", "../../etc/passwd", "unknown-label"), ("label reserved", "CON", "unknown-label"),
        ("label that is code", "{{7*7}}$(id)", "unknown-label"), ("label of emoji", "🍎", "unknown-label"),
    ):  # fmt: skip
        yield name, _xml(_object(label), good_object), (code,)
    for name, value in (
        ("nan", "nan"), ("infinity", "inf"), ("1e400", "1e400"), ("arabic digits", _DIGITS), ("a word", "left"),
        ("a decimal comma", "1,5"), ("two numbers", "1 2"), ("hexadecimal", "0x10"), ("an empty tag", ""),
        ("100000 digits behind a letter", "x" + "9" * 100_000), ("a no-break space", "1\N{NO-BREAK SPACE}"),
    ):  # fmt: skip
        yield f"coordinate that is {name}", _xml(_object(box=BOX.format(value, 0, 4, 4)), good_object), ("bad-number",)
    for name, edges, code in (
        ("without width", (5, 5, 5, 20), "zero-area"), ("without height", (5, 5, 20, 5), "zero-area"),
        ("that rounds to nothing", (5.1, 5, 5.2, 20), "zero-area"), ("with swapped corners", (20, 5, 5, 20), ""),
        ("far outside", (100, 100, 200, 200), "out-of-bounds"), ("mostly outside", (-40, 0, 20, 48), "out-of-bounds"),
        ("of 1e300 pixels", (0, 0, 1e300, 1e300), "out-of-bounds"), ("negative", (-20, -20, 5, 5), "out-of-bounds"),
        ("1 pixel outside", (-1, 0, 65, 49), ""), ("partly outside", (-20, -9, 64, 48), ""),
    ):  # fmt: skip
        yield f"box {name}", _xml(_object(box=BOX.format(*edges)), good_object), (code,) if code else ()
    yield "box without a tag", _xml(_object(box="<bndbox><xmin>1</xmin></bndbox>"), good_object), ("missing-tag",)
    yield "object without box", _xml(_object(box=""), good_object), ("missing-tag",)
    yield "object without label", _xml(f"<object>{GOOD_BOX}</object>", good_object), ("no-label",)
    yield "object twice", _xml(good_object, good_object), ("duplicate",)
    yield (
        "object twice after rounding",
        _xml(good_object, _object("pear", BOX.format(5.2, 5, 20, 19.9))),
        ("duplicate",),
    )
    yield "object three times", _xml(*[good_object] * 3), ("duplicate", "duplicate")
    yield "no object", _xml(), ()
    yield "of negative size", _xml(good_object, size=_size("-64", "-48")), ()
    yield "names of files outside", _xml("<filename>../../x.png</filename><path>\\\\host\\x</path>", good_object), ()
    yield "deep but closed", _xml(f"{'<a>' * 20_000}{good_object}{'</a>' * 20_000}"), ()
    yield "with a byte order mark", _xml(good_object).encode("utf-8-sig"), ()
    yield "in utf-16", _declared("utf-16", _xml(good_object), "utf-16"), ()
    yield "in latin 1", _declared("iso-8859-1", _xml(_object("Größe")), "iso-8859-1"), ("unknown-label",)
    yield "with instructions", f"<?xml-stylesheet href='file:///etc/passwd'?>{_xml(good_object)}", ()
    yield "with an inclusion", _xml("<include href='file:///etc/passwd' parse='text'/>", good_object), ()


def voc_cases() -> list[Case]:
    """List hostile XML files."""
    refused = [
        Case(
            name,
            {f"{CONTEXT}/{name}.png": good(name), f"{CONTEXT}/{name}.xml": content},
            codes=(code,),
            kept=False,
            picture=f"{CONTEXT}/{name}.png",
        )
        for name, content, code in _unreadable_xml()
    ]
    kept = [
        Case(
            f"xml {name}",
            {
                f"{CONTEXT}/xml {name}.png": good(name),
                f"{CONTEXT}/xml {name}.xml": text.encode() if isinstance(text, str) else text,
            },
            codes=codes,
            picture=f"{CONTEXT}/xml {name}.png",
        )
        for name, text, codes in _odd_xml()
    ]
    return [*refused, *kept]


def _rows() -> Iterable[tuple[str, Content, tuple[str, ...], bool]]:
    row = b"1 0.5 0.5 0.5 0.5\n"
    for name, written, code in (
        ("four columns", "0 0.5 0.5 0.5", "bad-row"), ("eight columns", "0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "bad-row"),
        ("a class that has no name", "9 0.5 0.5 0.5 0.5", "unknown-class"),
        ("a negative class", "-1 0.5 0.5 0.5 0.5", "no-class"),
        ("a class that is a word", "apple 0.5 0.5 0.5 0.5", "bad-number"), ("nan", "0 nan 0.5 0.5 0.5", "bad-number"),
        ("1e400", "0 1e400 0.5 0.5 0.5", "bad-number"), ("arabic digits", f"0 {_DIGITS} 0.5 0.5 0.5", "bad-number"),
        ("a decimal comma", "0 0,5 0.5 0.5 0.5", "bad-row"), ("no width", "0 0.5 0.5 0 0.5", "zero-area"),
        ("a negative width", "0 0.5 0.5 -0.5 0.5", ""), ("pixels for shares", "0 32 24 10 10", "pixels"),
        ("1e308", "0 1e308 0.5 1e308 0.5", "pixels"), ("a row twice", "1 0.5 0.5 0.5 0.5", "duplicate"),
    ):  # fmt: skip
        yield f"yolo row with {name}", f"{written}\n".encode() + row, (code,) if code else (), True
    yield "yolo rows none", b"", (), True
    yield "yolo rows with a byte order mark", b"\xef\xbb\xbf" + row, (), True
    yield "yolo rows of windows", b"\r\n" + row.replace(b"\n", b"\r\n"), (), True
    yield "yolo rows in utf-16", row.decode().encode("utf-16"), (), True
    yield "yolo rows of zeros", bytes(100), ("bad-row",), True
    yield "yolo rows that are a picture", good("rows"), ("encoding",), False
    yield "yolo rows over 10 MB", b"\n" * 10_000_001, ("too-large",), False
    yield "yolo rows 10001", row * 10_001, ("too-many-objects",), False
    yield "yolo rows that are a pipe", os.mkfifo, ("unreadable",), False
    yield "yolo rows that are a link out", lambda path: path.symlink_to("/etc/hostname"), ("path-escapes",), False
    yield "yolo rows that are a link to themselves", lambda path: path.symlink_to(path.name), ("bad-path",), False
    yield "yolo rows that are a folder", _folder, ("no-annotation",), False


def yolo_cases() -> list[Case]:
    """List hostile label files, and pictures and label files that lack each other."""
    cases = [
        Case(
            name,
            {f"images/{CONTEXT}/{name}.png": good(name), f"labels/{CONTEXT}/{name}.txt": content},
            codes=codes,
            kept=kept,
            picture=f"images/{CONTEXT}/{name}.png",
        )
        for name, content, codes, kept in _rows()
    ]
    alone, text = f"images/{CONTEXT}/yolo picture alone.png", f"images/{CONTEXT}/yolo text.png"
    row = b"0 0.5 0.5 0.5 0.5\n"
    return [
        *cases,
        Case("yolo picture alone", {alone: good("alone")}, ("no-annotation",), kept=False, picture=alone),
        Case("yolo rows alone", {f"labels/{CONTEXT}/yolo rows alone.txt": row}, ("no-picture",), kept=False),
        Case(
            "yolo text",
            {text: b"text", f"labels/{CONTEXT}/yolo text.txt": row},
            codes=("not-a-picture",),
            kept=False,
            picture=text,
            predicted="not-a-picture",
        ),
    ]


YOLO_SETTINGS = json.dumps({"path": "/content/fruit", "train": "images", "names": _LABELS}).encode()

_Rows = list[dict[str, Any]]


def _coco() -> Iterable[tuple[str, dict[str, Any], _Rows, tuple[str, ...], bool]]:
    """Return changes of the image's row, the annotations, the codes, and whether the picture is kept."""
    fine = {"category_id": 1, "bbox": [5, 5, 20, 20]}
    for name, box, code in (
        ("of nan", [float("nan"), 0, 4, 4], "bad-number"), ("of 1e400", [0, 0, float("inf"), 4], "bad-number"),
        ("of words", ["one", "0", "4", "4"], "bad-number"), ("of three numbers", [0, 0, 4], "bad-number"),
        ("of 300 digits", [0, 0, 10**300, 4], "out-of-bounds"), ("that is null", None, "bad-number"),
        ("nested deeply", [[[[[]]]]], "bad-number"), ("without area", [0, 0, 0, 4], "zero-area"),
        ("of negative width", [9, 9, -4, 4], ""), ("outside", [60, 40, 20, 20], "out-of-bounds"),
        ("that overflows", [1e308, 0, 1e308, 4], "bad-number"),
    ):  # fmt: skip
        yield f"coco box {name}", {}, [{"category_id": 0, "bbox": box}, fine], (code,) if code else (), True
    yield "coco object twice", {}, [fine, fine], ("duplicate",), True
    yield "coco object of an unknown category", {}, [{**fine, "category_id": 77}, fine], ("unknown-class",), True
    yield "coco object of no category", {}, [{"bbox": [1, 1, 2, 2]}, fine], ("unknown-class",), True
    yield "coco objects none", {}, [], (), True
    yield "coco size differs", {"width": 65, "height": 48}, [fine], ("size-differs",), False
    yield "coco size that is a word", {"width": "64", "height": None}, [fine], (), True
    for name, written, code in (
        ("climbs out", "../outside.png", "no-picture"), ("is absolute", "/etc/hostname", "no-picture"),
        ("is a network path", "\\\\host\\share\\x.png", "no-picture"), ("is a url", "file:///x.png", "no-picture"),
        ("has a zero byte", "a\0b.png", "no-picture"), ("is half a character", "\ud800.png", "no-picture"),
        ("is too long", "x" * 5000, "no-picture"), ("is a folder", "./.", "no-picture"),
        ("is empty", "", "missing-tag"), ("is a number", 7, "missing-tag"),
    ):  # fmt: skip
        yield f"coco name that {name}", {"file_name": written}, [fine], (code,), False


def coco_cases() -> tuple[list[Case], Mapping[str, Content]]:
    """List hostile rows of COCO, and give the files that hold them all."""
    images: list[Any] = []
    annotations: list[Any] = []
    cases = []
    for number, (name, changes, rows, codes, kept) in enumerate(_coco(), start=1):
        file = f"{CONTEXT}/{name}.png"
        row = {"id": number, "file_name": file, **changes}
        own = row["file_name"] == file
        images.append(row)
        annotations += [{"image_id": number, **annotation} for annotation in rows]
        picture = f"images/{file}"
        item = "" if own else f"instances.json, {_called(row['file_name'], number)}"
        cases.append(
            Case(
                name,
                {picture: good(name)} if own else {},
                codes=codes,
                kept=kept,
                picture=picture if own else "",
                item=item,
            )
        )
    for name in ("coco id of two images", "coco id of two images, again"):
        picture = f"images/{CONTEXT}/{name}.png"
        images.append({"id": -1, "file_name": f"{CONTEXT}/{name}.png"})
        cases.append(Case(name, {picture: good(name)}, codes=("duplicate-id",), kept=False, picture=picture))
    images += [3, None, {"id": [1]}]
    annotations += ["x", {"image_id": 10_000, "category_id": 0, "bbox": [0, 0, 4, 4]}]
    categories = [*({"id": index, "name": label} for index, label in enumerate(_LABELS)), 5]
    tables = {"images": images, "annotations": annotations, "categories": categories}
    damaged = {"too deep": b"[" * 100_000, "half": b'{"images": [', "twice": b'{"images": [], "images": []}'}
    files: dict[str, Content] = {f"annotations/coco json {name}.json": content for name, content in damaged.items()}
    files["annotations/instances.json"] = json.dumps(tables).encode()
    cases += [Case(f"coco json {name}", {}, ("bad-json",), kept=False) for name in damaged]
    stray = {
        "row of images that is a number": ("bad-row", "images, row"),
        "row of annotations that is a word": ("bad-row", "annotations, row"),
        "row of categories that is a number": ("bad-row", "categories, row"),
        "row of an image that is not there": ("no-picture", "image 10000"),
    }
    cases += [
        Case(f"coco {name}", {}, (code,) * (3 if item == "images, row" else 1), kept=False, item=item)
        for name, (code, item) in stray.items()
    ]
    return cases, files


_LONG_NAME = 1000


def _called(name: object, number: int) -> str:
    """Return what a message calls an image: by its name where that can be one, else by its id."""
    return name if isinstance(name, str) and 0 < len(name) < _LONG_NAME else f"image {number}"
