"""What the names of pictures say of where they come from: copies of one source, and series by number or time."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from toonvision.core.names import folded
from toonvision.data.folder_names import LAYOUT_FOLDERS
from toonvision.data.picture_kinds import is_picture
from toonvision.data.subsets import named_subset

Name = tuple[str, str]
"""A picture's source, and its path below it."""
_Key = tuple[tuple[str, tuple[str, ...], bool], str]
"""What the pictures of a series share: source, folder, whether by time; and their name without the number or time."""
_At = tuple[int, float]
"""A number or a time, in seconds: whole and fraction."""

_SUFFIX = "jpe?g|png|bmp|webp|gif|tiff?|jfif|avif|heic"
_COPY = re.compile(
    rf"(?P<roboflow>.+?)(?:[_-](?:{_SUFFIX}))?\.rf\.[0-9a-z_-]{{6,}}"
    rf"|(?:.*_)?original_(?P<augmentor>.+)\.(?:{_SUFFIX})_[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"
    r"|(?P<counted>.+?)[_-]aug(?:mented)?[_-]?[0-9]*",
    re.IGNORECASE,
)
"""Names that only programs give that make several pictures of one: Roboflow, Augmentor, and whoever writes aug."""
_CHANGE = (
    r"(?:(?:[hv]?flip(?:ped)?|mirror(?:ed)?|rot(?:ated?)?|nois[ey]|blur(?:red|ry)?|bright(?:er)?|dark(?:er)?|"
    r"crop(?:ped)?|scaled?|shear(?:ed)?|gr[ae]y|aug(?:mented)?)[_-]?[0-9]*)"
)
_CHANGED = re.compile(rf"(?P<after>.+?)[_-]{_CHANGE}|{_CHANGE}[_-](?P<before>.+)", re.IGNORECASE)
"""Names that count as a copy's where there is a picture of the name without it."""
_ANY_NAME = re.compile(r"(?:image|img|photo|pic|picture|download|screenshot|unnamed|untitled|file)s?", re.IGNORECASE)
_MOST_OF_ANY_NAME = 5
"""Versions of a picture with such a name; more are several pictures that a phone or a browser has called the same."""
_UPLOAD = re.compile(r"^(?=[0-9]*[a-f])[0-9a-f]{8}[-_]+(?=.)")
"""What Label Studio puts before the name of an uploaded file; eight digits alone may be a date."""
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_MOST_NUMBERS = 6
_VIDEO_FILE = re.compile(r"[._ -](?:mp4|avi|mov|mkv|webm|m4v|wmv|flv|mpe?g)(?![a-z0-9])", re.IGNORECASE)
_VIDEO_WORD = re.compile(
    r"video|(?<![a-z])(?:vid|movie|footage|recording|clip|(?:key)?frame)s?(?![a-z])|[_-]f[0-9]{4,}$"
)
_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DATE = r"(?<![0-9])(?P<year>(?:19|20)[0-9]{2})[-_. ]?(?P<month>[0-9]{2})[-_. ]?(?P<day>[0-9]{2})"
_COMPACT = re.compile(
    rf"{_DATE}[-_. T]?(?P<hour>[0-9]{{2}})[-_.]?(?P<minute>[0-9]{{2}})[-_.]?(?P<second>[0-9]{{2}})(?![0-9])(?! ?[AP]M)"
)
_SEPARATED = re.compile(
    rf"{_DATE}(?: at | - |[-_. T,])+(?P<hour>[0-9]{{1,2}})[-_.:h](?P<minute>[0-9]{{2}})[-_.:m](?P<second>[0-9]{{2}})"
    r"(?![0-9])(?:\s?(?P<half>[AP]M))?"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NOON = 12
_UNITS = ("year", "month", "day", "hour", "minute", "second")
_PANDA = re.compile(
    rf"(?P<month>{'|'.join(_MONTHS)})[-_ ](?P<day>[0-9]{{1,2}})[-_ ](?P<hour>[0-9]{{2}})[-_:]"
    r"(?P<minute>[0-9]{2})[-_:](?P<second>[0-9]{2})[-_ ](?P<year>[0-9]{4})",
    re.IGNORECASE,
)
"""How Panda3D, and so ToonTown, names screenshots: ``screenshot-Sun-May-01-14-03-22-2024-1234.jpg``."""
_EPOCH = re.compile(r"(?<![0-9])(1[0-9]{9})([0-9]{3})?(?![0-9])")


@dataclass(frozen=True)
class Series:
    """Pictures whose names differ by a number alone, or by a time alone.

    Attributes:
        steps: Indices of the pictures in the order of that number or time; copies of one source are one step.
        seconds: The time of each step, in seconds from any beginning; empty where the names hold no time.
        is_video: Whether the names say that they are frames of a video.
    """

    steps: tuple[tuple[int, ...], ...]
    seconds: tuple[float, ...] = ()
    is_video: bool = False


def bare_stem(path: str) -> str:
    """Return the name of a picture without folders, suffix, and what upload and augmentation have added.

    Examples:
        >>> [bare_stem(name) for name in ("a/shot_12_png.rf.0a1b2c3d.jpg", "90fbb0c7-shot_12.png", "shot_12_aug_3.jpg")]
        ['shot_12', 'shot_12', 'shot_12']
    """
    stem = _UPLOAD.sub("", _stem(path), count=1)
    copy = _COPY.fullmatch(stem)
    return next(filter(None, copy.groups())) if copy else stem


def copies(names: Sequence[Name]) -> list[list[int]]:
    """Return the indices of pictures that are copies of one source, by their names, with that source itself."""
    stems = {(source, _place(path), folded(_stem(path))) for source, path in names}
    found: dict[Hashable, list[int]] = defaultdict(list)
    copied: set[Hashable] = set()
    for index, (source, path) in enumerate(names):
        place, stem, bare = _place(path), _stem(path), bare_stem(path)
        is_copy = bool(_COPY.fullmatch(_UPLOAD.sub("", stem, count=1)))
        if not is_copy and (changed := _CHANGED.fullmatch(stem)):
            original = changed["after"] or changed["before"]
            is_copy = (source, place, folded(original)) in stems
            bare = original if is_copy else bare
        key = (source, place, folded(bare))
        found[key].append(index)
        if is_copy:
            copied.add(key)
    return [
        indices
        for key, indices in found.items()
        if key in copied
        and len(indices) > 1
        and not (len(indices) > _MOST_OF_ANY_NAME and _ANY_NAME.fullmatch(bare_stem(names[indices[0]][1])))
    ]


def all_series(names: Sequence[Name]) -> list[Series]:
    """Return the series among some pictures; each picture is in one at most."""
    candidates: dict[int, list[tuple[_Key, _At]]] = {}
    for index, (source, path) in enumerate(names):
        stem = bare_stem(path)
        place = () if _VIDEO_FILE.search(stem) else _place(path)
        time = _time(stem)
        found = [time] if time else list(_numbers(stem))
        candidates[index] = [(((source, place, bool(time)), around), at) for around, at in found]
    sizes = Counter(key for some in candidates.values() for key, _ in some)
    members: dict[_Key, dict[_At, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, some in candidates.items():
        for key, at in reversed(some):  # of vid2_frame_03 the last number counts frames; 0004_cam2 has an earlier one
            if sizes[key] > 1:
                members[key][at].append(index)
                break
    return [_series(steps, names, timed=key[0][2]) for key, steps in members.items() if len(steps) > 1]


def natural_key(path: str) -> tuple[object, ...]:
    """Return what pictures are sorted by so that frame 9 comes before frame 10, whatever subset they lie in."""
    parts = re.split(r"([0-9]{1,18})", bare_stem(path))
    return (*((int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)), (0, path))


def _series(found: Mapping[_At, list[int]], names: Sequence[Name], *, timed: bool) -> Series:
    order = sorted(found)
    steps = tuple(tuple(found[at]) for at in order)
    return Series(steps, tuple(map(sum, order)) if timed else (), _says_video(names[steps[0][0]][1]))


def _place(path: str) -> tuple[str, ...]:
    """Return the folders of a picture that belong neither to a layout nor to a subset."""
    folders = PurePosixPath(path).parts[:-1]
    return tuple(name for name in folders if name.lower() not in LAYOUT_FOLDERS and not named_subset(name))


def _stem(path: str) -> str:
    pure = PurePosixPath(path)
    return pure.stem if is_picture(pure.name) else pure.name


def _says_video(path: str) -> bool:
    stem = bare_stem(path)
    if _VIDEO_FILE.search(stem) or _VIDEO_WORD.search(_WORD_BREAK.sub("_", stem).lower()):
        return True
    place = _place(path)
    return bool(place and not re.search("[A-Za-z]", stem) and _VIDEO_WORD.search(place[-1].lower()))


def _numbers(stem: str) -> Iterator[tuple[str, _At]]:
    """Yield the numbers in a name, the last ones, each with the text around it."""
    for found in list(_NUMBER.finditer(stem))[-_MOST_NUMBERS:]:
        whole, _, fraction = found[0].partition(".")
        yield f"{stem[: found.start()]}#{stem[found.end() :]}", (int(whole), float(f"0.{fraction or 0}"))


def _time(stem: str) -> tuple[str, _At] | None:
    """Return the time in a name, with the text around it without digits."""
    for pattern in (_PANDA, _COMPACT, _SEPARATED):
        if found := pattern.search(stem):
            part = found.groupdict()
            month = part["month"].lower()
            part["month"] = str(1 + _MONTHS.index(month)) if month in _MONTHS else month
            afternoon = part.get("half") == "PM" and int(part["hour"]) < _NOON
            try:
                words = " ".join(part[unit] for unit in _UNITS)
                when = datetime.strptime(f"{words} +0000", "%Y %m %d %H %M %S %z")
            except ValueError:
                continue
            digits = re.search("[0-9]+", stem[found.end() :])
            return _around(stem, found), (
                int(when.timestamp()) + afternoon * _NOON * 3600,
                float(f"0.{digits[0] if digits else 0}"),
            )
    if found := _EPOCH.search(stem):
        return _around(stem, found), (int(found[1]), int(found[2] or 0) / 1000)
    return None


def _around(stem: str, time: "re.Match[str]") -> str:
    before = re.sub("(?:mon|tue|wed|thu|fri|sat|sun)[-_ ]$", "", stem[: time.start()], flags=re.IGNORECASE)
    return f"{before}#{re.sub('[0-9]+', '', stem[time.end() :]).strip('-_. ()')}"
