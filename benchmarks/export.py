"""Claims about exported models: latency, time of the network alone, throughput, start, installed size.

- One crop, resized and classified on one core: at most 1 ms at the median.
- The network of `compact` alone, on one thread: at most 0.25 ms for one crop, 1 ms for a batch of 8, at the median.
- A folder of crops: at least 5 times as many a second as Keras' `model.predict` of the published network in batches.
- From the first import to the first prediction of a fresh process: at most 0.5 s.
- What a plain installation takes: at most 150 MB.

Run: python benchmarks/export.py FOLDER [CLAIM ...]

The crops are those of the sample world in FOLDER/world. Weights are fresh ones, as time does not depend on them. Claims
that are not measured keep their last result.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measure import alternate, arguments, medians, read_result, some_of, write_result
from sample_workspace import sample_workspace

from toonvision.data.fitting import read_picture
from toonvision.data.images import decode
from toonvision.deploy.bundle import FORMAT, Bundle
from toonvision.deploy.classifier import Classifier
from toonvision.models.backend import start_keras
from toonvision.models.registry import NETWORKS, build_network, input_size
from toonvision.tasks.classify import predict_probabilities

_CLASSES, _PUBLISHED, _PUBLISHED_SIZE = 4, "tuned", (600, 200)
_SMALLER = ((300, 100), (150, 50))
_CROPS, _BATCH, _ROOT = 400, 64, Path(__file__).parents[1]
_LIMITS = {
    "latency_ms": 1.0,
    "network_ms": {"1": 0.25, "8": 1.0},
    "throughput_ratio": 5.0,
    "start_s": 0.5,
    "installed_mb": 150,
}
_FIRST_PREDICTION = """
import time
started = time.perf_counter()
import sys
from PIL import Image
import toonvision
classifier = toonvision.Classifier(sys.argv[1])
with Image.open(sys.argv[2]) as picture:
    picture.load()
classifier.predict(picture)
print(time.perf_counter() - started)
"""


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the results."""
    options = parser().parse_args(given)
    crops = sorted(sample_workspace(options.folder / "world").crops.glob("*.png"))
    crops = [crops[int(index)] for index in np.linspace(0, len(crops) - 1, min(_CROPS, len(crops)))]
    result = read_result("export")
    for claim in options.claims:
        key, measure = _CLAIMS[claim]
        result[key] = measure(crops)
    write_result("export", {**result, "crops": len(crops), "limits": _LIMITS})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    some_of(options, "claims", list(_CLAIMS), metavar="CLAIM")
    return options


def exported(name: str, size_hw: tuple[int, int]) -> bytes:
    """Return the exported file of a network with fresh weights."""
    start_keras()
    from toonvision.deploy.conversion import to_onnx, with_probabilities

    names = tuple(f"class {number}" for number in range(_CLASSES))
    bundle = Bundle(
        format=FORMAT,
        toonvision="benchmark",
        network=name,
        task="suit",
        level="suit",
        classes=names,
        titles=names,
        taxonomy_name="toontown",
        taxonomy="0" * 16,
        size_hw=size_hw,
        resize="stretch",
        temperature=None,
        weights="0" * 64,
        precision="float32",
        parity=None,
    )
    model = build_network(name, size_hw=size_hw, classes=_CLASSES)
    return to_onnx(with_probabilities(model, classes=_CLASSES, temperature=None), bundle.to_metadata())


def _cases() -> list[tuple[str, tuple[int, int]]]:
    """Return networks with their input sizes: ours as it is trained, the published ones at smaller sizes too."""
    own = [name for name, network in NETWORKS.items() if network.pixels is not None]
    published = [name for name in NETWORKS if name not in own]
    return [
        *((name, input_size(name, _PUBLISHED_SIZE)) for name in own),
        *((name, size) for size in (_PUBLISHED_SIZE, *_SMALLER) for name in published),
    ]


def _latency(crops: Sequence[Path]) -> dict[str, Any]:
    """Time decoded crops one by one on one core; networks take turns, so that a slow moment hits all of them."""
    opened = {case: Classifier(exported(*case), threads=1) for case in _cases()}
    pictures = [decode(crop.read_bytes()) for crop in crops]
    core = min(os.sched_getaffinity(0))
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    seconds: dict[tuple[str, tuple[int, int]], list[float]] = {case: [] for case in opened}
    try:
        for picture in [*pictures[:10], *pictures]:
            for case, classifier in opened.items():
                started = time.perf_counter()
                classifier.predict(picture)
                seconds[case].append(time.perf_counter() - started)
    finally:
        os.sched_setaffinity(0, kept)
    found = {}
    for (name, size), times in seconds.items():
        ordered = sorted(1000 * one for one in times[10:])
        key = f"{name} {size[0]}x{size[1]}"
        found[key] = {
            "median": statistics.median(ordered),
            "least": ordered[0],
            "p95": ordered[len(ordered) * 95 // 100],
        }
        print(
            f"one crop, resized and classified: {key:<17} median {found[key]['median']:.2f} ms, least {ordered[0]:.2f}"
        )
    return found


def _network(crops: Sequence[Path]) -> dict[str, Any]:
    """Time the networks alone on one thread, with one crop of the input size and with a batch of 8."""
    alternatives: dict[str, Callable[[], object]] = {}
    for name, size in _cases():
        opened = Classifier(exported(name, size), threads=1)
        batch = np.stack([read_picture(crop, size_hw=size, resize="stretch") for crop in crops[:8]])
        for count in (1, 8):
            key = f"{name} {size[0]}x{size[1]}, {count}"
            alternatives[key] = lambda opened=opened, some=batch[:count]: opened.run_batch(some)  # type: ignore[misc]
    alternate(alternatives, repetitions=5)
    seconds = alternate(alternatives, repetitions=200)
    found = {key: {"median": 1000 * statistics.median(one), "least": 1000 * min(one)} for key, one in seconds.items()}
    for key, ms in found.items():
        print(f"the network alone: {key:<22} median {ms['median']:.3f} ms, least {ms['least']:.3f}")
    return found


def _throughput(crops: Sequence[Path]) -> dict[str, Any]:
    """Time a folder of crops, reading included, against Keras with the published network, in batches."""
    start_keras()
    model = build_network(_PUBLISHED, size_hw=_PUBLISHED_SIZE, classes=_CLASSES)

    def keras_over_folder() -> None:
        for start in range(0, len(crops), _BATCH):
            batch = [read_picture(one, size_hw=_PUBLISHED_SIZE, resize="stretch") for one in crops[start:][:_BATCH]]
            model.predict(np.stack(batch), verbose=0)

    arrays = np.stack([read_picture(one, size_hw=_PUBLISHED_SIZE, resize="stretch") for one in crops])
    reference, alone = f"model.predict, {_PUBLISHED} 600x200", f"model.predict, {_PUBLISHED} 600x200, arrays"
    alternatives: dict[str, Callable[[], object]] = {
        reference: keras_over_folder,
        alone: lambda: model.predict(arrays, batch_size=_BATCH, verbose=0),
        "predict_on_batch, arrays": lambda: predict_probabilities(model, arrays),
    }
    for name, size in _cases():
        opened = Classifier(exported(name, size))
        key = f"export of {name} {size[0]}x{size[1]}"
        alternatives[key] = lambda opened=opened: opened.predict_files(crops)  # type: ignore[misc]
    alternate(alternatives, repetitions=1)  # graphs are traced, files are in memory
    rates = {key: len(crops) / value for key, value in medians(alternate(alternatives, repetitions=7)).items()}
    for key, rate in rates.items():
        print(f"a folder: {key:<38} {rate:6.0f} crops/s  {rate / rates[reference]:.2f}")
    return {
        "crops_per_s": rates,
        "times_of_model_predict": {key: rate / rates[reference] for key, rate in rates.items()},
        "times_of_model_predict_on_arrays": {key: rate / rates[alone] for key, rate in rates.items()},
    }


def _start(crops: Sequence[Path], python: Path = Path(sys.executable), repetitions: int = 15) -> float:
    """Time fresh processes from their first import to their first prediction."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        model.write_bytes(exported(_PUBLISHED, _PUBLISHED_SIZE))
        command = [str(python), "-c", _FIRST_PREDICTION, str(model), str(crops[0])]
        # Python keeps the byte code of what it imports, as it does unless somebody forbids it.
        allowed = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        done = [subprocess.run(command, check=True, capture_output=True, env=allowed) for _ in range(repetitions + 1)]
    times = [float(one.stdout) for one in done]
    found = statistics.median(times[1:])
    print(
        f"import to first prediction: median {found:.3f} s, least {min(times[1:]):.3f} s ({python.parent.parent.name})"
    )
    return found


def _installed(crops: Sequence[Path]) -> dict[str, Any]:
    """Install what inference needs into a fresh environment; measure its size before and after its first use."""
    found: dict[str, Any] = {}
    for how, options in (("without byte code", ["--no-compile"]), ("with all byte code", [])):
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=False)
            python = Path(folder) / "bin" / "python"
            pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", *options]
            subprocess.run(
                [*pip, "-c", str(_ROOT / "constraints.txt"), str(_ROOT)], check=True, stderr=subprocess.DEVNULL
            )
            (packages,) = Path(folder).glob("lib/python*/site-packages")
            before = _disk_mb(packages)
            start = _start(crops, python, repetitions=5)
            found[how] = {"installed": before, "after_first_use": _disk_mb(packages), "start_s": start}
            found["largest"] = {one.name: _disk_mb(one) for one in packages.iterdir() if _disk_mb(one) >= 1}
        print(f"installed {how}: {before:.0f} MB, {found[how]['after_first_use']:.0f} MB after its first use")
    return found


def _disk_mb(folder: Path) -> float:
    """Return what a folder takes on the disk, in MB of 10^6 bytes."""
    return sum(path.lstat().st_blocks * 512 for path in [folder, *folder.rglob("*")]) / 1e6


_CLAIMS: dict[str, tuple[str, Callable[[Sequence[Path]], Any]]] = {
    "latency": ("latency_ms", _latency),
    "network": ("network_ms", _network),
    "throughput": ("throughput", _throughput),
    "start": ("start_s", _start),
    "size": ("installed_mb", _installed),
}
"""Name of a claim to its key in the result and what measures it."""

if __name__ == "__main__":
    main()
