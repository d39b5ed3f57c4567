"""What the settings say of groups: a pattern that finds, in a picture's path, which recording it belongs to."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from toonvision.taxonomy.loader import Strict

_LONGEST = 200
_MOST_REPEATS = 3
_REPEATED_GROUP = re.compile(r"(?<!\\)\)(?:[*+]|\{\d*,\d*\}|\{\d{2,}\})")
_REPEAT = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\})")


def checked_pattern(text: str) -> str:
    """Return a regular expression unchanged.

    Raises:
        ValueError: If it is none, or one whose search may take forever on some names.

    Examples:
        >>> checked_pattern("session(?P<group>[0-9]+)")
        'session(?P<group>[0-9]+)'
    """
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"must be a regular expression ({error})") from error
    if _REPEATED_GROUP.search(text):
        raise ValueError("a group cannot be repeated, which may take forever on some names; write it out instead")
    if len(_REPEAT.findall(text)) > _MOST_REPEATS:
        raise ValueError(f"at most {_MOST_REPEATS} repetitions (*, + or {{}}) are allowed, since more may take forever")
    return text


@dataclass(frozen=True)
class RecordingPattern:
    """Finds the recording of a screenshot in its path below its source; without a pattern it finds none."""

    text: str = ""

    def __call__(self, path: str) -> str:
        """Return what the pattern matches: its group `group`, else its first group, else everything.

        Examples:
            >>> RecordingPattern("session([0-9]+)")("garden/session12_0001.png")
            '12'
        """
        found = re.search(self.text, path) if self.text else None
        if found is None:
            return ""
        groups = found.re.groupindex.get("group", 1 if found.re.groups else 0)
        return found[groups] or ""


class GroupsTable(Strict):
    """The table ``[groups]`` of the settings."""

    pattern: Annotated[str, Field(max_length=_LONGEST), AfterValidator(checked_pattern)] = ""
