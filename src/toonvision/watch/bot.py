"""Watching from a program of your own."""

from collections.abc import Iterator
from pathlib import Path

from toonvision.deploy.scene import Scene
from toonvision.watch.loop import WatchedFrame, watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.sources import open_source


def watch(
    source: str | Path = "screen",
    *,
    models: str | Scene = "toontown",
    rate: float | None = None,
    realtime: bool = False,
    seconds: float | None = None,
) -> Iterator[WatchedFrame]:
    """Watch a game: find, follow and name what is on the screen, frame by frame.

    Nothing is logged. The source is closed when the iterator ends or is given up.

    Args:
        source: ``screen``, ``screen:2``, ``region:0,30,1280x720``, ``window:TITLE``, ``camera``, ``world`` (the drawn
            world, to try it), a video file, or a folder of screenshots.
        models: Models that come with the package, by the name of their taxonomy, or a `toonvision.Scene` of your own.
        rate: Frames a second of a screen or a folder; by default 30 and 10.
        realtime: Whether a file is watched at the speed at which it was taken.
        seconds: Stop after so much time of the source.

    Yields:
        For each frame the figures that are there: with a number that stays, a box, and a class with its probability at
        every level.

    Raises:
        UsageError: If the source is nothing of these, or there are no such models.
        InputRejectedError: If there is no such file.
        EnvironmentFaultError: If the screen cannot be seen, or the camera is not there.

    Examples:
        >>> import toonvision
        >>> for frame in toonvision.watch("window:Toontown"):  # doctest: +SKIP
        ...     for track in frame.tracks:
        ...         print(track.number, track.evidence.label, track.box)
    """
    if isinstance(models, Scene):
        ready = WatchModels.of(models)
    else:
        from toonvision.deploy.packaged import packaged_scene
        from toonvision.taxonomy.loader import built_in

        ready = WatchModels.of(packaged_scene(models), built_in(models))
    return watch_frames(open_source(source, rate=rate), ready, realtime=realtime, seconds=seconds)
