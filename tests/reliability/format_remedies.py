"""Remedies about one format each: the file is spoiled, then drawn, exported or written again as the remedy says."""

import base64
import json
import shlex
import shutil
import subprocess
import sys

from PIL import Image
from typer.testing import CliRunner

from builders import scene
from reliability.remedies import (
    EXTRACTED,
    TOML,
    XML,
    Remedy,
    as_before,
    copy,
    edit,
    end,
    move,
    options,
    put,
    remove,
    spoiled,
    steps,
    text,
)
from toonvision.cli.app import app
from toonvision.data.formats import labelme
from toonvision.data.workspace import open_workspace
from toonvision.label.screenshots import list_screenshots


def of_json(pattern, change):
    """Return what changes a JSON file of the source; of several, the first one."""

    def do(base):
        path = min((base / "s").rglob(pattern))
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

    return do


def at(*keys, value):
    """Return what sets a value of JSON, at keys and indices from outside in."""

    def change(document):
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = value

    return change


def with_texts(base):
    """Write a label file of YOLO beside each XML file, with no names of the classes."""
    for path in (base / "s").rglob("*.xml"):
        path.with_suffix(".txt").write_text("0 0.5 0.5 0.5 0.5\n", encoding="utf-8")


def again(says, on, pattern, *keys, value):
    """Return a remedy that is carried out by drawing or exporting again what was spoiled by one value."""
    return Remedy(says, *spoiled(of_json(pattern, at(*keys, value=value))), on=on)


def latin(base):
    """Write a label in another encoding than the file declares."""
    there = (base / XML).read_text(encoding="utf-8").replace("<name>apple<", "<name>äpfel<", 1)
    (base / XML).write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{there}', encoding="latin-1")


POLYGON = "<polygon><x1>1</x1><y1>1</y1><x2>9</x2></polygon>"
LISTS = "s/ImageSets/Main"
PASCAL_VOC = [
    Remedy("draw its boxes...", remove(XML), (as_before,)),
    Remedy("annotate the picture again", *spoiled(text(XML, "<annotation>"))),
    Remedy("annotate the picture again", *spoiled(put(XML, "<annotation>", "<annotations>"))),
    Remedy("annotate the picture again", *spoiled(text(XML, f"<annotation>{'<object/>' * 10_001}</annotation>"))),
    Remedy("save it without", *edit(XML, "<annotation>", "<!DOCTYPE annotation []><annotation>")),
    Remedy("save it as UTF-8", *spoiled(latin)),
    Remedy(
        'save it as UTF-8, with encoding="UTF-8" in its first line',
        *spoiled(lambda base: put(XML, "<annotation>", '<?xml version="1.0" encoding="x-none"?>')(base)),
    ),
    Remedy("write &amp; in place of & in line 1", *edit(XML, "<annotation>", "<annotation>a & b")),
    Remedy(
        "give each an <object> of its own",
        *edit(XML, "</bndbox>", "</bndbox><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"),
    ),
    Remedy(
        "put each into an <object>", *spoiled(steps(put(XML, "<object>", "<item>"), put(XML, "</object>", "</item>")))
    ),
    Remedy("draw its box again", *spoiled(put(XML, "<xmin>2</xmin>", ""))),
    Remedy("draw its box again", *spoiled(lambda base: put(XML, box_of(base), "")(base))),
    Remedy("draw it again", *spoiled(lambda base: put(XML, box_of(base), POLYGON)(base))),
    Remedy(
        "remove one",
        copy(XML, "s/annotations/garden/shot_00.xml"),
        (remove("s/annotations"), remove(XML)),
    ),
    Remedy(
        "Remove one.",
        steps(copy(XML, "s/annotations/garden/shot_00.xml"), put("s/annotations/garden/shot_00.xml", ">2<", ">3<")),
        (remove("s/annotations"), remove(XML)),
    ),
    Remedy(
        "take each out of one list",
        steps(text(f"{LISTS}/train.txt", "shot_00\nshot_01\n"), text(f"{LISTS}/val.txt", "shot_00\n")),
        (text(f"{LISTS}/val.txt", "shot_02\n"), text(f"{LISTS}/train.txt", "shot_01\n")),
    ),
    Remedy("check the file", *spoiled(lambda base: steps(remove(XML), dangling)(base))),
]


def box_of(base):
    there = (base / XML).read_text(encoding="utf-8")
    return there[there.index("<bndbox>") : there.index("</bndbox>") + len("</bndbox>")]


def dangling(base):
    (base / XML).symlink_to(base / "s/garden/gone.xml")


def double(base):
    shutil.copy(min((base / "s").rglob("*.json")), base / "s/garden/copy.json")


def skipped_annotation(tasks):
    tasks[0]["annotations"][0]["was_cancelled"] = True


def only_predictions(tasks):
    tasks[0]["predictions"], tasks[0]["annotations"] = tasks[0]["annotations"], []


def two_annotations(tasks):
    tasks[0]["annotations"] *= 2


def put_bytes(name, good, bad):
    return lambda base: (base / name).write_bytes((base / name).read_bytes().replace(good, bad, 1))


def large(base):
    """Make all pictures as large as screens."""
    for path in (base / "s").rglob("*.png"):
        scene(path.parent.name + path.name, (640, 360)).save(path)


def into_a_workspace_to_label(base):
    """Make a workspace for the pictures, and list them as the labelling page does."""
    (base / "t.toml").write_text("labels = { apple = {}, pear = {} }\n", encoding="utf-8")
    outcome = CliRunner().invoke(app, ["init", str(base / "x"), "--taxonomy", str(base / "t.toml")])
    assert outcome.exit_code == 0, outcome.output
    shutil.copytree(base / "s", base / "x/screenshots", dirs_exist_ok=True)
    listed = list_screenshots(open_workspace(base / "x"))
    assert {one.context for one in listed.screenshots} == {"apple", "pear", "stone"}
    return {"root": "x", "source": None}


FOLDERS = [
    Remedy(
        "if so, run toonvision init DIR --taxonomy FILE, put them into DIR/screenshots/<context>/, and run toonvision "
        "label -w DIR",
        large,
        (into_a_workspace_to_label,),
        on="folders",
        verbs=(),
    ),
    Remedy(
        "move it into the folder of its label",
        move("s/apple/shot_00.png", "s/shot_00.png"),
        (move("s/shot_00.png", "s/apple/shot_00.png"),),
        on="folders",
    ),
    Remedy(
        "if those are the labels, call the folders around them train, val and test, or set_1, set_2 and so on",
        steps(
            lambda base: shutil.copytree(base / "s", base / "t"),
            lambda base: shutil.rmtree(base / "s"),
            *(move(f"t/{label}", f"s/{where}/{label}") for label, where in (("apple", "sweet"), ("pear", "sweet"))),
            move("t/stone", "s/hard/stone"),
        ),
        (
            steps(move("s/sweet", "s/train"), move("s/hard", "s/test"), remove("w")),
            steps(move("s/sweet", "s/set_1"), move("s/hard", "s/set_2"), remove("w")),
        ),
        on="folders",
    ),
    Remedy(
        "if it is no label, move it out of the source",
        steps(move("s/apple", "s/train/apple"), move("s/pear", "s/train/pear")),
        (steps(move("s/stone", "t/stone"), remove("w")),),
        on="folders",
    ),
    Remedy(
        "Rename one of the folders or, if both mean the same, put their pictures into one of them, under names that "
        "differ.",
        copy("s/apple/shot_00.png", "s/Apple/shot_00.png"),
        (
            move("s/Apple", "s/Apple 2"),
            steps(move("s/Apple/shot_00.png", "s/apple/more.png"), lambda base: (base / "s/Apple").rmdir()),
        ),
        on="folders",
    ),
]


def two_pictures(tasks):
    """Let the first task show the picture of the second, too."""
    tasks[0]["data"] = {"before": tasks[0]["data"]["image"], "after": tasks[1]["data"]["image"]}


def of_before(tasks):
    for region in tasks[0]["annotations"][0]["result"]:
        region["to_name"] = "before"


def listed_pictures(tasks):
    """Let the first task list the picture of the second, too; that task is gone, as it would be."""
    tasks[0]["data"] = {"image": [tasks[0]["data"]["image"], tasks.pop(1)["data"]["image"]]}


def of_first(tasks):
    for region in tasks[0]["annotations"][0]["result"]:
        region["item_index"] = 0


def json_min_of_two_pictures(tasks):
    names = [task["data"]["image"] for task in tasks]
    for at, task in enumerate(tasks):
        regions = [{**one["value"], "original_width": 64} for one in task["annotations"][0]["result"]]
        tasks[at] = {"id": task["id"], "before": names[at], "after": names[at - 1], "label": regions}


def tracks(tasks):
    for region in tasks[0]["annotations"][0]["result"]:
        region["value"] = {"sequence": [region["value"]], "labels": ["apple"]}


RESULT = (0, "annotations", 0, "result", 0)
LABEL_STUDIO = [
    Remedy(
        "write the key of their picture as to_name",
        of_json("*.json", two_pictures),
        (of_json("*.json", of_before),),
        on="labelstudio",
    ),
    Remedy(
        "write the number, from 0, of their picture as item_index",
        of_json("*.json", listed_pictures),
        (of_json("*.json", of_first),),
        on="labelstudio",
    ),
    Remedy(
        "export JSON from Label Studio, not JSON-MIN",
        *spoiled(of_json("*.json", json_min_of_two_pictures)),
        on="labelstudio",
    ),
    Remedy(
        "save single frames of it as pictures, and annotate these",
        *spoiled(of_json("*.json", tracks)),
        on="labelstudio",
    ),
    again("export again", "labelstudio", "*.json", 0, "data", value={"image": ""}),
    again("export again", "labelstudio", "*.json", 0, "annotations", value="none"),
    again("export again", "labelstudio", "*.json", 1, value=5),
    again("draw it again", "labelstudio", "*.json", *RESULT, "value", "x", value=None),
    again("leave one", "labelstudio", "*.json", *RESULT, "value", "rectanglelabels", value=["apple", "pear"]),
    again(
        "draw a rectangle around the object",
        "labelstudio",
        "*.json",
        *RESULT,
        "value",
        value={"brushlabels": ["apple"]},
    ),
    Remedy(
        "submit it in Label Studio and export again, if it is good",
        *spoiled(of_json("*.json", skipped_annotation)),
        on="labelstudio",
    ),
    Remedy(
        "accept them in Label Studio, and export again", *spoiled(of_json("*.json", only_predictions)), on="labelstudio"
    ),
    Remedy(
        "to read another, mark it as ground truth in Label Studio",
        *spoiled(of_json("*.json", two_annotations)),
        on="labelstudio",
    ),
]


def picture_within(base):
    """Move a picture of labelme into its file."""
    path = min((base / "s").rglob("*.json"))
    picture = path.with_suffix(".png")
    document = {**json.loads(path.read_text("utf-8")), "imageData": base64.b64encode(picture.read_bytes()).decode()}
    path.write_text(json.dumps(document), encoding="utf-8")
    picture.unlink()


def taken_out(base):
    words = shlex.split(labelme._TAKE_OUT.partition("folder: python ")[2])
    subprocess.run([sys.executable, *words], cwd=base / "s", check=True)


def with_the_copys_shapes(base):
    copied, path = sorted((base / "s").rglob("*.json"))[:2]
    document = json.loads(path.read_text("utf-8"))
    document["shapes"] += json.loads(copied.read_text("utf-8"))["shapes"][:1]
    path.write_text(json.dumps(document), encoding="utf-8")


LABELME = [
    Remedy(
        "write it beside the file, with this in the source's folder: ...", picture_within, (taken_out,), on="labelme"
    ),
    again("export again", "labelme", "*.json", "shapes", value=3),
    again("export again", "labelme", "*.json", "shapes", 0, value=3),
    again("draw it again", "labelme", "*.json", "shapes", 0, "points", value=[[1, 2], [3]]),
    again("draw a box around the object", "labelme", "*.json", "shapes", 0, "points", value=[[1, 2]]),
    again("draw it as a rectangle or a polygon", "labelme", "*.json", "shapes", 0, "shape_type", value="line"),
    Remedy(
        "draw its boxes, and save or export again",
        *spoiled(lambda base: min((base / "s").rglob("*.json")).unlink()),
        on="labelme",
    ),
    Remedy(
        "correct its imagePath, if it is another one",
        *spoiled(of_json("*.json", at("imagePath", value="shot_02.png"))),
        on="labelme",
    ),
    Remedy(
        "Put all its objects into one of them, and remove the other.",
        steps(double, put("s/garden/copy.json", "[[2", "[[3")),
        (steps(with_the_copys_shapes, remove("s/garden/copy.json")),),
        on="labelme",
    ),
    Remedy(
        "remove what is double",
        double,
        (remove("s/garden/copy.json"),),
        on="labelme",
    ),
]


def replace_all(name, old, new):
    return lambda base: (base / name).write_text((base / name).read_text("utf-8").replace(old, new), "utf-8")


def of_first_picture(change):
    def do(project):
        change(min(project["_via_img_metadata"].items())[1]["regions"])

    return do


VIA_FILE = "s/via_project.json"
VIA = [
    Remedy(
        "if another one is the label, rename it to label",
        put(VIA_FILE, '"type": "pear"}', '"type": "pear", "x": "left"}'),
        (replace_all(VIA_FILE, '"type": ', '"label": '),),
        on="via",
    ),
    Remedy(
        "leave one",
        *spoiled(
            of_json(
                "*.json", of_first_picture(at(0, "region_attributes", value={"type": {"apple": True, "pear": True}}))
            )
        ),
        on="via",
    ),
    Remedy(
        "draw it again",
        *spoiled(
            of_json(
                "*.json", of_first_picture(at(0, "shape_attributes", value={"name": "polygon", "all_points_x": [1]}))
            )
        ),
        on="via",
    ),
    Remedy(
        "draw it as a rectangle or a polygon",
        *spoiled(of_json("*.json", of_first_picture(at(0, "shape_attributes", value={"name": "spiral"})))),
        on="via",
    ),
    Remedy(
        "Rename the one that is the label to: label",
        steps(
            replace_all(VIA_FILE, '"type": ', '"thing": '),
            put(VIA_FILE, '"thing": "pear"}', '"thing": "pear", "x": "left"}'),
        ),
        (replace_all(VIA_FILE, '"thing": ', '"label": '),),
        on="via",
    ),
]
CREATEML = [
    again(
        "export it in pixels",
        "createml",
        "shots.json",
        0,
        "annotations",
        0,
        "coordinates",
        value={"x": 0.5, "y": 0.5, "width": 0.2, "height": 0.2},
    )
]
OBJECT = ("objects", 0)
SUPERVISELY = [
    again("draw it as a rectangle or a polygon", "supervisely", "*.png.json", *OBJECT, "geometryType", value="line"),
    Remedy(
        "export again",
        *spoiled(
            of_json(
                "*.png.json",
                lambda one: one["objects"][0].update(geometryType="bitmap", bitmap={"origin": [1, 1], "data": "?"}),
            )
        ),
        on="supervisely",
    ),
    Remedy(
        "export again",
        *spoiled(
            of_json(
                "*.png.json",
                lambda one: one["objects"][0].update(
                    geometryType="bitmap", bitmap={"origin": [1, 1], "data": "eJwDAAAAAAE="}
                ),
            )
        ),
        on="supervisely",
    ),
]
COCO_FILE = "instances.json"


def in_shares(*, divided):
    """Return what divides the boxes of a COCO file by the size of their pictures, or multiplies them by it."""

    def change(document):
        sizes = {image["id"]: (image["width"], image["height"]) * 2 for image in document["images"]}
        for entry in document["annotations"]:
            pairs = zip(entry["bbox"], sizes[entry["image_id"]], strict=True)
            entry["bbox"] = [value / side if divided else value * side for value, side in pairs]

    return of_json(COCO_FILE, change)


def coco(says, *keys, value, cure=as_before):
    return Remedy(says, of_json(COCO_FILE, at(*keys, value=value)), (cure,), on="coco")


def only_the_last(tables):
    tables["images"], tables["annotations"] = tables["images"][-1:], tables["annotations"][-2:]


def with_another_size(tables):
    first = {**tables["images"][0], "width": 64, "height": 48}
    tables["images"] = [first, *tables["images"][1:], {**first, "width": 640}]


def appended(table, row):
    return of_json(COCO_FILE, lambda tables: tables[table].append(row))


def zipped(base):
    shutil.make_archive(str(base / "s/images"), "zip", base / "s/images")


FIRST_PICTURE = "s/images/garden/shot_00.png"
COCO = [
    coco("add it", "annotations", 0, "category_id", value=99, cure=appended("categories", {"id": 99, "name": "apple"})),
    coco(
        "add it",
        "annotations",
        0,
        "image_id",
        value=99,
        cure=steps(
            copy(FIRST_PICTURE, "s/images/garden/new.png"),
            lambda base: Image.new("RGB", (64, 48), "red").save(base / "s/images/garden/new.png"),
            appended("images", {"id": 99, "file_name": "garden/new.png"}),
        ),
    ),
    coco("number them", "images", 1, "id", value=1),
    Remedy(
        "leave the size on which its boxes were drawn",
        of_json(COCO_FILE, with_another_size),
        (of_json(COCO_FILE, lambda tables: tables["images"].pop()),),
        on="coco",
    ),
    coco("Number them.", "categories", 1, "id", value=0),
    coco("write left, top, width and height in pixels", "annotations", 0, "bbox", value=3),
    Remedy(
        "multiply them by the width and height in pixels",
        in_shares(divided=True),
        (in_shares(divided=False),),
        on="coco",
    ),
    coco("leave it, or draw a box around each in its place", "annotations", 0, "iscrowd", value=1),
    coco(
        "set ignore to 0, if it is a good example",
        "annotations",
        0,
        "ignore",
        value=1,
        cure=of_json(COCO_FILE, at("annotations", 0, "ignore", value=0)),
    ),
    coco(
        "export it again",
        "annotations",
        0,
        value={"id": 1, "image_id": 1, "category_id": 0, "segmentation": {"size": 3}},
    ),
    coco("export it again, with boxes", "annotations", value=3),
    Remedy(
        "rename the one that is not meant",
        steps(
            lambda base: Image.new("RGB", (64, 48)).save(base / "s/images/house/shot_00.png"),
            of_json(COCO_FILE, at("images", 0, "file_name", value="shot_00.png")),
        ),
        (move("s/images/house/shot_00.png", "s/images/house/other.png"),),
        on="coco",
    ),
    Remedy("put them below ...", move("s/images", "away"), (move("away", "s/images"),), on="coco in one folder"),
    Remedy(
        "draw their boxes, and export again",
        of_json(COCO_FILE, only_the_last),
        (steps(as_before, remove("w/toonvision.toml")),),
        on="coco in one folder",
    ),
    Remedy(
        "unpack images.zip, or put it below the source",
        lambda base: steps(zipped, remove(FIRST_PICTURE))(base),
        (lambda base: shutil.unpack_archive(base / "s/images.zip", base / "s/images"), as_before),
        on="coco",
    ),
    Remedy("put it below the source", remove(FIRST_PICTURE), (as_before,), on="coco"),
    Remedy(
        "save single frames of it as pictures, and move it away",
        text("s/apple/clip.mp4", "a video"),
        (remove("s/apple/clip.mp4"),),
        on="folders",
    ),
    Remedy(
        "Or read it as Pascal VOC, an XML file for each picture: --format voc.",
        with_texts,
        (options(format="voc"),),
        on="voc",
    ),
    Remedy("Remove it if it is no annotation.", text("s/notes.json", "{"), (remove("s/notes.json"),), on="folders"),
    Remedy(
        "...: no JSON file with the tables ... was found.",
        *edit(TOML, 'format = "voc"', 'format = "coco"'),
        before=EXTRACTED,
    ),
]
TRACK = '<annotations><track id="0" label="apple"></track></annotations>'
CVAT_FILE = "s/annotations.xml"
CVAT = [
    Remedy(
        "draw boxes for them, or remove them", *spoiled(put(CVAT_FILE, "<box ", '<tag label="day" /><box ')), on="cvat"
    ),
    Remedy("export the task from CVAT as 'CVAT for images 1.1'", *spoiled(text(CVAT_FILE, TRACK)), on="cvat"),
    Remedy("draw its box", *spoiled(put(CVAT_FILE, "<box ", '<spiral label="apple" /><box ')), on="cvat"),
    Remedy("draw it again", *spoiled(put(CVAT_FILE, "xtl=", "left=")), on="cvat"),
]
CSV = [
    Remedy("split it into files", *spoiled(end("s/labels.csv", "a,1\n" * 1_000_001)), on="csv"),
    Remedy("save it as UTF-8", *spoiled(put_bytes("s/labels.csv", b"apple", b"\xe4pfel")), on="csv"),
]
FORMATS = [*PASCAL_VOC, *COCO, *CVAT, *CSV, *FOLDERS, *LABEL_STUDIO, *LABELME, *VIA, *CREATEML, *SUPERVISELY]
