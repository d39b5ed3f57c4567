"""The log of decisions: a file of one JSON object a line, appended to, which a killed process leaves whole."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toonvision.core.errors import Finding, RejectedItemError
from toonvision.core.files import naming, parse_json, sync_folder


class ReviewLog:
    """Appends decisions to a file; what was appended is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        """Take the path of the file; it is made with the first decision."""
        self.path = path

    def append(self, decision: Mapping[str, object]) -> None:
        """Append a decision with the time, in UTC."""
        stamped = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **decision}
        line = json.dumps(stamped, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        is_new = not self.path.exists()
        with naming(self.path), self.path.open("ab") as file:
            if not is_new and _is_torn(self.path):
                line = b"\n" + line  # a killed process, or a full disk, left half a line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self.path.parent)


def read_reviews(path: Path) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Read the decisions of a log, in their order, and what is wrong with other lines: half a one, after a kill."""
    decisions: list[dict[str, Any]] = []
    findings = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            decision = parse_json(line)
        except RejectedItemError:
            decision = None
        if isinstance(decision, dict):
            decisions.append(decision)
        elif line.strip():
            reason = "is not whole, as a killed process leaves it; the annotation that it was about is"
            findings.append(Finding(f"{path.name}, line {number}", reason, code="torn-line"))
    return decisions, findings


def decision_times(path: Path) -> dict[tuple[str, str, str], datetime]:
    """Return when each box was decided last, in UTC, by its source, its screenshot and its id."""
    found: dict[tuple[str, str, str], datetime] = {}
    for line in read_reviews(path)[0]:
        if "state" not in line:
            continue  # it says what is to be asked, not what was decided
        with suppress(KeyError, TypeError, ValueError):
            when = datetime.fromisoformat(line["time"]).astimezone(UTC)
            found.update({(line["source"], line["screenshot"], one["id"]): when for one in line["boxes"]})
    return found


def _lines(path: Path) -> Iterator[bytes]:
    if path.is_file():
        with path.open("rb") as file:
            yield from file


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
