"""Remedies about YOLO: its label files, the names of its classes, and the subsets that it names."""

import json

from reliability.remedies import (
    Remedy,
    as_before,
    copy,
    move,
    remove,
    spoiled,
    steps,
    text,
)

LABELS = "s/labels/garden/shot_00.txt"
PICTURE = "s/images/garden/shot_00.png"
DATA = "s/data.yaml"


def row(change):
    """Return what changes the first row of a label file."""

    def write(base):
        first, *rest = (base / LABELS).read_text(encoding="utf-8").splitlines()
        (base / LABELS).write_text("\n".join([change(first), *rest, ""]), encoding="utf-8")

    return write


def names(*labels, **more):
    return text(DATA, json.dumps({"train": "images", "names": list(labels), **more}))


def counted_from_1(base):
    for path in (base / "s/labels").rglob("*.txt"):
        rows = [line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text("".join(f"{int(number) + 1} {rest}\n" for number, rest in rows), encoding="utf-8")


def init_again(base):
    """Make the workspace again, as `init` says, so that labels are read anew."""
    (base / "w/toonvision.toml").unlink()


def in_pixels(line):
    number, *shares = line.split()
    return " ".join([number, *(str(float(share) * side) for share, side in zip(shares, (64, 48) * 2, strict=True))])


def as_corners(base):
    """Write each box as two corners, which YOLO does not have."""
    for path in (base / "s/labels").rglob("*.txt"):
        rows = []
        for line in path.read_text(encoding="utf-8").splitlines():
            number, x, y, w, h = map(float, line.split())
            rows.append(f"{number:.0f} {x - w / 2} {y - h / 2} {x + w / 2} {y + h / 2}\n")
        path.write_text("".join(rows), encoding="utf-8")


def posed(base):
    """Let four key points follow each box, two in each of two of its corners."""
    for path in (base / "s/labels").rglob("*.txt"):
        rows = []
        for line in path.read_text(encoding="utf-8").splitlines():
            _, x, y, w, h = map(float, line.split())
            ends = [f"{x - w / 2:.6f} {y - h / 2:.6f} 2", f"{x + w / 2:.6f} {y + h / 2:.6f} 1"]
            rows.append(" ".join([line, *ends, *ends]) + "\n")
        path.write_text("".join(rows), encoding="utf-8")


SHIFTED = "put a name before the first one, as in names: [unused, apple, pear, stone]"
THREE = ("apple", "pear", "stone")
YOLO = [
    Remedy("draw its boxes, or save an empty file", remove(LABELS), (as_before, text(LABELS, "")), on="yolo"),
    Remedy("write its box again", *spoiled(row(lambda line: line.rpartition(" ")[0])), on="yolo"),
    Remedy("write points in place of the commas", *spoiled(row(lambda line: line.replace(".", ","))), on="yolo"),
    Remedy("write blanks in place of the commas", *spoiled(row(lambda line: line.replace(" ", ", "))), on="yolo"),
    Remedy(
        "export it as YOLO again, or divide pixels by that size, and percent by 100",
        *spoiled(row(in_pixels)),
        on="yolo",
    ),
    Remedy("write centre, width and height in their place, or export them again", *spoiled(as_corners), on="yolo"),
    Remedy("add its name under the number 2", names("apple", "pear"), (steps(names(*THREE), init_again),), on="yolo"),
    Remedy(
        "write its name on line 3, counted from the first name",
        steps(remove(DATA), text("s/classes.txt", "apple\npear\n")),
        (steps(text("s/classes.txt", "apple\npear\nstone\n"), init_again),),
        on="yolo",
    ),
    Remedy(
        "write the number of its class",
        *spoiled(row(lambda line: f"0.5 {line.partition(' ')[2]}")),
        on="yolo",
    ),
    Remedy(
        "write one, as in names: [cat, dog]",
        text(DATA, "train: images\nnames: apple, pear, stone\n"),
        (names(*THREE),),
        on="yolo",
    ),
    Remedy("write 0 in its place", *spoiled(row(lambda line: f"apple {line.partition(' ')[2]}")), on="yolo"),
    Remedy(
        "write that number, or remove the row",
        row(lambda line: f"None {line.partition(' ')[2]}"),
        (as_before, lambda base: (base / LABELS).write_text("", encoding="utf-8")),
        on="yolo",
    ),
    Remedy("correct the number, or the names", names(*THREE, nc=4), (names(*THREE, nc=3), names(*THREE)), on="yolo"),
    Remedy(
        "name them differently, if they are two",
        names("apple", "apple", "stone"),
        (steps(names(*THREE), init_again),),
        on="yolo",
    ),
    Remedy(
        "write / in place of each \\ in that line",
        *spoiled(text(DATA, 'path: "D:\\new\\data"\ntrain: images\nnames: [apple, pear, stone]\n')),
        on="yolo",
    ),
    Remedy("correct that line", *spoiled(text(DATA, "train: images\nnames: ['apple' 'pear']\n")), on="yolo"),
    Remedy("write it again", *spoiled(text(DATA, "train: images\nnames: [\x07]\n")), on="yolo"),
    Remedy(
        "write the number of its class, or remove the row",
        row(lambda line: f"-1 {line.partition(' ')[2]}"),
        (as_before, lambda base: (base / LABELS).write_text("", encoding="utf-8")),
        on="yolo",
    ),
    Remedy(
        "write each name on a line of its own",
        steps(remove(DATA), text("s/classes.txt", "apple,pear,stone\n")),
        (steps(text("s/classes.txt", "apple\npear\nstone\n"), init_again),),
        on="yolo",
    ),
    Remedy(
        "write each name as an entry of its own",
        names("apple,pear,stone"),
        (steps(names(*THREE), init_again),),
        on="yolo",
    ),
    Remedy(
        "correct the names in one of the files, or remove it",
        text("s/labels/classes.txt", "pear\napple\nstone\n"),
        (remove("s/labels/classes.txt"), text("s/labels/classes.txt", "apple\npear\nstone\n")),
        on="yolo",
    ),
    Remedy("write kpt_shape: [4, 3] into data.yaml", posed, (names(*THREE, kpt_shape=[4, 3]),), on="yolo"),
    Remedy(
        "write kpt_shape: [4, 3], with the names of classes.txt, into a data.yaml beside it",
        steps(remove(DATA), text("s/classes.txt", "apple\npear\nstone\n"), posed),
        (names(*THREE, kpt_shape=[4, 3]),),
        on="yolo",
    ),
    Remedy(
        "remove it, or name it after its own picture",
        copy(LABELS, "s/images/garden/shot_00.txt"),
        (
            remove("s/images/garden/shot_00.txt"),
            steps(
                copy(PICTURE, "s/images/garden/own.png"), move("s/images/garden/shot_00.txt", "s/images/garden/own.txt")
            ),
        ),
        on="yolo",
    ),
    Remedy("add its picture, or remove it", remove(PICTURE), (as_before, remove(LABELS)), on="yolo"),
    Remedy(
        "Write it, with 3 lines, the labels of the classes 0 to 2",
        remove(DATA),
        (text("s/classes.txt", "apple\npear\nstone\n"),),
        on="yolo",
    ),
    Remedy(
        "Remove the one that is not meant.",
        steps(
            move(DATA, "s/fruit.yaml"), text("s/pets.yaml", json.dumps({"train": "images", "names": ["a", "b", "c"]}))
        ),
        (remove("s/pets.yaml"),),
        on="yolo",
    ),
    Remedy("list the classes only", *spoiled(steps(remove(DATA), text("s/classes.txt", "a\n" * 20_000))), on="yolo"),
    Remedy("number them differently", *spoiled(text(DATA, "train: images\nnames: {0: a, 00: b}\n")), on="yolo"),
    Remedy("list them in the order of their numbers", *spoiled(text(DATA, "train: images\nnames: []\n")), on="yolo"),
    Remedy(
        "number the classes, as in 0: cat", *spoiled(text(DATA, "train: images\nnames: {first: apple}\n")), on="yolo"
    ),
    Remedy("write words", *spoiled(text(DATA, "train: images\nnames: [[apple]]\n")), on="yolo"),
    Remedy(
        "put it there, or take it out of data.yaml",
        names(*THREE, test="../test/images"),
        (
            names(*THREE),
            steps(move("s/images/house", "s/test/images/house"), move("s/labels/house", "s/test/labels/house")),
        ),
        on="yolo",
    ),
    Remedy(
        "put its pictures there, or take it out of data.yaml",
        steps(names(*THREE, test="test/images"), lambda base: (base / "s/test/images").mkdir(parents=True)),
        (
            names(*THREE),
            steps(move("s/images/house", "s/test/images/house"), move("s/labels/house", "s/test/labels/house")),
        ),
        on="yolo",
    ),
    Remedy(
        "put them there",
        steps(names(*THREE, train="list.txt"), text("s/list.txt", "images/garden/shot_00.png\nimages/gone.png\n")),
        (copy(PICTURE, "s/images/gone.png"),),
        on="yolo",
    ),
    Remedy("name a folder for one subset only", names(*THREE, val="images/garden"), (names(*THREE),), on="yolo"),
    Remedy(SHIFTED, counted_from_1, (steps(names("unused", *THREE), init_again),), on="yolo"),
    Remedy(
        "put a line before the first one, such as: unused",
        steps(remove(DATA), text("s/classes.txt", "apple\npear\nstone\n"), counted_from_1),
        (steps(text("s/classes.txt", "unused\napple\npear\nstone\n"), init_again),),
        on="yolo",
    ),
    Remedy(
        "number the names from 1, as in 1: apple",
        steps(text(DATA, "train: images\nnames: {0: apple, 1: pear, 2: stone}\n"), counted_from_1),
        (steps(text(DATA, "train: images\nnames: {1: apple, 2: pear, 3: stone}\n"), init_again),),
        on="yolo",
    ),
    Remedy(
        "number the names from 0, as in 0: apple",
        text(DATA, "train: images\nnames: {1: apple, 2: pear, 3: stone}\n"),
        (steps(text(DATA, "train: images\nnames: {0: apple, 1: pear, 2: stone}\n"), init_again),),
        on="yolo",
    ),
    Remedy("write names", text(DATA, "train: images\nnc: 3\n"), (steps(names(*THREE), init_again),), on="yolo"),
    Remedy(
        "save it as YOLO too",
        *spoiled(steps(remove(LABELS), text("s/labels/garden/shot_00.xml", "<annotation/>"))),
        on="yolo",
    ),
    Remedy("move it away if it is not meant", *spoiled(copy(PICTURE, "s/other/one.png")), on="yolo"),
]
