"""The expected errors, each with its exit code.

A message states the rule, then what was received, then the remedy. Any other exception is a bug, and the only case in
which a traceback is shown.
"""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 80


class ToonVisionError(Exception):
    """Base of every expected failure; `exit_code` is what the process ends with."""

    exit_code: ClassVar[int] = 1


class UsageError(ToonVisionError):
    """The command was called in a way that cannot work: an unknown task, options that contradict each other."""

    exit_code = 2


class InputRejectedError(ToonVisionError):
    """Input was refused before anything was written; `findings` are the items that were faulty, if it was that."""

    exit_code = 3

    def __init__(self, message: str, findings: "Sequence[Finding]" = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class SettingsRejectedError(InputRejectedError):
    """A settings file was refused; `faults` are all of its faults, each a sentence with file, line and key."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class EnvironmentFaultError(ToonVisionError):
    """The environment stopped the work (disk, permission, device); committed work is kept and a rerun resumes."""

    exit_code = 4


class WorkspaceBusyError(ToonVisionError):
    """Another process is writing to the workspace."""

    exit_code = 5


class ModelRefusedError(ToonVisionError):
    """A model file is damaged or unsafe, or is of another taxonomy, input size or version.

    Attributes:
        reason: What is wrong; the end of a sentence about the file, where that is not named in it.
        remedy: What to do about it, where the reason does not say that.
    """

    exit_code = 6

    def __init__(self, reason: str, remedy: str = "", *, file: str = "") -> None:
        """Take reason and remedy apart; the message has both, and the `file` where that is known."""
        said = f"{reason}. {remedy[0].upper()}{remedy[1:]}" if remedy else reason
        super().__init__(f"{file}: {said}." if file else said)
        self.reason = reason
        self.remedy = remedy


EXIT_SOME_SKIPPED = 3
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong with the input, with the remedy.

    Attributes:
        item: The file, and the object in it where there is one, for example ``shot.xml, object 3``.
        reason: What is wrong.
        remedy: What to do about it; empty if nothing needs to be done.
        code: A short stable word for machines, for example ``zero-area``.
        objects: How many objects were left out because of it.
        pictures: How many pictures were left out because of it.
        files: How many other files were left out because of it. If all three are 0, nothing was left out.
    """

    item: str
    reason: str
    remedy: str = ""
    code: str = ""
    objects: int = 0
    pictures: int = 0
    files: int = 0

    @property
    def skips(self) -> bool:
        """Whether something was left out."""
        return bool(self.objects or self.pictures or self.files)

    def __str__(self) -> str:
        return printable(f"{self.item}: {self.reason}" + (f" ({self.remedy})" if self.remedy else ""))


class RejectedItemError(Exception):
    """One of many items cannot be used; the caller turns it into a `Finding` and continues with the next item."""

    def __init__(self, reason: str, remedy: str = "", *, code: str, objects: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.code = code
        self.objects = objects

    def finding(self, item: str, *, objects: int = 0, pictures: int = 0, files: int = 0) -> Finding:
        """Return the finding for an item, with how much was left out because of it."""
        return Finding(item, self.reason, self.remedy, self.code, objects or self.objects, pictures, files)


def printable(text: str) -> str:
    r"""Return a text with its unprintable characters escaped: line breaks, terminal control codes, odd bytes.

    Examples:
        >>> printable("a\nb ü")
        'a\\nb ü'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: object) -> str:
    """Return a value from the input as a short text for a message; the middle of a long one is left out.

    Examples:
        >>> shown(10**60)
        '100000000000000000...0000000000000000000'
    """
    return _BRIEF.repr(value)
