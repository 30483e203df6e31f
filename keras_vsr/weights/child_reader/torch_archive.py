"""State dictionaries as torch.save writes them: zip archives."""

import zipfile

from limits import MAX_ARRAYS, MAX_TEXT, Budget, RefusedError, limit_memory, printable

DESCRIPTION = "/data.pkl"  # ends the name of the entry that says what the archive holds


def read_pth(path):
    """The tensors by name; no code in the file is run."""
    check_archive(path)
    import torch

    limit_memory()
    state = torch.load(path, weights_only=True, map_location="cpu")
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise RefusedError("holds no state dictionary")
    budget, arrays = Budget(), {}
    for name, tensor in state.items():
        if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided:
            raise RefusedError(f"holds {printable(name)}, which is no tensor of weights")
        budget.take(name, tuple(tensor.shape))
        # A tensor that repeats a few numbers can have any size in a file of any size.
        if not tensor.is_contiguous() or tensor.dtype not in (torch.float32, torch.float64):
            raise RefusedError(f"holds {printable(name)}, no array of float32 or float64")
        arrays[name] = tensor.detach().numpy()
    return arrays, {}


def check_archive(path):
    """Looks at the archive's table of contents; torch stores its entries unpacked.

    Raises:
        RefusedError: an entry is packed, so that it could unpack to anything, or there are too
            many.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > 2 * MAX_ARRAYS:
        raise RefusedError(f"holds more than {2 * MAX_ARRAYS} entries")
    if not any(entry.filename.endswith(DESCRIPTION) for entry in entries):
        raise RefusedError("is a zip archive but none that torch.save wrote")
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise RefusedError("is packed, as torch.save never writes it")
        if entry.filename.endswith(DESCRIPTION) and entry.file_size > MAX_TEXT:
            raise RefusedError("describes more than any network")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise RefusedError("declares more bytes than it holds")
