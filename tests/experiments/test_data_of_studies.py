"""The data of each study: where it comes from, and how it is split."""

from argparse import Namespace

import numpy as np
import pytest
from PIL import Image

from experiments import preset
from experiments.data_of_studies import DATASETS, clips, data_for, lacking, sizes_for
from experiments.diamond_data import GAP
from experiments.preset import ClipSize
from experiments.triplet_data import prepare_triplets, triplet_counts
from experiments.video_data import prepare_videos
from keras_vsr.data.degrade import degrade
from keras_vsr.errors import InputError

SMOKE = preset.load("smoke")


@pytest.fixture
def options(tmp_path):
    return Namespace(
        seed=0,
        video=None,
        testdata=tmp_path / "none",
        vimeo90k=None,
        ucf101=None,
        protocol=None,
        data=None,
    )


@pytest.fixture
def write_y4m(tmp_path):
    """Writes a clip whose luma says where it is from; returns its path and its frames."""

    def write(frames, height, width, name="clip.y4m"):
        t, row, column = np.ogrid[:frames, :height, :width]
        luma = ((t * 7 + row * 3 + column * 2) % 251).astype(np.uint8)
        with open(tmp_path / name, "wb") as file:
            file.write(b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 Cmono\n" % (width, height))
            for frame in luma:
                file.write(b"FRAME\n" + frame.tobytes())
        return tmp_path / name, luma.astype(np.float32) / np.float32(255)

    return write


@pytest.mark.parametrize("kind", ["phantom", "phantom4x", "diamond"])
def test_generated_data_have_the_preset_s_sizes(kind, options, tmp_path):
    data, plan = data_for(kind, options, SMOKE, tmp_path), sizes_for(kind, options, SMOKE)
    size = SMOKE.clips[kind]
    scale = 4 if kind == "phantom4x" else 2
    for split, pairs in data.splits.items():
        assert [pair.high.shape for pair in pairs] == [pair.high.shape for pair in plan[split]]
        for pair in pairs:
            assert pair.high.shape[1:] == (size.height, size.width)
            assert pair.scale == scale
            # As published: the diamond is blurred before it is made smaller.
            way = "gaussian_bicubic" if kind == "diamond" else "bicubic"
            np.testing.assert_array_equal(pair.low, degrade(pair.high, way, scale))
            assert data.degradation == way
    assert (data.dataset, data.data_source) == (kind.removesuffix("4x"), "generated")
    frames = [frame.tobytes() for pairs in data.splits.values() for p in pairs for frame in p.high]
    assert len(set(frames)) == len(frames)  # no frame is in two splits
    other = data_for(kind, Namespace(**vars(options) | {"seed": 1}), SMOKE, tmp_path)
    assert (other.splits["test"][0].high != data.splits["test"][0].high).any()


def test_the_diamond_can_be_a_video(options, tmp_path, write_y4m):
    size = SMOKE.clips["diamond"]
    frames = size.train_frames + size.validation_frames + GAP + size.test_frames
    options.video, luma = write_y4m(frames + 3, size.height + 4, size.width + 6)
    data = data_for("diamond", options, SMOKE, tmp_path)
    middle = luma[:frames, 2:-2, 3:-3]
    np.testing.assert_array_equal(data.splits["train"][0].high, middle[: size.train_frames])
    np.testing.assert_array_equal(data.splits["test"][0].high, middle[-size.test_frames :])
    assert data.data_source == "clip.y4m"
    options.video, _ = write_y4m(frames - 1, size.height, size.width)
    with pytest.raises(InputError, match=f"ends after frame {frames - 1}, but {frames} are needed"):
        data_for("diamond", options, SMOKE, tmp_path)


def test_clips_are_cut_in_time_and_to_one_size(write_y4m):
    size = ClipSize(height=10, width=12, train_frames=8, validation_frames=5, test_frames=7)
    long, luma = write_y4m(30, 14, 20, "long.y4m")
    short, few = write_y4m(15, 10, 12, "short.y4m")
    data = prepare_videos([long, short], size)
    lengths = {name: [p.frames for p in pairs] for name, pairs in data.splits.items()}
    assert lengths == {"train": [8, 5], "validation": [5, 5], "test": [7, 5]}
    np.testing.assert_array_equal(data.splits["test"][0].high, luma[13:20, 2:12, 4:16])
    np.testing.assert_array_equal(data.splits["validation"][1].high, few[5:10])
    assert data.data_source == "long.y4m+short.y4m"
    for frames, height in ((14, 10), (30, 9)):
        path, _ = write_y4m(frames, height, 12)
        wrong = "ends after frame 14, but 15 are" if frames == 14 else "are 9x12, but 10x12 or more"
        with pytest.raises(InputError, match=wrong):
            prepare_videos([path], size)


def test_clips_that_are_not_there(options):
    with pytest.raises(InputError, match=r"has none of the test clips .*--testdata, or .*--video"):
        clips(options)


def test_triplets(options, write_y4m):
    size = ClipSize(32, 48, train_frames=8, validation_frames=5, test_frames=6)
    splits = prepare_triplets(size, 0, options)
    # Of a diamond and a phantom: frames i, i + 2, i + 4.
    plan = triplet_counts(size, options)
    assert plan == {"train": 8, "validation": 2, "test": 6}  # with a real clip
    counts = {name: [len(one.low) for one in many] for name, many in splits.items()}
    assert counts == {"train": [8], "validation": [2], "test": [4]}
    assert splits["train"][0].high.shape == (8, 3, 32, 48)
    options.video, luma = write_y4m(9, 40, 50)
    generated, real = prepare_triplets(size, 0, options)["test"]
    assert (generated.split, generated.source) == ("test", "generated")
    assert (real.split, real.source) == ("test_real", "clip.y4m")
    np.testing.assert_array_equal(real.high[1], luma[[1, 3, 5], 4:36, 1:49])
    np.testing.assert_array_equal(real.low, degrade(real.high, "bicubic"))


@pytest.fixture
def write_triplets(tmp_path):
    """Writes triplets of grey pictures of odd size; returns the folder and the pictures."""

    def write(folder, names, frames):
        pictures = np.random.default_rng(1).integers(0, 256, (len(names), 3, 65, 72), np.uint8)
        for name, triplet in zip(names, pictures, strict=True):
            (tmp_path / folder / name).mkdir(parents=True)
            for file, frame in zip(frames, triplet, strict=True):
                Image.fromarray(frame).save(tmp_path / folder / name / file)
        return tmp_path / folder, pictures

    return write


def test_triplets_of_the_public_data_sets(options, write_triplets):
    names = [f"00001/000{number}" for number in range(1, 6)]
    sequences, pictures = write_triplets(
        "vimeo/sequences", names, ("im1.png", "im2.png", "im3.png")
    )
    options.vimeo90k = sequences.parent
    (options.vimeo90k / "tri_trainlist.txt").write_text("\n".join(names[:4]))
    (options.vimeo90k / "tri_testlist.txt").write_text(names[4])
    options.ucf101, others = write_triplets(
        "ucf101", ("1", "2"), ("frame_00.png", "frame_01_gt.png", "frame_02.png")
    )
    size = ClipSize(0, 0, train_frames=3, validation_frames=1, test_frames=1)
    splits = prepare_triplets(size, 0, options)
    made = {one.split: one for many in splits.values() for one in many}
    assert list(made) == ["train", "validation", "test", "test_ucf101"]
    expected = {"train": pictures[:3], "validation": pictures[3:4], "test": pictures[4:]}
    expected["test_ucf101"] = others[:1]
    for split, high in expected.items():
        read = made[split]
        np.testing.assert_array_equal(np.rint(read.high * 255), high[:, :, :64])
        np.testing.assert_array_equal(read.low, degrade(read.high, "bicubic"))
    assert made["test_ucf101"].dataset == "ucf101"
    assert made["train"].source == "Vimeo-90K"
    assert triplet_counts(size, options) == {"train": 3, "validation": 1, "test": 2}


def test_too_few_triplets_of_vimeo90k(options, write_triplets):
    sequences, _ = write_triplets(
        "vimeo/sequences", ["00001/0001"], ("im1.png", "im2.png", "im3.png")
    )
    options.vimeo90k = sequences.parent
    for part in ("train", "test"):
        (options.vimeo90k / f"tri_{part}list.txt").write_text("00001/0001")
    size = ClipSize(0, 0, train_frames=3, validation_frames=1, test_frames=1)
    with pytest.raises(InputError, match=r"training list of .*vimeo has 1 triplets, but 2 or more"):
        prepare_triplets(size, 0, options)


def test_plans_of_real_clips(options, write_y4m):
    options.video, _ = write_y4m(2, 4, 4)
    (train, validation, test) = (
        sizes_for("table4", options, SMOKE)[name] for name in ("train", "validation", "test")
    )
    assert [pair.high.shape for pair in train] == [(188, 64, 64)]
    assert [pair.high.shape for pair in validation + test] == [(48, 64, 64)] * 2
    size = SMOKE.clips["clips"]
    (pair,) = sizes_for("clips", options, SMOKE)["train"]
    assert pair.high.shape == (size.train_frames, size.height, size.width)


def test_what_lacks_data(options, write_y4m):
    kinds = {kind: lacking(kind, options) for kind in DATASETS}
    assert {kind for kind, reason in kinds.items() if reason} == {"clips", "table4"}
    assert "give a clip with --video" in kinds["table4"]
    options.video, _ = write_y4m(2, 4, 4)
    assert not any(lacking(kind, options) for kind in DATASETS)


def test_every_data_set_has_a_line():
    assert all(len(line) > 20 and "\n" not in line for line in DATASETS.values())
