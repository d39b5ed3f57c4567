"""Watching from a program of your own."""

from collections.abc import Generator
from pathlib import Path

from toonvision.core.errors import UsageError, shown
from toonvision.core.options import require_kind
from toonvision.core.wording import listed
from toonvision.deploy.detector import Detector
from toonvision.deploy.scene import Scene
from toonvision.deploy.segmenter import Segmenter
from toonvision.watch.loop import WatchedFrame, watch_frames
from toonvision.watch.models import WatchModels
from toonvision.watch.order import WatchOrder
from toonvision.watch.sources import open_source


def watch(
    source: str | Path = "screen",
    *,
    models: str | Scene = "toontown",
    street: Segmenter | Detector | None = None,
    rate: float | None = None,
    realtime: bool = False,
    seconds: float | None = None,
) -> Generator[WatchedFrame, None, None]:
    """Watch a game: find, follow and name what is on the screen, frame by frame.

    Without ``models``, those that come with the package watch: they know ToonTown alone. Nothing is logged. The source
    is closed when the iterator ends or is given up.

    Args:
        source: ``screen``, ``screen:2``, ``region:0,30,1280x720``, ``window:TITLE``, ``camera``, ``world`` (the drawn
            world, to try it), a video file, or a folder of frames that follow one another in the order of their names.
        models: A `toonvision.Scene` of your own exports, which every other game than ToonTown needs: no workspace is
            looked for. Or models that come with the package, by the name of their taxonomy.
        street: What names pixels, to say where one can walk (`WatchedFrame.ahead`): a `toonvision.Segmenter`, or a
            `toonvision.Detector` that names pixels; the detector of the models does both in one pass.
        rate: Frames a second of a screen or a folder; by default 30 and 10.
        realtime: Whether a file is watched at the speed at which it was taken.
        seconds: Stop after so many seconds of the source; by default at its end, or never.

    Yields:
        `WatchedFrame`, for each frame that was looked at: its ``number`` in the source, from 1; ``seconds`` from the
        beginning of the source; ``delay``, the seconds from when it was taken to this result; ``drops``, how many
        frames were passed over so far; ``name``, its file in a folder; ``image``, a Pillow image in RGB, of which
        ``numpy.asarray(frame.image)`` is an array of shape ``(height, width, 3)``, uint8; ``tracks``; ``where``;
        ``ahead``, where one can walk, None where no model says that; and ``ground``, how the camera stands.

        Each of ``tracks``, a `Track`, has a ``number`` that stays; a ``box``, its left, upper, right and lower edge in
        pixels of the image; and ``missing``, the seconds since it was last found. ``evidence.path`` is its class at
        each level, ``evidence.confidences`` how probable each is, 0 to 1, ``evidence.label`` the one at the finest
        level. What was found in one frame alone is no track yet.

        ``where[track.number]``, a `Whereabouts`, has its ``bearing`` in degrees to the right of the middle, below 0 to
        the left; ``distance`` with ``nearest`` and ``farthest``, in the unit of the taxonomy's heights (None where no
        height is known); ``trend`` (``approaching``, ``leaving`` or ``steady``); ``closing``, the share of the distance
        that it comes nearer in a second; ``whole`` and ``in_front_of``.

    Raises:
        UsageError: If the source is nothing of these, there are no such models, ``street`` knows no ground, or ``rate``
            or ``seconds`` is out of bounds.
        ModelRefusedError: If ``street`` has another taxonomy than the models.
        InputRejectedError: If there is no such file.
        EnvironmentFaultError: If the screen cannot be seen, or the camera is not there.
        KeyboardInterrupt: Where the loop stands, after Ctrl-C; the source is closed then, too.

    Examples:
        >>> import toonvision
        >>> scene = toonvision.Scene("detect.onnx", "suit.onnx")  # doctest: +SKIP
        >>> for frame in toonvision.watch("window:Toontown", models=scene):  # doctest: +SKIP
        ...     for track in frame.tracks:
        ...         bearing = frame.where[track.number].bearing
        ...         print(f"{frame.seconds:.1f} s: {track.evidence.label} at {bearing:+.0f} degrees, {track.box}")
        4.2 s: sb at -23 degrees, (442.8, 298.1, 491.6, 383.4)
    """
    require_kind("source", str | Path, source)
    WatchOrder(str(source), realtime, seconds, rate)  # which checks them
    if street is not None and not isinstance(street, Segmenter | Detector):
        raise UsageError(
            f"street is a toonvision.Segmenter, or a toonvision.Detector that names pixels; got {shown(street)}."
        )
    if isinstance(models, Scene):
        ready = WatchModels.of(models, street=street)
    else:
        from toonvision.deploy.packaged import packaged_names, packaged_scene
        from toonvision.taxonomy.loader import built_in

        if models not in packaged_names():
            raise UsageError(
                f"models of your own are a toonvision.Scene(detector, *classifiers), of exports or their files; those "
                f"that come with the package are called {listed(packaged_names())}; got {shown(models)}."
            )
        ready = WatchModels.of(packaged_scene(models), built_in(models), street)
    return watch_frames(open_source(source, rate=rate), ready, realtime=realtime, seconds=seconds)
