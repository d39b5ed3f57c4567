"""Claims: figures keep their numbers, tracks know suits better than single frames, and distances are about right.

Run: python benchmarks/tracking.py FOLDER

Twenty drawn videos of 300 frames, ten a second, in which up to six figures cross and hide one another, with seeds that
no training and no choice of settings has seen; they are drawn into FOLDER if they are not there (one takes a minute).
They are watched as `toonvision watch` does it, with the models that come with the package, one frame after another.

- boxes: the same tracker with true boxes as a detector with known faults might find them (see `drawn_videos.py`).
- gaps: the same, but figures are missed for several frames one after another, and the more of them the more is hidden.
- found: with the boxes of the packaged detector.
- bound_sure, bound_any: the most that a tracker could reach with these boxes, if it knew whose each is: with those that
  are sure, and with all that can go on with a track.
- suits: of all found Cogs, the suit of the track in that frame against that of the single frame.
- ways: how many are rightly called free, up to 10 units, how many free ones are missed, and errors of their distance,
  by the true pixels and by the export of `--street`: with the camera that is assumed, with its true horizon, and with
  the camera that is estimated from the figures of the video.
- distance: relative errors for figures that are wholly visible: with the label known, with what the track knows, and
  with where their feet are, too.

A box counts as found that overlaps the true one by half. Figures of which more than half is hidden need not be found.
"""

import argparse
import dataclasses
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from drawn_videos import (
    RATE,
    DrawnVideo,
    TrueFigure,
    as_if_found,
    drawn_video,
    missed_at_once,
    missed_in_gaps,
    numbered,
)
from drawn_ways import APART, summed_ways, ways_of_video
from measure import arguments, write_result
from scipy.optimize import linear_sum_assignment
from tracking_scores import LEAST_OVERLAP, TrackingScores, tracking_scores, without_ignored

from toonvision.deploy.packaged import packaged_scene
from toonvision.deploy.scene import named
from toonvision.deploy.segmenter import Segmenter
from toonvision.metrics.boxes import overlaps
from toonvision.metrics.found_objects import FoundObject
from toonvision.taxonomy.loader import built_in
from toonvision.watch.distance import Ground, Heights, Whereabouts, whereabouts
from toonvision.watch.evidence import Evidence
from toonvision.watch.folder_source import FolderSource
from toonvision.watch.level_paths import LevelPaths
from toonvision.watch.loop import WatchedFrame, watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.track import Track
from toonvision.watch.tracking import Tracker

Boxed = TypeVar("Boxed", Track, FoundObject)
SIZE_WH = (1720, 720)
TAXONOMY = built_in("toontown")
ALL_LEVELS = LevelPaths.of_taxonomy(TAXONOMY, "kind", ["label"])
NOWHERE = Ground(horizon_spread=1e6)
"""How a camera stands of which nothing is known."""
NOTHING_HIDDEN = 0.01
DISTANCES = ("label", "track", "feet")
MOSTLY_HIDDEN = 0.5
"""Share that is hidden from which on a figure need not be found, and what is found of it is not counted."""


@dataclasses.dataclass
class SceneResult:
    """What was counted in one video.

    Attributes:
        scores: Those of tracks of true boxes with a detector's faults, without and with gaps, and of found boxes.
        counts: How many figures, boxes and suits were right, by name.
        errors: Relative errors of distances: with the label known, with what the track knows, and with its feet.
        inside: Whether the true distance was in the interval, in the same way.
        trends: Pairs of the true share by which a figure comes nearer in a second and what was said.
        seconds: Seconds of each update of the tracker, appearances included.
        grounds: How the camera stands, as watching said it, in each frame whose ways are looked at.
    """

    scores: dict[str, TrackingScores]
    counts: Counter[str]
    errors: dict[str, list[float]]
    inside: dict[str, list[bool]]
    trends: list[tuple[float, str]]
    seconds: list[float]
    grounds: list[Ground]


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    seeds = range(options.first_seed, options.first_seed + options.scenes)
    with ProcessPoolExecutor(options.workers) as pool:
        results = list(pool.map(partial(measured, root=options.folder, frames=options.frames), seeds))
    minutes = sum(sum(len(one) for one in drawn_video(options.folder, seed, options.frames).frames) for seed in seeds)
    street = None if options.street is None else Segmenter(options.street)
    grounds = [one.grounds for one in results]
    pairs = [one for at, seed in enumerate(seeds) for one in ways_of_video(seed, options.frames, grounds[at], street)]
    summary = {**summed(results, minutes / RATE / 60), "ways": summed_ways(pairs)}
    for name, value in summary.items():
        print(f"{name}: {value}")
    write_result("tracking", {"scenes": options.scenes, "frames": options.frames, **summary})


def parser() -> argparse.ArgumentParser:
    """Return the benchmark's arguments."""
    found = arguments(__doc__, folder=True)
    found.add_argument("--scenes", type=int, default=20, help="how many videos (default: 20)")
    found.add_argument("--frames", type=int, default=300, help="frames of each (default: 300)")
    found.add_argument("--first-seed", type=int, default=2000, help="the seed of the first (default: 2000)")
    found.add_argument("--street", metavar="MODEL.onnx", type=Path, help="an exported run that names pixels")
    found.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    return found


def measured(seed: int, *, root: Path, frames: int) -> SceneResult:
    """Watch one video."""
    video = drawn_video(root, seed, frames)
    models = WatchModels.of(packaged_scene("toontown"), TAXONOMY)
    all_heights = Heights.of(TAXONOMY, ALL_LEVELS)
    rngs, gone = [np.random.default_rng(seed) for _ in range(2)], set[int]()
    faulty, gappy = Tracker(models.paths), Tracker(models.paths)
    rows: dict[str, list[Any]] = {"boxes": [], "gaps": [], "found": [], "bound_sure": [], "bound_any": []}
    errors, intervals = ({key: list[Any]() for key in DISTANCES} for _ in range(2))
    result = SceneResult({}, Counter(), errors, intervals, [], [], [])
    for at, frame in enumerate(watch_frames(FolderSource(video.folder, rate=RATE), models)):
        figures = video.frames[at]
        objects = as_if_found(figures, rngs[0], missed_at_once(figures, rngs[0]))
        started = time.perf_counter()
        tracks = faulty.update(objects, frame.seconds, frame.image)
        result.seconds.append(time.perf_counter() - started)
        gone = missed_in_gaps(figures, rngs[1], gone)
        others = gappy.update(as_if_found(figures, rngs[1], gone), frame.seconds, frame.image)
        for name, some in (("boxes", tracks), ("gaps", others), ("found", frame.tracks)):
            rows[name] += [(at, one.number, one.box) for one in some if one.found]
        detected = models.find(frame.image)
        for name, least in (("bound_sure", models.tracking.sure), ("bound_any", models.tracking.least)):
            known = matches(figures, [one for one in detected if one.score >= least])
            rows[name] += [(at, int(figure.attributes["track"]), one.box) for figure, one in known]
        matched = matches(figures, [one for one in frame.tracks if one.found])
        count_suits(result.counts, matched, frame, models, figures)
        for key, where in (
            ("label", whereabouts(_found(matched), SIZE_WH, all_heights)),
            ("track", whereabouts(frame.tracks, SIZE_WH, frame.heights, ground=NOWHERE)),
            ("feet", frame.where),
        ):
            add_distances(result, key, matched, where)
        add_trends(result, video, at, frame, matched)
        if at % APART == 0:
            result.grounds.append(frame.ground)
    hidden = np.array([one.hidden for figures in video.frames for one in figures]) > MOSTLY_HIDDEN
    for name, found in rows.items():
        result.scores[name] = tracking_scores(*without_ignored(video.truth, hidden, numbered(found)))
    return result


def matches(figures: Sequence[TrueFigure], boxes: Sequence[Boxed]) -> list[tuple[TrueFigure, Boxed]]:
    """Return the figures that are mostly in view with their boxes: pairs that overlap most, by half at least."""
    edges = ([one.box for one in figures], [one.box for one in boxes])
    shared = overlaps(*(np.array(some, np.float32).reshape(-1, 4) for some in edges))
    value = np.where(shared >= LEAST_OVERLAP, shared, 0.0)
    pairs = zip(*linear_sum_assignment(value, maximize=True), strict=True)
    found = [(figures[row], boxes[column]) for row, column in pairs if value[row, column] > 0]
    return [(figure, one) for figure, one in found if figure.hidden <= MOSTLY_HIDDEN]


def count_suits(
    counts: Counter[str],
    matched: Sequence[tuple[TrueFigure, Track]],
    frame: WatchedFrame,
    models: WatchModels,
    figures: Sequence[TrueFigure],
) -> None:
    """Count the suits that tracks say of found Cogs, and those that the single frame says of the same boxes."""
    counts["figures"] += len(figures)
    counts["matched"] += len(matched)
    counts["kinds"] += sum(track.evidence.path.get("kind") == figure.kind for figure, track in matched)
    cogs = [(figure, track) for figure, track in matched if figure.kind == "cog"]
    alone = named(frame.image, [one.found for _, one in cogs if one.found], models.level, models.namers)
    if len(alone) < len(cogs):  # a box of less than a pixel
        return
    for (figure, track), single in zip(cogs, alone, strict=True):
        suit = TAXONOMY.class_of(figure.label, "suit")
        counts["cogs"] += 1
        counts["track wrong"] += track.evidence.path.get("suit") != suit
        counts["frame wrong"] += single.levels.get("suit") != suit


def _found(matched: Sequence[tuple[TrueFigure, Track]]) -> list[Track]:
    """Return tracks of which the label is known."""
    found = []
    for figure, track in matched:
        known = Evidence(ALL_LEVELS)
        for at in range(60):
            known = known.with_said({"kind": {figure.kind: 1.0}, "label": {figure.label: 1.0}}, float(at))
        found.append(dataclasses.replace(track, evidence=known))
    return found


def add_distances(
    result: SceneResult, key: str, matched: Sequence[tuple[TrueFigure, Track]], where: Mapping[int, Whereabouts]
) -> None:
    """Compare distances with the true ones, for figures of which nothing is hidden or cut."""
    for figure, track in matched:
        place = where[track.number]
        if figure.hidden > NOTHING_HIDDEN or place.distance is None:
            continue
        true = float(figure.attributes["distance"]) / np.cos(np.radians(place.bearing))
        result.errors[key].append(float(place.distance / true - 1))
        result.inside[key].append(bool(place.nearest <= true <= place.farthest))


def add_trends(
    result: SceneResult,
    video: DrawnVideo,
    at: int,
    frame: WatchedFrame,
    matched: Sequence[tuple[TrueFigure, Track]],
) -> None:
    """Compare what is said of coming nearer with the distances half a second before and after."""
    where = whereabouts(frame.tracks, SIZE_WH)
    half = int(RATE / 2)
    if not half <= at < len(video.frames) - half:
        return
    before, after = (
        {one.attributes["track"]: float(one.attributes["distance"]) for one in video.frames[at + step]}
        for step in (-half, half)
    )
    for figure, track in matched:
        number = figure.attributes["track"]
        if number in before and number in after and figure.hidden <= NOTHING_HIDDEN:
            closing = (before[number] - after[number]) / float(figure.attributes["distance"])
            result.trends.append((closing, where[track.number].trend))


def summed(results: Sequence[SceneResult], minutes: float) -> dict[str, Any]:
    """Return the figures of all videos together; `minutes` are those in which figures could be seen."""
    found: dict[str, Any] = {}
    for name in results[0].scores:
        scores: TrackingScores = sum((one.scores[name] for one in results[1:]), results[0].scores[name])
        each = [one.scores[name].idf1 for one in results]
        found[name] = {
            "idf1": round(scores.idf1, 4),
            "worst_idf1": round(min(each), 4),
            "mota": round(scores.mota, 4),
            "missed": round(scores.misses / scores.objects, 4),
            "false": round(scores.false_alarms / scores.objects, 4),
            "switches": scores.switches,
            "switches_a_track_minute": round(scores.switches / minutes, 3),
        }
    counts = sum((one.counts for one in results), Counter())
    found["suits"] = {
        "cogs": counts["cogs"],
        "tracks_right": round(1 - counts["track wrong"] / max(1, counts["cogs"]), 4),
        "frames_right": round(1 - counts["frame wrong"] / max(1, counts["cogs"]), 4),
        "ratio_of_errors": round(counts["track wrong"] / max(1, counts["frame wrong"]), 3),
        "kinds_right": round(counts["kinds"] / max(1, counts["matched"]), 4),
    }
    for key in DISTANCES:
        errors = np.array([error for one in results for error in one.errors[key]])
        inside = [one for result in results for one in result.inside[key]]
        found[f"distance_by_{key}"] = {
            "figures": len(errors),
            "median_error": round(float(np.median(abs(errors))), 4),
            "p90_error": round(float(np.percentile(abs(errors), 90)), 4),
            "in_interval": round(float(np.mean(inside)), 4),
        }
    moving = [(closing, said) for one in results for closing, said in one.trends if abs(closing) >= 0.08]
    opposite = sum(said == ("leaving" if closing > 0 else "approaching") for closing, said in moving)
    right = sum(said == ("approaching" if closing > 0 else "leaving") for closing, said in moving)
    found["trend"] = {
        "moving": len(moving),
        "right": round(right / max(1, len(moving)), 4),
        "opposite": round(opposite / max(1, len(moving)), 4),
    }
    found["update_ms"] = round(1000 * float(np.median([one for result in results for one in result.seconds])), 3)
    return found


if __name__ == "__main__":
    main()
