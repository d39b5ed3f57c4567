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
            world, to try it), a video file, or a folder of screenshots.
        models: A `toonvision.Scene` of your own exports, which every other game than ToonTown needs: no workspace is
            looked for. Or models that come with the package, by the name of their taxonomy.
        street: What names pixels, to say where one can walk (`WatchedFrame.ahead`): a `toonvision.Segmenter`, or a
            `toonvision.Detector` that names pixels; the detector of the models does both in one pass.
        rate: Frames a second of a screen or a folder; by default 30 and 10.
        realtime: Whether a file is watched at the speed at which it was taken.
        seconds: Stop after so much time of the source.

    Yields:
        `WatchedFrame`, for each frame that was looked at: ``tracks``, ``where``, ``seconds`` (of the source),
        ``number``, ``name``, ``image``, ``delay``, ``drops``, ``ahead`` and ``ground``.

        Each of ``tracks``, a `Track`, has a ``number`` that stays, a ``box``, and ``missing``, the seconds since it was
        last found. ``evidence.path`` is its class at each level, ``evidence.confidences`` how probable each is,
        ``evidence.label`` the one at the finest level.

        ``where[track.number]``, a `Whereabouts`, has its ``bearing`` in degrees, ``distance`` with ``nearest`` and
        ``farthest`` (None where no height is known), ``trend`` (``approaching``, ``leaving`` or ``steady``),
        ``closing`` (share of the distance a second), ``whole`` and ``in_front_of``.

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
        ...         print(track.number, track.evidence.label, track.box)
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
