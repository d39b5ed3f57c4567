"""What an exported file may hold: checked before anything runs it.

A file may use only the operations that our own files use, its shapes must fit together, it must hold all weights, and
its memory is bounded. To check that, the shape of every result is inferred first, for one image; where a file takes any
width, for the widest and the narrowest one.
"""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toonvision.core.errors import ModelRefusedError
from toonvision.core.files import LARGEST_MODEL
from toonvision.deploy.bundle import Bundle
from toonvision.deploy.wire import EXPORT_AGAIN, MOST_NUMBERS, File, Node, Port, Setting, Tensor, read_file
from toonvision.models.grid import PIXEL_STRIDE, SMALLEST, STRIDE
from toonvision.taxonomy.labels import CLASSIFY, SEGMENT

FORMAT_VERSION, OPSET, PRODUCER = 10, 17, "toonvision"
INPUT_NAME, OUTPUT_NAME, NOVELTY_NAME = "pictures", "probabilities", "novelty"
SCORES_NAME, BOXES_NAME, PIXELS_NAME = "scores", "boxes", "pixels"
MOST_STEPS = 2000
LARGEST_MAP = 2**28
"""Most values that one picture may make in one step: 1 GiB of float32."""
LARGEST_SUM = 4 * LARGEST_MAP
"""Most values that one picture may make in all steps, which may all be needed until the last."""

_FLOAT, _UINT8, _INT8, _INT32, _INT64 = 1, 2, 3, 6, 7
_BYTES = {_FLOAT: 4, _UINT8: 1, _INT8: 1, _INT32: 4, _INT64: 8}
_FORMATS = {_FLOAT: "f", _INT64: "q"}

LISTED = "listed"
"""The setting that stands for an input of a few numbers: sides, axes, or how often to repeat."""

REPEATS: Mapping[str, Setting] = {
    "coordinate_transformation_mode": "asymmetric", "mode": "nearest", "nearest_mode": "floor",
}  # fmt: skip
"""The settings of a step that makes maps larger: it repeats their pixels."""

Shape = tuple[int, ...]
Given = Sequence[Shape]
ShapeOf = Callable[[Given, Mapping[str, Setting]], Shape]


def checked(content: bytes) -> Bundle:
    """Make sure that an exported file, given by its bytes, can be run, and return what it says of itself.

    Raises:
        ModelRefusedError: If anything in it is not as in our own files, as the end of a sentence about the file.
    """
    if len(content) > LARGEST_MODEL:
        size, most = (f"{count / 1e6:,.0f} MB" for count in (len(content), LARGEST_MODEL))
        raise ModelRefusedError(f"is too large ({size}, over {most})", EXPORT_AGAIN)
    file = read_file(content)
    if dict(file.opsets) != {"": OPSET} or file.format_version != FORMAT_VERSION:
        first = list(file.opsets.items())[:3]
        listed = ", ".join(f"{repr(domain[:50]) if domain else 'ONNX'} {version}" for domain, version in first)
        raise ModelRefusedError(
            f"needs the operations of {listed} (format {file.format_version}); ToonVision's files need those of ONNX "
            f"{OPSET} (format {FORMAT_VERSION})",
            EXPORT_AGAIN,
        )
    bundle = Bundle.from_metadata(file.metadata)
    height, width = bundle.size_hw
    widths = [width, SMALLEST] if _takes_any_width(file, bundle) else [width]
    for one in widths:
        _check_steps(file, bundle, (height, one))
    return bundle


def _takes_any_width(file: File, bundle: Bundle) -> bool:
    """Return whether the width of a file's pictures is open; refuse ports that are not those of its description."""
    taken: tuple[Port, ...] = ((INPUT_NAME, _UINT8, (None, *bundle.size_hw, 3)),)
    results = _results(bundle, bundle.size_hw)
    given: tuple[Port, ...] = tuple((name, _FLOAT, (None, *shape)) for name, shape in results.items())
    ports = (file.inputs, file.outputs)
    if ports == (taken, given) or (bundle.kind == CLASSIFY and ports == (taken, given[:1])):
        return False
    if bundle.kind != CLASSIFY and ports == tuple(tuple(map(_of_any_width, some)) for some in (taken, given)):
        return True
    raise ModelRefusedError("its inputs or outputs are not those of its description", EXPORT_AGAIN)


def _of_any_width(port: Port) -> Port:
    name, kind, sides = port
    return name, kind, (*sides[:-2], None, sides[-1])


def _results(bundle: Bundle, size_hw: tuple[int, int]) -> Mapping[str, Shape]:
    """Return the shape of each output for one picture of a size; a classifier's second one may be missing."""
    if bundle.kind == CLASSIFY:
        return {OUTPUT_NAME: (len(bundle.classes),), NOVELTY_NAME: (1,)}
    if bundle.kind == SEGMENT:
        return _map_of(size_hw, bundle.classes)
    cells = math.prod(side // STRIDE for side in size_hw)
    pixels = _map_of(size_hw, bundle.pixels) if bundle.pixels else {}
    return {SCORES_NAME: (cells, len(bundle.classes)), BOXES_NAME: (cells, 4), **pixels}


def _map_of(size_hw: tuple[int, int], pixels: Sequence[str]) -> Mapping[str, Shape]:
    rows, columns = (side // PIXEL_STRIDE for side in size_hw)
    return {PIXELS_NAME: (rows, columns, len(pixels))}


def _check_steps(file: File, bundle: Bundle, size_hw: tuple[int, int]) -> None:
    """Infer the shape of every result, for one picture of a size."""
    if len(file.nodes) > MOST_STEPS:
        raise ModelRefusedError(f"has {len(file.nodes):,} steps, over {MOST_STEPS:,}", EXPORT_AGAIN)
    shapes: dict[str, Shape] = {}
    for constant in file.constants:
        shapes[_new(constant.name, shapes)] = _sound_shape(constant)
    numbers = {(one.type, one.name): _few_numbers(one) for one in file.constants if one.type in _FORMATS}
    shapes[_new(INPUT_NAME, shapes)] = (1, *size_hw, 3)
    total = 0
    for node in file.nodes:
        if node.domain:
            raise ModelRefusedError(f"has an operation of the foreign domain {node.domain[:100]!r}", EXPORT_AGAIN)
        if node.kind not in _OPERATIONS:
            odd = f"has an operation {node.kind[:100]!r}, which no file of ToonVision's has"
            raise ModelRefusedError(odd, EXPORT_AGAIN)
        allowed, shape_of = _OPERATIONS[node.kind]
        try:
            given = [shapes[name] for name in node.inputs if name or node.kind not in _LEAVING_OUT]
            fits = set(node.settings) <= allowed and len(node.outputs) == 1
            listed = {LISTED: numbers[_listed_in(node)]} if node.kind in _LISTED else {}
            shape = shape_of(given, {**node.settings, **listed}) if fits else ()
        except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
            shape = ()
        if not shape or min(shape) < 1:
            raise ModelRefusedError(f"has a step {node.kind} that does not fit the others", EXPORT_AGAIN)
        if math.prod(shape) > LARGEST_MAP:
            raise ModelRefusedError(f"makes over {LARGEST_MAP:,} values of one picture in one step", EXPORT_AGAIN)
        total += math.prod(shape)
        if total > LARGEST_SUM:
            raise ModelRefusedError(f"makes over {LARGEST_SUM:,} values of one picture in all its steps", EXPORT_AGAIN)
        shapes[_new(node.outputs[0], shapes)] = shape
    for name, _, _ in file.outputs:
        if shapes.get(name) != (1, *_results(bundle, size_hw)[name]):
            raise ModelRefusedError(f"returns another number of {name} than it says", EXPORT_AGAIN)


def _new(name: str, known: Mapping[str, Shape]) -> str:
    if not name or name in known:
        raise ModelRefusedError("has a name for two things", EXPORT_AGAIN)
    return name


def _sound_shape(constant: Tensor) -> Shape:
    sides = constant.shape
    fits = constant.type in _BYTES and all(0 < side <= LARGEST_MODEL for side in sides)
    if not fits or math.prod(sides) * _BYTES[constant.type] != len(constant.content):
        raise ModelRefusedError(f"has weights {constant.name[:100]!r} of another size than it says", EXPORT_AGAIN)
    return sides


def _listed_in(node: Node) -> tuple[int, str]:
    """Return the type and the name of the input that `LISTED` stands for."""
    kind, at = _LISTED[node.kind]
    return kind, node.inputs[at]


def _few_numbers(constant: Tensor) -> tuple[Any, ...]:
    """Read the sides, axes or factors that an operation takes as an input; none where they are too many to be that."""
    count = len(constant.content) // _BYTES[constant.type]
    return struct.unpack(f"<{count}{_FORMATS[constant.type]}", constant.content) if count <= MOST_NUMBERS else ()


def _same(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    return given[0]


def _cast(given: Given, settings: Mapping[str, Setting]) -> Shape:
    return given[0] if settings.get("to") in {_FLOAT, _INT32} else ()


def _counted(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    """Return the shape of sums of all values up to each, along one axis."""
    values, axis = given
    return values if axis == () else ()


def _clipped(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    values, *bounds = given
    return values if all(math.prod(bound) == 1 for bound in bounds) else ()


def _scaled(given: Given, settings: Mapping[str, Setting]) -> Shape:
    """Return the shape of values with one scale and one zero point, or one of each along an axis."""
    values, scale, *zero = given
    axis, one = settings.get("axis", 1), ((), (1,))
    along = isinstance(axis, int) and 0 <= axis < len(values) and scale == (values[axis],)
    fits = zero in ([], [scale]) or (scale in one and len(zero) == 1 and zero[0] in one)
    return values if fits and (along or scale in one) else ()


def _broadcast(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    shape = np.broadcast_shapes(*given)
    return shape if shape == given[0] or shape == given[-1] else ()


def _compared(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    return np.broadcast_shapes(*given)


def _by_numpy(change: Callable[..., npt.NDArray[Any]], name: str = LISTED) -> ShapeOf:
    """Let NumPy find a new shape, on an array that takes no memory: it has one element, repeated."""

    def shape_of(given: Given, settings: Mapping[str, Setting]) -> Shape:
        return change(np.broadcast_to(np.False_, given[0]), _listed(settings, name)).shape

    return shape_of


def _reshaped(given: Given, settings: Mapping[str, Setting]) -> Shape:
    """Return a new shape, in which 0 stands for the side that was there."""
    sides = tuple(side or given[0][at] for at, side in enumerate(_listed(settings, LISTED)))
    return _by_numpy(np.reshape)(given, {LISTED: sides})


def _convolved(given: Given, settings: Mapping[str, Setting]) -> Shape:
    picture, kernel, *bias = given
    filters, channels, *window = kernel
    groups = settings.get("group", 1)
    divided = isinstance(groups, int) and groups >= 1 and filters % groups == 0 and picture[1] == channels * groups
    fits = _listed(settings, "kernel_shape", 2) == tuple(window) and bias in ([], [(filters,)])
    return _slid(picture, filters, settings) if divided and fits else ()


def _pooled(given: Given, settings: Mapping[str, Setting]) -> Shape:
    return _slid(given[0], given[0][1], settings)


def _slid(shape: Shape, channels: int, settings: Mapping[str, Setting]) -> Shape:
    window, strides = _listed(settings, "kernel_shape", 2), _listed(settings, "strides", 2)
    dilations, pads = _listed(settings, "dilations", 2, 1), _listed(settings, "pads", 4, 0)
    if len(shape) != 4 or min(*window, *strides, *dilations) < 1 or min(pads) < 0:
        return ()
    sides = []
    for axis in (0, 1):
        reach = (window[axis] - 1) * dilations[axis] + 1
        if max(pads[axis], pads[axis + 2]) >= reach:
            return ()
        sides.append((shape[axis + 2] + pads[axis] + pads[axis + 2] - reach) // strides[axis] + 1)
    return (shape[0], channels, *sides)


def _reduced(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    return (*given[0][:2], 1, 1) if len(given[0]) == 4 else ()


def _averaged(given: Given, settings: Mapping[str, Setting]) -> Shape:
    held, gone = settings.get("keepdims", 1), {range(len(given[0]))[axis] for axis in _listed(settings, "axes")}
    return tuple(1 if at in gone else side for at, side in enumerate(given[0]) if held or at not in gone)


def _repeated(given: Given, settings: Mapping[str, Setting]) -> Shape:
    times = _listed(settings, LISTED, len(given[0]))
    return tuple(side * count for side, count in zip(given[0], times, strict=True))


def _padded(given: Given, settings: Mapping[str, Setting]) -> Shape:
    """Return the shape of values with others of one number around them."""
    values, _, around = given
    pads = _listed(settings, LISTED, 2 * len(values))
    before, after = pads[: len(values)], pads[len(values) :]
    larger = tuple(map(sum, zip(before, values, after, strict=True)))
    return larger if around == () and min(pads) >= 0 else ()


def _enlarged(given: Given, settings: Mapping[str, Setting]) -> Shape:
    """Return the shape of maps whose pixels are repeated a whole number of times."""
    (count, channels, *sides), _ = given
    times = _listed(settings, LISTED, 4)
    plain = times[:2] == (1, 1) and all(one >= 1 and float(one).is_integer() for one in times[2:])
    larger = (int(side * one) for side, one in zip(sides, times[2:], strict=True))
    return (count, channels, *larger) if plain and settings.items() >= REPEATS.items() else ()


def _flattened(given: Given, settings: Mapping[str, Setting]) -> Shape:
    return (given[0][0], math.prod(given[0][1:])) if settings.get("axis") == 1 else ()


def _multiplied(given: Given, settings: Mapping[str, Setting]) -> Shape:
    (count, values), (rows, units), *bias = given
    transposed = any(settings.values())
    return (count, units) if values == rows and bias in ([], [(units,)]) and not transposed else ()


def _joined(given: Given, settings: Mapping[str, Setting]) -> Shape:
    axis = settings.get("axis")
    if not isinstance(axis, int):
        return ()
    at = range(len(given[0]))[axis]
    apart = {(*shape[:at], *shape[at + 1 :]) for shape in given}
    joined = (*given[0][:at], sum(shape[at] for shape in given), *given[0][at + 1 :])
    return joined if len(apart) == 1 else ()


def _taken(given: Given, settings: Mapping[str, Setting]) -> Shape:
    """Return the shape of what an array of indices names along an axis."""
    values, indices = given
    axis = settings.get("axis", 0)
    return (*values[:axis], *indices, *values[axis + 1 :]) if isinstance(axis, int) and 0 <= axis < len(values) else ()


def _taken_each(given: Given, settings: Mapping[str, Setting]) -> Shape:
    values, indices = given
    fits = settings.get("axis") == 1 and len(values) == len(indices) == 2 and values[0] == indices[0]
    return indices if fits else ()


def _added_to(given: Given, settings: Mapping[str, Setting]) -> Shape:
    values, indices, added = given
    fits = settings.get("axis") == 1 and len(values) == len(indices) == 2 and values[0] == indices[0]
    return values if fits and indices == added and settings.get("reduction") == "add" else ()


def _chosen(given: Given, _settings: Mapping[str, Setting]) -> Shape:
    condition, one, other = given
    return condition if condition == one == other else ()


def _listed(settings: Mapping[str, Setting], name: str, count: int | None = None, default: int | None = None) -> Shape:
    """Return a setting of so many whole numbers, or of any number but none."""
    value = settings.get(name, () if default is None else (default,) * (count or 0))
    if not isinstance(value, tuple) or not value or len(value) != (count or len(value)):
        raise ValueError(name)
    return value


_WINDOW = frozenset({"kernel_shape", "strides", "pads"})
_NONE: frozenset[str] = frozenset()
_AXIS = frozenset({"axis"})
_LISTED = {
    "Pad": (_INT64, 1), "Reshape": (_INT64, 1), "Resize": (_FLOAT, 2), "Squeeze": (_INT64, 1), "Tile": (_INT64, 1),
    "Unsqueeze": (_INT64, 1),
}  # fmt: skip
"""Operation to the type and the number of the input that `LISTED` stands for."""
_LEAVING_OUT = frozenset({"Resize"})
"""Operations of which an input may be left out."""
_OPERATIONS: Mapping[str, tuple[frozenset[str], ShapeOf]] = {
    **dict.fromkeys(
        ("Exp", "HardSwish", "Log", "Neg", "Reciprocal", "Relu", "Sigmoid", "Sqrt", "Tanh"), (_NONE, _same)
    ),
    **dict.fromkeys(("Add", "Div", "Max", "Min", "Mul", "Sub"), (_NONE, _broadcast)),
    **dict.fromkeys(("Equal", "Greater"), (_NONE, _compared)),
    "AveragePool": (_WINDOW, _pooled),
    "Cast": (frozenset({"to"}), _cast),
    "Clip": (_NONE, _clipped),
    "Concat": (_AXIS, _joined),
    "Conv": (_WINDOW | {"dilations", "group"}, _convolved),
    "CumSum": (frozenset({"exclusive", "reverse"}), _counted),
    "DequantizeLinear": (_AXIS, _scaled),
    "Flatten": (_AXIS, _flattened),
    "Gather": (_AXIS, _taken),
    "GatherElements": (_AXIS, _taken_each),
    "Gemm": (frozenset({"transA", "transB"}), _multiplied),
    "GlobalAveragePool": (_NONE, _reduced),
    "GlobalMaxPool": (_NONE, _reduced),
    "MatMul": (_NONE, _multiplied),
    "MaxPool": (_WINDOW, _pooled),
    "Pad": (_NONE, _padded),
    "QuantizeLinear": (_AXIS, _scaled),
    "ReduceMean": (frozenset({"axes", "keepdims"}), _averaged),
    "Resize": (frozenset(REPEATS), _enlarged),
    "Reshape": (_NONE, _reshaped),
    "ScatterElements": (_AXIS | {"reduction"}, _added_to),
    "Softmax": (_AXIS, _same),
    "Squeeze": (_NONE, _by_numpy(np.squeeze)),
    "Tile": (_NONE, _repeated),
    "Transpose": (frozenset({"perm"}), _by_numpy(np.transpose, "perm")),
    "Unsqueeze": (_NONE, _by_numpy(np.expand_dims)),
    "Where": (_NONE, _chosen),
}
KNOWN_OPERATIONS = frozenset(_OPERATIONS)
"""What Keras' export makes of our layers, and what trees need; "Flatten" and "HardSwish" stand in files of version
0.1.0."""
