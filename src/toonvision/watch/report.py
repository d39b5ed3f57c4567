"""The report of a log: what was seen when, what hardly ever, where the models contradict themselves, what is next."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toonvision.core.errors import RejectedItemError
from toonvision.core.grouping import grouped
from toonvision.core.panels import FigurePanel, Table, table, write_rows
from toonvision.core.wording import counted, listed, percent, some
from toonvision.data.images import decode
from toonvision.figures.values import CountLine, Lane, Sighting, Sightings, WatchTimeline
from toonvision.report.page import Page, section, write_page
from toonvision.taxonomy.labels import Taxonomy
from toonvision.watch.frames import clock
from toonvision.watch.records import TrackRow
from toonvision.watch.watched_log import SURE, WatchedLog, doubts, second_rows, track_rows

_RARE, _EACH, _DOUBTS, _MOST_LANES, _NEXT = 20, 4, 20, 40, 12
_SELDOM = 2
"""How many times as often the commonest class is seen as one that is seen seldom."""
_SMALLEST = 8
"""Pixels of the shorter side of a picture that is shown."""


def write_watch_report(folder: Path, taxonomy: Taxonomy) -> tuple[Path, tuple[str, ...]]:
    """Write the report of a log, and its tables as CSV, into its folder.

    Args:
        folder: ``watch/<name>``.
        taxonomy: What the classes mean.

    Returns:
        The page, and its most important sentences.
    """
    log = WatchedLog.read(folder, taxonomy)
    write_rows(folder / "tracks.csv", track_rows(log.tracks))
    write_rows(folder / "seconds.csv", second_rows(log.seconds))
    page = watch_page(log)
    return write_page(page, folder), page.facts


def watch_page(log: WatchedLog) -> Page:
    """Return the page of a log."""
    first = log.sessions[0] if log.sessions else None
    subtitle = f"{first.source}, {first.started[:16].replace('T', ' ')} UTC" if first else "nothing yet"
    doubtful = doubts(log.tracks)
    return Page(
        f"Watched: {log.name}",
        subtitle + (f", and {counted(len(log.sessions) - 1, 'more time')}" if len(log.sessions) > 1 else ""),
        tuple(_facts(log, doubtful)),
        (),
        (
            section("when", "What was seen when",
                "Each bar is one object, from first to last, also while it is hidden.", _when(log),
            ),
            section("what", "What was seen how often", "What leaves and comes back counts twice.", _what(log)),
            section("rare", "Rarest sightings",
                f"Up to {_EACH} objects of each label that was seen at most half as often as the commonest one.",
                _rare(log),
            ),
            section(
                "doubts", "Where the models contradict themselves",
                "Objects for which different classes, or none with confidence, were predicted. Label them first.",
                _doubt_pictures(log, doubtful), _doubt_table(log, doubtful),
            ),
            section("next", "What to photograph next",
                "Labels that are never or seldom seen, or recognised badly.", _next(log), _never_seen(log)),
            section("pace", "How quickly",
                "Frames, and the longest delay of each session. Seconds of a file are not those of the clock.",
                _pace(log)),
        ),
    )  # fmt: skip


def _facts(log: WatchedLog, doubtful: Sequence[TrackRow]) -> list[str]:
    frames = sum(one.frames for one in log.pace)
    seconds = round(log.whole_s)
    within = counted(seconds, "second") if seconds < 120 else counted(math.ceil(seconds / 60), "minute")
    facts = [f"{counted(len(log.tracks), 'object')} in {counted(frames, 'frame')}, within {within}."]
    most = Counter(log.finest(one).title for one in log.tracks).most_common(2)
    if most and most[0][1] > (most[1][1] if len(most) > 1 else 0):
        facts.append(f"Most often seen: {most[0][0]}, {counted(most[0][1], 'time')}.")
    if doubtful:
        share = percent(len(doubtful) / len(log.tracks))
        objects = f"{counted(len(doubtful), 'object')} ({share})"
        facts.append(f"{objects} were predicted as different classes, or with little confidence.")
    return facts


def _when(log: WatchedLog) -> FigurePanel | None:
    if not log.tracks:
        return None
    by = grouped(log.tracks, log.finest)
    order = sorted(by, key=lambda one: (-len(by[one]), one.title))
    lanes = tuple(Lane(one, tuple(_span(log, track) for track in by[one])) for one in order[:_MOST_LANES])
    coarsest = next(iter(log.tracks[0].levels), "")
    names = sorted({one.name for one in log.seconds if one.level == coarsest})
    lines = tuple(_line(log, coarsest, name) for name in names)
    titles = listed([f"{lane.category.title} {len(lane.spans)}" for lane in lanes[:8]])
    return FigurePanel(
        "timeline", "Timeline", f"Bars of when objects of each class were seen: {titles}.",
        "Below: the highest number that was there at once within each second."
        + (f" The first {_MOST_LANES} of {len(order)} classes." if len(order) > _MOST_LANES else ""),
        WatchTimeline(lanes, lines, log.whole_s), track_rows(log.tracks),
    )  # fmt: skip


def _span(log: WatchedLog, track: TrackRow) -> tuple[float, float]:
    start = log.starts[track.session]
    return start + track.first_seen, start + track.last_seen


def _line(log: WatchedLog, level: str, name: str) -> CountLine:
    rows = [one for one in log.seconds if (one.level, one.name) == (level, name)]
    seconds = tuple(int(log.starts[one.session]) + one.second for one in rows)
    return CountLine(log.category(level, name), seconds, tuple(one.count for one in rows))


def _what(log: WatchedLog) -> Table | None:
    if not log.tracks:
        return None
    by = grouped(log.tracks, log.finest)
    columns = ("What", "Times seen", "Seconds in sight", "Longest (s)", "Mean confidence")
    rows = tuple(
        (one.title, f"{len(own):,}", f"{sum(map(log.in_sight_s, own)):.1f}", f"{max(map(log.in_sight_s, own)):.1f}",
         percent(float(np.mean([t.confidence for t in own]))))
        for one, own in sorted(by.items(), key=lambda pair: -len(pair[1]))
    )  # fmt: skip
    return table("What was seen, by predicted class", columns, rows)


def _rare(log: WatchedLog) -> FigurePanel | None:
    by = grouped(log.tracks, log.finest)
    most = max(map(len, by.values()), default=0)
    rarest = [one for own in sorted(by.values(), key=len) if _SELDOM * len(own) <= most for one in own[:_EACH]]
    return _pictures(log, "rare", "Rarest sightings", rarest[:_RARE], "with when it was seen.")


def _doubt_pictures(log: WatchedLog, doubtful: Sequence[TrackRow]) -> FigurePanel | None:
    return _pictures(log, "doubts", "Doubtful objects", doubtful[:_DOUBTS], "with how sure the models are.")


def _doubt_table(log: WatchedLog, doubtful: Sequence[TrackRow]) -> Table | None:
    if not doubtful:
        return None
    columns = ("Object", "Predicted", "In frames", "Also predicted", "Confidence")
    rows = tuple(
        (
            _name(one),
            log.finest(one).title,
            percent(one.agreement),
            _also(log, one),
            percent(one.confidence),
        )
        for one in doubtful
    )
    return Table("Doubtful objects", columns, rows, frozenset({2, 4}), shown=12)


def _name(track: TrackRow) -> str:
    return f"{track.session}/{track.number}"


def _also(log: WatchedLog, track: TrackRow) -> str:
    others = sorted(((count, name) for name, count in track.labels.items() if name != track.label), reverse=True)
    return listed([log.title(name) for _, name in others[:3]]) or "–"


def _next(log: WatchedLog) -> Table | None:
    """Return labels in the order in which more pictures of them would help: seldom, unsure, contradictory."""
    if not log.tracks:
        return None
    worth, by = [], grouped(log.tracks, log.finest)
    most = max(map(len, by.values()))
    for category, own in by.items():
        sure = float(np.mean([one.confidence * one.agreement for one in own]))
        if sure < SURE or _SELDOM * len(own) <= most:
            worth.append(((1 - sure) + 1 / (1 + len(own)), category, own, sure))
    if not worth:
        return None
    worth.sort(key=lambda one: (-one[0], one[1].title))
    contexts = sorted({_place(log, one.context) for one in log.sessions if one.context})
    columns = ("Label", "Seen", "Confidence x agreement", "Why")
    rows = tuple(
        (category.title, f"{len(own):,}", percent(sure), "recognised badly" if sure < SURE else "seen seldom")
        for _, category, own, sure in worth[:_NEXT]
    )
    note = f"Watched in {listed(contexts)}." if contexts else "Say with --context where you are in the game."
    return Table("What to photograph next", columns, rows, frozenset({1, 2}), note)


def _never_seen(log: WatchedLog) -> Table | None:
    """Return the classes that no object was taken for, of the levels that the models name."""
    rows = []
    for level in dict.fromkeys(name for one in log.tracks for name in one.levels):
        seen = {one.levels[level][0] for one in log.tracks if level in one.levels}
        missing = [one.title for one in log.classes(level) if one.name not in seen]
        if missing:
            rows.append((level.capitalize(), f"{len(missing):,}", some(missing, _NEXT)))
    return Table("Never seen", ("Level", "Classes", "Which"), tuple(rows), frozenset({1})) if rows else None


def _pace(log: WatchedLog) -> Table | None:
    columns = (
        "Session",
        "Started (UTC)",
        "Watched",
        "Context",
        "Models",
        "Frames",
        "Frames a second of the source",
        "Dropped",
        "Longest delay (ms)",
    )
    rows = []
    for one in log.sessions:
        own = [row for row in log.pace if row.session == one.number]
        frames, seconds = log.handled[one.number]
        place = _place(log, one.context) or "–"
        rows.append((
            str(one.number), one.started[:16].replace("T", " "), one.source, place, one.models,
            f"{sum(row.frames for row in own):,}", f"{frames / seconds:.1f}" if seconds else "–",
            f"{max((row.drops for row in own), default=0):,}", f"{max((row.delay_ms for row in own), default=0):.0f}",
        ))  # fmt: skip
    return table("Sessions", columns, rows, names=5) if rows else None


def _place(log: WatchedLog, context: str) -> str:
    """Return the title of a context; empty where none was said."""
    return log.taxonomy.context(context).title if context else ""


def _pictures(log: WatchedLog, name: str, title: str, tracks: Sequence[TrackRow], end: str) -> FigurePanel | None:
    cards = [card for one in tracks if (card := _card(log, one))]
    if not cards:
        return None
    said = f"{counted(len(cards), 'picture')} of objects, {end}"
    caption = "Session and number of the object, when it came, and its probability."
    return FigurePanel(name, title, said, caption, Sightings(tuple(cards)), track_rows(tracks))


def _card(log: WatchedLog, track: TrackRow) -> Sighting | None:
    if track.thumbnail is None:
        return None
    try:
        picture = decode(track.thumbnail)
    except RejectedItemError:  # all else that is known of it is shown
        return None
    if min(picture.size) < _SMALLEST:
        return None
    lines = (f"{_name(track)}, {clock(track.first_seen)}", f"{100 * track.confidence:.0f} %")
    return Sighting(np.asarray(picture), log.finest(track), lines)
