"""Options: what people must know of a setting, written once beside it.

A settings dataclass annotates each field with an `Option`. The command line makes its options from that, and what is
asked for from Python is checked against the same bounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from toonvision.core.errors import UsageError


@dataclass(frozen=True)
class Option:
    """A setting as people see it.

    Attributes:
        help: What it does, one sentence.
        minimum: The smallest value that is allowed; None for any.
        maximum: The largest value that is allowed; None for any.
        unit: What the value is counted in; empty for a count or a share.
        flag: Its name on the command line without the dashes; by default the field's name.
        otherwise: What is used where it is not given, in words; by default its value.
        common: Whether most people want to see it; others are for experts.
    """

    help: str
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    flag: str = ""
    otherwise: str = ""
    common: bool = False


@dataclass(frozen=True)
class Setting:
    """A field of a settings dataclass: its values are bool, int, float, str or of a ``Literal``."""

    name: str
    kind: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """The name on the command line, with the dashes."""
        return f"--{self.option.flag or self.name.replace('_', '-')}"

    def check(self, value: float) -> None:
        """Refuse a number out of bounds.

        Raises:
            UsageError: Naming the bounds.
        """
        low, high = self.option.minimum, self.option.maximum
        if (low is None or value >= low) and (high is None or value <= high):
            return
        limits = {"at least": low, "at most": high}
        bounds = [f"{words} {limit:g}" for words, limit in limits.items() if limit is not None]
        raise UsageError(f"{self.flag} is {' and '.join(bounds)}; got {value:g}.")


def settings_of(kind: type) -> Mapping[str, Setting]:
    """Return the fields of a dataclass that are annotated with an `Option`, by name, in their order."""
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for field in fields(kind):
        if get_origin(hints[field.name]) is Annotated:
            value_type, option = get_args(hints[field.name])[:2]
            found[field.name] = Setting(field.name, value_type, field.default, option)
    return found
