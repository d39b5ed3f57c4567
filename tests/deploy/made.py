"""Exports of small networks, and what Keras makes of the same pictures."""

import keras
import numpy as np

from toonvision.deploy.bundle import FORMAT, Bundle
from toonvision.deploy.classifier import Classifier
from toonvision.deploy.conversion import to_onnx, with_probabilities
from toonvision.metrics.calibration import with_temperature

SIZE = (24, 18)
NAMES = tuple("abcdefgh")


def bundle(classes=3, size_hw=SIZE, **changes):
    known = {
        "format": FORMAT,
        "toonvision": "0.1.0",
        "network": "baseline",
        "task": "suit",
        "level": "suit",
        "classes": NAMES[:classes],
        "titles": tuple(f"Title of {name}" for name in NAMES[:classes]),
        "taxonomy_name": "small",
        "taxonomy": "0123456789abcdef",
        "size_hw": size_hw,
        "resize": "stretch",
        "temperature": None,
        "weights": "0" * 64,
        "precision": "float32",
        "parity": None,
    }
    return Bundle(**known | changes)


def exported(model, *, classes=3, temperature=None, metadata=None):
    """Return the bytes of a network's export."""
    size_hw = tuple(model.inputs[0].shape[1:3])
    held = bundle(classes, size_hw, temperature=temperature).to_metadata() if metadata is None else metadata
    return to_onnx(with_probabilities(model, classes=classes, temperature=temperature), held)


def classifier(model, *, classes=3, temperature=None):
    return Classifier(exported(model, classes=classes, temperature=temperature))


def pictures(count=5, size_hw=SIZE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *size_hw, 3), dtype=np.uint8)


def expected(model, given, *, temperature=None):
    """Return what Keras predicts: always one probability per class."""
    outputs = np.asarray(model(given, training=False), dtype=np.float32)
    rows = np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
    return rows if temperature is None else with_temperature(rows, temperature)


def with_drawn_weights(model, seed=0):
    """Draw every weight at random, so that nothing is 0 or 1 by chance; variances stay above 0."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        shape = tuple(variable.shape)
        if "seed_generator" in variable.path:
            continue
        if "variance" in variable.path:
            variable.assign(rng.uniform(0.3, 2.0, shape))
        elif len(shape) > 1:
            variable.assign(rng.normal(0, 1.2 / np.sqrt(np.prod(shape[:-1])), shape))
        else:
            variable.assign(rng.normal(0.2, 0.4, shape))
    return model


def network(*layers, classes=3, size_hw=SIZE, seed=0):
    """Put layers between pictures that are rescaled and the probabilities of classes."""
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    for layer in layers:
        x = layer(x)
    units, activation = (1, "sigmoid") if classes == 2 else (classes, "softmax")
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(units, activation=activation)(x)
    return with_drawn_weights(keras.Model(inputs, outputs), seed)
