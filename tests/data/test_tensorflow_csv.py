"""CSV files with a row for each box, as several programs write them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import files_property, scene, tried
from toonvision.core.errors import InputRejectedError
from toonvision.data.formats import layout, tensorflow_csv
from toonvision.data.formats.shapes import POLYGON_NOTE
from toonvision.data.source_tree import SourceTree

SIZE_WH = (160, 120)


def write(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(name, SIZE_WH).save(path)


def read(root):
    return tensorflow_csv.read(SourceTree.of(root))


def boxes(root):
    """Return label and box of each object, by picture."""
    reading = read(root)
    assert reading.findings == ()
    assert not any(picture.findings for picture in reading.pictures)
    return {picture.name: [(entry.label, entry.xyxy) for entry in picture.objects] for picture in reading.pictures}


EXPECTED = {"a.png": [("cat", (10, 10, 60, 70)), ("dog", (90, 40, 140, 100))], "b.png": []}
TABLES = {
    "tensorflow": "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,160,120,cat,10,10,60,70\n"
    "a.png,160,120,dog,90,40,140,100\nb.png,160,120,,,,,\n",
    "another order, case and end of line": "XMin,YMin,XMax,YMax,Class,Filename\r\n10,10,60,70,cat,a.png\r\n"
    "90,40,140,100,dog,a.png\r\n,,,,,b.png\r\n",
    "semicolons and a mark": "\ufefffilename;class;xmin;ymin;xmax;ymax\na.png;cat;10;10;60;70\n"
    "a.png;dog;90;40;140;100\nb.png;;;;;\n",
    "decimal commas": "filename;class;xmin;ymin;xmax;ymax\na.png;cat;10,0;10,0;60,0;70,00\n"
    "a.png;dog;90;40;140,0;100\nb.png;;;;;\n",
    "a line for Excel": "sep=;\r\nfilename;class;xmin;ymin;xmax;ymax\r\na.png;cat;10;10;60;70\r\n"
    "a.png;dog;90;40;140;100\r\nb.png;;;;;\r\n",
    "a box in one cell": "image_id,width,height,bbox,label\n"
    'a,160,120,"[10, 10.0, 50, 60]",cat\na,160,120,"[90, 40, 50, 60]",dog\nb,160,120,,\n',
    "names without a suffix": "image_id,label,xmin,ymin,xmax,ymax\na,cat,10,10,60,70\na,dog,90,40,140,100\nb,,,,,\n",
    "tabs": "filename\tclass\txmin\tymin\txmax\tymax\na.png\tcat\t10\t10\t60\t70\n"
    "a.png\tdog\t90\t40\t140\t100\nb.png\t\t\t\t\t\n",
    "other names of columns": "image,label,x_min,y_min,x_max,y_max\na.png,cat,10.0,10.0,60.0,70.0\n"
    'a.png,"dog",90,40,140,100\nb.png,,,,,\n',
    "makesense.ai": "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\n"
    "cat,10,10,50,60,a.png,160,120\ndog,90,40,50,60,a.png,160,120\n,,,,,b.png,160,120\n",
    "corner and size": "filename,label,x,y,w,h\na.png,cat,10,10,50,60\na.png,dog,90,40,50,60\nb.png,,,,,\n",
    "the box's size is no picture's": "file_name,x,y,width,height,category\na.png,10,10,50,60,cat\n"
    "a.png,90,40,50,60,dog\nb.png,,,,,\n",
    "makesense.ai without a header": "cat,10,10,50,60,a.png,160,120\ndog,90,40,50,60,a.png,160,120\n"
    ",,,,,b.png,160,120\n",
    "another encoding": "filename,class,xmin,ymin,xmax,ymax\na.png,cat,10,10,60,70\na.png,dog,90,40,140,100\n"
    "b.png,,,,,\n",
    "retinanet": "a.png,10,10,60,70,cat\na.png,90,40,140,100,dog\nb.png,,,,,\n",
    "retinanet with paths": "/content/data/a.png,10,10,60,70,cat\n/content/data/a.png,90,40,140,100,dog\n"
    "C:\\data\\b.png,,,,,\n",
    "automl": "TRAIN,gs://bucket/a.png,cat,0.0625,0.08333333333333333,,,0.375,0.5833333333333334,,\n"
    "TRAIN,gs://bucket/a.png,dog,0.5625,0.3333333333333333,0.875,0.3333333333333333,0.875,0.8333333333333334,"
    "0.5625,0.8333333333333334\nTEST,gs://bucket/b.png,,,,,,,,,\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_several_programs_say_the_same(tmp_path, name):
    write(tmp_path, "a.png", "b.png")
    encoding = "utf-16" if name == "another encoding" else "utf-8"
    (tmp_path / "labels.csv").write_bytes(TABLES[name].encode(encoding))
    found = boxes(tmp_path)
    assert layout.detect(tmp_path) == "tensorflow-csv"
    assert found.keys() == EXPECTED.keys()
    for picture, objects in EXPECTED.items():
        assert [label for label, _ in found[picture]] == [label for label, _ in objects]
        for (_, xyxy), (_, expected) in zip(found[picture], objects, strict=True):
            assert xyxy == pytest.approx(expected)


HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def subsets(root):
    return {picture.name: picture.subset for picture in read(root).pictures}


def test_the_subset_is_in_the_name_of_the_table_or_of_its_folder_or_in_a_column(tmp_path):
    write(tmp_path, "images/a.png", "images/b.png", "valid/c.png")
    (tmp_path / "train_labels.csv").write_text(f"{HEADER}a.png,160,120,cat,10,10,60,70\n")
    (tmp_path / "test_labels.csv").write_text(f"{HEADER}b.png,160,120,cat,10,10,60,70\n")
    (tmp_path / "valid" / "_annotations.csv").write_text(f"{HEADER}c.png,160,120,cat,10,10,60,70\n")
    assert subsets(tmp_path) == {"images/a.png": "train", "images/b.png": "test", "valid/c.png": "val"}


def test_the_sets_of_automl_are_subsets(tmp_path):
    write(tmp_path, "a.png", "b.png", "c.png")
    rows = [
        f"{name},gs://x/{file}.png,cat,.1,.1,,,.3,.3,,\n"
        for name, file in zip(("VALIDATION", "TEST"), "ab", strict=True)
    ]
    (tmp_path / "all.csv").write_text("".join(rows) + "UNASSIGNED,gs://x/c.png,cat,.1,.1,,,.3,.3,,\n")
    assert subsets(tmp_path) == {"a.png": "val", "b.png": "test", "c.png": None}


def test_a_table_of_all_beside_those_of_the_subsets_counts_once(tmp_path):
    write(tmp_path, "a.png", "b.png")
    rows = ["a.png,160,120,cat,10,10,60,70\n", "b.png,160,120,cat,10,10,60,70\n"]
    (tmp_path / "pets_labels.csv").write_text(HEADER + "".join(rows))
    (tmp_path / "train_labels.csv").write_text(HEADER + rows[0])
    (tmp_path / "test_labels.csv").write_text(HEADER + rows[1])
    assert subsets(tmp_path) == {"a.png": "train", "b.png": "test"}
    assert [(finding.code, finding.skips) for finding in read(tmp_path).findings] == [("listed-twice", False)] * 2


def test_other_columns_are_attributes_and_the_size_is_the_one_stated(tmp_path):
    write(tmp_path, "a.png")
    row = "a.png,160,120,cat,10,10,60,70,1,yes,0.5\n"
    (tmp_path / "l.csv").write_text(f"{HEADER.strip()},truncated,Is occluded,speed\n{row}")
    (picture,) = read(tmp_path).pictures
    assert picture.size_wh == SIZE_WH
    assert picture.objects[0].attributes == {"truncated": 1.0, "is_occluded": True, "speed": 0.5}


@pytest.mark.parametrize(
    ("corners", "xyxy"),
    [("60,10,110,60,60,110,10,60", (10, 10, 110, 110)), ("10,10,60,10,60,70,10,70", (10, 10, 60, 70))],
)
def test_of_four_corners_the_box_around_them_is_taken(tmp_path, corners, xyxy):
    write(tmp_path, "a.png")
    (tmp_path / "l.csv").write_text(f"filename,class,x1,y1,x2,y2,x3,y3,x4,y4,speed\na.png,cat,{corners},2\n")
    (picture,) = read(tmp_path).pictures
    (entry,) = picture.objects
    assert (entry.xyxy, entry.note, entry.attributes) == (xyxy, POLYGON_NOTE, {"speed": 2.0})


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("a.png,160,120,cat,10,10,60", "bad-number"),
        ("a.png,160,120,cat,10,10,60,nan", "bad-number"),
        ("a.png,160,120,,10,10,60,70", "no-label"),
    ],
)
def test_a_row_that_is_no_box_is_named_and_the_others_are_read(tmp_path, row, code):
    write(tmp_path, "a.png")
    (tmp_path / "l.csv").write_text(f"{HEADER}{row}\na.png,160,120,cat,10,10,60,70\n")
    (picture,) = read(tmp_path).pictures
    assert [entry.number for entry in picture.objects] == [2]
    assert [(finding.item, finding.code) for finding in picture.findings] == [("l.csv, a.png, object 1", code)]


def test_pictures_of_a_table_that_are_not_there_are_one_finding_if_none_of_many_is(tmp_path):
    write(tmp_path, "train/a.png")
    rows = "".join(f"{name}.png,160,120,cat,10,10,60,70\n" for name in "abc")
    (tmp_path / "train_labels.csv").write_text(HEADER + rows)
    gone = "".join(f"gone{number}.png,160,120,cat,10,10,60,70\n" * 2 for number in range(1200))
    (tmp_path / "test_labels.csv").write_text(HEADER + gone)
    reading = read(tmp_path)
    assert [picture.name for picture in reading.pictures] == ["train/a.png"]
    found = {finding.item: finding for finding in reading.findings}
    assert found.keys() == {"test_labels.csv", "train_labels.csv, b.png", "train_labels.csv, c.png"}
    lost = found["test_labels.csv"]
    assert (lost.code, lost.pictures, lost.objects) == ("no-picture", 1200, 2400)
    assert lost.reason == "none of the 1,200 pictures of test that it lists is there, 'gone0.png' for one"
    assert str(tmp_path) in lost.remedy


def test_pictures_that_no_table_lists_are_named(tmp_path):
    write(tmp_path, "a.png", "b.png", *(f"extra/{number}.png" for number in range(11)))
    (tmp_path / "l.csv").write_text(f"{HEADER}a.png,160,120,cat,10,10,60,70\n")
    assert [(str(finding), finding.skips) for finding in read(tmp_path).findings] == [
        ("b.png: has no annotation (draw its boxes, and save or export again)", False),
        ("extra: none of its 11 pictures has an annotation (draw their boxes, and export again)", False),
    ]


@pytest.mark.parametrize(
    "content",
    ["", "name,age\na,3\n", "a.png,b,c\n", "1,2,3,4,5,6\n", "filename,cat,dog\na.png,1,0\n", "a.png,1,2,3,4\n", "\0"],
)
def test_other_tables_are_left_alone(tmp_path, content):
    write(tmp_path, "a.png")
    (tmp_path / "other.csv").write_text(content)
    assert tensorflow_csv.recognise(SourceTree.of(tmp_path)) is None


def test_a_table_for_each_picture_is_named_after_it(tmp_path):
    write(tmp_path, "images/a.png", "images/b.png")
    (tmp_path / "csv").mkdir()
    rows = "cat,10,10,60,70\ndog,90,40,140,100\n"
    (tmp_path / "csv" / "a.csv").write_text(f"label,xmin,ymin,xmax,ymax\n{rows}")
    (tmp_path / "csv" / "b.csv").write_text("label,xmin,ymin,xmax,ymax\n")
    assert layout.detect(tmp_path) == "tensorflow-csv"
    assert boxes(tmp_path) == {f"images/{name}": objects for name, objects in EXPECTED.items()}
    (tmp_path / "csv" / "b.csv").write_text("label,xmin,ymin,xmax,ymax\ncat,1\n")
    (finding,) = read(tmp_path).pictures[1].findings
    assert (finding.item, finding.code) == ("csv/b.csv, object 1", "bad-number")


LABELS = {
    "kaggle": ("train.csv", "id,label\na,cat\nb,dog\nc,cat\n"),
    "another name of the label": ("train_labels.csv", "id,breed\na,cat\nb,dog\nc,cat\n"),
    "a word in the name": ("trainLabels.csv", "image_id,label\na.png,cat\nb.png,dog\nc.png,cat\n"),
    "hugging face": ("train/metadata.csv", "file_name,label\na.png,cat\nb.png,dog\nc.png,cat\n"),
    "automl": ("all.csv", "TRAIN,gs://b/train/a.png,cat\nTRAIN,gs://b/train/b.png,dog\nTRAIN,gs://b/train/c.png,cat\n"),
    "label studio": (
        "train/project.csv",
        "image,id,choice,annotator,annotation_id,created_at,updated_at,lead_time\n/data/upload/0a1b2c3d-a.png,1,cat,1,1,2026,"
        "2026,1.5\nb.png,2,dog,1,2,2026,2026,1\nc.png,3,cat,1,2,2026,2026,1\n",
    ),
    "more columns": ("train.csv", "age,filename,class\n3,a.png,cat\n,b.png,dog\n,c.png,cat\n"),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_table_with_a_label_for_each_picture_is_read(tmp_path, name):
    path, content = LABELS[name]
    write(tmp_path, *(f"train/{stem}.png" for stem in "abc"), "test/a.png")
    (tmp_path / path).write_text(content)
    (tmp_path / "sample_submission.csv").write_text("id,label\na,cat\nb,cat\nc,cat\n")
    assert [one.words for one in layout.layouts(SourceTree.of(tmp_path))] == [
        f"CSV with a label for each picture, in {path}"
    ]
    reading = read(tmp_path)
    found = {picture.name: [(entry.label, entry.xyxy) for entry in picture.objects] for picture in reading.pictures}
    assert found == {
        f"train/{stem}.png": [(label, None)] for stem, label in zip("abc", ("cat", "dog", "cat"), strict=True)
    }
    assert {picture.context for picture in reading.pictures} == {"all"}
    assert [(one.item, one.code) for one in reading.findings] == [("test/a.png", "no-annotation")]
    assert reading.pictures[0].objects[0].attributes == ({"age": 3} if name == "more columns" else {})


def test_a_picture_to_which_a_table_gives_two_labels_is_named_and_the_same_label_twice_is_one(tmp_path):
    write(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "l.csv").write_text("filename,label\na.png,cat\na.png,dog\nb.png,cat\nb.png,cat\nc.png,\n")
    reading = read(tmp_path)
    assert [[entry.label for entry in picture.objects] for picture in reading.pictures] == [[], ["cat"], []]
    assert [finding.code for picture in reading.pictures for finding in picture.findings] == ["many-labels"]


@pytest.mark.parametrize(
    "content",
    [
        "id,name\na,cat\nb,dog\n",
        "id,weight\na,3\nb,3\n",
        "id,label\nx,cat\ny,cat\n",
        "id,breed,place\na,cat,x\nb,cat,x\n",
        "image,caption\na.png,a cat\nb.png,a cat\n",
        "image\na.png\nb.png\n",
        "filename,class,x_center,y_center,width,height\na.png,cat,.1,.1,.1,.1\nb.png,cat,.1,.1,.1,.1\n",
        "image_id,label,bbox\na,cat,1 2 3 4\nb,cat,1 2 3 4\n",
        "id,EncodedPixels\na,1 3 10 5\nb,1 3 10 5\n",
        'image,id,label\na.png,1,"[{""x"": 1}]"\nb.png,2,"[{""x"": 1}]"\n',
        "ImageID,LabelName,Confidence\na,/m/1,1\nb,/m/1,0\n",
    ],
    ids=[
        "classes",
        "numbers",
        "other pictures",
        "which column?",
        "captions",
        "names alone",
        "centres",
        "boxes",
        "masks",
        "json",
        "guesses",
    ],
)
def test_tables_that_give_no_labels_of_pictures_are_left_alone(tmp_path, content):
    write(tmp_path, "a.png", "b.png")
    (tmp_path / "t.csv").write_text(content)
    assert tensorflow_csv.recognise(SourceTree.of(tmp_path)) is None


def test_a_table_that_says_what_the_folders_say_leaves_class_folders_as_they_are(tmp_path):
    write(tmp_path, "cat/a.png", "cat/b.png", "dog/c.png")
    (tmp_path / "all.csv").write_text("filename,label\na.png,cat\nb.png,cat\nc.png,dog\n")
    assert layout.detect(tmp_path) == "folders"


def test_a_table_about_pictures_beside_class_folders_leaves_them_as_they_are(tmp_path):
    write(tmp_path, "train/cat/a.png", "train/dog/b.png", "test/x.png", "test/y.png")
    (tmp_path / "test.csv").write_text("filename,label\nx.png,cat\ny.png,cat\n")
    assert layout.detect(tmp_path) == "folders"


def test_the_name_of_a_class_is_its_label_where_a_number_stands_beside_it(tmp_path):
    write(tmp_path, "a.png")
    (tmp_path / "l.csv").write_text(",filename,class,name,xmin,ymin,xmax,ymax\n0,a.png,1,cat,10,10,60,70\n")
    assert boxes(tmp_path) == {"a.png": [("cat", (10, 10, 60, 70))]}
    (tmp_path / "l.csv").write_text("filename,class,xmin,ymin,xmax,ymax\na.png,1,10,10,60,70\n")
    assert boxes(tmp_path) == {"a.png": [("1", (10, 10, 60, 70))]}


def test_labels_of_whole_pictures_count_only_where_no_table_has_boxes(tmp_path):
    write(tmp_path, "a.png", "b.png")
    (tmp_path / "boxes.csv").write_text(f"{HEADER}a.png,160,120,cat,10,10,60,70\n")
    (tmp_path / "labels.csv").write_text("filename,label\na.png,dog\nb.png,dog\n")
    assert boxes_of(tmp_path) == [("cat", (10, 10, 60, 70))]


def boxes_of(root):
    return [(entry.label, entry.xyxy) for picture in read(root).pictures for entry in picture.objects]


cells = st.sampled_from(["a.png", "cat", "", "1", "-3.5", "nan", "1e400", '"', ";", "\0", "TRAIN"]) | st.text(
    max_size=4
)


@files_property
@given(
    header=st.sampled_from([HEADER, "", "filename;class;xmin;ymin;xmax;ymax\n", "id,label\n", "class,x,y,w,h\n"]),
    rows=st.lists(st.lists(cells, max_size=12).map(",".join), max_size=6),
)
@example(header=HEADER, rows=["a.png,1,1,cat,1,2,3," + "9" * 400])
@example(header=HEADER, rows=['"' + "x" * 200_000])
@example(header="", rows=["a.png,1,2,3,4,cat", "a.png,1,x,3,4,cat"])
@example(header=",id,breed\n", rows=["0,a", "1,a,cat", "2,a,cat,dog"])
def test_any_table_is_read_or_refused(tmp_path_factory, header, rows):
    root = tmp_path_factory.mktemp("csv")
    write(root, "a.png")
    (root / "labels.csv").write_text(header + "\n".join(rows), encoding="utf-8", errors="replace")
    reading, refused = tried(InputRejectedError, read, root)
    assert refused is None or str(root) in str(refused)
    for picture in reading.pictures if reading else ():
        assert picture.object_count == len(picture.objects) + len(picture.findings)


OPEN_IMAGES = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf\n"


def test_open_images_names_its_classes_in_another_table_and_its_crowds_are_left_out(tmp_path):
    write(tmp_path, "train/0a1b.jpg")
    rows = ["0a1b,xclick,/m/01yrx,1,0.25,0.75,0.1,0.5,1,0,0\n", "0a1b,xclick,/m/0bt9lr,1,0.25,0.75,0.1,0.5,0,0,1\n"]
    (tmp_path / "train-annotations-bbox.csv").write_text(OPEN_IMAGES + "".join(rows))
    (tmp_path / "class-descriptions-boxable.csv").write_text("/m/01yrx,Cat\n/m/0bt9lr,Dog\n")
    assert layout.detect(tmp_path) == "tensorflow-csv"
    (picture,) = read(tmp_path).pictures
    (entry,) = picture.objects
    assert (entry.label, entry.xyxy, picture.subset) == ("Cat", pytest.approx((40, 12, 120, 60)), "train")
    assert entry.attributes["isoccluded"] == 1
    assert [(finding.code, finding.objects, "Dog" in finding.reason) for finding in picture.findings] == [
        ("crowd", 1, True)
    ]


def test_a_linked_table_is_read_unless_it_leads_out_of_the_source(tmp_path):
    source = tmp_path / "source"
    write(source, "a.png", "b.png")
    (source / "kept.data").write_text(f"{HEADER}a.png,160,120,cat,10,10,60,70\n")
    (source / "train.csv").symlink_to("kept.data")
    assert subsets(source) == {"a.png": "train"}
    (tmp_path / "secret.csv").write_text(f"{HEADER}b.png,160,120,dog,10,10,60,70\n")
    (source / "val.csv").symlink_to(tmp_path / "secret.csv")
    reading = read(source)
    assert [picture.name for picture in reading.pictures] == ["a.png"]
    assert ("val.csv", "path-escapes", 1) in [(one.item, one.code, one.files) for one in reading.findings]
