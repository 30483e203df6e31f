"""The study of published weights: the authors' own files in the suite's builders.

Each row is one quantity with what it must be. Files that are not there are skipped with a sentence.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import keras
import numpy as np

from experiments.climate_data import PUBLISHED_SIZE, published_size_frames
from experiments.outputs import Outputs
from experiments.preset import Preset
from keras_vsr import metrics
from keras_vsr.data import climate
from keras_vsr.data.degrade import degrade, enlarge
from keras_vsr.data.images import list_images, read_folder, read_luma
from keras_vsr.environment import context
from keras_vsr.inference.predict import predict_batches, predict_clip
from keras_vsr.models import NETWORKS, build
from keras_vsr.records import PUBLISHED_COLUMNS, read_rows, write_rows
from keras_vsr.weights import load_keras2_h5, load_mat, load_pth

FILE = "published_weights"
EXPECTED = "published_author_weights.csv"  # among the published weights, with the printed numbers

# The authors' MATLAB files: what is built for each, besides the scale.
MATLAB: dict[str, tuple[str, dict[str, object]]] = {
    **{
        f"srcnn_authors/9-{middle}-5_{name}.mat": (
            "srcnn",
            {"kernels": (9, middle, 5), "border": "replicate"},
        )
        for middle, name in (
            *((1, "91_x2"), (1, "91_x3"), (1, "imagenet_x3")),
            *((3, "imagenet_x3"), (5, "imagenet_x2"), (5, "imagenet_x3")),
        )
    },
    "fsrcnn_authors/FSRCNN_x2.mat": ("fsrcnn", {"scale": 2}),
    "fsrcnn_authors/FSRCNN_x3.mat": ("fsrcnn", {"scale": 3}),
    "fsrcnn_authors/FSRCNN-s_x2.mat": ("fsrcnn_s", {"scale": 2}),
    "fsrcnn_authors/FSRCNN-s_x3.mat": ("fsrcnn_s", {"scale": 3}),
    "kim_3dsrnet/x4.mat": ("kim_3dsrnet", {"scale": 4}),
}
PSNR_TOLERANCE = 0.02  # dB: the printed numbers have two decimals, and LR files differ by rounding

# The 2019 project's Keras 2 files.
PRELU_FILE, PROCESSED_FILE = (
    "2019/fsrcnn_climate_prelu_6348.h5",
    "2019/srnet3d_climate_processed_63641.h5",
)
LINEAR_3D = {"last_kernel": 5, "order": "as_run", "activation": "linear"}
KERAS2: dict[str, tuple[str, dict[str, object]]] = {
    "2019/fsrcnn_climate_10577.h5": ("fsrcnn_2019", {}),
    PRELU_FILE: ("fsrcnn_2019_prelu", {"activation": "linear"}),
    "2019/fsrcnn_climate_prelu_modified_6348.h5": ("fsrcnn_2019_prelu", {"activation": "linear"}),
    "2019/srcnn_8129.h5": ("srcnn", {"output_activation": "relu"}),
    "2019/srcnn_climate_8129.h5": ("srcnn", {"output_activation": "relu"}),
    "2019/srcnn_5layer_10241.h5": ("srcnn", {"middle_layers": 3, "output_activation": "relu"}),
    "2019/srnet3d_climate_raw_63641.h5": ("srnet3d", LINEAR_3D),
    PROCESSED_FILE: ("srnet3d", LINEAR_3D),
    "2019/srnet3d_early_akiyo_111905.h5": ("srnet3d_early", {}),
    "2019/srnet3d_early_deep_container_167265.h5": ("srnet3d_early_deep", {}),
}
# Its last ReLU makes zeros of every frame tried: it is compared without that ReLU.
DEAD_FILE = "2019/srcnn_climate_8129.h5"
LEGACY_TOLERANCE = 1e-5  # of the output's extent
CLIMATE_LEAST_DB = 42.0  # what the 6,348 network gives, by the report; at least

# 2021.
DIAMOND_FILE = "2021/parallel5_diamond_f12_g24.pth"
DIAMOND = {"recursions_2d": 4, "order": "as_run"}
DIAMOND_TOLERANCE = 1e-4 * 255
DIAMOND_CROP = 96  # pixels of the frames that are compared

VID4_SCORED = slice(2, 13)  # frames 3 to 13 of 15
CROP_2019 = (64, 96)  # pixels of the frames on which equality with legacy_tf is tried

# E2 in the authors' own weights. One run, thinned out: spacing in steps of the solver.
SPACINGS = (1, 2, 4, 6, 8)
WINDOWS = 4  # of each spacing


def measure_published(
    preset: Preset, seed: int, outputs: Outputs, reference: Path, testdata: Path, cache: Path
) -> None:
    """Loads each file, compares, and writes the rows.

    Args:
        preset: Named in the rows; sizes here are those of the published protocols.
        seed: Named in the rows.
        outputs: Where rows go.
        reference: Folder of the published weights.
        testdata: Folder with `set5` and `vid4_y15`.
        cache: Folder of generated files.
    """
    shared = context(preset=preset.name, seed=seed, precision="float32", backend=outputs.backend)
    rows: list[dict[str, object]] = []
    for measure in (_matlab, _keras2, _climate, _diamond):
        for row in measure(reference, testdata, cache):
            key = (row["weights"], row["dataset"], row["quantity"], row["seconds_between"])
            row["row"] = "/".join(str(part) for part in (*key, outputs.backend))
            row["holds"] = _holds(row)
            rows.append(row | shared)
            said = {"yes": "holds", "no": "DOES NOT HOLD", "": "as it is"}[row["holds"]]
            print(
                f"{row['weights']}  {row['dataset']} {row['quantity']} {row['seconds_between']} "
                f"{row['value']:.6g}: {said}",
                file=sys.stderr,
                flush=True,
            )
    path = outputs.path(FILE)
    stored = read_rows(path, PUBLISHED_COLUMNS) if path.exists() else []
    new = {row["row"] for row in rows}
    if rows:  # those of files that are not there today stay
        kept = [row for row in stored if row["row"] not in new]
        write_rows(path, PUBLISHED_COLUMNS, [*rows, *kept])


def _holds(row: dict[str, object]) -> str:
    if row["expected"] is None:
        return ""
    if row["tolerance"] is None:
        return "yes" if row["value"] >= row["expected"] else "no"
    return "yes" if abs(row["value"] - row["expected"]) <= row["tolerance"] else "no"


def _row(weights, network, arguments, model, dataset, source, **cells) -> dict[str, object]:
    """A row's cells; those that are not given are empty."""
    empty = dict.fromkeys(("scale", "seconds_between", "frames", "expected", "tolerance"))
    return {
        "weights": weights,
        "network": network,
        "arguments": ", ".join(f"{name}={value}" for name, value in arguments.items()),
        "parameters": model.count_params(),
        "dataset": dataset,
        "data_source": source,
        **empty,
        **cells,
    }


def _there(path: Path) -> bool:
    """Whether a file is there; says so where it is not."""
    if not path.exists():
        print(f"skipped, no {path}: --reference and --testdata name other folders", file=sys.stderr)
    return path.exists()


def _installed(module: str) -> bool:
    """Whether a library to compare with is there; says so where it is not."""
    there = importlib.util.find_spec(module) is not None
    if not there:
        print(f"skipped the comparison with {module}, which is not installed", file=sys.stderr)
    return there


# SRCNN, FSRCNN, 3DSRnet of their original authors


def _matlab(reference: Path, testdata: Path, cache: Path) -> Iterator[dict[str, object]]:
    if not (_there(reference / EXPECTED) and _there(testdata / "set5")):
        return
    printed = {row["weights"]: row for row in read_rows(reference / EXPECTED)}
    for name, (network, arguments) in MATLAB.items():
        if not _there(reference / name):
            continue
        model = build(network, **arguments)
        load_mat(model, reference / name)
        scale = int(printed[name]["scale"])
        if network == "kim_3dsrnet":
            if not _there(testdata / "vid4_y15"):
                continue
            dataset, (value, bicubic, frames) = "Vid4", _vid4(model, testdata / "vid4_y15", scale)
        else:
            enlarged = NETWORKS[network].enlarged
            images = testdata / "set5"
            dataset, (value, bicubic, frames) = "Set5", _set5(model, images, scale, enlarged)
        expected = float(printed[name]["psnr_db_published"] or printed[name]["psnr_db_here"])
        row = _row(name, network, arguments, model, dataset, dataset, scale=scale, frames=frames)
        yield row | {
            "quantity": "psnr_db",
            "value": value,
            "expected": expected,
            "tolerance": PSNR_TOLERANCE,
        }
        yield row | {
            "quantity": "bicubic_psnr_db",
            "value": bicubic,
            "expected": float(printed[name]["bicubic_psnr_db_here"]),
            "tolerance": PSNR_TOLERANCE,
        }


def _set5(model: keras.Model, folder: Path, scale: int, enlarged: bool):
    """Mean PSNR of a network and of bicubic enlargement, as SRCNN's authors took it.

    Luma is rounded to 8 bits, as MATLAB's `rgb2ycbcr` leaves it, and so are results; LR frames are
    not. `scale` pixels are left out on each side.
    """
    values, bicubic = [], []
    for path in list_images(folder):
        luma = np.round(read_luma(path).astype(np.float64) * 255) / 255
        height, width = (size - size % scale for size in luma.shape)
        truth = luma[:height, :width]
        low = degrade(truth, "bicubic", scale)
        large = enlarge(low, "bicubic", scale)
        given = (large if enlarged else low)[None, ..., None]
        made = predict_batches(model, given, batch_size=1)[0, ..., 0]
        cut = slice(scale, -scale)
        for scores, frame in ((values, made), (bicubic, large)):
            rounded = np.round(np.clip(frame.astype(np.float64), 0, 1) * 255) / 255
            scores.append(metrics.psnr(truth[cut, cut], rounded[cut, cut], data_range=1.0))
    return float(np.mean(values)), float(np.mean(bicubic)), len(values)


def _vid4(model: keras.Model, folder: Path, scale: int):
    """Mean of the clips' means, whole frames, nothing rounded."""
    values, bicubic, frames = [], [], 0
    for clip in sorted(path for path in folder.iterdir() if path.is_dir()):
        high = read_folder(clip)
        low = degrade(high, "bicubic", scale)
        made = predict_clip(model, "window", low)
        truth, large = high[VID4_SCORED], enlarge(low, "bicubic", scale)[VID4_SCORED]
        values.append(metrics.psnr(truth, made, data_range=1.0))
        bicubic.append(metrics.psnr(truth, large, data_range=1.0))
        frames += len(truth)
    return float(np.mean(values)), float(np.mean(bicubic)), frames


# The 2019 project


def _keras2(reference: Path, testdata: Path, cache: Path) -> Iterator[dict[str, object]]:
    """Equality with the same networks in plain TensorFlow, on frames of the jet."""
    there = [name for name in KERAS2 if _there(reference / name)]
    if not (there and _installed("tensorflow")):
        return
    clip = published_size_frames(cache)
    height, width = CROP_2019
    high = clip.high[:5, 120 : 120 + height, 200 : 200 + width]
    for name in there:
        network, arguments = KERAS2[name]
        model = build(network, **arguments)
        load_keras2_h5(model, reference / name)
        if name == DEAD_FILE:
            arguments = arguments | {"output_activation": "linear"}
            weights, model = model.get_weights(), build(network, **arguments)
            model.set_weights(weights)
        twin = _legacy(network, arguments)
        twin.set_weights(_as_stored(reference / name))
        given = high if NETWORKS[network].enlarged else degrade(high, "bicubic")
        given = given[..., None] if NETWORKS[network].takes == "frame" else given[None, ..., None]
        ours, theirs = predict_batches(model, given, batch_size=1), twin.predict(given)
        row = _row(name, network, arguments, model, "climate", climate.GENERATED, frames=len(ours))
        yield row | {
            "scale": 2,
            "quantity": "difference_from_legacy_tf",
            "value": _difference(ours, theirs),
            "expected": 0.0,
            "tolerance": LEGACY_TOLERANCE,
        }


def _as_stored(path: Path) -> list[np.ndarray]:
    """The arrays of a Keras 2 file in its own order, read apart from the suite's reader, so that
    equality of outputs says something about that, too."""
    with h5py.File(path) as file:
        weights = file["model_weights"]
        return [
            weights[layer][name][()]
            for layer in weights.attrs["layer_names"]
            for name in weights[layer].attrs["weight_names"]
        ]


def _legacy(network: str, arguments: dict[str, object]):
    """The same network in `legacy_tf`, with its errata as the arguments say."""
    from legacy_tf import networks
    from legacy_tf.errata import Errata

    rest = dict(arguments)
    linear = rest.pop("activation", None) == "linear"
    as_run = rest.pop("order", None) == "as_run"
    if network == "srnet3d_early_deep":
        return networks.srnet3d_early(same_layers=5)
    if network in ("fsrcnn_2019_prelu", "srnet3d"):
        rest["errata"] = Errata(e3=as_run, e18=linear)
    return getattr(networks, network)(**rest)


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference, as part of the range that the values span, or of 1 where that is more."""
    return float(np.abs(ours - theirs).max() / max(1.0, np.ptp(theirs)))


def _climate(reference: Path, testdata: Path, cache: Path) -> Iterator[dict[str, object]]:
    """The 2019 networks on generated frames: against bicubic, and against the next frame."""
    if not (_there(reference / PRELU_FILE) and _there(reference / PROCESSED_FILE)):
        return
    clip = published_size_frames(cache)
    dataset, source = "climate", climate.GENERATED
    made = {}
    for name, (network, arguments) in KERAS2.items():
        if NETWORKS[network].takes != "frame" or not _there(reference / name):
            continue
        model = build(network, **arguments)
        load_keras2_h5(model, reference / name)
        first = slice(0, None, SPACINGS[-1])
        low, high = clip.low[first], clip.high[first]
        large = enlarge(low, "bicubic")
        given = large if NETWORKS[network].enlarged else low
        outputs = predict_clip(model, "frame", given)
        row = _row(name, network, arguments, model, dataset, source, scale=2, frames=len(high))
        least = CLIMATE_LEAST_DB if name == PRELU_FILE else None
        for quantity, frames, expected in (
            ("psnr_db", outputs, least),
            ("bicubic_psnr_db", large, None),
        ):
            value = metrics.psnr(high, frames, data_range=1.0)
            yield row | {"quantity": quantity, "value": value, "expected": expected}
        if name == PRELU_FILE:
            made["2d"] = predict_clip(model, "frame", clip.low)
    network, arguments = KERAS2[PROCESSED_FILE]
    model = build(network, **arguments)
    load_keras2_h5(model, reference / PROCESSED_FILE)
    weights = f"{PRELU_FILE} + {PROCESSED_FILE}"
    for spacing in SPACINGS:
        # Windows that begin evenly over the clip, with a frame behind each.
        last = len(clip.high) - 5 * spacing - 1
        starts = np.linspace(0, last, WINDOWS).round().astype(int)
        frames = starts[:, None] + spacing * np.arange(6)
        outputs = predict_batches(model, made["2d"][frames[:, :5]][..., None])[..., 0]
        cut = (slice(None), slice(2, -2), slice(2, -2))
        row = _row(weights, network, arguments, model, dataset, source, scale=2, frames=WINDOWS)
        row["seconds_between"] = int(spacing * PUBLISHED_SIZE.time_step)
        middle, following = (
            metrics.psnr(clip.high[frames[:, position]][cut], outputs, data_range=1.0)
            for position in (2, 3)
        )
        yield row | {"quantity": "psnr_against_middle_db", "value": middle}
        yield row | {"quantity": "psnr_against_next_db", "value": following}
        yield row | {
            "quantity": "next_less_middle_db",
            "value": following - middle,
            "expected": 0.0,
        }


# The 2021 project


def _diamond(reference: Path, testdata: Path, cache: Path) -> Iterator[dict[str, object]]:
    """Equality of 5-parallel with the same network written by hand in PyTorch, on real frames."""
    path = reference / DIAMOND_FILE
    if not (_there(path) and _there(testdata / "vid4_y15") and _installed("torch")):
        return
    import torch

    from experiments.peers.errata import AS_RUN
    from experiments.peers.parallel5 import Parallel5
    from experiments.peers.weights import load_published

    model = build("parallel5", **DIAMOND)
    load_pth(model, path)
    peer = Parallel5(order="as_run", errata=AS_RUN)
    load_published(peer, path)
    clip = read_folder(testdata / "vid4_y15" / "city")[:6, :DIAMOND_CROP, :DIAMOND_CROP]
    windows = np.lib.stride_tricks.sliding_window_view(clip, 5, axis=0).transpose(0, 3, 1, 2)
    with torch.no_grad():
        given = torch.from_numpy(np.ascontiguousarray(windows[:, None] * np.float32(255)))
        theirs = peer(given).numpy()[:, 0]
    ours = predict_batches(model, windows[..., None], intensity=255.0)[..., 0] * 255
    row = _row(DIAMOND_FILE, "parallel5", DIAMOND, model, "Vid4", "city", scale=2, frames=len(ours))
    yield row | {
        "quantity": "difference_from_native_torch",
        "value": float(np.abs(ours - theirs).max()),
        "expected": 0.0,
        "tolerance": DIAMOND_TOLERANCE,
    }
