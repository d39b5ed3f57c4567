"""Promise: a folder of hostile files is read without a traceback, and everything that is left out of it is named.

Run: python benchmarks/reliability/hostile_folder.py FOLDER

Writes the folder and prints what is promised of each thing in it: `sources` with one folder for each format, whose good
items are kept; `refused` with one folder for each fault that makes a source useless as a whole; and `outside.png`, to
which links lead. The tests run the program on the same folder (tests/reliability/test_hostile_folder.py).
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import hostile_annotations
import hostile_names
from hostile_cases import RefusedSource, Source, good, write
from hostile_pictures import heavy_picture_cases, picture_cases
from measure import arguments, new_folder

SOURCES, REFUSED = "sources", "refused"
OUTSIDE = "outside.png"

LABELS, CONTEXTS = ("apple", "pear"), ("garden", "all")
"""What the taxonomy of a workspace that reads the sources must know, and no more."""


def sources(*, heavy: bool = True) -> list[Source]:
    """Return the sources with good and bad items: one for each format and one of pictures; all names are unique.

    Args:
        heavy: Whether to add what needs much time or memory.
    """
    coco, tables = hostile_annotations.coco_cases()
    found = [
        Source("pictures", "voc", (*picture_cases(), *(heavy_picture_cases() if heavy else ())), {}),
        Source("voc", "voc", (*hostile_annotations.voc_cases(), *hostile_names.voc_cases()), {}),
        Source(
            "yolo",
            "yolo",
            tuple(hostile_annotations.yolo_cases()),
            {"data.yaml": hostile_annotations.YOLO_SETTINGS},
        ),
        Source("coco", "coco", tuple(coco), tables),
        Source("classes", "folders", tuple(hostile_names.folder_cases()), {}),
    ]
    names = [case.name for source in found for case in source.cases]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"two cases share a name: {repeated}")
    return found


def write_folder(folder: Path, readable: Iterable[Source], refused: Iterable[RefusedSource]) -> None:
    """Write hostile sources and the target of their links."""
    write(folder / SOURCES, {OUTSIDE: good("outside")})
    for source in readable:
        root = folder / SOURCES / source.name
        write(root, source.shared)
        for case in source.cases:
            write(root, case.files)
    for whole in refused:
        write(folder / REFUSED / whole.name, whole.files)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    return arguments(__doc__, folder=True)


def main(given: Sequence[str] | None = None) -> None:
    """Write the folder and print its promises."""
    folder = parser().parse_args(given).folder
    new_folder(parser(), folder)
    readable, refused = sources(), hostile_names.refused_sources()
    write_folder(folder, readable, refused)
    for source in readable:
        for case in source.cases:
            print(f"{SOURCES}/{source.name}/{ascii(case.name)[1:-1]}: {case.promise}")
    for whole in refused:
        print(f"{REFUSED}/{whole.name}: refused ({'; '.join(map(ascii, whole.message))})")
    print(f"{sum(path.is_symlink() or not path.is_dir() for path in folder.rglob('*'))} files")


if __name__ == "__main__":
    main()
