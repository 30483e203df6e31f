"""What is found in a file, and what is said of layers that are of no network after all."""

import re

import numpy as np
import pytest
from checks import frames_of, predicted

from keras_vsr.errors import InputError
from keras_vsr.models import build
from keras_vsr.weights import convert as module
from keras_vsr.weights import load_mat
from keras_vsr.weights.convert import convert
from keras_vsr.weights.published_layer import PublishedLayer

pytestmark = pytest.mark.backend


def layer(name, *shape, **more):
    return PublishedLayer(name, np.ones(shape, np.float32), np.ones(shape[-1], np.float32), **more)


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Converts a file of some layers, which must be refused; returns what is said."""

    def refuse(layers):
        source, out = tmp_path / "published.file", tmp_path / "out.weights.h5"
        source.touch()
        monkeypatch.setattr(module, "read_published", lambda path: ("keras2_h5", layers))
        with pytest.raises(InputError) as caught:
            convert(source, out)
        assert not out.exists()
        message = str(caught.value)
        assert message.startswith(f"{source} ")
        assert "\n" not in message
        assert not re.search(r"[.!?]\s+[A-Z]", message)
        assert "keras_vsr convert" not in message  # it is that program that speaks
        return message

    return refuse


def test_layers_that_almost_fit(refused):
    said = refused(
        [
            layer("a", 9, 9, 1, 8, activation="linear"),
            layer("b", 1, 1, 8, 4, activation="relu"),
            layer("c", 5, 5, 4, 1, activation="relu"),
        ]
    )
    assert "b has activation relu in the file, but linear in the network (srcnn_map)" in said
    assert said.endswith("; no network here is like it, give one of the published files")


def test_layers_of_a_network_that_cannot_be_built(refused):
    # The early 3D networks never had slopes, so that their builder knows none.
    slopes = {"slopes": np.ones(4, np.float32)}
    channels = (1, 4, 4, 4, 4)
    layers = [layer(str(index), 3, 3, 3, c, 4, **slopes) for index, c in enumerate(channels)]
    said = refused([*layers, layer("last", 3, 3, 4, 1)])
    assert "has the layers of a srnet3d_early, which cannot be built with same_layers=3, " in said


@pytest.mark.parametrize(
    ("name", "scales"),
    [
        ("fsrcnn_authors/FSRCNN_x3.mat", (2, 3, 4)),
        ("fsrcnn_authors/FSRCNN-s_x2.mat", (2, 3, 4)),
        ("srcnn_authors/9-1-5_91_x2.mat", ()),
        ("kim_3dsrnet/x4.mat", ()),
        ("2019/fsrcnn_climate_10577.h5", ()),
    ],
)
def test_scales_that_a_file_does_not_say(reference, tmp_path, name, scales):
    assert convert(reference / name, tmp_path / "out.weights.h5").scales == scales


def test_a_scale_given_to_what_does_not_say_it(reference, tmp_path):
    source, out = reference / "fsrcnn_authors" / "FSRCNN-s_x3.mat", tmp_path / "out.weights.h5"
    found = convert(source, out)
    converted, loaded = (build(found.network, scale=3, **found.arguments) for _ in range(2))
    converted.load_weights(out)
    load_mat(loaded, source)
    frame = frames_of((1, 6, 7, 1))
    made = predicted(converted, frame)
    assert made.shape == (1, 18, 21, 1)
    np.testing.assert_array_equal(made, predicted(loaded, frame))
