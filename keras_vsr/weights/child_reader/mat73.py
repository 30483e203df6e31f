"""MATLAB v7.3 files, which are HDF5: the parameters of a MatConvNet network."""

import numpy as np
from hdf5 import check_stored, follow, open_hdf5, read_numbers
from limits import MAX_NAME, Budget, RefusedError


def read_mat73(path):
    """The arrays of `net.params`, which is a list of names and one of values."""
    budget = Budget()
    with open_hdf5(path) as file:
        names = [read_text(item, budget) for item in cells(file, "net/params/name", budget)]
        values = cells(file, "net/params/value", budget)
        if len(names) != len(values) or len(set(names)) != len(names):
            raise RefusedError("names its parameters twice or not at all")
        arrays = {
            name: read_numbers(value, name, budget)
            for name, value in zip(names, values, strict=True)
        }
    return arrays, {}


def cells(file, path, budget):
    """What a MATLAB cell array refers to."""
    import h5py

    dataset = follow(file, path)
    check_stored(dataset, path, budget)
    if h5py.check_ref_dtype(dataset.dtype) is not h5py.Reference:
        raise RefusedError(f"has no list at {path}")
    references = dataset[()].ravel()
    if not all(references):
        raise RefusedError(f"has empty entries in the list at {path}")
    return [file[reference] for reference in references]


def read_text(dataset, budget):
    """Characters as MATLAB stores them."""
    check_stored(dataset, "a name", budget)
    if dataset.dtype != np.uint16 or dataset.size > MAX_NAME:
        raise RefusedError("holds a parameter without a name")
    return "".join(map(chr, dataset[()].ravel()))
