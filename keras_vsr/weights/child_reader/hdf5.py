"""Guarded access to HDF5 files: what is opened lies in the file itself, whole and small."""

import math

from limits import MAX_ELEMENTS, RefusedError, limit_memory, printable

DEFLATE_RATIO = 1032  # bytes that a deflated one can hold at most


def open_hdf5(path):
    """The file; from here on memory is limited."""
    import h5py

    limit_memory()
    return h5py.File(path, "r")


def follow(group, path):
    """The object at a path below a group, by hard links only.

    Raises:
        RefusedError: there is none, or a link leads elsewhere in the file or out of it.
    """
    import h5py

    for part in path.split("/"):
        links = group.id.links if isinstance(group, h5py.Group) else None
        if links is None or not links.exists(part.encode()):
            raise RefusedError(f"has no {printable(path)}")
        # Looked at before anything is opened: a link can lead to any other file.
        if links.get_info(part.encode()).type != h5py.h5l.TYPE_HARD:
            raise RefusedError(f"has a link to another place at {printable(path)}")
        group = group[part]
    return group


def check_stored(dataset, name, budget):
    """Compares what a dataset declares with the limits and with what the file holds of it.

    Raises:
        RefusedError: its numbers are elsewhere, or not there, or too many.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        raise RefusedError(f"has no array at {printable(name)}")
    if dataset.is_virtual or dataset.external:
        raise RefusedError(f"keeps {printable(name)} in another file")
    if dataset.shape is None:
        raise RefusedError(f"holds nothing at {printable(name)}")
    budget.take(name, dataset.shape)
    properties = dataset.id.get_create_plist()
    filters = {properties.get_filter(index)[0] for index in range(properties.get_nfilters())}
    deflate = h5py.h5z.FILTER_DEFLATE
    if not filters <= {deflate, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}:
        raise RefusedError(f"packs {printable(name)} in a way that is not read here")
    expected = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if dataset.chunks is None:
        complete = stored == expected
    else:
        if math.prod(dataset.chunks) > MAX_ELEMENTS:  # a chunk is unpacked whole
            raise RefusedError(f"holds {printable(name)} in chunks larger than any kernel")
        chunks = math.prod(
            -(-size // chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True)
        )
        ratio = DEFLATE_RATIO if deflate in filters else 1
        complete = dataset.id.get_num_chunks() == chunks and stored * ratio >= expected
    if not complete:
        raise RefusedError(f"declares {printable(name)} with more numbers than it holds")


def read_numbers(dataset, name, budget):
    """A dataset of floating-point numbers, checked.

    Raises:
        RefusedError: it is something else, or as for `check_stored`.
    """
    check_stored(dataset, name, budget)
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize > 8:
        raise RefusedError(f"holds something else than floating-point numbers at {printable(name)}")
    return dataset[()]
