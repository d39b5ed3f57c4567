"""What hostile bytes are fed to, and the promises that must hold whatever they are.

A target takes the bytes of one file and does with them what the program does. It passes over the refusals that are
promised, and raises whatever else comes: a traceback, or a `BrokenPromiseError` of its own. `test_fuzzing.py` runs the
targets on damaged seeds, `benchmarks/reliability/fuzzing.py` for as long as one likes.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

import builders
import format_writers
from builders import CATALOGUE_DUMPS, SETTINGS_TEXT, SIZE_WH, Shot, encoded, restored, scene
from toonvision.core.errors import Finding, InputRejectedError, RejectedItemError
from toonvision.data import fitting, images
from toonvision.data.boxes import AnnotatedObject, AnnotatedPicture, Box
from toonvision.data.catalog import Catalog, Crop, StoredScreenshot
from toonvision.data.examination import PictureTask, examine, vocabulary_of
from toonvision.data.formats import layout, pascal_voc
from toonvision.data.formats.names import Format
from toonvision.data.groups import group_keys
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import Workspace, open_workspace

REFUSED = "refused"
SHOT = Shot("shot", "garden", (("apple", (3, 4, 20, 30)), ("pear", (30, 5, 64, 48))))
Write = Callable[[Path, Sequence[Shot]], None]
"""Writes a source in one format."""

Run = Callable[[bytes], str]
"""Feeds a target with bytes; says what became of them: `REFUSED`, or in a word how they were used."""


class BrokenPromiseError(AssertionError):
    """Something was neither refused nor used as is promised."""


@dataclass(frozen=True)
class Target:
    """One kind of file that comes from outside.

    Attributes:
        start: Makes what feeds the target, in a folder of its own.
        seeds: Valid files of that kind, and some that are refused, from which others are made by changing them.
        words: What such files are made of, for those who change them.
        longest: Bytes up to which files are made.
    """

    start: Callable[[Path], Run]
    seeds: Callable[[], list[bytes]]
    longest: int
    words: tuple[bytes, ...] = ()


def _promise(kept: bool, broken: str) -> None:
    if not kept:
        raise BrokenPromiseError(broken)


def annotations(folder: Path) -> Run:
    """Let bytes be the Pascal VOC annotation of a small picture, and examine that picture as an extraction does."""
    workspace, root = _small_workspace(folder)
    (root / "garden" / "shot.png").write_bytes(encoded(scene("annotated")))
    annotation = root / "garden" / "shot.xml"

    def run(content: bytes) -> str:
        annotation.write_bytes(content)
        reading = pascal_voc.read(SourceTree.of(root))
        _promise_findings(reading.findings)
        skipped = sum(finding.pictures for finding in reading.findings)
        _promise(len(reading.pictures) + skipped == 1, "a picture is lost")
        if not reading.pictures:
            return REFUSED
        return _examined(workspace, reading.pictures[0])

    return run


def pictures(folder: Path) -> Run:
    """Let bytes be a picture with one box: extract from it, and read it as `predict` does."""
    workspace, root = _small_workspace(folder)
    path = root / "garden" / "shot.png"
    boxed = AnnotatedObject(1, "apple", (1, 1, 3, 3))

    def run(content: bytes) -> str:
        path.write_bytes(content)
        picture = AnnotatedPicture(path, "garden/shot.png", "garden/shot.xml", "garden", (boxed,))
        word = _examined(workspace, picture)
        try:
            images.check_header(path, has_boxes=True, declared_wh=None)
        except RejectedItemError:
            _promise(word == REFUSED, "a picture is kept that its header speaks against")
        try:
            images.size_wh(path)
            entered = fitting.read_picture(path, size_hw=workspace.size_hw, resize="letterbox")
        except RejectedItemError as error:
            _promise_findings([error.finding("shot.png", pictures=1)])
            return word
        _promise(entered.shape == (*workspace.size_hw, 3), f"a picture enters the network as {entered.shape}")
        return word

    return run


def catalogues(folder: Path) -> Run:
    """Let bytes be a catalogue: read it, bring it up to date, and write to it."""
    path = folder / "catalog.sqlite"

    def run(content: bytes) -> str:
        path.write_bytes(content)
        read = _unless_refused(_read, path, read_only=True)
        _promise(path.read_bytes() == content, "reading changed the catalogue")
        _promise(not _beside(path), f"reading left {_beside(path)}")
        opened = _unless_refused(_open, path)
        _promise(opened or path.read_bytes() == content, "a refused catalogue was changed")
        _promise(opened or not read, "what can be read cannot be opened for writing")
        before = path.read_bytes()  # an older one has been brought up to date
        written = opened and _unless_refused(_read, path, read_only=False) and _unless_refused(_write, path)
        _promise(written or path.read_bytes() == before, "a catalogue that could not be written to was changed")
        _promise(_beside(path) <= {"splits", f"{path.name}.before-splits"}, f"writing left {_beside(path)}")
        shutil.rmtree(folder / "splits", ignore_errors=True)
        path.with_name(f"{path.name}.before-splits").unlink(missing_ok=True)
        return "written" if written else "read" if read else REFUSED

    return run


def source(name: Format, write: Write, file: str) -> Callable[[Path], Run]:
    """Let bytes be a file of a source that a writer writes, with one picture; read the source, and examine it."""

    def start(folder: Path) -> Run:
        workspace, root = _small_workspace(folder)
        write(root, [SHOT])

        def run(content: bytes) -> str:
            (root / file).write_bytes(content)
            with suppress(InputRejectedError):
                layout.detect(root)
            try:
                reading = layout.read(name, root)
            except InputRejectedError as error:
                _promise(str(error).isprintable(), f"a refusal cannot be printed: {error!r}")
                return REFUSED
            _promise_findings(reading.findings)
            _promise(bool(reading.pictures or reading.findings), "a picture is lost")
            words = [_examined(workspace, picture) for picture in reading.pictures]
            return words[0] if words else REFUSED

        return run

    return start


def _seeds_of(write: Write, file: str) -> Callable[[], list[bytes]]:
    """Return what makes the seeds of a file of a source: with objects, with none, cut short, and in other encodings."""

    def seeds() -> list[bytes]:
        found = []
        for shot in (SHOT, replace(SHOT, objects=())):
            with TemporaryDirectory() as folder:
                write(Path(folder), [shot])
                found.append(Path(folder, file).read_bytes())
        whole = found[0]
        changes = [
            (b"apple", b""),
            (b"apple", b"nobody's"),
            (b"3", b"-3"),
            (b"3", b"1e400"),
            (b"4", b'"4"'),
            (b"shot", b""),
        ]
        found += [whole.replace(old, new) for old, new in changes]
        return [*found, whole[: len(whole) // 2], b"\xef\xbb\xbf" + whole, whole.decode().encode("utf-16")]

    return seeds


def _beside(path: Path) -> set[str]:
    return {other.name for other in path.parent.iterdir()} - {path.name}


def _small_workspace(folder: Path) -> tuple[Workspace, Path]:
    (folder / "toonvision.toml").write_text(SETTINGS_TEXT, encoding="utf-8")
    root = folder / "screenshots"
    (root / "garden").mkdir(parents=True)
    return open_workspace(folder), root


def _examined(workspace: Workspace, picture: AnnotatedPicture) -> str:
    """Examine a picture, of which each object must be a crop or named, and each crop a picture of its box's size."""
    task = PictureTask(workspace.sources[0], picture, None, ())
    outcome = examine(task, vocabulary_of([picture], workspace), workspace.crops)
    _promise_findings(outcome.findings)
    named = sum(finding.objects for finding in outcome.findings)
    _promise(len(outcome.cuts) + named == picture.object_count, "an object is lost")
    for cut in outcome.cuts:
        _promise(images.decode(cut.content).size == cut.box.size_wh, "a crop has another size than its box")
    return "kept" if outcome.kept else REFUSED


def _promise_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        _promise(bool(finding.item and finding.reason and finding.code), f"a finding says nothing: {finding!r}")
        _promise(str(finding).isprintable(), f"a finding cannot be printed: {finding!r}")


def _unless_refused(call: Callable[..., None], path: Path, **options: bool) -> bool:
    try:
        call(path, **options)
    except InputRejectedError as error:
        _promise(str(path) in str(error), f"a refusal does not name the file: {error}")
        return False
    return True


def _open(path: Path) -> None:
    with Catalog.open(path):
        pass


def _read(path: Path, *, read_only: bool) -> None:
    """Read all that a catalogue holds, and group it as for a split."""
    with Catalog.open(path, read_only=read_only) as catalog:
        catalog.has_begun()
        catalog.last_numbers()
        for shot in catalog.screenshots():
            _promise(min(shot.size_wh) > 0, f"a screenshot has {shot.size_wh} pixels")
        crops = catalog.crops()
        counts, findings = catalog.last_extraction()
        _promise(all(isinstance(count, int) for count in counts.values()), f"counts are {counts}")
        _promise(
            all(isinstance(finding, Finding) and str(finding).isprintable() for finding in findings), "no findings"
        )
        group_keys(crops)


def _write(path: Path) -> None:
    """Do what an extraction does to a catalogue."""
    with Catalog.open(path) as catalog:
        catalog.begin()
        number = max(catalog.last_numbers().get("apple", -1) + 1, 0)
        shot = StoredScreenshot(0, "new", "new.png", "garden", SIZE_WH, "ab" * 32, "ab" * 72)
        file, box = f"apple_{number:04}.png", Box(0, 0, 4, 4)
        crop = Crop(
            0, "apple", number, file, "ab" * 32, box, 0, "new", "new.png", "garden", "ab" * 72, "new.xml, object 1"
        )
        catalog.save_screenshots([(shot, [crop])])
        catalog.forget_screenshots([shot.id for shot in catalog.screenshots()][:1])
        catalog.save_extraction({"objects_read": 1}, [])


def _annotation_seeds() -> list[bytes]:
    """Annotations as tools write them, in several encodings, and of each kind that is refused."""
    whole = (
        "<annotation><folder>garden</folder><filename>shot.png</filename><path>/pictures/garden/shot.png</path>"
        "<size><width>64</width><height>48</height><depth>3</depth></size>"
        "<object><name>apple</name><pose>Left</pose><difficult>0</difficult>"
        "<bndbox><xmin>2</xmin><ymin>3.5</ymin><xmax>1.8e1</xmax><ymax>23</ymax></bndbox></object>"
        "<object><name>pear</name><bndbox><xmin>-1</xmin><ymin>0</ymin><xmax>64</xmax><ymax>48</ymax></bndbox></object>"
        "</annotation>"
    )
    encodings = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "gb2312")
    said = [f'<?xml version="1.0" encoding="{name.removesuffix("-sig")}"?>{whole}'.encode(name) for name in encodings]
    changes = [
        ("<size><width>64</width><height>48</height><depth>3</depth></size>", ""), ("<width>64", "<width>640"),
        ("apple", "aple"), ("apple", "<![CDATA[apple]]>"), ("apple", "&#97;pple"), ("apple", "&x;"), ("apple", ""),
        ("<xmin>2</xmin>", ""), ("18", "2"), ("1.8e1", "1e400"), ("1.8e1", "nan"), ("-1", "-5"), ("pear", "apple"),
        ("<annotation>", '<!DOCTYPE a [<!ENTITY x "apple">]><annotation>'), (whole, "<annotation/>"), (whole, ""),
        ("<object>", "<object><part><object/></part>"), ("<annotation>", "<annotation xmlns='x'><!-- --><?y z?>"),
    ]  # fmt: skip
    return said + [whole.replace(old, new).encode() for old, new in changes]


def _picture_seeds() -> list[bytes]:
    """Small pictures of every kind and mode that is read, and some that are refused."""
    small = scene("seed", (12, 9))
    grey = small.convert("L")
    deep = Image.frombytes("I;16", (6, 4), bytes(range(48)))
    turned = Image.Exif()
    turned[0x0112] = 6
    pngs = [small.convert(mode) for mode in ("RGB", "RGBA", "L", "LA", "1", "P")] + [deep]
    found = [encoded(image, "PNG") for image in pngs]
    found += [encoded(small, "PNG", exif=turned), encoded(small.quantize(8), "PNG", transparency=3)]
    found += [encoded(image, "JPEG") for image in (small, grey, small.convert("CMYK"))]
    found += [encoded(small, "JPEG", progressive=True), encoded(small, "JPEG", exif=turned, subsampling=0)]
    found += [
        encoded(image, "BMP") for image in (small, grey, small.convert("1"), small.quantize(16), small.convert("RGBA"))
    ]
    found += [encoded(small.quantize(16), "GIF"), encoded(small.quantize(4), "GIF", transparency=1, interlace=0)]
    found += [encoded(small, "GIF", save_all=True, append_images=[scene("next", (12, 9))], duration=20)]
    found += [encoded(small, "WEBP"), encoded(small, "WEBP", lossless=True), encoded(small.convert("RGBA"), "WEBP")]
    found += [encoded(small, "WEBP", save_all=True, append_images=[scene("next", (12, 9))])]
    found += [encoded(image, "TIFF") for image in (small, deep, small.convert("CMYK"), small.convert("F"))]
    packings = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    return found + [encoded(small, "TIFF", compression=packing) for packing in packings] + [encoded(small, "PPM")]


def _catalogue_seeds() -> list[bytes]:
    """A catalogue of each schema that there ever was, and an empty file, which becomes a new one."""
    with TemporaryDirectory() as folder:
        made = [restored(dump, Path(folder, dump.stem), page_size=512) for dump in CATALOGUE_DUMPS]
        return [*(path.read_bytes() for path in made), b""]


_SOURCES: Mapping[str, tuple[Format, Write, str]] = {
    "yolo-settings": ("yolo", builders.write_yolo, "data.yaml"),
    "yolo-rows": ("yolo", builders.write_yolo, "labels/garden/shot.txt"),
    "coco": ("coco", builders.write_coco, "annotations/instances.json"),
    "cvat": ("cvat", format_writers.write_cvat, "annotations.xml"),
    "tensorflow-csv": ("tensorflow-csv", format_writers.write_csv, "labels.csv"),
    "labelme": ("labelme", format_writers.write_labelme, "garden/shot.json"),
    "labelstudio": ("labelstudio", format_writers.write_labelstudio, "project-1-at-2026-11-28-12-00-0a1b2c3d.json"),
    "via": ("via", format_writers.write_via, "via_project.json"),
    "createml": ("createml", format_writers.write_createml, "shots.json"),
    "supervisely": ("supervisely", format_writers.write_supervisely, "garden/ann/shot.png.json"),
}
_WORDS = (
    b"null", b"true", b"[]", b"{}", b"NaN", b"1e400", b"-1", b"0.5", b'""', b"[[", b"]]", b"{\"", b"\":", b"\\u0000",
    b"names:", b"train:", b"path:", b"nc:", b"- ", b"0 0.5 0.5 0.2 0.2\n", b"polygon", b"rotation", b"counts",
    b"segmentation", b"bbox", b"points", b"label", b"id,label\n", b",x,y,w,h", b"choices", b"../",
    b"\\", b"%2e", b"?d=", b"</", b"<box ", b"xtl=",
)  # fmt: skip
"""What files of annotations are made of."""


def _of_source(name: Format, write: Write, file: str) -> Target:
    return Target(source(name, write, file), _seeds_of(write, file), longest=4096, words=_WORDS)


TARGETS: Mapping[str, Target] = {
    "annotations": Target(
        annotations,
        _annotation_seeds,
        longest=4096,
        words=(
            *(f"<{tag}>".encode() for tag in ("annotation", "size", "width", "height", "object", "name", "bndbox")),
            *(f"<{edge}>".encode() for edge in ("xmin", "ymin", "xmax", "ymax")),
            b"</", b"/>", b"<!DOCTYPE", b"<!ENTITY", b"SYSTEM", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml",
            b'encoding="', b"UTF-16", b"GB2312", b"ISO-8859-1", b"xmlns:a=", b"&amp;", b"&#x", b"1e400", b"NaN", b"-0",
            b"apple", b"\xff\xfe", b"\xef\xbb\xbf",
        ),
    ),
    "pictures": Target(
        pictures,
        _picture_seeds,
        longest=4096,
        words=(
            b"\x89PNG\r\n\x1a\n", b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"iCCP",
            b"RIFF", b"WEBP", b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"GIF89a", b"II*\0", b"MM\0*",
            b"BM", b"\xff\xd8\xff", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xdb", b"\xff\xda", b"\xff\xe1",
            b"Exif\0\0",
        ),
    ),
    "catalogues": Target(
        catalogues,
        _catalogue_seeds,
        longest=20_000,
        words=(b"60/20/20", b"train", b"{}", b"[]", b"[0]", b"-1", b"NaN", b"null", b"\x1b[31m"),
    ),
    **{name: _of_source(*given) for name, given in _SOURCES.items()},
}  # fmt: skip
"""The files that come from outside, by name."""
