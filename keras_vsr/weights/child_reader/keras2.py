"""Whole Sequential networks that Keras 2 saved as HDF5."""

import json
import re

from hdf5 import follow, open_hdf5, read_numbers
from limits import MAX_ARRAYS, MAX_NAME, MAX_TEXT, Budget, RefusedError, printable

# What a layer of each class has as weights, in this order. No other class is read, so no code in a
# file (a Lambda's, for one) is ever looked at.
WEIGHTS = {
    "Conv2D": ("kernel", "bias"),
    "Conv2DTranspose": ("kernel", "bias"),
    "Conv3D": ("kernel", "bias"),
    "PReLU": ("alpha",),
    "Reshape": (),
    "InputLayer": (),
}
MAX_DEPTH = 4  # of models within models

# Settings that no network here has otherwise.
PLAIN = {"dilation_rate": 1, "use_bias": True, "data_format": "channels_last"}


def read_keras2_h5(path):
    """Kernels, biases and slopes: "0/kernel", "0/bias", "1/alpha", ...

    The notes' "layers" say of each number the layer's name, class, activation and strides.
    """
    budget = Budget()
    arrays, layers = {}, []
    with open_hdf5(path) as file:
        if "model_config" not in file.attrs:
            raise RefusedError("is an HDF5 file but no whole network saved by Keras 2")
        weights = follow(file, "model_weights")
        outermost = sequential_layers(json.loads(attribute_text(file, "model_config")))
        outermost = [layer for layer in outermost if layer["class_name"] != "InputLayer"]
        groups = attribute_names(weights, "layer_names")
        if groups != [name_of(layer) for layer in outermost]:
            raise RefusedError("describes other layers than it has weights of")
        for group, layer in zip(groups, outermost, strict=True):
            stored = attribute_names(follow(weights, group), "weight_names")
            for inner in flatten(layer):
                for weight in WEIGHTS[inner["class_name"]]:
                    if not stored or not re.fullmatch(rf".*/{weight}(:0)?", stored[0]):
                        raise RefusedError(f"has no {weight} of {printable(name_of(inner))}")
                    where = f"{group}/{stored.pop(0)}"
                    found = follow(weights, where)
                    arrays[f"{len(layers)}/{weight}"] = read_numbers(found, where, budget)
                layers.append(describe(inner))
            if stored:
                raise RefusedError(f"has {printable(stored[0])}, which it does not describe")
    return arrays, {"layers": layers}


def attribute_text(item, name):
    """A text attribute of one value."""
    attribute = item.attrs.get_id(name)
    if attribute.shape != () or attribute.dtype.kind not in "SO":
        raise RefusedError(f"has no text in the attribute {name}")
    text = item.attrs[name]
    if not isinstance(text, str | bytes) or len(text) > MAX_TEXT:
        raise RefusedError(f"has no text, or too much, in the attribute {name}")
    return text


def attribute_names(item, name):
    """An attribute that lists names."""
    if name not in item.attrs:
        raise RefusedError(f"has no attribute {name}")
    attribute = item.attrs.get_id(name)
    if len(attribute.shape) != 1 or attribute.shape[0] > MAX_ARRAYS:
        raise RefusedError(f"has no list of names, or too long a one, in the attribute {name}")
    if attribute.shape == (0,):  # a layer without weights; of any type
        return []
    if attribute.dtype.kind not in "SO" or attribute.dtype.itemsize > MAX_NAME:
        raise RefusedError(f"has no names in the attribute {name}")
    return [text.decode() if isinstance(text, bytes) else str(text) for text in item.attrs[name]]


def sequential_layers(description):
    """The layers of a Sequential network; Keras wrote them as a bare list until 2.2.2."""
    if not isinstance(description, dict) or description.get("class_name") != "Sequential":
        raise RefusedError("holds another kind of network than Sequential")
    layers = description.get("config")
    if isinstance(layers, dict):
        layers = layers.get("layers")
    if not isinstance(layers, list) or not all(
        isinstance(layer, dict)
        and isinstance(layer.get("class_name"), str)
        and isinstance(layer.get("config"), dict)
        for layer in layers
    ):
        raise RefusedError("describes its layers in an unknown way")
    return layers


def flatten(layer, depth=0):
    """A layer, or the layers inside where it is a network itself."""
    if layer["class_name"] == "Sequential":
        if depth == MAX_DEPTH:
            raise RefusedError("has networks within networks without end")
        inside = sequential_layers(layer)
        return [inner for part in inside for inner in flatten(part, depth + 1)]
    if layer["class_name"] not in WEIGHTS:
        known = ", ".join(WEIGHTS)
        raise RefusedError(
            f"has a layer of class {printable(layer['class_name'])}, where only {known} are known"
        )
    return [layer]


def name_of(layer):
    """A layer's name in the description."""
    return str(layer["config"].get("name"))


def describe(layer):
    """What must be the same in a network that takes the layer's weights."""
    config = layer["config"]
    for key, value in PLAIN.items():
        given = config.get(key, value)
        if any(one != value for one in (given if isinstance(given, list) else [given])):
            raise RefusedError(
                f"has a layer {printable(name_of(layer))} with {key} other than {value}"
            )
    strides = config.get("strides")
    return {
        "name": name_of(layer),
        "class": layer["class_name"],
        "activation": str(config.get("activation", "linear")),
        "strides": [int(stride) for stride in strides] if strides else None,
    }
