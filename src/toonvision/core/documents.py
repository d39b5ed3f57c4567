"""JSON of the input."""

import json
from collections import Counter

from toonvision.core.errors import RejectedItemError, shown


def parse_json(content: str | bytes) -> object:
    """Return the value of JSON from the input; refuse objects that have a key twice, where one value would be lost.

    Raises:
        RejectedItemError: If it is no such JSON, or is nested too deeply.
    """
    try:
        return json.loads(content, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise RejectedItemError(
            f"cannot be read as JSON ({error})", "correct it, or write it again", code="bad-json"
        ) from error


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(key)} comes twice")
    return found
