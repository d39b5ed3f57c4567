"""Claim: `detector` takes at most a fifth of the time of YOLOX-nano and of SSDlite at the same input.

Run: python benchmarks/detector_peers.py

Untrained networks, two classes, 384 x 640 pixels, one thread of ONNX Runtime, exported as our own are. All take turns
with the same picture; what counts is processor time. Boxes are not decoded and none is left out, of any. The peers are
built from what is published of them:

- yolox_nano: Ge et al., "YOLOX: exceeding YOLO series in 2021". 0.91 million weights and 1.08 billion operations with
  80 classes at 416 x 416 pixels.
- yolox_nano_quick: the same but for its first step, which arranges 2 x 2 pixels as 12 channels before a convolution:
  one convolution over 6 x 6 pixels does both.
- ssdlite: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018; Liu et al., "SSD: single shot
  multibox detector", 2016. 4.3 million weights and 0.8 billion multiplications with 80 classes and background at 320 x
  320 pixels.

First the weights and multiplications of the peers as published are counted and compared.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from both_heads import exported
from measure import alternate, arguments, medians, write_result

from toonvision.core.seeds import generator
from toonvision.deploy.detector import Detector
from toonvision.models.backend import start_keras
from toonvision.models.blocks import around_zero

_SIZE_HW = (384, 640)
LIMIT = 0.2
PUBLISHED = {
    "yolox_nano": ((416, 416), 80, 0.91, 0.54),
    "yolox_nano_quick": ((416, 416), 80, 0.91, 0.54),
    "ssdlite": ((320, 320), 81, 4.3, 0.8),
}
"""Name to input size, classes, millions of weights, and billions of multiplications."""
_NEAR = 0.05
"""By how much of a published number ours may differ: they are given with two digits."""


def main(given: Sequence[str] | None = None) -> None:
    """Measure, print and write the result."""
    options = parser().parse_args(given)
    start_keras()
    counts = {name: counted(name) for name in PUBLISHED}
    picture = generator(0, "benchmark").integers(0, 256, (1, *_SIZE_HW, 3), dtype=np.uint8)
    own = Detector(exported("detector"), threads=1)
    sessions = {name: session(peer(name, _SIZE_HW, 3 if name == "ssdlite" else 2)) for name in PUBLISHED}
    alternatives: dict[str, Any] = {"detector": lambda: own.run_batch(picture)}
    for name, one in sessions.items():
        alternatives[name] = lambda one=one: one.run(None, {one.get_inputs()[0].name: picture})
    alternate(alternatives, repetitions=3)
    seconds = medians(alternate(alternatives, repetitions=options.repetitions, clock=time.thread_time))
    for name, value in seconds.items():
        print(f"{name:<16} median {1000 * value:6.2f} ms; `detector` takes {seconds['detector'] / value:.3f} of it")
    print(f"the claim is at most {LIMIT}")
    ratios = {name: seconds["detector"] / value for name, value in seconds.items()}
    write_result("detector_peers", {"median_s": seconds, "ratio": ratios, "limit": LIMIT, "counts": counts})


def counted(name: str) -> dict[str, float]:
    """Count a peer's weights and multiplications as published, print them, and end if they are others."""
    size_hw, classes, weights, products = PUBLISHED[name]
    model = peer(name, size_hw, classes)
    found = {"weights_m": trained(model) / 1e6, "products_g": multiplications(model) / 1e9}
    print(
        f"{name}: {found['weights_m']:.2f} million weights (published {weights}), {found['products_g']:.2f} billion "
        f"multiplications ({products}) at {size_hw[0]} x {size_hw[1]}"
    )
    if abs(found["weights_m"] / weights - 1) > _NEAR or abs(found["products_g"] / products - 1) > 2 * _NEAR:
        raise SystemExit(f"{name} is not built as published")
    return found


def trained(model: Any) -> int:
    """Return how many weights training would change."""
    return sum(int(np.prod(one.shape)) for one in model.trainable_weights)


def multiplications(model: Any) -> int:
    """Return how often convolutions multiply for one picture."""
    found = 0
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            height, width = layer.output.shape[1:3]
            found += int(np.prod(layer.kernel.shape)) * height * width
    return found


def session(model: Any) -> Any:
    """Return a model in ONNX Runtime, with the options of our own files."""
    from toonvision.deploy.conversion import to_onnx
    from toonvision.deploy.opened import started

    return started(to_onnx(model, {}, [f"output_{at}" for at in range(len(model.outputs))]))


def peer(name: str, size_hw: tuple[int, int], classes: int) -> Any:
    """Return an untrained peer for uint8 pictures of a size."""
    import keras

    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    return keras.Model(inputs, PEERS[name](around_zero(inputs), classes), name=name)


def yolox_nano(pixels: Any, classes: int) -> list[Any]:
    """Return the outputs of YOLOX-nano: depth 0.33, width 0.25, depthwise; at each place box and classes."""
    import keras

    # Each block of 2 x 2 pixels is a place of 12 channels.
    layers, (height, width) = keras.layers, pixels.shape[1:3]
    blocks = layers.Reshape((height // 2, 2, width // 2, 2 * 3))(pixels)
    flat = layers.Reshape((height // 2, width // 2, 12))(layers.Permute((1, 3, 2, 4))(blocks))
    return _yolox(_conv(flat, 16, kernel=3), classes)


def yolox_nano_quick(pixels: Any, classes: int) -> list[Any]:
    """Return the same outputs, with a first convolution over 6 x 6 pixels, which sums up the same products."""
    return _yolox(_conv(pixels, 16, kernel=6, stride=2), classes)


def _yolox(first: Any, classes: int) -> list[Any]:
    """Return the outputs of YOLOX-nano, from its first maps, of stride 2."""
    import keras

    layers = keras.layers
    outputs = []
    for at in _pyramid(*_darknet(first)):
        stem = _conv(at, 64)
        named, placed = (_separable(_separable(stem, 64), 64) for _ in range(2))
        outputs.append(
            layers.Concatenate()(
                [
                    layers.Conv2D(4, 1)(placed),
                    layers.Conv2D(1, 1, activation="sigmoid")(placed),
                    layers.Conv2D(classes, 1, activation="sigmoid")(named),
                ]
            )
        )
    return outputs


def _darknet(at: Any) -> list[Any]:
    """Return the maps of stride 8, 16 and 32 of the body, from its first maps."""
    import keras

    layers, maps = keras.layers, []
    for channels, count in ((32, 1), (64, 3), (128, 3), (256, 1)):
        at = _separable(at, channels, stride=2)
        if channels == 256:  # pooled at several sizes
            half = _conv(at, 128)
            pools = [layers.MaxPooling2D(size, strides=1, padding="same")(half) for size in (5, 9, 13)]
            at = _conv(layers.Concatenate()([half, *pools]), 256)
        at = _partial(at, channels, count, adds=channels < 256)
        maps.append(at)
    return maps[1:]


def _pyramid(fine: Any, middle: Any, coarse: Any) -> list[Any]:
    """Return the maps after information went from coarse to fine and back."""
    import keras

    top = _conv(coarse, 128)
    down = _conv(_partial(_beside(top, middle), 128), 64)
    first = _partial(_beside(down, fine), 64)
    second = _partial(keras.layers.Concatenate()([_separable(first, 64, stride=2), down]), 128)
    third = _partial(keras.layers.Concatenate()([_separable(second, 128, stride=2), top]), 256)
    return [first, second, third]


def _beside(coarse: Any, fine: Any) -> Any:
    """Repeat the pixels of coarse maps, and put them beside finer ones."""
    import keras

    larger = keras.ops.image.resize(coarse, fine.shape[1:3], interpolation="nearest")
    return keras.layers.Concatenate()([larger, fine])


def _conv(x: Any, channels: int, *, kernel: int = 1, stride: int = 1) -> Any:
    import keras

    x = keras.layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False)(x)
    return keras.layers.Activation("silu")(keras.layers.BatchNormalization()(x))


def _separable(x: Any, channels: int, *, stride: int = 1) -> Any:
    """Convolve each channel on its own over 3 x 3 places, then all at each place."""
    import keras

    x = keras.layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    return _conv(keras.layers.Activation("silu")(keras.layers.BatchNormalization()(x)), channels)


def _partial(x: Any, channels: int, count: int = 1, *, adds: bool = False) -> Any:
    """Send half of the channels through blocks, and join both halves (CSP)."""
    import keras

    half = channels // 2
    through, around = _conv(x, half), _conv(x, half)
    for _ in range(count):
        block = _separable(_conv(through, half), half)
        through = keras.layers.Add()([through, block]) if adds else block
    return _conv(keras.layers.Concatenate()([through, around]), channels)


_INVERTED = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Of each stage of MobileNetV2: by how much its blocks widen, the channels after, how many blocks, and the stride."""


def ssdlite(pixels: Any, classes: int) -> list[Any]:
    """Return the outputs of SSDlite on MobileNetV2: of six maps the boxes' edges and classes, background included."""
    import keras

    at = _relu(keras.layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(pixels))
    maps = []
    for widened, channels, count, first_stride in _INVERTED:
        for number in range(count):
            inner = at if widened == 1 else _relu(keras.layers.Conv2D(at.shape[-1] * widened, 1, use_bias=False)(at))
            if channels == 160 and not number:
                maps.append(inner)
            stride = 1 if number else first_stride
            deep = _relu(keras.layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(inner))
            out = keras.layers.BatchNormalization()(keras.layers.Conv2D(channels, 1, use_bias=False)(deep))
            at = keras.layers.Add()([at, out]) if number else out
    at = _relu(keras.layers.Conv2D(1280, 1, use_bias=False)(at))
    maps.append(at)
    for channels in (512, 256, 256, 128):
        at = _relu(keras.layers.Conv2D(channels // 2, 1, use_bias=False)(at))
        at = _relu(keras.layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(at))
        at = _relu(keras.layers.Conv2D(channels, 1, use_bias=False)(at))
        maps.append(at)
    outputs = []
    for number, one in enumerate(maps):
        for values in (4, classes):
            x = _relu(keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)(one))
            outputs.append(keras.layers.Conv2D((6 if number else 3) * values, 1)(x))
    return outputs


def _relu(x: Any) -> Any:
    import keras

    return keras.layers.ReLU(max_value=6)(keras.layers.BatchNormalization()(x))


def parser() -> argparse.ArgumentParser:
    """Return the benchmark's arguments."""
    found = arguments(__doc__)
    found.add_argument("--repetitions", type=int, default=100, help="timings of each (default: 100)")
    return found


PEERS = {"yolox_nano": yolox_nano, "yolox_nano_quick": yolox_nano_quick, "ssdlite": ssdlite}

if __name__ == "__main__":
    main()
