"""Hostile names and things that are no files, in Pascal VOC and in class folders; sources that are refused."""

import json
import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from hostile_cases import CONTEXT, GOOD_XML, Case, Content, RefusedSource, encoded, good, scene

_NAMES = {
    "a line break": "line\nbreak", "an escape": "red \x1b[31mescape\x1b]0;title\x07", "a tab": "tab\tstop",
    "html": "<img src=x onerror=alert(1)>", "quotes": "\"double\" 'single' `back`", "a dash first": "-rf",
    "a format": "%s %n {0} {{7}}", "a shell": "; touch owned; $(id)", "sql": "'); DROP TABLE crops; --",
    "a reserved name": "CON", "another reserved name": "aux", "a dot last": "dot.", "a blank last": "blank ",
    "blanks": "  two  blanks", "a colon": "a:b", "signs Windows forbids": "what? *all* |these|", "a tilde": "~root",
    "a backslash": "up\\..\\..\\up", "emoji": "\N{RED APPLE}\N{ZERO WIDTH JOINER}\N{DOG FACE}", "rtl": "\u202egnp.exe",
    "no UTF-8": "caf\udce9", "another that is no UTF-8": "\udcff\udcfe", "250 characters": "n" * 250,
    "a null device": "nul", "no-break spaces": "a\u00a0\u2028b", "markup of the terminal": "[red]not red[/red]",
    "unicode": "größe 犬 Ω", "two suffixes": "shot.png.exe",
}  # fmt: skip


def _pair(stem: str, picture: Content, *, suffix: str = ".png") -> dict[str, Content]:
    return {f"{CONTEXT}/{stem}{suffix}": picture, f"{CONTEXT}/{stem}.xml": GOOD_XML}


def _link(target: str) -> Content:
    return lambda path: path.symlink_to(target)


def _unreadable(path: Path) -> None:
    path.write_bytes(good("unreadable"))
    path.chmod(0o000)


def voc_cases() -> list[Case]:
    """List pictures with odd names, and what only looks like a picture."""
    named = [Case(stem, _pair(stem, good(why)), picture=f"{CONTEXT}/{stem}.png") for why, stem in _NAMES.items()]
    return [*named, *_no_files(), *_links()]


def _no_files() -> Iterable[Case]:
    def case(stem: str, content: Content, code: str) -> Case:
        return Case(stem, _pair(stem, content), (code,), kept=False, picture=f"{CONTEXT}/{stem}.png", predicted=code)

    yield case("picture that is a pipe", os.mkfifo, "unreadable")
    if os.geteuid():  # the administrator may read all
        yield case("picture that cannot be read", _unreadable, "unreadable")
    alone = f"{CONTEXT}/picture alone.png"
    yield Case("picture alone", {alone: good("picture alone")}, ("no-annotation",), kept=False, picture=alone)
    yield Case("xml alone", {f"{CONTEXT}/xml alone.xml": GOOD_XML}, ("no-picture",), kept=False)
    below = f"{CONTEXT}/folder.png/in a folder named like a picture"
    yield Case(
        "in a folder named like a picture",
        {f"{below}.png": good("in a folder"), f"{below}.xml": GOOD_XML},
        picture=f"{below}.png",
    )
    strange = "attic/in an unknown context"
    yield Case(
        "in an unknown context",
        {f"{strange}.png": good("attic"), f"{strange}.xml": GOOD_XML},
        ("unknown-context",),
        kept=False,
        picture=f"{strange}.png",
        item="contexts",  # of all pictures outside there is one finding
    )
    for why, content in (
        ("truncated", b'{"objects": ['), ("with a key twice", b'{"objects": [{"number": 1, "a": 1, "a": 2}]}'),
        ("too deep", b"[" * 100_000), ("of a number that is not there", b'{"objects": [{"number": 9}]}'),
        ("that are a pipe", os.mkfifo), ("over 1 MB", b" " * 1_000_001),
    ):  # fmt: skip
        code = {"of a number that is not there": "no-object", "that are a pipe": "unreadable", "over 1 MB": "too-large"}
        stem = f"attributes {why}"
        files = {**_pair(stem, good(stem)), f"{CONTEXT}/{stem}.attributes.json": content}
        yield Case(stem, files, (code.get(why, "bad-json"),), picture=f"{CONTEXT}/{stem}.png")


def _links() -> Iterable[Case]:
    def case(stem: str, target: str, codes: tuple[str, ...], *, predicted: str = "", kept: bool = False) -> Case:
        return Case(
            stem, _pair(stem, _link(target)), codes, kept=kept, picture=f"{CONTEXT}/{stem}.png", predicted=predicted
        )

    yield case("link to a file outside", "/etc/hostname", ("path-escapes",), predicted="not-a-picture")
    yield case("link out by dots", "../../outside.png", ("path-escapes",))
    yield case("link to a device", "/dev/zero", ("path-escapes",), predicted="unreadable")
    yield case("link to itself", "link to itself.png", ("bad-path",), predicted="unreadable")
    yield case("link to nothing", "nothing.png", ("unreadable",), predicted="unreadable")
    yield case("zz link to a good one", "picture that is good.png", ("identical",), kept=True)
    yield Case(
        "picture that is good",
        _pair("picture that is good", good("good")),
        picture=f"{CONTEXT}/picture that is good.png",
    )
    yield Case("linked folder", {"linked folder": _link("..")}, ("linked-folder",), kept=False, item="/linked folder")


def folder_cases() -> list[Case]:
    """List class folders with odd names and contents."""
    found = []
    for why, label, code in (
        ("unknown", "zebra", "unknown-label"), ("nearly known", "aple", "unknown-label"),
        ("of another case", "Apple", "unknown-label"), ("reserved", "CON", "unknown-label"),
        ("html", "<b>apple", "unknown-label"), ("with a line break", "a\nb", "unprintable-label"),
        ("with an escape", "\x1b[31mred", "unprintable-label"), ("no UTF-8", "\udcff", "unprintable-label"),
        ("of 250 characters", "x" * 250, "unknown-label"), ("of a blank", " ", "no-label"),
    ):  # fmt: skip
        stem = f"class {why}"
        path = f"{label}/{stem}.png"
        by_label = code in {"unprintable-label", "no-label"}
        found.append(Case(stem, {path: good(stem)}, (code,), kept=not by_label, picture=path))
    for stem, path, content, code in (
        ("class good", "apple/class good.png", good("class good"), ""),
        ("class good but deep", "pear/a/b/c/class good but deep.jpg", encoded(scene("deep"), "JPEG"), ""),
        ("class text", "apple/class text.png", b"text", "not-a-picture"),
        ("class pipe", "pear/class pipe.png", os.mkfifo, "unreadable"),
    ):
        found.append(Case(stem, {path: content}, (code,) if code else (), kept=not code, picture=path, predicted=code))
    stray = "class in no folder.png"
    found.append(Case("class in no folder", {stray: good("stray")}, ("no-annotation",), kept=False, picture=stray))
    return found


def refused_sources() -> list[RefusedSource]:
    """Return sources that cannot be read at all, each with what its message must contain."""
    return [*_twins(), *_bad_settings(), *_bad_tables(), *_nothing()]


def _twins() -> Iterable[RefusedSource]:
    nfd = unicodedata.normalize("NFD", "größe")
    for why, first, second in (
        ("case", "Shot.png", "shot.png"), ("Unicode form", "größe.png", f"{nfd}.png"), ("suffix", "a.png", "a.jpg"),
        ("case of folders", "A/shot.png", "a/shot.png"), ("sharp s", "straße.png", "STRASSE.png"),
    ):  # fmt: skip
        pictures = {name: good(name) for name in (first, second)}
        message = (first, second, "two pictures of one name")
        if "/" in first:
            message = ("/A", "/a", "two folders of one name")
        xml = {str(Path(name).with_suffix(".xml")): GOOD_XML for name in pictures}
        if why != "suffix":  # which the file name that an annotation states decides
            yield RefusedSource(f"voc twins by {why}", {**pictures, **xml}, message)
        images = {f"images/{name}": content for name, content in pictures.items()}
        images |= {f"images/{Path(name).stem}.txt": b"0 0.5 0.5 0.5 0.5" for name in pictures}
        yield RefusedSource(
            f"yolo twins by {why}", {**images, "data.yaml": b"names: [apple]\ntrain: images\n"}, message
        )
        if why != "suffix":  # which confuses nobody where there is no annotation
            folders = {f"apple/{name}": content for name, content in pictures.items()}
            yield RefusedSource(f"class twins by {why}", {**folders, "pear/pear.png": good("pear")}, message)
    two = {"shot.png": good("two"), "shot.xml": GOOD_XML, "shot.XML": GOOD_XML.replace(b"apple", b"pear")}
    yield RefusedSource("two annotations", two, ("shot.xml", "shot.XML", "annotate one picture"))


def _bad_settings() -> Iterable[RefusedSource]:
    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nnames: [*b]\n"
    for why, text, message in (
        ("aliases", laughs, "aliases are not read"),
        ("a python tag", "names: !!python/object/apply:os.system ['touch owned']", "cannot be read as YAML"),
        ("deep lists", "names: " + "[" * 1500, "cannot be read as YAML"),
        ("no names", "train: images", "no other file names the classes"),
        ("a list", "[1, 2]", "no other file names the classes"), ("over 1 MB", "#" * 1_000_001, "is too large"),
        ("an escape in a name", 'names: [apple, "\\e[31m"]', "holds control characters"),
    ):  # fmt: skip
        files = {"data.yaml": text.encode(), "images/a.png": good("a"), "images/a.txt": b"0 0.5 0.5 0.5 0.5"}
        yield RefusedSource(f"yolo settings with {why}", files, ("data.yaml", message))


def _sparse(path: Path) -> None:
    """Write a file of over 500 MB that takes no room on the disk."""
    path.touch()
    os.truncate(path, 500_000_001)


def _bad_tables() -> Iterable[RefusedSource]:
    image, category = {"id": 1, "file_name": "a.png"}, {"id": 1, "name": "apple"}
    fine = {"images": [image], "annotations": [], "categories": [category]}
    boxed = {**fine, "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}]}
    text = json.dumps(fine)
    for why, content, message in (
        ("truncated", text[:-9], "cannot be read as JSON"), ("too deep", "[" * 100_000, "cannot be read as JSON"),
        ("with a table twice", f'{text[:-1]}, "images": []}}', "the key 'images' comes twice"),
        ("without categories", json.dumps({**fine, "categories": None}), "has no table categories"),
        ("with a category twice", json.dumps({**boxed, "categories": [category, {**category, "name": "pear"}]}),
         "share an id"),
        ("with a picture under two names",
         json.dumps({**boxed, "images": [image, {"id": 2, "file_name": "images/a.png"}]}), "list one picture"),
        ("of 1000001 rows", json.dumps({**fine, "annotations": [0] * 1_000_001}), "rows, over 1,000,000"),
        ("of ten million lists", f"[{'[],' * 10_000_000}[]]", "lists and objects, over 10,000,000"),
        ("over 500 MB", _sparse, "is too large"), ("that is a pipe", os.mkfifo, "is no regular file"),
    ):  # fmt: skip
        made: Content = content.encode() if isinstance(content, str) else content
        files = {"annotations/instances.json": made, "images/a.png": good("a")}
        yield RefusedSource(f"coco {why}", files, ("instances.json", message))


def _nothing() -> Iterable[RefusedSource]:
    yield RefusedSource("nothing that can be read", {"notes.txt": b"hello"}, ("no annotated pictures were found",))
    yield RefusedSource("hidden pictures alone", {".a/b.png": good("b")}, ("no annotated pictures were found",))
    broken = {"a.png": good("a"), "a.xml": b"<annotation>"}
    yield RefusedSource("no object at all", broken, ("no annotated object was found", "a.xml: is not valid XML"))
    twins = {f"{label}/{label}.png": good(label) for label in ("apple", "Apple ")}
    yield RefusedSource(
        "labels that differ by case",
        twins,
        ("labels differ by case or Unicode form alone: 'Apple' (1 object) and 'apple' (1 object)",),
    )
