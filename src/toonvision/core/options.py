"""Options: what people must know of a setting, written once beside it.

A settings dataclass annotates each field with an `Option`. The command line makes its options from that, and what is
asked for from Python is checked against the same bounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from math import isfinite
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from toonvision.core.errors import UsageError, shown

_NUMBERS: Mapping[Any, type] = {int: Integral, float: Real}
_WORDS: Mapping[Any, str] = {bool: "True or False", int: "a whole number", float: "a number", str: "a text"}


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

    def check(self, value: object) -> None:
        """Refuse a value of another kind, and a number out of bounds.

        Raises:
            UsageError: Naming the kind, or the bounds.
        """
        require_kind(self.flag, self.kind, value)
        if not isinstance(value, Real):
            return
        number = float(value)
        if not isfinite(number):
            raise UsageError(f"{self.flag} is a finite number; got {number:g}.")
        low, high = self.option.minimum, self.option.maximum
        if (low is None or number >= low) and (high is None or number <= high):
            return
        limits = {"at least": low, "at most": high}
        bounds = [f"{words} {limit:g}" for words, limit in limits.items() if limit is not None]
        raise UsageError(f"{self.flag} is {' and '.join(bounds)}; got {number:g}.")


def require_kind(name: str, kind: Any, value: object) -> None:
    """Refuse a value that is not of a kind: a class, a ``Literal``, or a union of those.

    Raises:
        UsageError: Naming what it may be.
    """
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if any(_is_of(one, value) for one in kinds):
        return
    words = [_in_words(one) for one in kinds if one is not NoneType]
    raise UsageError(f"{name} is {' or '.join(words)}; got {shown(value)}.")


def require_path(name: str, value: object) -> None:
    """Refuse an empty text for a path: it would mean the current folder.

    Raises:
        UsageError: Naming what the path is of.
    """
    if value == "":
        raise UsageError(f"{name} is a path; got an empty text.")


def require_whole(name: str, value: object, *, least: int) -> None:
    """Refuse what is not a whole number, or is below `least`.

    Raises:
        UsageError: Naming both.
    """
    if not _is_of(int, value) or value < least:  # type: ignore[operator] # a number by then
        raise UsageError(f"{name} is a whole number, {least} or more; got {shown(value)}.")


def check_fields(settings: Any) -> None:
    """Refuse a dataclass a field of which has another kind of value than is annotated, or one out of bounds.

    Raises:
        UsageError: Naming the field.
    """
    of: Any = type(settings)
    bounded = settings_of(of)
    for name, kind in _kinds(of).items():
        if name in bounded:
            bounded[name].check(getattr(settings, name))
        else:
            require_kind(name, kind, getattr(settings, name))


def _is_of(kind: Any, value: object) -> bool:
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    is_bool = isinstance(value, bool)
    return isinstance(value, _NUMBERS.get(kind, get_origin(kind) or kind)) and (kind is bool or not is_bool)


def _in_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    return _WORDS.get(kind) or f"a {(get_origin(kind) or kind).__name__}"


@cache
def _kinds(kind: type) -> Mapping[str, Any]:
    """Return the annotation of each field of a dataclass."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def settings_of(kind: type) -> Mapping[str, Setting]:
    """Return the fields of a dataclass that are annotated with an `Option`, by name, in their order."""
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for field in fields(kind):
        if get_origin(hints[field.name]) is Annotated:
            value_type, option = get_args(hints[field.name])[:2]
            found[field.name] = Setting(field.name, value_type, field.default, option)
    return found
