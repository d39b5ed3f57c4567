"""One tree of errors, each with the exit code that the command line promises for it.

A message states the rule, then what came, then the repair. Anything that is not a `ToonVisionError` is a bug
and the only case in which a traceback is shown.
"""

import reprlib
from dataclasses import dataclass
from typing import ClassVar

_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 80


class ToonVisionError(Exception):
    """Base of every expected failure; `exit_code` is what the process ends with."""

    exit_code: ClassVar[int] = 1


class UsageError(ToonVisionError):
    """The command was called in a way that cannot work: an unknown task, an impossible option."""

    exit_code = 2


class InputRejectedError(ToonVisionError):
    """Input was refused before anything was written."""

    exit_code = 3


class EnvironmentFaultError(ToonVisionError):
    """The machine stopped us (disk, permission, device); committed work is kept and a rerun resumes."""

    exit_code = 4


class WorkspaceBusyError(ToonVisionError):
    """Another process is writing to the workspace."""

    exit_code = 5


class ModelRefusedError(ToonVisionError):
    """A model does not belong to this program, taxonomy or input size."""

    exit_code = 6


EXIT_SOME_SKIPPED = 3
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong with the input, in words that a person can act on.

    Attributes:
        item: The file, and the object in it where there is one, for example ``shot.xml, object 3``.
        reason: What is wrong.
        remedy: What to do about it; empty where nothing need be done.
        code: A short stable word for machines, for example ``zero-area``.
        objects: How many objects were left out because of it.
        pictures: How many pictures were left out because of it.
        files: How many other files were left out because of it; without any of the three it is a mere report.
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
        """Give the one line that is printed: the item, the reason, the remedy."""
        return printable(f"{self.item}: {self.reason}" + (f" ({self.remedy})" if self.remedy else ""))


class RejectedItemError(Exception):
    """One item of many cannot be used; whoever reads the many turns it into a `Finding` and goes on."""

    def __init__(self, reason: str, remedy: str = "", *, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.code = code

    def finding(self, item: str, *, objects: int = 0, pictures: int = 0, files: int = 0) -> Finding:
        """Name the item that was rejected, and count what was left out with it."""
        return Finding(item, self.reason, self.remedy, self.code, objects, pictures, files)

    def without_traceback(self) -> "RejectedItemError":
        """Give the same rejection to be kept: a caught one holds, in its frames, the whole picture that it is about."""
        return RejectedItemError(self.reason, self.remedy, code=self.code)


def printable(text: str) -> str:
    r"""Write out the characters that cannot be printed: line breaks, the escapes that steer a terminal, odd bytes.

    Examples:
        >>> printable("a\nb ü")
        'a\\nb ü'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: object) -> str:
    """Show a value that came from input in a message, its middle left out where it is long.

    Examples:
        >>> shown(10**60)
        '100000000000000000...0000000000000000000'
    """
    return _BRIEF.repr(value)
