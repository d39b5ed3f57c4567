"""Small networks whose weights, biases too, are drawn by a seed."""

import keras
import numpy as np
from keras import layers


def shaken(model, seed=0):
    """Draw every weight anew, so that no bias is zero."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.4, weight.shape).astype(np.float32) for weight in model.get_weights()])
    return model


def pictures(count, size_hw, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *size_hw, 3), dtype=np.uint8)


def pooled(classes=4, size_hw=(12, 8)):
    """A network with global average pooling before its head."""
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="first")(x)
    x = layers.MaxPooling2D(2, name="map")(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return shaken(keras.Model(inputs, layers.Dense(classes, activation="softmax")(x), name="pooled"))


def smooth(classes=3, size_hw=(6, 4)):
    """A network without kinks, whose finite differences are trustworthy."""
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(3, 3, padding="same", activation="tanh", name="first")(x)
    x = layers.AveragePooling2D(2, name="pool")(x)
    x = layers.Conv2D(2, 2, padding="same", activation="tanh", name="second")(x)
    head = layers.Dense(1, activation="sigmoid") if classes == 2 else layers.Dense(classes, activation="softmax")
    return shaken(keras.Model(inputs, head(layers.Flatten()(x)), name="smooth"))


def relu_without_biases(size_hw=(8, 8)):
    inputs = keras.Input((*size_hw, 3), dtype="uint8")
    x = layers.Conv2D(4, 3, activation="relu", use_bias=False, name="first")(layers.Rescaling(1 / 255)(inputs))
    x = layers.Conv2D(4, 3, activation="relu", use_bias=False, name="second")(layers.MaxPooling2D(2)(x))
    return shaken(keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x))))


def after(model, name):
    """Run what follows a layer, up to the logits, without the code under test."""
    names = [layer.name for layer in model.layers]
    between = model.layers[names.index(name) + 1 : -1]
    kernel, bias = model.layers[-1].get_weights()

    def run(values):
        for layer in between:
            values = layer(values, training=False)
        return np.asarray(keras.ops.convert_to_numpy(values)) @ kernel + bias

    return run


def up_to(model, name, given):
    """Run everything up to a layer, without the code under test."""
    values = keras.ops.convert_to_tensor(given.astype(np.float32))
    for layer in model.layers[1:]:
        values = layer(values, training=False)
        if layer.name == name:
            break
    return np.asarray(keras.ops.convert_to_numpy(values))


def logits(model, given):
    """Run a whole network but for its last activation; one output becomes two columns, without the code under test."""
    kernel, bias = model.layers[-1].get_weights()
    found = keras.Model(model.inputs[0], model.layers[-1].input).predict_on_batch(given) @ kernel + bias
    return np.concatenate([-found, found], axis=1) if found.shape[1] == 1 else found
