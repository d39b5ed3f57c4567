"""Settings and results read from files and checked: TOML with messages that name the line, and JSON."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from toonvision.core.errors import InputRejectedError, ModelRefusedError, SettingsRejectedError
from toonvision.core.files import read_text, write_text

if TYPE_CHECKING:
    from pydantic import BaseModel, TypeAdapter
    from pydantic_core import ErrorDetails

_LARGEST_FILE = 10_000_000
"""In bytes; far above any settings that a person writes."""

Model = TypeVar("Model", bound="BaseModel")
Value = TypeVar("Value")


def read_settings(path: Path, model: type[Model], *, text: str | None = None) -> Model:
    """Read a TOML file into a pydantic model; `text` is its content if that was read already.

    Raises:
        SettingsRejectedError: With file, line, key, rule and what was received, of each fault.
        InputRejectedError: If the file is not TOML, or no text.
        EnvironmentFaultError: If it may not be read.
    """
    from pydantic import ValidationError

    content = read_text(path, limit=_LARGEST_FILE) if text is None else text
    try:
        return model.model_validate(tomllib.loads(content))
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_url=False):
            keys = [str(key) for key in fault["loc"] if not str(key).startswith("<")]  # such a one is a union's branch
            rule = fault["msg"].removeprefix("Value error, ")
            where = f"{path}, line {line_of(content, keys)}, " if keys else f"{path}: "
            lines.append(f"{where}{'.'.join(keys)}: {_with_received(rule, fault)}. Correct this key and run again.")
        raise SettingsRejectedError([*dict.fromkeys(lines)]) from None
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError, too long a number, too deep a list
        raise InputRejectedError(f"{path}: not valid TOML: {error}. Correct this line and run again.") from None


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as JSON that any program can read: in ASCII, and without NaN.

    Raises:
        ValueError: If a number is NaN or infinite.
    """
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def read_json(
    path: Path,
    kind: type[Value],
    *,
    what: str,
    missing: str,
    remedy: str = "Train again.",
    current: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Value:
    """Load a dataclass that this program wrote as JSON.

    Args:
        path: The file.
        kind: The dataclass.
        what: What the file should hold, for messages.
        missing: The message if there is no such file.
        remedy: What to do if the content is not valid.
        current: Turns what an earlier version wrote into what is written now.

    Raises:
        InputRejectedError: If there is no such file.
        ModelRefusedError: If the content is not such a value; names the first fault.
    """
    from pydantic import ValidationError

    if path.exists() and not path.is_file():
        raise ModelRefusedError(f"{path}: is no regular file. {remedy}")
    try:
        content = path.read_bytes()
        with suppress(ValueError, RecursionError):  # of what is no JSON the message comes from the next line
            if current and isinstance(values := json.loads(content), dict):
                content = json.dumps(current(values)).encode()
        found: Value = _checker(kind).validate_json(content)  # type: ignore[arg-type] # dataclasses are hashable
    except (FileNotFoundError, NotADirectoryError):
        raise InputRejectedError(missing) from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "content"
        rule = _with_received(fault["msg"], fault)
        raise ModelRefusedError(f"{path}: not {what} ({where}: {rule}). {remedy}") from error
    return found


@cache
def _checker(kind: Any) -> "TypeAdapter[Any]":
    """Return what checks values of a dataclass; making it takes far longer than a check."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _with_received(rule: str, fault: "ErrorDetails") -> str:
    """Return a rule with what was received; a rule may be a whole sentence, such as one with a question behind it."""
    if fault["type"] in {"missing", "json_invalid"}:
        return rule
    joint = " Got" if rule.endswith((".", "?")) else "; got"
    return rule + f"{joint} {fault['input']!r}"[:200]


def line_of(content: str, keys: list[str]) -> int:
    r"""Return the number, from 1, of the line of TOML that a dotted key is on, or the nearest outer key that is there.

    Examples:
        >>> line_of('[targets]\nper_label = "many"', ["targets", "per_label"])
        2
    """
    lines = content.splitlines()
    at = 0
    for outer, key in zip(["", *keys], keys, strict=False):
        if key.isdecimal():  # an index from 0: the first table of its list is found by the list's own name
            header = f"[[{outer}]]"
            tables = [number for number in range(at, len(lines)) if lines[number].strip() == header]
            at = tables[int(key)] if int(key) < len(tables) else at
            continue
        pattern = re.compile(rf"""(^|[\s.\[{{,"']){re.escape(key)}["']?\s*([=.\]]|$)""")
        at = next((number for number in range(at, len(lines)) if pattern.search(lines[number])), at)
    return at + 1
