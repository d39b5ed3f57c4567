"""Splits: which screenshot is for training, validation and test. Plain files that a person can read and write.

A split is ``splits/<name>.csv`` in the workspace:

    # 60/20/20, seed 0
    screenshot,subset
    garden/shot_00.png,train
    garden/shot_01.png,test

A screenshot is named by its path below its source; where two sources have one of that name, the source stands before
it (``../more/garden/shot_00.png``). The comment says how the split was drawn, or ``# from the source`` where it is
the source's own; without it, it was made by hand.
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
from typing import Protocol

from toonvision.core.errors import EnvironmentFaultError, Finding, InputRejectedError, UsageError, shown
from toonvision.core.files import CLOSED, is_closed, read_text, write_text
from toonvision.core.names import plain_name
from toonvision.data.records import Crop, Item, StoredScreenshot
from toonvision.data.subsets import SUBSETS, Subset

_HEADER = ["screenshot", "subset"]
_RATIOS = re.compile(r"\d{1,3}/\d{1,3}/\d{1,3}", re.ASCII)
_DRAWN = re.compile(rf"# ({_RATIOS.pattern}), seed (\d{{1,10}})", re.ASCII)
_TAKEN_OVER = re.compile(r"# from the source(?:, seed (\d{1,10}))?", re.ASCII)
_LARGEST_FILE = 100_000_000
_DIGEST_WORDS: Mapping[Subset | None, str] = {"train": "train", "val": "validate", "test": "test"}
"""What the digest calls a subset: the first version's word, so that runs of that time can still be evaluated."""


@dataclass(frozen=True)
class Ratios:
    """Shares of the subsets, in percent.

    Examples:
        >>> Ratios.parse("60/20/20")
        Ratios(train=60, val=20, test=20)
    """

    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
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
        if not isinstance(text, str) or not _RATIOS.fullmatch(text):
            raise UsageError(f"split ratios are three whole percentages; got {text!r}. Write e.g. --ratios 60/20/20.")
        return cls(*map(int, text.split("/")))

    @property
    def shares(self) -> tuple[int, int, int]:
        """Train, val, test, in percent."""
        return self.train, self.val, self.test

    def __str__(self) -> str:
        return "/".join(map(str, self.shares))


SIXTY_TWENTY_TWENTY = Ratios(60, 20, 20)


DEFAULT_SPLIT = "default"


class Made(Protocol):
    """What says how a split was made: a split itself, or how one came out."""

    @property
    def name(self) -> str:
        """The split's name."""

    @property
    def ratios(self) -> Ratios | None:
        """The shares asked for; None where it was made by hand, or is the source's own."""

    @property
    def seed(self) -> int | None:
        """The seed that it was drawn with; None where nothing was drawn."""

    @property
    def from_source(self) -> bool:
        """Whether it is the source's own."""


def again(split: Made) -> str:
    """Return the command that makes a split again in the same way, of what the workspace holds now.

    Examples:
        >>> again(Split("default", {}, from_source=True)), again(Split("mine", {}, Ratios(70, 20, 10), seed=3))
        ('toonvision split --force --from-source', 'toonvision split --name mine --force --ratios 70/20/10 --seed 3')
    """
    words = ["toonvision split"]
    words += [f"--name {split.name}"] if split.name != DEFAULT_SPLIT else []
    words += ["--force"]
    words += ["--from-source"] if split.from_source else []
    words += [f"--ratios {split.ratios}"] if split.ratios not in (None, SIXTY_TWENTY_TWENTY) else []
    words += [f"--seed {split.seed}"] if split.seed else []
    return " ".join(words)


@dataclass(frozen=True)
class Split:
    """A split of screenshots; crops belong to the subset of their screenshot.

    Attributes:
        name: The file's name without its suffix.
        subsets: A screenshot's key (see `screenshot_keys`) to its subset.
        ratios: The shares asked for; None where it was made by hand, or is the source's own.
        seed: The seed that it was drawn with; None where nothing was drawn.
        from_source: Whether it is the source's own.
    """

    name: str
    subsets: Mapping[str, Subset]
    ratios: Ratios | None = None
    seed: int | None = None
    from_source: bool = False

    def subset_of(self, item: Item | StoredScreenshot) -> Subset | None:
        """Return the subset of a screenshot, or of what it shows; None where the split does not know it."""
        return self.subset_of_path(item.source, item.screenshot)

    def subset_of_path(self, source: str, path: str) -> Subset | None:
        """Return the subset of a screenshot by its source and its path below that; None where it is not known."""
        return self.subsets.get(f"{source}/{path}") or self.subsets.get(path)

    def tears(self, group: Iterable[Crop | StoredScreenshot]) -> bool:
        """Return whether what must stay together lies in several subsets."""
        return len({self.subset_of(item) for item in group}) > 1


def screenshot_keys(screenshots: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Name screenshots (source and path) for a split: by their path, with the source where two have the same."""
    known = sorted(set(screenshots))
    times = Counter(path for _, path in known)
    return {(source, path): f"{source}/{path}" if times[path] > 1 else path for source, path in known}


def has_split(folder: Path, name: str) -> bool:
    """Return whether a folder has a split of a name.

    Raises:
        EnvironmentFaultError: If the folder may not be read.
    """
    _require_open(folder)
    return _file(folder, name).is_file()


def split_names(folder: Path) -> list[str]:
    """List the splits of a folder by name.

    Raises:
        EnvironmentFaultError: If the folder may not be read.
    """
    _require_open(folder)
    return sorted(path.stem for path in folder.glob("[!.]*.csv"))


def read_split(folder: Path, name: str) -> Split:
    """Read a split of a folder.

    Raises:
        UsageError: If there is none of that name.
        InputRejectedError: If the file breaks a rule, with the line.
        EnvironmentFaultError: If it, or the folder, may not be read.
    """
    path = _file(folder, name)
    _require_open(folder)
    if not path.exists():
        known = split_names(folder)
        listed = f"There are: {', '.join(known)}." if known else "There is none yet. Run: toonvision split"
        raise UsageError(f"no split is called {name!r}. {listed}")
    return _parsed(path, read_text(path, limit=_LARGEST_FILE))


def read_splits(folder: Path) -> tuple[list[Split], list[Finding]]:
    """Read all splits of a folder; one that breaks a rule, and what cannot be read, becomes a finding."""
    if is_closed(folder):
        return [], [Finding(folder.name, CLOSED, "allow reading", "split")]
    splits, broken = [], []
    for name in split_names(folder):
        try:
            splits.append(read_split(folder, name))
        except (InputRejectedError, EnvironmentFaultError) as error:
            broken.append(Finding(f"split {name}", str(error), code="split"))
    return splits, broken


def write_split(folder: Path, split: Split, *, replace: bool = False) -> Path:
    """Write a split; the same split gives the same bytes, and reading them back the same split.

    Raises:
        UsageError: If its name cannot be a file's, or there is another one of that name and `replace` is not set.
        EnvironmentFaultError: If the folder may not be read.
    """
    _require_open(folder)
    path = _file(folder, split.name)
    if not replace and path.exists() and read_split(folder, split.name) != split:
        raise UsageError(f"there is a split called {split.name!r} already. Choose --name, or add --force.")
    write_text(path, split_text(split))
    return path


def _file(folder: Path, name: str) -> Path:
    return folder / f"{plain_name(name, 'a split')}.csv"


def _require_open(folder: Path) -> None:
    """Refuse a folder that may not be read, whose splits would seem to be missing."""
    if is_closed(folder):
        raise EnvironmentFaultError(f"{folder}: {CLOSED}. Allow reading, and run again.")


def split_text(split: Split) -> str:
    """Write a split as the text of its file."""
    seed = f", seed {split.seed}" if split.seed is not None else ""
    drawn = [f"# {split.ratios}{seed}"] if split.ratios and seed else []
    if split.from_source:
        drawn = [f"# from the source{seed}"]
    # What `csv` of some Python versions leaves without quotes, others cannot read.
    keys = {key: '"' + key.replace('"', '""') + '"' if set(key) & {*',"\r\n'} else key for key in split.subsets}
    rows = [f"{keys[key]},{subset}" for key, subset in sorted(split.subsets.items())]
    return "\n".join([*drawn, ",".join(_HEADER), *rows, ""])


def split_digest(items: Iterable[Item], split: Split) -> str:
    """Return a hash of which item, in the order of the catalogue, is in which subset of a split that knows them all."""
    listed = [[item.hash, _DIGEST_WORDS.get(split.subset_of(item))] for item in items]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16]


def _parsed(path: Path, text: str) -> Split:
    lines = list(io.StringIO(text, newline=""))
    comments = next((index for index, line in enumerate(lines) if not line.startswith("#")), len(lines))
    drawn = _DRAWN.fullmatch(lines[0].strip()) if comments else None
    taken = _TAKEN_OVER.fullmatch(lines[0].strip()) if comments else None
    rows = csv.reader(lines[comments:], strict=True)
    subsets: dict[str, Subset] = {}

    def broken(rule: str, line: int | None = None) -> InputRejectedError:
        line = comments + rows.line_num if line is None else line
        return InputRejectedError(f"{path}: line {line}: {rule}. To fix it, correct this line and run again.")

    try:
        if (header := next(rows, None)) != _HEADER:
            raise broken(f"must be the header screenshot,subset; got {shown(','.join(header or []))}", comments + 1)
        for row in filter(None, rows):
            if len(row) != len(_HEADER) or not row[0]:
                raise broken(f"must be a screenshot and its subset; got {shown(','.join(row))}")
            key, subset = row[0], next((one for one in SUBSETS if one == row[1]), None)
            if subset is None:
                raise broken(f"a subset is {', '.join(SUBSETS)}; got {shown(row[1])}")
            if key in subsets:
                raise broken(f"the screenshot {shown(key)} stands in the file twice")
            subsets[key] = subset
        ratios, seed = (Ratios.parse(drawn[1]), int(drawn[2])) if drawn else (None, None)
        seed = int(taken[1]) if taken and taken[1] else seed
    except csv.Error as error:
        raise broken(f"is not CSV ({error})") from error
    except UsageError as error:
        raise broken(str(error), 1) from error
    return Split(path.stem, subsets, ratios, seed, from_source=taken is not None)
