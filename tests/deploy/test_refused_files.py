"""An ONNX file is input that anybody may have written: what is not as in our own files is refused before it runs."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from onnx import TensorProto, helper, numpy_helper

from builders import files_property, tried
from deploy.made import bundle, exported, network, pictures
from models.hostile import HOSTILE
from toonvision.core.errors import InputRejectedError, ModelRefusedError
from toonvision.deploy import checks
from toonvision.deploy.bundle import Bundle
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.conversion import pack
from toonvision.deploy.quantize import quantized
from toonvision.deploy.wire import _setting


@pytest.fixture(scope="module")
def content():
    return exported(network(layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2)))


@pytest.fixture
def model(content):
    """The file as a message that tests may change."""
    return onnx.load_model_from_string(content)


def refused(model, *, match):
    with pytest.raises(ModelRefusedError, match=match) as error:
        Classifier(model if isinstance(model, bytes) else model.SerializeToString())
    assert "\n" not in str(error.value)


def kernel_of(model):
    """Return the constant that holds the weights of the first convolution."""
    conv = next(node for node in model.graph.node if node.op_type == "Conv")
    return next(one for one in model.graph.initializer if one.name == conv.input[1])


def test_a_text_a_picture_and_an_empty_file_are_no_models(tmp_path):
    path = tmp_path / "model.onnx"
    for content in (b"no model", b"", b"\x89PNG\r\n\x1a\n" + bytes(200), b"\x00" * 64):
        path.write_bytes(content)
        with pytest.raises(ModelRefusedError, match=f"{path}: is no ONNX file that ToonVision wrote, or is damaged"):
            Classifier(path)


@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_hostile_files_of_other_programs_are_refused_and_nothing_in_them_is_run(tmp_path, make):
    content = make(tmp_path / "canary")
    refused(content, match="is no ONNX file that ToonVision wrote|has weights outside the file|needs the operations")
    assert not (tmp_path / "canary").exists()


def test_no_file_at_all_differs_from_a_bad_one(tmp_path):
    with pytest.raises(InputRejectedError, match="cannot be read .*toonvision export RUN"):
        Classifier(tmp_path / "absent.onnx")
    with pytest.raises(InputRejectedError, match="is no regular file"):
        Classifier(tmp_path)


def test_a_file_that_was_cut_anywhere_is_refused(content):
    for length in range(0, len(content), 37):
        refused(content[:length], match="the model: ")


def test_weights_in_another_file_are_refused(model, tmp_path):
    (tmp_path / "weights").write_bytes(bytes(10_000))
    tensor = kernel_of(model)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights")
    refused(model, match="has weights outside the file, which are never read")
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelRefusedError, match="has weights outside the file"):
        Classifier(tmp_path / "model.onnx")


def test_operations_of_another_domain_are_refused(model):
    model.graph.node[2].domain = "com.microsoft"
    refused(model, match="has an operation of the foreign domain 'com.microsoft'")


def test_other_sets_of_operations_are_refused(model):
    model.opset_import[0].version = 99
    refused(model, match="needs the operations of ONNX 99 .*need those of ONNX 17")
    model.opset_import[0].version = checks.OPSET
    model.opset_import.add(domain="custom", version=1)
    refused(model, match="needs the operations of ONNX 17, 'custom' 1")
    model.opset_import[-1].domain = "a\n\x1b[31mred"
    refused(model, match=r"of ONNX 17, 'a\\n\\x1b\[31mred' 1")
    del model.opset_import[:]
    refused(model, match="needs the operations of")


def test_a_file_without_our_description_is_refused(model):
    del model.metadata_props[:]
    refused(model, match="holds no description of ToonVision's")


def test_unknown_missing_and_repeated_keys_are_refused(model):
    model.metadata_props.add(key="command", value="rm")
    refused(model, match="its description has an unknown 'command'")
    model.metadata_props[-1].key = "classes"
    refused(model, match="is no ONNX file that ToonVision wrote")
    del model.metadata_props[-1]
    del model.metadata_props[0]
    refused(model, match="its description has no 'format'")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2), ("format", True), ("classes", ["a"]), ("classes", "abc"), ("classes", ["a", "b", 3]),
        ("classes", ["a", "a", "b"]), ("classes", ["a", "b", "c\n"]), ("titles", ["A", "B"]), ("size_hw", [24]),
        ("size_hw", [24, 18.0]), ("size_hw", [24, 10**9]), ("size_hw", None), ("resize", "crop"), ("temperature", 0),
        ("temperature", "hot"), ("temperature", 10**400), ("weights", "../../etc"), ("precision", "int4"),
        ("parity", {"pictures": 1}), ("parity", []), ("task", "x" * 2000), ("taxonomy", None),
    ],
)  # fmt: skip
def test_a_description_that_makes_no_sense_is_refused(model, key, value):
    held = bundle().to_metadata() | {key: json.dumps(value)}
    named = "classes and titles" if value in (["a", "a", "b"], ["A", "B"]) else f"a {key} that makes no sense"
    refused(pack(model.graph, held), match=f"its description has {named}")


@pytest.mark.parametrize("text", ["", "{", "NaN", "[" * 100_000, "1" * 10_000])
def test_a_description_that_is_no_json_is_refused(model, text):
    refused(pack(model.graph, bundle().to_metadata() | {"temperature": text}), match="has a temperature that makes no")


@pytest.mark.parametrize("kind", ["Loop", "If", "Scan", "Expand", "Shape", "ConstantOfShape", "Identity", "x" * 5000])
def test_operations_that_no_export_has_are_refused(model, kind):
    model.graph.node[2].op_type = kind
    refused(model, match="has an operation '.*', which no file of ToonVision's has")


def test_subgraphs_functions_and_other_foreign_parts_are_refused(model):
    graph = onnx.GraphProto()
    graph.CopyFrom(model.graph)
    copies = [onnx.ModelProto() for _ in range(5)]
    for copy in copies:
        copy.CopyFrom(model)
    copies[0].graph.node[2].attribute.add(name="body", type=onnx.AttributeProto.GRAPH).g.CopyFrom(graph)
    copies[1].functions.add(name="Relu", domain="")
    copies[2].training_info.add()
    copies[3].graph.sparse_initializer.add()
    copies[4].graph.node[2].attribute.add(name="texts", type=onnx.AttributeProto.STRINGS, strings=[b"x"])
    for copy in copies:
        refused(copy, match="is no ONNX file that ToonVision wrote")


def test_a_text_where_no_operation_takes_one_is_refused(model):
    model.graph.node[2].attribute.add(name="text", type=onnx.AttributeProto.STRING, s=b"x")
    refused(model, match="does not fit the others")


def test_a_second_graph_which_other_readers_would_join_to_the_first_is_refused(content, model):
    extra = onnx.ModelProto()
    extra.graph.node.add(op_type="Relu", input=["pictures"], output=["more"])
    refused(content + extra.SerializeToString(), match="is no ONNX file that ToonVision wrote")


def test_weights_of_another_size_than_they_say_are_refused(model):
    kernel = kernel_of(model)
    kernel.dims[0] += 1
    refused(model, match=f"has weights '{kernel.name}' of another size than it says")
    kernel.dims[0] = -1
    refused(model, match=f"has weights '{kernel.name}' of another size than it says")


def test_steps_that_do_not_fit_each_other_are_refused(model):
    def changed(change):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        change(copy.graph)
        refused(copy, match="does not fit|has a name for two things|another number of probabilities")

    conv = next(at for at, node in enumerate(model.graph.node) if node.op_type == "Conv")
    pool = next(at for at, node in enumerate(model.graph.node) if node.op_type == "MaxPool")

    def setting(at, name, values):
        def change(graph):
            kept = [one for one in graph.node[at].attribute if one.name != name]
            del graph.node[at].attribute[:]
            graph.node[at].attribute.extend([*kept, helper.make_attribute(name, values)])

        return change

    changed(setting(conv, "kernel_shape", [30, 30]))
    changed(setting(conv, "strides", [0, 1]))
    changed(setting(conv, "pads", [9, 0, 0, 0]))
    changed(setting(conv, "pads", [-1, 0, 0, 0]))
    changed(setting(pool, "strides", [1]))
    changed(setting(0, "perm", [0, 3, 1, 7]))
    changed(lambda graph: graph.node[conv].attribute.add(name="auto_pad", type=onnx.AttributeProto.INT, i=1))
    changed(lambda graph: graph.node[conv].input.__setitem__(0, "nowhere"))
    changed(lambda graph: graph.node[conv].output.append("second"))
    changed(lambda graph: graph.node[pool].output.__setitem__(0, graph.node[conv].output[0]))
    changed(lambda graph: graph.node.pop())
    changed(lambda graph: graph.node.reverse())


SHAPING = [
    ("Reshape", [-1, 3], None),
    ("Reshape", [-1, -1], "has a step Reshape that does not fit"),
    ("Reshape", [1, 5], "has a step Reshape that does not fit"),
    ("Reshape", [0, 3], None),
    ("Reshape", [-1, 0], None),
    ("Reshape", [0, 4], "has a step Reshape that does not fit"),
    ("Reshape", [0, 3, 0], "has a step Reshape that does not fit"),
    ("Reshape", [-1, 3, *[1] * 9], "has a step Reshape that does not fit"),
    ("Reshape", [-2, 3], "ONNX Runtime cannot open it"),
    ("Tile", [1, 1], None),
    ("Tile", [1], "has a step Tile that does not fit"),
    ("Tile", [1, -1], "has a step Tile that does not fit"),
    ("Tile", [1, 2**40], "makes over .* values of one picture in one step"),
    ("Squeeze", [1], "has a step Squeeze that does not fit"),
    ("Squeeze", [9], "has a step Squeeze that does not fit"),
    ("Unsqueeze", [2, 2], "has a step Unsqueeze that does not fit"),
    ("Unsqueeze", [9], "has a step Unsqueeze that does not fit"),
    ("Unsqueeze", [2], "returns another number of probabilities"),
]


@pytest.mark.parametrize(("kind", "numbers", "match"), SHAPING)
def test_new_shapes_must_fit_the_values(model, kind, numbers, match):
    last = model.graph.node[-1]
    last.output[0] = "before"
    model.graph.initializer.append(numpy_helper.from_array(np.array(numbers, np.int64), "numbers"))
    model.graph.node.append(helper.make_node(kind, ["before", "numbers"], ["probabilities"]))
    if match:
        refused(model, match=match)
    else:
        assert Classifier(model.SerializeToString()).predict_batch(pictures(2)).shape == (2, 3)


def test_a_new_shape_that_is_computed_when_the_file_runs_is_refused(model):
    reshape = next(node for node in model.graph.node if node.op_type == "Reshape")
    reshape.input[1] = reshape.input[0]
    refused(model, match="has a step Reshape that does not fit the others")


def test_other_inputs_and_outputs_than_described_are_refused(model):
    held = bundle(size_hw=(25, 18)).to_metadata()
    refused(pack(model.graph, held), match="its inputs or outputs are not those of its description")
    held = bundle(classes=4).to_metadata()
    refused(pack(model.graph, held), match="its inputs or outputs are not those of its description")
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    refused(model, match="its inputs or outputs are not those of its description")


def test_too_large_files_and_too_large_maps_are_refused(content, model, monkeypatch, tmp_path):
    monkeypatch.setattr(checks, "LARGEST_MAP", 1000)
    refused(content, match="makes over 1,000 values of one picture in one step")
    monkeypatch.setattr(checks, "LARGEST_MODEL", 1000)
    refused(content, match=r"is too large \(0 MB, over 0 MB\)")
    monkeypatch.setattr("toonvision.deploy.opened.LARGEST_MODEL", 1000)
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ModelRefusedError, match="is too large"):
        Classifier(tmp_path / "model.onnx")


def test_too_many_steps_are_refused(model):
    model.graph.node.extend([model.graph.node[-1]] * 3000)
    refused(model, match="has 3,0.. steps, over 2,000")


def test_a_file_that_would_use_the_reader_up_is_refused(model):
    many = onnx.load_model_from_string(model.SerializeToString())
    many.graph.node.extend([onnx.NodeProto()] * 100_000)
    refused(many, match="is no ONNX file that ToonVision wrote")
    kernel_of(model).dims.extend([1] * 100_000)
    refused(model, match="is no ONNX file that ToonVision wrote")


def test_steps_that_each_are_small_enough_and_together_too_large_are_refused(content, monkeypatch):
    monkeypatch.setattr(checks, "LARGEST_SUM", 3000)
    refused(content, match="makes over 3,000 values of one picture in all its steps")


def test_a_cast_to_anything_but_numbers_is_refused():
    model = onnx.load_model_from_string(exported(network(layers.DepthwiseConv2D(3))))
    (cast,) = [node for node in model.graph.node if node.op_type == "Cast"]
    cast.attribute[0].i = TensorProto.STRING
    refused(model, match="has a step Cast that does not fit the others")


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "linear"},
        {"coordinate_transformation_mode": "half_pixel"},
        {"coordinate_transformation_mode": "tf_crop_and_resize"},
        {"nearest_mode": "ceil"},
        {"times": [1.0, 1.0, 1.5, 2.0]},
        {"times": [1.0, 2.0, 2.0, 2.0]},
        {"times": [1.0, 1.0, 0.0, 2.0]},
        {"times": [1.0, 1.0, np.nan, 2.0]},
        {"times": [1.0, 1.0, np.inf, 2.0]},
        {"times": [2.0] * 9},
    ],
    ids=str,
)
def test_maps_that_are_made_larger_otherwise_than_by_repeated_pixels_are_refused(change):
    resized = network(layers.Conv2D(4, 3), layers.Resizing(44, 32, interpolation="nearest"))
    model = onnx.load_model_from_string(exported(resized))
    assert Classifier(model.SerializeToString()).predict_batch(pictures(1)).shape == (1, 3)
    (resize,) = [node for node in model.graph.node if node.op_type == "Resize"]
    for setting in resize.attribute:
        setting.s = change.get(setting.name, setting.s.decode()).encode()
    if "times" in change:
        (times,) = [one for one in model.graph.initializer if one.name == resize.input[2]]
        times.CopyFrom(numpy_helper.from_array(np.array(change["times"], np.float32), times.name))
    refused(model, match="has a step Resize that does not fit the others")


def test_maps_that_would_be_made_too_large_are_refused():
    model = onnx.load_model_from_string(
        exported(network(layers.Conv2D(4, 3), layers.Resizing(44, 32, interpolation="nearest")))
    )
    (resize,) = [node for node in model.graph.node if node.op_type == "Resize"]
    (times,) = [one for one in model.graph.initializer if one.name == resize.input[2]]
    times.CopyFrom(numpy_helper.from_array(np.array([1, 1, 1e4, 1e4], np.float32), times.name))
    refused(model, match="values of one picture in one step. Export it again.")


def test_bounds_of_another_shape_are_refused():
    model = onnx.load_model_from_string(exported(network(layers.Conv2D(4, 3, activation="relu6"))))
    assert Classifier(model.SerializeToString()).predict_batch(pictures(1)).shape == (1, 3)
    (clip,) = [node for node in model.graph.node if node.op_type == "Clip"]
    (bound,) = [one for one in model.graph.initializer if one.name == clip.input[1]]
    bound.CopyFrom(numpy_helper.from_array(np.zeros(3, np.float32), bound.name))
    refused(model, match="has a step Clip that does not fit the others")


@pytest.mark.parametrize("change", ["scales", "axis"])
def test_scales_that_do_not_fit_what_they_scale_are_refused(content, change):
    model = onnx.load_model_from_string(quantized(content, pictures(4), bundle(precision="int8").to_metadata()))
    assert Classifier(model.SerializeToString()).predict_batch(pictures(1)).shape == (1, 3)
    scaled = next(n for n in model.graph.node if n.op_type == "DequantizeLinear" and n.attribute)
    if change == "axis":
        scaled.attribute[0].i = 9
    else:
        (scale,) = [one for one in model.graph.initializer if one.name == scaled.input[1]]
        scale.CopyFrom(numpy_helper.from_array(np.ones(5, np.float32), scale.name))
    refused(model, match="has a step DequantizeLinear that does not fit the others")


def test_weights_that_are_no_numbers_are_refused_when_they_answer(model):
    tensor = kernel_of(model)
    broken = np.full_like(numpy_helper.to_array(tensor), np.nan)
    tensor.CopyFrom(numpy_helper.from_array(broken, tensor.name))
    with pytest.raises(ModelRefusedError, match="its predictions are NaN"):
        Classifier(model.SerializeToString()).predict_batch(pictures(1))


def test_settings_in_a_run_and_numbers_in_the_wrong_place_are_read_or_refused(content, model):
    """Protobuf allows whole numbers one by one or many in a run; a number where a text should be is a damaged file."""
    pool = next(node for node in model.graph.node if node.op_type == "MaxPool")
    (window,) = [one for one in pool.attribute if one.name == "kernel_shape"]
    plain = window.SerializeToString()
    packed = plain.replace(b"\x40\x02\x40\x02", b"\x42\x02\x02\x02")
    assert packed != plain
    assert _setting(memoryview(packed)) == _setting(memoryview(plain)) == ("kernel_shape", (2, 2))
    for name, number in ((b"\x08\x01", b""), (b"\x0a\x01a", b"\xa0\x01\x09"), (b"\x0a\x01a", b"\xa2\x01\x00")):
        with pytest.raises((TypeError, KeyError)):  # it is turned into a sentence where files are read
            _setting(memoryview(name + number))


def test_a_file_of_version_0_1_0_answers_as_it_did():
    classifier = Classifier(Path(__file__).parent / "exports" / "of-0.1.0.onnx")
    wanted = [[0.231563, 0.136426, 0.632011], [0.373203, 0.129036, 0.497761]]
    np.testing.assert_allclose(classifier.predict_batch(pictures(2)), wanted, atol=1e-5)


@files_property
@given(st.data())
def test_a_damaged_file_is_refused_or_still_a_model(content, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    opened, error = tried(ModelRefusedError, Classifier, bytes(damaged))
    if opened is None:
        assert str(error).startswith("the model: ")
        return
    rows, _ = tried(ModelRefusedError, opened.predict_batch, pictures(1))
    assert rows is None or rows.shape == (1, 3)


def test_what_a_bundle_says_is_read_back_as_it_was():
    said = bundle(4, temperature=1.7, titles=("<b>é</b>", "犬", "می\u200cروم", "d\u00a0" * 500))
    assert Bundle.from_metadata(said.to_metadata()) == said
