"""Groups of screenshots that must not be torn apart: one screenshot and its near-duplicates."""

from collections import defaultdict
from collections.abc import Sequence

from toonvision.data.catalog import Crop
from toonvision.data.fingerprints import near_groups


def group_keys(crops: Sequence[Crop]) -> list[int]:
    """Return the group of each crop: a number that crops of one screenshot, or of near-duplicates, share."""
    shots = list({crop.screenshot_id: crop.fingerprint for crop in crops}.items())
    groups = near_groups([mark for _, mark in shots])
    key = {shot: group for (shot, _), group in zip(shots, groups, strict=True)}
    return [key[crop.screenshot_id] for crop in crops]


def screenshot_groups(crops: Sequence[Crop]) -> list[list[Crop]]:
    """Return the groups, each with one crop of each of its screenshots."""
    groups: dict[int, dict[int, Crop]] = defaultdict(dict)  # by their rows: two sources may use the same name
    for crop, key in zip(crops, group_keys(crops), strict=True):
        groups[key].setdefault(crop.screenshot_id, crop)
    return [list(shots.values()) for shots in groups.values()]
