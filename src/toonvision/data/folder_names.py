"""What the names of folders say of how a data set is laid out, and nothing of what its pictures show."""

import re

from toonvision.data.subsets import named_subset

LAYOUT_FOLDERS = frozenset(
    (
        "images", "image", "img", "imgs", "jpegimages", "pngimages", "pictures", "pics", "photos", "screenshots",
        "frames", "data", "dataset", "annotations", "annotation", "ann", "labels", "label", "xml", "xmls", "json",
        "jsons", "obj", "obj_train_data", "obj_valid_data", "obj_test_data",
    )
)  # fmt: skip
"""Folders that belong to how a data set is laid out, in lower case."""
MASK_FOLDERS = frozenset(
    (
        "mask", "masks", "trimap", "trimaps", "gtfine", "ground_truth", "segmentation", "segmentations",
        "segmentationclass", "segmentationclassaug", "segmentationclasspng", "segmentationclassraw",
        "segmentationclassvisualization", "segmentationobject", "segmentationobjectpng",
    )
)  # fmt: skip
"""Folders of masks, in lower case."""
_DATA_SET_FOLDER = re.compile(r"voc(?:devkit|trainval)?[_-]?(?:20\d\d)?")
"""Folders named after the data set of Pascal VOC; each may hold pictures of the names of another, and is no context."""
_NO_SUBSET = "default"
"""What CVAT calls the folder of pictures of no subset, in that of all pictures."""


def is_layout(name: str, above: str = "") -> bool:
    """Return whether a folder, in the one `above`, belongs to how a data set is laid out, its subsets among that."""
    plain = name.lower()
    if plain in LAYOUT_FOLDERS or (plain == _NO_SUBSET and above.lower() in LAYOUT_FOLDERS):
        return True
    return bool(named_subset(name) or _DATA_SET_FOLDER.fullmatch(plain))
