"""Promise: a folder of hostile files is read without a traceback, and everything that is left out of it is named.

Run: python benchmarks/reliability/hostile_folder.py FOLDER

Writes the folder anew and prints what is promised of each thing in it: `sources` with one folder a format, whose good
parts are kept, `refused` with one folder a fault for which a source is refused as a whole, and `outside.png`, to which
links lead. The tests run the program over the same folder (tests/reliability/test_hostile_folder.py).
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import hostile_annotations
import hostile_names
from hostile_cases import RefusedSource, Source, good, write
from hostile_pictures import heavy_picture_cases, picture_cases

SOURCES, REFUSED = "sources", "refused"
OUTSIDE = "outside.png"

LABELS, CONTEXTS = ("apple", "pear"), ("garden", "all")
"""What the taxonomy of a workspace that reads the sources must know, and no more."""


def sources(*, heavy: bool = True) -> list[Source]:
    """Give the sources that can be read in part, one a format and one more of pictures; names are unique among all.

    Args:
        heavy: Whether to give those things, too, that need much time or memory.
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
    """Write hostile sources and what their links lead to."""
    write(folder / SOURCES, {OUTSIDE: good("outside")})
    for source in readable:
        root = folder / SOURCES / source.name
        write(root, source.shared)
        for case in source.cases:
            write(root, case.files)
    for whole in refused:
        write(folder / REFUSED / whole.name, whole.files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True)
    readable, refused = sources(), hostile_names.refused_sources()
    write_folder(folder, readable, refused)
    for source in readable:
        for case in source.cases:
            print(f"{SOURCES}/{source.name}/{ascii(case.name)[1:-1]}: {case.promise}")
    for whole in refused:
        print(f"{REFUSED}/{whole.name}: refused ({'; '.join(map(ascii, whole.said))})")
    print(f"{sum(path.is_symlink() or not path.is_dir() for path in folder.rglob('*'))} files")


if __name__ == "__main__":
    main()
