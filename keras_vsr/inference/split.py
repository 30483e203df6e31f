"""Networks of windows in two parts, so that what depends on one frame alone is computed once.

A frame lies in five windows. Where a network passes each frame of a window through the same 2D
layers before its 3D layers see them together, four fifths of that work are repetition when a clip
goes through window by window.

Where the cut lies is read from the graph:

- the cascades (`2d_then_3d`, `two_in_one`) are two models with `PackWindows` between them: these
  are the parts;
- `delta` lays the frames of a window side by side in the batch, where a frame joins the layers at
  the block that its place in the window says. Its parts meet at the volume that the first 3D layer
  takes. Each place's map is followed back through the layers to the window, and they are run on a
  single frame in the same order; places that enter at the same block share their map, so that three
  maps are made of a frame and not five.

Other networks have nothing to share: `parallel5` has other weights for each place, and the pure 3D
networks no 2D part.
"""

import keras

from keras_vsr.layers import to_inner, to_public
from keras_vsr.models.graph import kind, made_by, output_of, tensors_of
from keras_vsr.models.network import Network
from keras_vsr.window import WINDOW


def split(model: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """Cuts a network between what it does with each frame and what it does with a window.

    Args:
        model: A network of windows or clips.

    Returns:
        The part of a frame, (batch, h, w, 1) to features (batch, H, W, C), and the part of a
        window, (batch, 5, H, W, C) to the enlarged middle frame. Both have the weights of `model`.
        None where nothing can be shared.
    """
    made = {}  # tensors by the kind of layer that made them
    for tensor in tensors_of(model):
        made.setdefault(kind(made_by(tensor).operation), []).append(tensor)
    if "PackWindows" in made:
        return _split_cascade(made["PackWindows"][0], made["UnpackWindows"][0])
    sources = [made_by(tensor).tensors[0] for tensor in made.get("FramesToBatch", ())]
    if len(sources) == 1 and sources[0] is model.inputs[0] and len(made.get("Stack", ())) == 1:
        return _split_shared_trunk(model, made["Stack"][0], made.get("BicubicEnlarge"))
    return None


def _split_cascade(packed, unpacked) -> tuple[keras.Model, keras.Model]:
    """The models before and behind the packing."""
    two_d, three_d = (
        made_by(made_by(tensor).tensors[0]).operation for tensor in (packed, unpacked)
    )
    return two_d, three_d


def _split_shared_trunk(model, volume, bicubic) -> tuple[keras.Model, keras.Model]:
    """Cuts at the volume that the first 3D layer takes.

    Args:
        model: The network.
        volume: Its volume, in the inner layout.
        bicubic: In a residual network, a list of the enlarged middle frame; else None.
    """
    channels_first = volume.shape[1] == 1
    data_format = "channels_first" if channels_first else "channels_last"
    frame = keras.Input(model.inputs[0].shape[2:], name="frame")
    maps = _maps_of_one_frame(model, volume, frame)
    distinct = list({id(one): one for one in maps}.values())
    channels = [next(c for c, one in enumerate(distinct) if one is of) for of in maps]
    features = [
        to_public(one, data_format, f"map{number}") for number, one in enumerate(distinct, start=1)
    ]
    cut = [volume]
    if bicubic is not None:  # the residual network's other way from the window to the output
        cut += bicubic
        features.append(made_by(bicubic[0]).operation(frame))
    if len(features) > 1:
        features = [keras.layers.Concatenate(dtype="float32", name="features")(features)]
    frame_part = Network(frame, features[0], name=f"{model.name}_frame")

    window = keras.Input((WINDOW, *features[0].shape[1:]), name="features_of_window")
    picked = [window[:, place, :, :, c : c + 1] for place, c in enumerate(channels)]
    given = [to_inner(keras.ops.stack(picked, axis=1), data_format, "enter_volume")]
    if bicubic is not None:
        given.append(window[:, WINDOW // 2, :, :, len(distinct) :])
    rest = Network(cut, output_of(model), name=f"{model.name}_volume")
    return frame_part, Network(window, rest(given), name=f"{model.name}_window")


def _maps_of_one_frame(model, volume, frame) -> list:
    """Runs the layers before the volume on one frame alone.

    Args:
        model: The network.
        volume: The stack of the five places' maps.
        frame: (batch, h, w, C), what each place is given instead of its frame.

    Returns:
        A tensor for each place; the same one where the layers are the same.
    """
    joined = {}  # of a tensor: what each of the places that lie in its batch has become
    run = {}  # by layer and by what it was given
    for tensor in tensors_of(model):
        layer, tensors, listed, _, place, _ = made_by(tensor)
        given = [joined.get(id(one)) for one in tensors]
        if tensor is volume:
            return [one for (one,) in given]
        if kind(layer) == "FramesToBatch":
            joined[id(tensor)] = [frame]
        elif None in given:  # not on the way from the frames to their maps
            continue
        elif kind(layer) in ("BatchToFrames", "GetItem"):  # one place out of all, which are alike
            joined[id(tensor)] = given[0]
        elif kind(layer) == "Split":
            joined[id(tensor)] = [given[0][place]]
        elif kind(layer) == "Concatenate":
            joined[id(tensor)] = [one for part in given for one in part]
        else:
            joined[id(tensor)] = []
            for ones in zip(*given, strict=True):
                key = (id(layer), *(id(one) for one in ones))
                if key not in run:
                    run[key] = layer(list(ones) if listed else ones[0])
                joined[id(tensor)].append(run[key])
    raise AssertionError("a network's volume leads to its output")
