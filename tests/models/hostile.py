"""Files that stand where a model should and do harm if they are trusted: what they run makes the file `canary`."""

import pickle

import keras
import onnx


class Canary:
    """Unpickling this makes a file; nobody may."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def pickled(canary):
    return pickle.dumps(Canary(canary))


def with_lambda_layer(canary, suffix=".keras"):
    """A network as Keras saves it, with a layer whose code, kept inside, makes the file as soon as it is built."""
    place = str(canary)
    trap = keras.layers.Lambda(lambda given: (open(place, "w").close(), given)[1])  # noqa: PTH123
    path = canary.with_suffix(suffix)
    keras.Sequential([keras.Input((2,)), trap]).save(path)
    canary.unlink()
    return path.read_bytes()


def legacy_h5(canary):
    return with_lambda_layer(canary, ".h5")


def onnx_with_weights_elsewhere(canary):
    return _onnx(dims=[4], data_location=onnx.TensorProto.EXTERNAL, elsewhere=canary.parent / "secret")


def onnx_of_a_huge_tensor(_):
    return _onnx(dims=[2**40], raw_data=b"1234")


def _onnx(*, elsewhere=None, **tensor):
    weights = onnx.TensorProto(name="weights", data_type=onnx.TensorProto.FLOAT, **tensor)
    if elsewhere:
        weights.external_data.add(key="location", value=str(elsewhere))
    graph = onnx.helper.make_graph([], "graph", [], [], [weights])
    return onnx.helper.make_model(graph).SerializeToString()


HOSTILE = (pickled, with_lambda_layer, legacy_h5, onnx_with_weights_elsewhere, onnx_of_a_huge_tensor)
