"""What a long watch keeps: no more after hours than after a minute (benchmarks/long_watch.py measures eight)."""

import gc
import tracemalloc

from toonvision.metrics.found_objects import FoundObject
from toonvision.watch.diary import Diary
from toonvision.watch.log import LOG, LogFile
from toonvision.watch.loop import watch_frames
from toonvision.watch.meter import Meter
from toonvision.watch.shown import Shown
from watch.standins import ReadySource, ToldModels


def come_and_go(at):
    """Four figures, each of which crosses the picture in two seconds, leaves for three, and comes as another one."""
    found = []
    for lane in range(4):
        life, step = divmod(at + 12 * lane, 50)
        if step < 20:
            label = ("cog", "toon")[(life + lane) % 2]
            found.append(FoundObject(label, 0.9, (2.0 * step, 11.0 * lane, 2.0 * step + 12, 11.0 * lane + 10)))
    return tuple(found)


def test_memory_stays_flat_while_figures_come_and_go_and_the_log_stays_in_its_bound(tmp_path):
    models = ToldModels(find_at=come_and_go)
    log = LogFile(tmp_path, limit_mb=0.045)
    shown = Shown(models, "walking")
    followers = (Meter(), Diary(log, log.begin("walking", "", "none")), shown)
    traced = []
    tracemalloc.start()
    try:
        for frame in watch_frames(ReadySource(1_000), models):
            for one in followers:
                one.see(frame)
            if frame.number % 10 == 0:
                shown.message(frame)
            if frame.number in (500, 1_000):
                gc.collect()
                traced.append(tracemalloc.get_traced_memory()[0])
            models.named.clear()
    finally:
        tracemalloc.stop()
    for one in followers:
        one.close()
    # What grows by right is the history of counts by second, which is bounded too: 50 seconds of it here.
    assert traced[1] - traced[0] < 200_000
    assert (tmp_path / LOG).stat().st_size < 0.055e6  # without a bound it is 0.127e6
