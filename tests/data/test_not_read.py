"""Formats that are recognised and not read are refused by their names, with a way out."""

import json
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import files_property, scene, tried
from toonvision.core.errors import InputRejectedError
from toonvision.data.formats import layout, not_read
from toonvision.data.source_tree import SourceTree

COCO_IMAGES = '"images": [{"id": 1, "file_name": "a.png"}]'
FORMATS = {
    "TFRecord": ("train/pets.tfrecord-00000-of-00010", "\n\0\0"),
    "dlib (imglab)": (
        "pets.xml",
        "<dataset><name>x</name><images><image file='a.png'><box/></image></images></dataset>",
    ),
    "a backup of CVAT": ("task_0/task.json", '{"name": "x", "jobs": [{}], "data": {}}'),
    "Datumaro": ("annotations/default.json", '{"info": {}, "categories": {"label": {}}, "items": [{"id": "a"}]}'),
    "VoTT": ("vott-json-export/pets-export.json", '{"name": "pets", "assets": {"a": {}}, "tags": []}'),
    "Labelbox": ("export.ndjson", '{"data_row": {"external_id": "a.png"}, "projects": {}}\n{"data_row": {}}\n'),
    "VIA 3": ("project.json", '{"project": {}, "config": {}, "attribute": {}, "file": {}, "metadata": {}, "view": {}}'),
    "SuperAnnotate": ("shots/a.png.json", '{"metadata": {"name": "a.png"}, "instances": [{"className": "cat"}]}'),
    "V7 Darwin": ("a.json", '{"version": "2.0", "item": {"name": "a.png"}, "annotations": []}'),
    "KITTI": (
        "training/label_2/a.txt",
        "Car 0.00 0 -1.58 587.01 173.33 614.12 200.12 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59\n",
    ),
    "Open Images without boxes": ("train-human-imagelabels.csv", "ImageID,Source,LabelName,Confidence\na,x,/m/1,1\n"),
    "a list of classes, as RetinaNet has it": ("classes.csv", "cat,0\ndog,1\n"),
    "a table of labels of whole pictures, as numbers": (
        "train/_classes.csv",
        "filename, cat, dog\na.png, 1, 0\n",
    ),
    "DOTA": ("labelTxt/a.txt", "imagesource:GoogleEarth\ngsd:0.1\n1 2 30 2 30 40 1 40 small-vehicle 0\n"),
    "VisDrone or MOT": ("annotations/a.txt", "684,8,273,116,0,0,0,0\n"),
    "MATLAB": ("devkit/cars_annos.mat", "MATLAB 5.0"),
    "HDF5": ("pets.h5", "\x89HDF"),
    "NumPy or a pickle, which is never opened": ("data/pets.pkl", "cos\nsystem\n"),
    "Parquet or Arrow, as Hugging Face keeps it": ("data/train-00000-of-00001.parquet", "PAR1"),
    "a mask, without any box": ("masks/a.png", None),
    "Dataturks": ("pets.json", '{"content": "http://x/a.png", "annotation": [{"label": ["cat"]}]}\n{"content": ""}\n'),
    "Scale": ("tasks.json", '[{"task_id": "1", "type": "imageannotation", "params": {}, "response": {}}]'),
    "an archive": ("pets.tar.gz", "\x1f\x8b"),
    "COCO with captions alone": (
        "annotations/captions_train2017.json",
        "{" + COCO_IMAGES + ', "annotations": [{"id": 1, "image_id": 1, "caption": "A cat."}]}',
    ),
    "Hugging Face's metadata": ("metadata.jsonl", '{"file_name": "a.png", "objects": {"bbox": []}}\n'),
    "Amazon SageMaker Ground Truth": ("output.manifest", '{"source-ref": "s3://x/a.png"}\n'),
    "BDD100K (Scalabel)": ("det_train.json", '[{"name": "a.png", "labels": [{"category": "car", "box2d": {}}]}]'),
    "Dataloop": ("json/a.json", '{"filename": "/a.png", "metadata": {}, "annotations": [{"type": "box"}]}'),
    "Azure Custom Vision": ("images.json", '[{"originalImageUri": "https://x/a.png", "regions": []}]'),
    "Unity Perception (SOLO)": ("sequence.0/step0.frame_data.json", '{"frame": 0, "sequence": 0, "captures": []}'),
    "Ultralytics NDJSON": (
        "pets.ndjson",
        '{"type": "dataset", "task": "detect", "class_names": {"0": "cat"}}\n{"type": "image", "file": "a.png"}\n',
    ),
    "FiftyOne": ("labels.json", '{"classes": ["cat"], "labels": {"a": 0}}'),
    "Label Studio's CSV or TSV": ("project.csv", 'image,id,label\n/data/a.png,1,"[{""x"": 6.25, ""y"": 8.3}]"\n'),
    "a spreadsheet": ("labels.xlsx", "PK"),
    "Cityscapes": ("a_gtFine_polygons.json", '{"imgHeight": 4, "imgWidth": 4, "objects": []}'),
}


def write(root, name, pictures="shots"):
    path, content = FORMATS[name]
    (root / pictures).mkdir(exist_ok=True)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    scene("a", (8, 8)).save(root / pictures / "a.png")
    if content is None:
        scene("mask", (8, 8)).save(root / path)
    else:
        (root / path).write_text(content)
    return path


def refusal(root):
    with pytest.raises(InputRejectedError) as caught:
        layout.detect(root)
    return str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_is_not_read_is_refused_by_its_name_with_a_way_out(tmp_path, name):
    path = write(tmp_path, name, pictures="images")
    said = refusal(tmp_path)
    assert said.startswith(f"{tmp_path}: {path} is {name}, which is not read. ")
    assert said.split("not read. ")[1].startswith(("Export ", "Convert ", "Save ", "Unpack ", "Draw ", "Take ", "Put "))


def test_the_table_of_label_studio_may_have_tabs_in_place_of_commas(tmp_path):
    (tmp_path / "project.tsv").write_text('image\tid\tlabel\n/data/a.png\t1\t"[{""x"": 6.25, ""y"": 8.3}]"\n')
    assert "project.tsv is Label Studio's CSV or TSV, which is not read. Export JSON" in refusal(tmp_path)


SAYS_MORE = ("Labelbox", "Dataturks", "V7 Darwin", "KITTI", "DOTA", "COCO with captions alone", "BDD100K (Scalabel)")


@pytest.mark.parametrize("name", SAYS_MORE)
def test_folders_are_no_labels_beside_annotations_that_name_their_pictures(tmp_path, name):
    write(tmp_path, name, pictures="cat")
    write(tmp_path, name, pictures="dog")
    assert f" is {name}, which is not read. " in refusal(tmp_path)


def test_annotations_of_an_unknown_form_are_named_also_where_no_folder_could_be_a_label(tmp_path):
    (tmp_path / "images").mkdir()
    scene("a", (8, 8)).save(tmp_path / "images" / "a.png")
    (tmp_path / "regions.json").write_text('{"regions": [{"picture": "a.png"}]}')
    assert refusal(tmp_path) == (
        f"{tmp_path}: regions.json looks like annotations in a form that is not known. "
        "Export them as Pascal VOC or COCO."
    )


def test_an_archive_is_only_named_where_nothing_can_be_read(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        scene(label, (8, 8)).save(tmp_path / label / "a.png")
    (tmp_path / "pets.zip").write_bytes(b"PK\3\4")
    assert layout.detect(tmp_path) == "folders"


def test_an_empty_folder_is_refused_with_what_can_be_read(tmp_path):
    said = refusal(tmp_path)
    assert "no annotated pictures were found. Annotate pictures in one of the formats that are read (" in said
    assert all(reader.TITLE in said for reader in layout.READERS.values())


contents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(["a.png", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["annotations", "items", "categories", "item", "file_name", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@files_property
@given(
    content=contents.map(json.dumps) | st.text(max_size=80),
    suffix=st.sampled_from(["json", "jsonl", "csv", "txt", "xml", "yaml"]),
)
def test_whatever_lies_beside_pictures_the_source_is_read_or_refused(tmp_path_factory, content, suffix):
    root = tmp_path_factory.mktemp("beside")
    for label in ("cat", "dog"):
        (root / label).mkdir()
        scene(label, (8, 8)).save(root / label / "a.png")
    (root / f"all.{suffix}").write_text(content, encoding="utf-8", errors="ignore")
    tree = SourceTree.of(root)
    assert isinstance(not_read.foreign_annotations(tree), str)
    found, error = tried(InputRejectedError, layout.recognised, tree)
    assert (found or ()) == layout.layouts(tree)
    assert bool(found) is (error is None)
    assert error is None or str(error).startswith(f"{root}: ")
    shutil.rmtree(root)


def test_boxes_beside_a_list_of_classes_are_read_as_its_refusal_says(tmp_path):
    write(tmp_path, "a list of classes, as RetinaNet has it", pictures="images")
    row = refusal(tmp_path).partition("such as: ")[2].removesuffix(".")
    (tmp_path / "boxes.csv").write_text(row.replace("10,10,60,70", "1,1,6,7") + "\n")
    (picture,) = layout.read(layout.detect(tmp_path), tmp_path).pictures
    assert [(entry.label, entry.xyxy) for entry in picture.objects] == [("cat", (1, 1, 6, 7))]


def test_the_table_of_open_images_that_has_boxes_is_read_as_the_refusal_of_the_other_says(tmp_path):
    path = write(tmp_path, "Open Images without boxes", pictures="images")
    assert "Take the table of the boxes in its place" in refusal(tmp_path)
    (tmp_path / path).unlink()
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax"
    (tmp_path / "train-annotations-bbox.csv").write_text(f"{header}\na,x,/m/1,1,0,1,0,0.5\n")
    (picture,) = layout.read(layout.detect(tmp_path), tmp_path).pictures
    assert [entry.xyxy for entry in picture.objects] == [(0, 0, 8, 4)]


HOT = ("image_id,healthy,rust,scab\na,0,1.0,0\n", "id_code,diagnosis\na,2\n", "image,MEL,NV\na,0.0,1.0\n")


@pytest.mark.parametrize("content", HOT)
def test_tables_with_a_number_for_each_label_are_read_once_they_name_the_label(tmp_path, content):
    for stem in "abc":
        scene(stem, (8, 8)).save(tmp_path / f"{stem}.png")
    (tmp_path / "train.csv").write_text(content)
    said = refusal(tmp_path)
    assert "train.csv is a table of labels of whole pictures" in said
    assert said.endswith("or write one in its place with the columns filename and label.")
    (tmp_path / "train.csv").write_text("filename,label\na.png,rust\nb.png,scab\nc.png,rust\n")
    reading = layout.read(layout.detect(tmp_path), tmp_path)
    assert [entry.label for picture in reading.pictures for entry in picture.objects] == ["rust", "scab", "rust"]


def test_a_table_that_names_pictures_without_their_suffix_is_named_where_nothing_can_be_read(tmp_path):
    for stem in "abc":
        scene(stem, (8, 8)).save(tmp_path / f"{stem}.png")
    (tmp_path / "meta.csv").write_text("lesion,image_id,dx,age\n1,a,nv,80\n2,b,mel,80\n3,c,nv,80\n")
    said = refusal(tmp_path)
    assert " The columns of meta.csv are not known: name them filename and label and, " in said
    (tmp_path / "meta.csv").write_text("lesion,filename,label,age\n1,a,nv,80\n2,b,mel,80\n3,c,nv,80\n")
    reading = layout.read(layout.detect(tmp_path), tmp_path)
    assert [entry.label for picture in reading.pictures for entry in picture.objects] == ["nv", "mel", "nv"]


def test_a_table_of_an_unknown_form_is_read_once_it_has_the_columns_that_its_refusal_names(tmp_path):
    for stem in "ab":
        scene(stem, (8, 8)).save(tmp_path / f"{stem}.png")
    (tmp_path / "t.csv").write_text("who,what,where\na.png,cat,1 2 3 4\n")
    said = refusal(tmp_path)
    columns = re.findall(r"filename|label|[xy]m[a-z]+", said.partition("with the columns ")[2])
    rows = ["a.png,cat,1,2,3,4", "b.png,dog,1,2,3,4"]
    (tmp_path / "t.csv").write_text("\n".join([",".join(columns), *rows]) + "\n")
    reading = layout.read(layout.detect(tmp_path), tmp_path)
    assert [entry.xyxy for picture in reading.pictures for entry in picture.objects] == [(1, 2, 3, 4)] * 2


def test_pictures_of_a_table_of_labels_are_read_once_they_lie_in_folders_of_their_labels(tmp_path):
    path = write(tmp_path, "a table of labels of whole pictures, as numbers", pictures="images")
    assert "Put each picture into a folder of its label, and take the table away" in refusal(tmp_path)
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        shutil.copy(tmp_path / "images" / "a.png", tmp_path / label / f"{label}.png")
    (tmp_path / path).unlink()
    shutil.rmtree(tmp_path / "images")
    assert layout.detect(tmp_path) == "folders"
