"""What is a picture, and of what kind: found by suffix and by content, in sources and in predictions alike."""

import struct

import pytest
from PIL import Image, features

from builders import Shot, encoded, scene, write_voc
from toonvision.core.errors import RejectedItemError
from toonvision.data.extraction import extract
from toonvision.data.formats import layout
from toonvision.data.images import decode
from toonvision.data.picture_kinds import kind_of_content, kinds_read, unread_kind
from toonvision.data.source_tree import SourceTree
from toonvision.data.workspace import create_workspace
from toonvision.metrics.predictions import Answers
from toonvision.models.file_predictions import predict_files_by
from toonvision.taxonomy.loader import infer

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")


def box_file(brand, *others):
    """Return the beginning of a file as HEIC, AVIF and MP4 have it."""
    brands = brand + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(40)


UNREAD = {
    "HEIC": box_file(b"heic", b"mif1", b"heic"),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40),
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
    "Photoshop": b"8BPS\0\1" + bytes(40),
    "OpenEXR": b"\x76\x2f\x31\x01" + bytes(40),
    "camera raw": box_file(b"crx "),
}
BY_SUFFIX = {
    "a.svg": "SVG", "a.ico": "icon", "a.tga": "TGA", "a.ppm": "PNM", "a.dng": "camera raw", "a.NEF": "camera raw",
    "a.cr2": "camera raw", "a.heif": "HEIC", "a.jxl": "JPEG XL", "a.jp2": "JPEG 2000", "a.psd": "Photoshop",
}  # fmt: skip
READ_NAMES = ["a.jfif", "a.jpe", "a.JPG_large", "a", "a.dat", "a.heic", "a.JPEG", "a.jpg!d", "a.PNG", "a.avif", "a.svg"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", pytest.param("AVIF", marks=needs_avif)])
def test_each_kind_that_is_read_is_known_by_its_first_bytes(kind):
    assert kind_of_content(encoded(scene("a"), kind)) == kind
    assert kind in kinds_read()


@pytest.mark.parametrize(
    "content", [b"", b"BM is a shop", b"hello", b"{}", b"PK\3\4", box_file(b"isom", b"mp42"), bytes(64)]
)
def test_what_begins_like_no_picture_is_none(content, tmp_path):
    assert kind_of_content(content) is None
    for name in ("a", "a.bin", "a.txt", "Thumbs.db"):
        (tmp_path / name).write_bytes(content)
        assert unread_kind(tmp_path / name) is None


@pytest.mark.parametrize("name", READ_NAMES)
def test_a_picture_is_read_whatever_its_suffix_says(tmp_path, name):
    for label in ("cat", "dog"):
        (tmp_path / "shots" / label).mkdir(parents=True)
        (tmp_path / "shots" / label / name).write_bytes(encoded(scene(label), "JPEG"))
    workspace = create_workspace(
        tmp_path / "w", taxonomy=infer(["cat", "dog"]), source=(layout.detect(tmp_path / "shots"), tmp_path / "shots")
    )
    summary = extract(workspace)
    assert (summary.findings, summary.pictures_kept) == ((), 2)


@pytest.mark.parametrize("name", ["a", "a.dat", "a.png", "a.jpg", "a.heic"])
@pytest.mark.parametrize("kind", UNREAD)
def test_a_kind_that_cannot_be_read_is_named_by_its_content(tmp_path, kind, name):
    (tmp_path / name).write_bytes(UNREAD[kind])
    assert SourceTree.of(tmp_path).pictures == (tmp_path / name,)
    with pytest.raises(RejectedItemError) as caught:
        decode(UNREAD[kind])
    assert caught.value.reason == f"is a picture of the kind {kind}, which cannot be read here"
    assert caught.value.remedy == "save it as PNG"


@pytest.mark.parametrize("name", BY_SUFFIX)
def test_a_kind_that_cannot_be_read_is_named_by_its_suffix_where_the_content_does_not_tell(tmp_path, name):
    content = encoded(scene("raw"), "TIFF") if BY_SUFFIX[name] == "camera raw" else b"anything"
    (tmp_path / name).write_bytes(content)
    tree = SourceTree.of(tmp_path)
    assert tree.unread == {tmp_path / name: BY_SUFFIX[name]}


def test_of_annotated_pictures_that_cannot_be_read_each_is_counted_once_and_the_remedy_cures(tmp_path):
    write_voc(tmp_path / "shots", [Shot(stem, "garden", (("pear", (1, 2, 30, 40)),)) for stem in ("a", "b")])
    png, heic = (tmp_path / "shots" / "garden" / name for name in ("b.png", "b.HEIC"))
    picture = png.read_bytes()
    png.unlink()
    heic.write_bytes(UNREAD["HEIC"])
    workspace = create_workspace(tmp_path / "w", taxonomy=infer(["pear"]), source=("voc", tmp_path / "shots"))
    summary = extract(workspace)
    assert (summary.pictures_read, summary.pictures_kept, summary.pictures_skipped) == (2, 1, 1)
    assert (summary.objects_read, summary.objects_kept, summary.objects_skipped) == (2, 1, 1)
    (finding,) = summary.findings
    assert str(finding) == ("garden/b.HEIC: is a picture of the kind HEIC, which cannot be read here (save it as PNG)")
    png.write_bytes(picture)  # the remedy, which leaves the HEIC where it is
    summary = extract(workspace)
    assert (summary.pictures_read, summary.pictures_kept, summary.objects_kept) == (2, 2, 2)
    assert [str(finding) for finding in summary.findings] == [
        "garden/b.HEIC: is of the kind HEIC, which cannot be read here; the picture of its name beside it was taken"
    ]
    assert not summary.findings[0].skips


@needs_avif
def test_avif_is_read_and_too_large_a_one_refused_before_it_is_decoded():
    content = encoded(Image.new("RGB", (16, 8), "red"), "AVIF")
    assert decode(content).size == (16, 8)
    size = content.index(b"ispe") + 8
    for size_wh in ((8000, 3751), (60_000, 60_000)):
        with pytest.raises(RejectedItemError) as caught:
            decode(content[:size] + struct.pack(">II", *size_wh) + content[size + 8 :])
        assert caught.value.code in {"too-large", "not-a-picture"}
    with pytest.raises(RejectedItemError, match="has 8000 x 3751 pixels, more than 30 million in AVIF"):
        decode(content[:size] + struct.pack(">II", 8000, 3751) + content[size + 8 :])


def test_a_link_out_of_the_source_is_not_looked_into(tmp_path):
    (tmp_path / "secret").write_bytes(encoded(scene("secret"), "JPEG"))
    (tmp_path / "shots").mkdir()
    for name in ("a", "a.heic"):
        (tmp_path / "shots" / name).symlink_to(tmp_path / "secret")
    assert SourceTree.of(tmp_path / "shots").pictures == (tmp_path / "shots" / "a.heic",)


def test_a_folder_and_single_files_are_predicted_or_named_alike(tmp_path):
    import numpy as np

    folder = tmp_path / "shots"
    (folder / "__MACOSX").mkdir(parents=True)
    (folder / "__MACOSX" / "._a.png").write_bytes(b"x")
    for name in READ_NAMES[:5]:
        (folder / name).write_bytes(encoded(scene(name), "JPEG"))
    for name, content in (("b.heic", UNREAD["HEIC"]), ("c.tga", b"anything"), ("notes.txt", b"x"), ("Thumbs.db", b"x")):
        (folder / name).write_bytes(content)

    def predicted(*paths):
        predictions, findings = predict_files_by(
            lambda images: Answers(np.full((len(images), 2), 0.5, np.float32)),
            paths,
            classes=("cat", "dog"),
            size_hw=(8, 8),
            resize="stretch",
        )
        return {prediction.path.name for prediction in predictions}, {str(finding) for finding in findings}

    named = {
        f"{folder / name}: is a picture of the kind {kind}, which cannot be read here (save it as PNG)"
        for name, kind in (("b.heic", "HEIC"), ("c.tga", "TGA"))
    }
    assert predicted(folder) == (set(READ_NAMES[:5]), named)
    assert predicted(*(folder / name for name in (*READ_NAMES[:5], "b.heic", "c.tga"))) == (set(READ_NAMES[:5]), named)
