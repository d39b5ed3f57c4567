"""The names of the formats that are read, which the command line knows without loading their readers."""

from typing import Literal

Format = Literal[
    "voc", "yolo", "coco", "cvat", "labelstudio", "labelme", "via", "createml", "supervisely", "tensorflow-csv",
    "folders",
]  # fmt: skip
