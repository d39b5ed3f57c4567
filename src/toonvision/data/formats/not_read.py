"""Formats that are recognised and not read: each is named, with the export that can be read."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

from toonvision.data.folder_names import MASK_FOLDERS
from toonvision.data.formats.beside import head
from toonvision.data.listing import ARCHIVES
from toonvision.data.source_tree import SourceTree

_MOST_FILES = 20
"""Files of one kind that are looked into."""
_EXPORT = "Export Pascal VOC or COCO from the program that made it"

_JSON: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Datumaro", ("categories", "items"), "Convert it with Datumaro: datum convert -f voc -- --save-media"),
    ("VoTT", ("assets", "tags"), "Export Pascal VOC from VoTT"),
    ("VoTT", ("asset", "regions"), "Export Pascal VOC from VoTT"),
    ("VIA 3", ("project", "attribute", "file", "metadata", "view"), "Export COCO from VIA 3"),
    ("a backup of CVAT", ("jobs", "data"), "Export CVAT for images 1.1 instead"),
    ("SuperAnnotate", ("metadata", "instances"), "Export COCO from SuperAnnotate"),
    ("V7 Darwin", ("item", "annotations"), "Export Pascal VOC or COCO from V7"),
    ("Labelbox", ("data_row", "projects"), "Convert it to COCO with Labelbox's own converter"),
    ("Labelbox", ("Labeled Data", "Label"), "Convert it to COCO with Labelbox's own converter"),
    ("Amazon SageMaker Ground Truth", ("source-ref",), "Convert it to COCO or Pascal VOC"),
    ("Google Vertex AI", ("imageGcsUri",), "Convert it to COCO or Pascal VOC"),
    ("Dataturks", ("content", "annotation"), "Export Pascal VOC from Dataturks"),
    ("Scale", ("task_id", "response"), "Convert it to COCO or Pascal VOC"),
    ("Sloth", ("class", "filename", "annotations"), "Convert it to COCO or Pascal VOC"),
    ("Hasty", ("label_classes", "images"), "Export COCO or Pascal VOC from Hasty"),
    ("Encord", ("data_units",), "Export COCO from Encord"),
    ("Dataloop", ("filename", "metadata", "annotations"), "Export COCO or Pascal VOC from Dataloop"),
    ("Azure Custom Vision", ("originalImageUri",), "Convert it to COCO or Pascal VOC"),
    ("Unity Perception (SOLO)", ("captures", "sequence"), "Convert it to COCO with pysolotools: solo2coco"),
    (
        "Ultralytics NDJSON",
        ("type", "task", "class_names"),
        "Convert it to YOLO with Ultralytics: convert_ndjson_to_yolo",
    ),
    ("FiftyOne", ("classes", "labels"), "Export VOCDetectionDataset or ImageClassificationDirectoryTree from FiftyOne"),
    ("FiftyOne", ("samples",), "Export VOCDetectionDataset or COCODetectionDataset from FiftyOne"),
    ("MMDetection", ("filename", "ann"), "Convert it to COCO"),
    ("BDD100K (Scalabel)", ("name", "labels"), "Convert it to COCO with Scalabel: python -m scalabel.label.to_coco"),
    ("Cityscapes", ("imgHeight", "imgWidth", "objects"), "Convert it to COCO"),
    ("COCO with captions alone", ("annotations.caption",), "Take the instances file of the same data set"),
    ("COCO's panoptic form", ("annotations.segments_info",), "Take the instances file of the same data set"),
    ("COCO's form of predictions", ("image_id", "score"), "Take the file with the images and the categories"),
    (
        "Hugging Face's metadata",
        ("file_name",),
        "Save the data set as COCO, as one folder a label, or with metadata.csv, "
        "which has the columns file_name and label",
    ),
)
"""What a JSON document has, or the first entry of a list, or the first line of JSON lines; a dot leads one deeper."""

_TEXTS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("dlib (imglab)", (".xml",), r"<image\s+file=", "Export Pascal VOC from imglab"),
    ("Open Images without boxes", (".csv",), r"ImageID,Source,LabelName", "Take the table of the boxes in its place"),
    (
        "a list of classes, as RetinaNet has it",
        (".csv",),
        r"\A(?:[^,\n]+,\d+\r?(?:\n|\Z))+\Z",
        "Put the table of the boxes beside it, with rows such as: a.png,10,10,60,70,cat",
    ),
    (
        "a table of labels of whole pictures, as numbers",
        (".csv",),
        r"(?i)\A(?:file_?name|image(?:_?id|_?name)?|id(?:_code)?)(?:,[^,\n]+)+\r?\n[^,\n]+"
        r"(?:(?:,\s*[01](?:\.0+)?)+|,\s*\d+)\s*(?:\n|\Z)",
        "Put each picture into a folder of its label, and take the table away; or write one in its place with the "
        "columns filename and label",
    ),
    (
        "Label Studio's CSV or TSV",
        (".csv", ".tsv"),
        r"\[\{\"\"x\"\": |\{\"\"choices\"\":",
        "Export JSON from Label Studio",
    ),
    ("Google AutoML", (".csv",), r"gs://", "Convert it to COCO or Pascal VOC"),
    ("KITTI", (".txt",), r"(?m)^[A-Za-z_]+(?: -?\d+(?:\.\d+)?){14,15}\s*$", "Convert it to COCO or Pascal VOC"),
    ("DOTA", (".txt",), r"(?m)^(?:imagesource:|(?:-?\d+(?:\.\d+)? ){8}[A-Za-z][\w-]* \d\s*$)", "Convert it to COCO"),
    ("VisDrone or MOT", (".txt",), r"(?m)^(?:-?\d+(?:\.\d+)?,){7,9}-?\d+(?:\.\d+)?,?\s*$", "Convert it to COCO"),
    ("Pascal's texts of before 2007", (".txt",), r"# PASCAL Annotation Version", "Convert it to Pascal VOC"),
)
"""What the beginning of a text file holds."""

_FILES: tuple[tuple[str, str, str], ...] = (
    (
        "a mask, without any box",
        rf"(?:.*/)?(?:{'|'.join(sorted(MASK_FOLDERS))}|annotations)/.*\.png|.*[_-]mask\.png",
        "Draw boxes on the pictures, or convert the masks to COCO",
    ),
    ("TFRecord", r".*\.(?:tfrecords?|record)(?:-\d+-of-\d+)?", _EXPORT),
    ("VoTT", r".*\.vott", "Export Pascal VOC from VoTT"),
    ("Parquet or Arrow, as Hugging Face keeps it", r".*\.(?:parquet|arrow)", "Save it as COCO or one folder a label"),
    ("MATLAB", r".*\.mat", "Convert it to COCO, or put the pictures into one folder a label"),
    ("a spreadsheet", r".*\.(?:xlsx?|ods)", "Save it as CSV, with the columns filename, class, xmin, ymin, xmax, ymax"),
    ("HDF5", r".*\.(?:h5|hdf5)", "Save its pictures as files, in one folder a label"),
    (
        "NumPy or a pickle, which is never opened",
        r".*\.(?:np[yz]|pkl|pickle)",
        "Save its pictures as PNG, in one folder a label",
    ),
    ("LMDB", r"(?:.*/)?data\.mdb", "Save its pictures as files, in one folder a label"),
    ("an archive", rf".*(?:{'|'.join(map(re.escape, ARCHIVES))})", "Unpack it first, then name its folder"),
    ("a video", r".*\.(?:mp4|mov|avi|mkv|webm)", "Save single frames of it as pictures, and annotate them"),
)
"""What the path of a file below the source is, in lower case; only where nothing can be read."""


def foreign_annotations(tree: SourceTree) -> str:
    """Name the format of annotations that no reader knows, and the way out; an empty text where there are none."""
    for path, keys in _json_keys(tree):
        for title, wanted, remedy in _JSON:
            if keys.issuperset(wanted):
                return _refusal(title, path, remedy, tree)
    for title, suffixes, pattern, remedy in _TEXTS:
        for path in islice(tree.with_suffix(*suffixes), _MOST_FILES):
            if re.search(pattern, head(path, tree), re.DOTALL):
                return _refusal(title, path, remedy, tree)
    return ""


def foreign_files(tree: SourceTree) -> str:
    """Name what a source without anything that can be read consists of, and the way out; an empty text if unknown."""
    for title, pattern, remedy in _FILES:
        for path in tree.files:
            if re.fullmatch(pattern, tree.relative(path).lower()):
                return _refusal(title, path, remedy, tree)
    return ""


def _refusal(title: str, path: Path, remedy: str, tree: SourceTree) -> str:
    return f"{tree.relative(path)} is {title}, which is not read. {remedy}."


def _json_keys(tree: SourceTree) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield what documents and JSON lines have, each with the keys of the first entries of its lists as well."""
    for path, content in tree.documents.contents.items():
        yield path, _keys(content)
    lines = tree.with_suffix(".jsonl", ".ndjson", ".manifest")
    for path in islice((*tree.documents.faults, *lines), _MOST_FILES):
        with suppress(ValueError, RecursionError):
            yield path, _keys(json.loads(next(iter(head(path, tree).splitlines()), "")))


def _keys(content: object) -> frozenset[str]:
    first = next(iter(content), None) if isinstance(content, list) else content
    if not isinstance(first, Mapping):
        return frozenset()
    deeper = ((key, next(iter(value), None)) for key, value in first.items() if isinstance(value, list))
    inner = (f"{key}.{name}" for key, value in deeper if isinstance(value, Mapping) for name in value)
    return frozenset((*first, *inner))
