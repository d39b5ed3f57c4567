"""Splits: which screenshot is for training, validation and test. Plain files that a person can read and write.

A split is ``splits/<name>.csv`` in the workspace:

    # 60/20/20, seed 0
    screenshot,subset
    garden/shot_00.png,train
    garden/shot_01.png,test

A screenshot is named by its path below its source; where two sources have one of that name, the source stands before
it (``../more/garden/shot_00.png``). The comment says how the split was drawn; without it, it was made by hand.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from toonvision.core.errors import InputRejectedError, RejectedItemError, UsageError, shown
from toonvision.core.files import read_regular, write_text
from toonvision.core.names import plain_name

Subset = Literal["train", "val", "test"]
"""What a screenshot is for."""
SUBSETS: tuple[Subset, ...] = get_args(Subset)

_HEADER = ["screenshot", "subset"]
_DRAWN = re.compile(r"# (\d{1,3}/\d{1,3}/\d{1,3}), seed (\d{1,10})", re.ASCII)
_LARGEST_FILE = 100_000_000
_DIGEST_WORDS = {"val": "validate"}
"""What the digest calls a subset: the first version's word, so that runs of that time can still be evaluated."""


@dataclass(frozen=True)
class Ratios:
    """Shares of the subsets, in percent.

    Examples:
        >>> Ratios.parse("60/20/20")
        Ratios(train=60, val=20, test=20)
        >>> Ratios(60, 20, 30)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        toonvision.core.errors.UsageError: split ratios must ...
    """

    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        """Refuse shares that leave a subset empty or do not sum to 100."""
        if min(self.shares) <= 0 or sum(self.shares) != 100:
            raise UsageError(
                f"split ratios must be positive and sum to 100; got {self} ({sum(self.shares)}). "
                "Write e.g. --ratios 60/20/20."
            )

    @classmethod
    def parse(cls, text: str) -> "Ratios":
        """Read ratios written as ``60/20/20``.

        Raises:
            UsageError: If they are not three whole percentages that sum to 100.
        """
        fields = text.split("/")
        if len(fields) != len(SUBSETS) or not all(
            field.isascii() and field.isdecimal() and len(field) <= 3 for field in fields
        ):
            raise UsageError(f"split ratios are three whole percentages; got {text!r}. Write e.g. --ratios 60/20/20.")
        return cls(*(int(field) for field in fields))

    @property
    def shares(self) -> tuple[int, int, int]:
        """Train, val, test, in percent."""
        return self.train, self.val, self.test

    def __str__(self) -> str:
        """Write them as they are parsed."""
        return "/".join(map(str, self.shares))


SIXTY_TWENTY_TWENTY = Ratios(60, 20, 20)


class OfScreenshot(Protocol):
    """What belongs to a screenshot: a crop, or the screenshot itself."""

    @property
    def source(self) -> str:
        """The screenshot's source."""

    @property
    def screenshot(self) -> str:
        """The screenshot's path below its source."""


class HashedCrop(OfScreenshot, Protocol):
    """A crop and the hash of its file."""

    @property
    def hash(self) -> str:
        """SHA-256 of the crop's file."""


@dataclass(frozen=True)
class Split:
    """A split of screenshots; crops belong to the subset of their screenshot.

    Attributes:
        name: The file's name without its suffix.
        subsets: A screenshot's key (see `screenshot_keys`) to its subset.
        ratios: The shares asked for; None where it was made by hand.
        seed: The seed that it was drawn with; None where it was made by hand.
    """

    name: str
    subsets: Mapping[str, Subset]
    ratios: Ratios | None = None
    seed: int | None = None

    def subset_of(self, item: OfScreenshot) -> Subset | None:
        """Return the subset of a crop or a screenshot; None where the split does not know it."""
        return self.subsets.get(f"{item.source}/{item.screenshot}") or self.subsets.get(item.screenshot)


def screenshot_keys(items: Iterable[OfScreenshot]) -> dict[tuple[str, str], str]:
    """Name screenshots for a split: by their path below the source, with the source where two have the same path.

    Args:
        items: All screenshots, or crops of them.

    Returns:
        A screenshot's source and path to its key.
    """
    known = sorted({(item.source, item.screenshot) for item in items})
    times = Counter(path for _, path in known)
    return {(source, path): f"{source}/{path}" if times[path] > 1 else path for source, path in known}


def split_names(folder: Path) -> list[str]:
    """List the splits of a folder by name."""
    return sorted(path.stem for path in folder.glob("[!.]*.csv"))


def read_split(folder: Path, name: str) -> Split:
    """Read a split.

    Args:
        folder: The workspace's ``splits/``.
        name: The split's name.

    Raises:
        UsageError: If there is none of that name.
        InputRejectedError: If the file breaks a rule, with the line.
    """
    path = folder / f"{plain_name(name, 'a split')}.csv"
    if not path.exists():
        known = split_names(folder)
        listed = f"There are: {', '.join(known)}." if known else "There is none yet. Run: toonvision split"
        raise UsageError(f"no split is called {name!r}. {listed}")
    try:
        return _parsed(name, read_regular(path, limit=_LARGEST_FILE).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputRejectedError(f"{path}: is not UTF-8 text. Save it as UTF-8 and run again.") from None
    except RejectedItemError as error:
        raise InputRejectedError(f"{path}: {error.reason}. To fix it, {error.remedy}.") from None


def write_split(folder: Path, split: Split, *, replace: bool = False) -> Path:
    """Write a split; the same split gives the same bytes, and reading them back the same split.

    Args:
        folder: The workspace's ``splits/``; made where it is missing.
        split: The split.
        replace: Replace another one of that name.

    Raises:
        UsageError: If its name cannot be a file's, or there is another one of that name and `replace` is not set.
    """
    path = folder / f"{plain_name(split.name, 'a split')}.csv"
    if not replace and path.exists() and read_split(folder, split.name) != split:
        raise UsageError(f"there is a split called {split.name!r} already. Choose --name, or give --force.")
    write_text(path, split_text(split))
    return path


def split_text(split: Split) -> str:
    """Write a split as the text of its file."""
    drawn = [f"# {split.ratios}, seed {split.seed}"] if split.ratios and split.seed is not None else []
    rows = [f"{_quoted(key)},{subset}" for key, subset in sorted(split.subsets.items())]
    return "\n".join([*drawn, ",".join(_HEADER), *rows, ""])


def split_digest(crops: Iterable[HashedCrop], split: Split) -> str:
    """Return a hash of which crop is in which subset.

    Args:
        crops: In the order of the catalogue; the split must know all of them.
        split: The split.
    """
    listed = []
    for crop in crops:
        subset = str(split.subset_of(crop))
        listed.append([crop.hash, _DIGEST_WORDS.get(subset, subset)])
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16]


def _quoted(key: str) -> str:
    return '"' + key.replace('"', '""') + '"' if set(key) & {*',"\r\n'} else key


def _parsed(name: str, text: str) -> Split:
    lines = list(io.StringIO(text, newline=""))
    comments = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    drawn = _DRAWN.fullmatch(lines[0].strip()) if comments else None
    rows = csv.reader(lines[comments:], strict=True)
    subsets: dict[str, Subset] = {}
    try:
        if (header := next(rows, None)) != _HEADER:
            raise _broken(comments + 1, f"must be the header screenshot,subset; got {shown(','.join(header or []))}")
        for row in rows:
            line = comments + rows.line_num
            if not row:
                continue
            if len(row) != len(_HEADER) or not row[0]:
                raise _broken(line, f"must be a screenshot and its subset; got {shown(','.join(row))}")
            key, subset = row[0], next((one for one in SUBSETS if one == row[1]), None)
            if subset is None:
                raise _broken(line, f"a subset is {', '.join(SUBSETS)}; got {shown(row[1])}")
            if key in subsets:
                raise _broken(line, f"the screenshot {shown(key)} stands in the file twice")
            subsets[key] = subset
        ratios, seed = (Ratios.parse(drawn[1]), int(drawn[2])) if drawn else (None, None)
    except csv.Error as error:
        raise _broken(comments + rows.line_num, f"is not CSV ({error})") from error
    except UsageError as error:
        raise _broken(1, str(error)) from error
    return Split(name, subsets, ratios, seed)


def _broken(line: int, rule: str) -> RejectedItemError:
    return RejectedItemError(f"line {line}: {rule}", "correct this line and run again", code="bad-split")
