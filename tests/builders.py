"""Small real things for tests: pictures, annotated sources in every format, workspaces, catalogue rows."""

import contextlib
import functools
import hashlib
import io
import json
import os
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from toonvision.data.boxes import AnnotatedObject, Box
from toonvision.data.catalog import Crop
from toonvision.data.catalog.schema import MIGRATIONS
from toonvision.data.formats import pascal_voc
from toonvision.data.records import frames_of
from toonvision.data.splits import read_split, split_names
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.models.registry import NETWORKS
from toonvision.taxonomy.labels import CLASSIFY

CLASSIFIERS = [name for name, network in NETWORKS.items() if network.kind == CLASSIFY]
"""The networks that name what a crop shows."""
SIZE_WH = (64, 48)
LABELS = ("apple", "pear", "stone")
CONTEXTS = ("garden", "house")
COLORS = {"apple": "#d02020", "pear": "#20c040", "stone": "#3050e0"}

PIXEL_CLASSES = ("ground", "fruit", "mineral")
SETTINGS_TEXT = """\
[image]
height = 32
width = 32

[taxonomy]
name = "small"

[taxonomy.levels.kind]
classes.fruit = { title = "Fruit" }
classes.mineral = { title = "Mineral" }

[taxonomy.labels]
apple = { title = "Apple", kind = "fruit" }
pear = { title = "Pear", kind = "fruit" }
stone = { title = "Stone", kind = "mineral" }

[taxonomy.contexts]
garden = { title = "Garden" }
house = { title = "House" }

[taxonomy.tasks]
label = "label"
kind = "kind"

[taxonomy.targets]
per_label = 10
per_context = 5
"""

CATALOGUE_DUMPS = sorted((Path(__file__).parent / "data" / "catalogues").glob("*.sql"))
"""A small workspace's catalogue, as SQL text, by each version that had another schema; named after its migration."""

files_property = settings(max_examples=max(50, settings().max_examples // 4))
"""For properties that touch the disk: a quarter of the profile's examples, at least 50."""

T = TypeVar("T")
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shot:
    """An annotated picture to be written in any format: stem, context, objects as label and edges."""

    stem: str
    context: str
    objects: tuple[tuple[str, Edges], ...]
    size_wh: tuple[int, int] = SIZE_WH


def scene(seed: int | str, size_wh: tuple[int, int] = SIZE_WH, boxes: Sequence[tuple[str, Edges]] = ()) -> Image.Image:
    """Draw a patchwork that differs clearly from that of any other seed, with coloured rectangles on it."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8]))
    patches = rng.integers(0, 256, size=(12, 17, 3), dtype=np.uint8)
    image = Image.fromarray(patches).resize(size_wh, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    for label, (left, top, right, bottom) in boxes:
        if left < right and top < bottom:
            draw.rectangle((left, top, right - 1, bottom - 1), fill=COLORS.get(label, "#888888"))
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def run_length_bmp(size, rows):
    """Write by hand a BMP of 8 bits that is packed by run lengths, with two colours."""
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, 8, 1, len(rows), 0, 0, 2, 2)
    start = 14 + len(header) + 8
    return struct.pack("<2sIII", b"BM", start + len(rows), 0, start) + header + bytes(8) + rows


def small_shots() -> list[Shot]:
    """Twelve pictures of two objects each: eight of every label, half of the pictures in each context."""
    shots = []
    for index in range(12):
        first, second = LABELS[index % 3], LABELS[(index + 1 + index // 3 % 2) % 3]
        left, top = 2 + index % 5, 3 + index % 7
        objects = ((first, (left, top, left + 16, top + 20)), (second, (left + 30, top + 5, left + 52, top + 30)))
        shots.append(Shot(f"shot_{index:02}", CONTEXTS[index % 2], objects))
    return shots


def write_voc(root: Path, shots: Sequence[Shot], *, layout: str = "beside") -> None:
    """Write Pascal VOC; `beside` has the XML next to the picture, `folders` has JPEGImages and Annotations."""
    for shot in shots:
        folders = ("JPEGImages", "Annotations") if layout == "folders" else (".", ".")
        picture = root / folders[0] / shot.context / f"{shot.stem}.png"
        annotation = root / folders[1] / shot.context / f"{shot.stem}.xml"
        write_picture(picture, shot)
        objects = [AnnotatedObject(n, label, edges) for n, (label, edges) in enumerate(shot.objects, start=1)]
        pascal_voc.write(annotation, picture=picture.name, size_wh=shot.size_wh, objects=objects)


YOLO_LAYOUTS = {
    "plain": ("images", "labels"),
    "ultralytics": ("images/train", "labels/train"),
    "roboflow": ("train/images", "train/labels"),
    "labelimg": (".", "."),
    "darknet": ("obj_train_data", "obj_train_data"),
    "label studio": ("images", "labels"),
}
"""Where pictures and label files lie in YOLO's layouts."""


def write_yolo(root: Path, shots: Sequence[Shot], *, layout: str = "plain") -> None:
    """Write YOLO in one of its layouts: a row an object, shares of the picture's size."""
    names = list(dict.fromkeys(label for shot in shots for label, _ in shot.objects)) or ["apple"]
    for file, text in _yolo_settings(layout, names).items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text, encoding="utf-8")
    pictures, labels = YOLO_LAYOUTS[layout]
    (root / pictures).mkdir(parents=True, exist_ok=True)
    for shot in shots:
        write_picture(root / pictures / shot.context / f"{shot.stem}.png", shot)
        rows = root / labels / shot.context / f"{shot.stem}.txt"
        rows.parent.mkdir(parents=True, exist_ok=True)
        width, height = shot.size_wh
        lines = [
            f"{names.index(label)} {(x0 + x1) / 2 / width} {(y0 + y1) / 2 / height} "
            f"{(x1 - x0) / width} {(y1 - y0) / height}\n"
            for label, (x0, y0, x1, y1) in shot.objects
        ]
        rows.write_text("".join(lines), encoding="utf-8")


def _yolo_settings(layout: str, names: Sequence[str]) -> dict[str, str]:
    """Return the files that name the classes, by name."""
    listed = json.dumps(names, ensure_ascii=False)
    lines = "".join(f"{name}\n" for name in names)
    categories = [{"id": number, "name": name} for number, name in enumerate(names)]
    numbered = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(names))
    files = {
        "plain": {"data.yaml": json.dumps({"train": "images", "names": names}, ensure_ascii=False)},
        "ultralytics": {"fruit.yaml": f"path: ../datasets/fruit\ntrain: images/train\ntest:\nnames:\n{numbered}"},
        "roboflow": {"data.yaml": f"train: ../train/images\n\nnc: {len(names)}\nnames: {listed}\n"},
        "labelimg": {"classes.txt": lines},
        "darknet": {
            "obj.data": f"classes = {len(names)}\nnames = data/obj.names\nbackup = backup/\n",
            "obj.names": lines,
        },
        "label studio": {"classes.txt": lines, "notes.json": json.dumps({"categories": categories})},
    }
    return files[layout]


def write_coco(root: Path, shots: Sequence[Shot]) -> None:
    """Write COCO: annotations/instances.json and pictures in images/."""
    labels = list(dict.fromkeys(label for shot in shots for label, _ in shot.objects))
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, shot in enumerate(shots, start=1):
        file = f"{shot.context}/{shot.stem}.png"
        write_picture(root / "images" / file, shot)
        images.append({"id": number, "file_name": file, "width": shot.size_wh[0], "height": shot.size_wh[1]})
        annotations += [
            {"id": len(annotations) + n, "image_id": number, "category_id": labels.index(label), "bbox": _ltwh(edges)}
            for n, (label, edges) in enumerate(shot.objects, start=1)
        ]
    categories = [{"id": index, "name": label} for index, label in enumerate(labels)]
    write_coco_tables(root, {"images": images, "annotations": annotations, "categories": categories})


def write_coco_tables(root: Path, tables: dict[str, object]) -> None:
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    (root / "annotations" / "instances.json").write_text(json.dumps(tables), encoding="utf-8")


def read_coco_tables(root: Path) -> dict[str, list[dict[str, object]]]:
    tables: dict[str, list[dict[str, object]]]
    tables = json.loads((root / "annotations" / "instances.json").read_text(encoding="utf-8"))
    return tables


def write_class_folders(root: Path, shots: Sequence[Shot]) -> None:
    """Write class folders: every picture lies in the folder of its first object's label."""
    root.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        write_picture(root / shot.objects[0][0] / f"{shot.stem}.png", shot)


def make_workspace(
    root: Path, shots: Sequence[Shot] | None = None, *, settings_text: str = SETTINGS_TEXT, layout: str = "beside"
) -> Workspace:
    """Make a workspace whose own screenshots/ holds the shots as Pascal VOC; nothing is extracted yet."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "toonvision.toml").write_text(settings_text, encoding="utf-8")
    (root / "screenshots").mkdir()
    write_voc(root / "screenshots", small_shots() if shots is None else shots, layout=layout)
    return open_workspace(root)


def copied(workspace: Workspace, root: Path) -> Workspace:
    """Copy a workspace with everything in it, file times included."""
    shutil.copytree(workspace.root, root, symlinks=True)
    return open_workspace(root)


def finding_things(workspace: Workspace, root: Path, *, level: str) -> Workspace:
    """Copy a workspace, and add a task `things` that finds objects of the classes of a level."""
    copy = copied(workspace, root).root
    task = f'things = {{ level = "{level}", kind = "detect" }}\n'
    (copy / "toonvision.toml").write_text(SETTINGS_TEXT.replace("[taxonomy.tasks]\n", f"[taxonomy.tasks]\n{task}"))
    return open_workspace(copy)


def naming_pixels(workspace: Workspace, root: Path, *, without: Sequence[str] = ()) -> Workspace:
    """Copy a workspace, and add masks of its objects, and a task `pixels` that names what each pixel shows.

    The classes of pixels are ground, fruit and mineral. Screenshots whose stems are in `without` have no mask.
    """
    copy = copied(workspace, root)
    with copy.reading() as catalog:
        frames = frames_of(catalog.screenshots(), catalog.crops())
    for frame in frames:
        mask = np.zeros(frame.shot.size_wh[::-1], np.uint8)
        for crop in frame.crops:
            left, top, right, bottom = crop.box.xyxy
            mask[top:bottom, left:right] = PIXEL_CLASSES.index(workspace.taxonomy.class_of(crop.label, "kind"))
        path = copy.masks / "classes" / frame.context / f"{Path(frame.screenshot).stem}.png"
        if path.stem not in without:
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(path)
    named = "".join(f"{name} = {{}}\n" for name in PIXEL_CLASSES)
    task = 'pixels = { level = "pixel", kind = "segment" }\n'
    settings = copy.root / "toonvision.toml"
    text = settings.read_text().replace("[taxonomy.tasks]\n", f"[taxonomy.tasks]\n{task}")
    settings.write_text(f"{text}\n[taxonomy.pixels]\n{named}")
    return open_workspace(copy.root)


def tree(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file below a folder with its modification time in ns and its bytes."""
    return {
        path.relative_to(root).as_posix(): (path.lstat().st_mtime_ns, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def contents(root: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {name: content for name, (_, content) in tree(root).items()}


def mark_diverged(study: Path, *names: str) -> Path:
    """Let the trainings of a study whose files match have diverged; give its folder."""
    for path in [path for name in names for path in study.glob(f"trainings/{name}")]:
        with np.load(path) as held:
            outcome = dict(held)
        np.savez(path, **{**outcome, "diverged": True})
    return study


def crop(
    crop_id: int,
    label: str = "apple",
    *,
    shot: int | None = None,
    context: str = "garden",
    fingerprint: str | None = None,
) -> Crop:
    """Make a catalogue's crop; without a screenshot it comes from one of its own, unlike any other."""
    shot = crop_id if shot is None else shot
    mark = mark_of(shot) if fingerprint is None else fingerprint
    digest = hashlib.sha256(f"crop {crop_id}".encode()).hexdigest()
    file = f"{label}_{crop_id:04}.png"
    return Crop(
        crop_id,
        label,
        crop_id,
        file,
        digest,
        Box(0, 0, 4, 4),
        shot,
        "screenshots",
        f"{shot}.png",
        context,
        mark,
        f"{shot}.xml, object 1",
    )


def mark_of(seed: int, changed: Sequence[int] = ()) -> str:
    """Make a fingerprint unlike that of any other seed; steps that are changed turn into their opposites."""
    return _mark_of(seed, tuple(sorted(changed)))


@functools.cache
def _mark_of(seed: int, changed: tuple[int, ...]) -> str:
    rng = np.random.default_rng(seed)
    steps = rng.choice([-1, 0, 1], size=256, p=[0.4, 0.2, 0.4])
    steps[list(changed)] *= -1
    pixels = hashlib.sha256(f"{seed} {list(changed)}".encode()).hexdigest()[:16]
    return np.packbits(steps > 0).tobytes().hex() + np.packbits(steps < 0).tobytes().hex() + pixels


def restored(dump: Path, path: Path, *, page_size: int = 4096) -> Path:
    """Make the catalogue that a dump was written from.

    Args:
        dump: SQL text.
        path: The file to make.
        page_size: Bytes a page; with small ones a catalogue has few bytes that mean nothing.
    """
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.executescript(dump.read_text(encoding="utf-8"))
    return path


def as_once(workspace: Workspace, *, version: int) -> Workspace:
    """Turn a workspace into what an earlier version would have made: splits in the catalogue, by crop."""
    splits = [read_split(workspace.splits, name) for name in split_names(workspace.splits)]
    crops = workspace.known_crops()
    with contextlib.closing(sqlite3.connect(workspace.catalog)) as connection:
        for statement in MIGRATIONS[0][1].split(";"):
            if "TABLE split" in statement:
                connection.execute(statement)
        for row, split in enumerate(splits, start=1):
            connection.execute(
                "INSERT INTO splits VALUES (?, ?, ?, ?, 1)", (row, split.name, str(split.ratios), split.seed)
            )
            parts = [(row, crop.id, split.subset_of(crop)) for crop in crops]
            connection.executemany(
                "INSERT INTO split_crops VALUES (?, ?, ?)",
                [(row, crop, "validate" if part == "val" else part) for row, crop, part in parts],
            )
        connection.execute("DROP TABLE regions")
        connection.execute("ALTER TABLE crops DROP COLUMN origin")
        if version == 1:
            connection.execute("ALTER TABLE crops DROP COLUMN attributes")
        for name, _ in MIGRATIONS[version:]:
            connection.execute("DELETE FROM migrations WHERE name = ?", (name,))
        connection.execute("PRAGMA user_version = 0")
        connection.commit()
    shutil.rmtree(workspace.splits, ignore_errors=True)
    return workspace


def printable_labels(max_size: int = 30) -> st.SearchStrategy[str]:
    """Any label that can be printed: HTML, quotes, every script; blanks only inside."""
    parts = st.one_of(
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=max_size),
        st.sampled_from(
            ["<b>&amp;</b>", "\"quoted\" 'twice'", "naïve café", "犬", "]]>", "a\\b", "50 %", "-", "#1", "🐈"]
        ),
    )
    return st.lists(parts, min_size=1, max_size=3).map(" ".join).filter(lambda label: label.isprintable())


def tried(
    kind: type[Exception] | tuple[type[Exception], ...], call: Callable[..., T], *args: object, **options: object
) -> tuple[T | None, Exception | None]:
    """Call something that may raise one kind of error: give its result and None, or None and the error."""
    try:
        return call(*args, **options), None
    except kind as error:
        return None, error


@contextlib.contextmanager
def open_to_all() -> Iterator[Path]:
    """Return a folder that an unprivileged user can reach; it is removed in the end."""
    folder = Path(tempfile.mkdtemp(prefix="toonvision test ü "))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(folder)


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Lay down the administrator's right to read and write everything, if this process has it."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def write_picture(path: Path, shot: Shot) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scene(f"{shot.context}/{shot.stem}", shot.size_wh, shot.objects).save(path)


def _ltwh(edges: Edges) -> list[float]:
    left, top, right, bottom = edges
    return [left, top, right - left, bottom - top]


def run_alone(arguments: Sequence[str]) -> tuple[str, str]:
    """Run a command in a process of its own; return the line that it prints, and which heavy libraries it imported."""
    code = (
        "import sys\n"
        "from toonvision.cli.app import app\n"
        f"app({list(arguments)!r}, standalone_mode=False)\n"
        "print(sorted({'keras', 'tensorflow', 'onnx', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    printed, imported = done.stdout.splitlines()
    return printed, imported


_PORTS = iter(range(20_000 + 10 * (os.getpid() % 1_000), 32_768))


def free_port() -> int:
    """Return a port of this machine that is free, and that no program gets by chance while nothing listens there.

    Whoever asks for any port is given one above: it could be taken between two starts of a server.
    """
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
