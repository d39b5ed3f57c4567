"""Measures bulk work: processes of this machine against Ray, on it alone and on two nodes pinned to a core each.

The packaged models find and name what is in drawn screenshots of 1280 x 720, cut from larger ones at many places. All
ways write the same file, which is checked. Alternatives run in turn. On one machine Ray can gain nothing: what is
measured is what it costs, in processor seconds, too, since others may use the machine. Start-up is the time for one
picture a core. From the rates of a core, of what leads and of the bytes of a picture it is calculated how 100 nodes
would do with a million pictures. Takes 20 minutes.

Run: python benchmarks/cluster.py FOLDER [--pictures 2000] [--repetitions 3]
"""

import argparse
import contextlib
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from measure import arguments, write_result

from toonvision.api import bulk
from toonvision.api.bulk import predict_to_file
from toonvision.api.bulk_answers import packaged_answering
from toonvision.core.nodes import shared_file
from toonvision.core.shards import SHARD, ShardFolder, shards_of
from toonvision.data.picture_files import picture_files
from toonvision.world.sample_set import draw_screenshot
from toonvision.world.screenshot_plans import ScreenshotPlan

SIZE_WH = (1280, 720)
DRAWN = (("cog_lb_bigwig",), ("cog_cb_shortchange", "toon_dog"), ("cog_bb_flunky",), ("toon_cat",))
NODES, CORES, PICTURES = 100, 4, 1_000_000
STORAGE_BYTES_S = 1.25e9
_MARK = "TOONVISION_BENCHMARK"


def parser() -> argparse.ArgumentParser:
    found = arguments(__doc__, folder=True)
    found.add_argument("--pictures", type=int, default=2000, help="how many pictures (default: 2000)")
    found.add_argument("--repetitions", type=int, default=3, help="how often each way (default: 3)")
    return found


def main(given: Sequence[str] | None = None) -> None:
    asked = parser().parse_args(given)
    # Ray's workers give way to other programs, which would be compared with ours on a machine that others use.
    os.environ.update({_MARK: str(os.getpid()), "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"})
    pictures = made_pictures(asked.folder / f"shots-{asked.pictures}", asked.pictures)
    few = made_pictures(asked.folder / "few", 2)
    with two_nodes() as address:
        ways = {"processes": None, "ray local": "local", "two nodes": address}
        start = {name: start_up(few, asked.folder, ray) for name, ray in ways.items()}
        print("start-up", start, flush=True)
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
        for _ in range(asked.repetitions):
            for name, ray in ways.items():
                runs[name].append(measured(partial(written, pictures, asked.folder / f"{name}.csv", ray)))
                print(name, runs[name][-1], flush=True)
    contents = {(asked.folder / f"{name}.csv").read_bytes() for name in ways}
    seconds, processor = (
        {name: statistics.median(run[what] for run in found) for name, found in runs.items()}
        for what in ("seconds", "processor_seconds")
    )
    rate = asked.pictures / processor["processes"]
    lead = leading(pictures, asked.folder)
    result = {
        "pictures": asked.pictures,
        "repetitions": asked.repetitions,
        "same_bytes": len(contents) == 1,
        "runs": runs,
        "median_seconds": seconds,
        "median_processor_seconds": processor,
        "start_up_seconds": start,
        "overhead_of_ray": {name: processor[name] / processor["processes"] - 1 for name in ("ray local", "two nodes")},
        "leading_seconds_a_picture": lead,
        "calculated": calculated(rate, lead, statistics.mean(one.stat().st_size for one in pictures.iterdir())),
    }
    write_result("cluster", result)
    for name, value in result.items():
        print(f"{name}: {value}")


def made_pictures(folder: Path, count: int) -> Path:
    """Cut so many different pictures from a few drawn screenshots."""
    if folder.is_dir() and len(list(folder.iterdir())) == count:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    plans = [ScreenshotPlan(f"ttc_{at}", "ttc", labels, seed=at) for at, labels in enumerate(DRAWN)]
    scenes = [draw_screenshot(plan).image for plan in plans]
    for number in range(count):
        image, left = scenes[number % len(scenes)], number * 7 % (scenes[0].width - SIZE_WH[0])
        cut = image.crop((left, 0, left + SIZE_WH[0], SIZE_WH[1]))
        cut.putpixel((0, 0), (number % 256, number // 256, 0))
        cut.save(folder / f"{number:06}.png", compress_level=1)
    return folder


def written(pictures: Path, target: Path, ray: str | None) -> None:
    """Predict pictures with the packaged models on a way."""
    predict_to_file(packaged_answering("toontown", find=True), [pictures], target, ray=ray)


def start_up(few: Path, folder: Path, ray: str | None) -> float:
    """Return the seconds for a picture a core, each in a shard of its own."""
    before = {name: vars(bulk)[name] for name in ("MANY", "SHARD")}
    vars(bulk).update(MANY=0, SHARD=1)
    try:
        started = time.perf_counter()
        written(few, folder / "few.csv", ray)
        return time.perf_counter() - started
    finally:
        vars(bulk).update(before)


def measured(work: Callable[[], None]) -> dict[str, float]:
    """Return the seconds of work, and what this process and all that were started used: processor seconds, most MB."""
    ended, most, processor = threading.Event(), [0.0, 0.0], dict[int, float]()

    def watch() -> None:
        while not ended.wait(2):
            look()

    def look() -> None:
        used = usage()
        most[:] = [max(most[0], used[os.getpid()][0]), max(most[1], sum(one[0] for one in used.values()))]
        processor.update({process: one[1] for process, one in used.items()})

    before = {process: one[1] for process, one in usage().items()}
    thread = threading.Thread(target=watch)
    thread.start()
    started = time.perf_counter()
    try:
        work()
    finally:
        seconds = time.perf_counter() - started
        ended.set()
        thread.join()
    look()
    spent = sum(value - before.get(process, 0) for process, value in processor.items())
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(spent, 1),
        "own_mb": round(most[0]),
        "all_mb": round(most[1]),
    }


def usage() -> dict[int, tuple[float, float]]:
    """Return the proportional memory in MB and the processor seconds of this process and of all with our mark."""
    found, mark = {}, f"{_MARK}={os.getpid()}".encode()
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if path.name == str(os.getpid()) or mark in (path / "environ").read_bytes():
                lines = (path / "smaps_rollup").read_text().splitlines()
                memory = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
                ticks = (path / "stat").read_text().rpartition(")")[2].split()[11:13]
                found[int(path.name)] = (memory, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))
    return found


@contextlib.contextmanager
def two_nodes() -> Iterator[str]:
    """Start a cluster of a head without cores, and a node pinned to each of two cores; yield its address."""
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"object_store_memory": 100 * 1024 * 1024, "include_dashboard": False}
    cores = sorted(os.sched_getaffinity(0))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    try:
        for core in cores[:2]:
            os.sched_setaffinity(0, {core})
            cluster.add_node(num_cpus=1, node_name=f"core-{core}", **small)
        os.sched_setaffinity(0, cores)
        yield cluster.address
    finally:
        os.sched_setaffinity(0, cores)
        cluster.shutdown()


def leading(pictures: Path, folder: Path) -> float:
    """Return the seconds that what leads needs for each picture: listing, looking at it, and storing its answers."""
    started = time.perf_counter()
    paths, _ = picture_files([pictures])
    shards = shards_of([shared_file(path) for path in paths], "a")
    store = ShardFolder(folder / "leading.shards")
    for shard in shards:
        store.write(shard, {"csv": "x" * 80 * SHARD, "answers": SHARD, "findings": []})
    for _ in store.results(shards):
        pass
    return (time.perf_counter() - started) / len(paths)


def calculated(rate: float, lead: float, size: float) -> dict[str, float]:
    """Return what a core's rate means for many nodes, and which rates the leader and the storage allow."""
    cores = rate * NODES * CORES
    limits = {"cores": cores, "leader": 1 / lead, "storage": STORAGE_BYTES_S / size}
    return {
        "pictures_a_second_of_a_core": rate,
        "bytes_of_a_picture": size,
        **{f"pictures_a_second_by_{name}": value for name, value in limits.items()},
        "minutes_for_a_million": PICTURES / min(limits.values()) / 60,
        "hours_on_this_machine": PICTURES / (rate * len(os.sched_getaffinity(0))) / 3600,
    }


if __name__ == "__main__":
    main()
