"""A published file to one that Keras 3 loads: the network is found out, built, filled and saved."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from keras_vsr.errors import InputError
from keras_vsr.models import build
from keras_vsr.records import write_bytes
from keras_vsr.weights.assign import assign
from keras_vsr.weights.recognise import SCALES_UNSAID, read_published, recognise

SUFFIX = ".weights.h5"  # Keras saves weights under no other
PUBLISHED = "no network here is like it, give one of the published files"


class Converted(NamedTuple):
    """What was found in a published file.

    Attributes:
        kind: Its format, a key of `signature.FORMATS`.
        network: Name of the network.
        arguments: Of its builder.
        parameters: Numbers in the network.
        unused: Layers of the file that the network has no use for.
        scales: Those that the weights fit where the file does not say for which they were trained;
            else none.
    """

    kind: str
    network: str
    arguments: dict[str, Any]
    parameters: int
    unused: list[str]
    scales: tuple[int, ...]


def convert(source: Path, out: Path) -> Converted:
    """Writes the weights of a published file so that `model.load_weights(out)` reads them.

    Args:
        source: A file of published weights, of any format.
        out: The file to write, whole or not at all; its name ends in .weights.h5.

    Returns:
        What was found, with which `keras_vsr.models.build` makes the network.

    Raises:
        InputError: `source` cannot be read or is of no network here, or `out` cannot be written.
    """
    out = Path(out)
    if not out.name.endswith(SUFFIX):
        raise InputError(f"{out} does not end in {SUFFIX}, as Keras needs it; give such a name")
    if out.is_dir():
        raise InputError(f"{out} is a folder; give the name of a file")
    kind, layers = read_published(source)
    if out.exists() and out.samefile(source):
        raise InputError(f"{out} is the published file itself; give another name")
    network, arguments = recognise(layers, source)
    model = _built(network, arguments, source)
    unused = assign(model, layers, source, advice=PUBLISHED)
    write_bytes(out, _saved(model))
    scales = SCALES_UNSAID.get(network, ())
    return Converted(kind, network, arguments, model.count_params(), unused, scales)


def _built(network, arguments, source):
    """The network; to a builder a wrong value is a programming mistake, here it is the file's."""
    try:
        return build(network, **arguments)
    except ValueError as error:
        values = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        raise InputError(
            f"{source} has the layers of a {network}, which cannot be built with {values}; give "
            "one of the published files"
        ) from error


def _saved(model) -> bytes:
    """The file that Keras makes, which it would not write whole or not at all."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"converted{SUFFIX}"
            model.save_weights(path)
            return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot write to the folder for temporary files ({error.strerror or error}); free the "
            "disk or set TMPDIR"
        ) from error
