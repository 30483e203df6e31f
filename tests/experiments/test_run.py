"""The program at the command line: what it lists and plans, and what it says of a mistake."""

import errno
import os
import re
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from experiments import preset, run
from experiments.studies import STUDIES

PROGRAM = Path(run.__file__)
NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def files_in(folder):
    """Every file below a folder but locks, which are empty."""
    found = [path for path in Path(folder).rglob("*") if path.is_file()]
    locks = [path for path in found if path.name in ("lock", ".lock")]
    assert not any(path.stat().st_size for path in locks)
    return sorted(str(path.relative_to(folder)) for path in found if path not in locks)


def assert_one_sentence(line):
    assert line.startswith("error: ")
    assert not re.search(r"[.!?]\s+[A-Z]", line)
    assert not line.endswith((".", ";", ","))


@pytest.fixture
def refused(tiny, tmp_path, capsys):
    """Runs the program, which must refuse; returns what it says.

    Nothing may be in its output folder afterwards, nor in the cache.
    """

    def refuse(*arguments, out=tmp_path / "out", said_before=0):
        code = run.main(["--preset", "tiny", "--out", str(out), *map(str, arguments)])
        output = capsys.readouterr()
        assert code == 2
        assert output.out == ""
        *before, line = output.err.splitlines()
        assert len([text for text in before if text]) == said_before
        assert_one_sentence(line)
        assert files_in(tiny) == []
        if Path(out).is_dir():
            assert files_in(out) == []
        return line

    return refuse


# What is asked for


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study", "climate_2020"], "no study is called 'climate_2020'; there are climate_2019"),
        (["--models", "edsr"], "no model is called 'edsr' here; there are srcnn, fsrcnn_2019"),
        (["--study", "climate_2021", "--models", "srcnn"], "no model is called 'srcnn' here"),
        (["--preset", "huge"], "no preset is called 'huge'; there are .*smoke, quick, paper"),
        (["--preset", "../presets/smoke"], r"no preset is called '\.\./presets/smoke'"),
        (["--protocol", "as_told"], "no protocol is called 'as_told'; there are as_described, as_"),
        (["--errata", "E6"], "no erratum that can be switched on is called 'E6'; there are E1, E2"),
        (
            ["--study", "container_2019", "--testdata", "nowhere"],
            "container_2019 has no data: there is no nowhere/video/.*; give a clip with --video",
        ),
        (
            ["--study", "real_video", "--testdata", "nowhere"],
            r"real_video has no data: nowhere has none of the test clips \(vid4",
        ),
        (
            ["--study", "flow", "--models", "srcnn"],
            "flow cannot be run in part: leave --models out",
        ),
        (["--seed", "-1"], "--seed is -1; it must be 0 to "),
        (["--seed", str(2**63)], f"--seed is {2**63}; it must be 0 to {2**63 - 1}"),
    ],
)
def test_unknown_names_and_wrong_numbers(refused, arguments, message):
    assert re.match(f"error: {message}", refused(*arguments))


def test_unknown_protocol_beside_a_published_file(refused, write_pair):
    assert "no protocol is called 'x'" in refused("--protocol", "x", "--data", write_pair())


@pytest.mark.parametrize("arguments", [["--seed", "x"], ["--epochs", "3"], ["--study"]])
def test_what_the_parser_refuses(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        run.main(arguments)
    assert stop.value.code == 2
    assert "error: " in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("name", ["theano", ""])
def test_unknown_backend(refused, monkeypatch, name):
    monkeypatch.setenv("KERAS_BACKEND", name)
    line = refused()
    assert f"KERAS_BACKEND is {name!r}; it must be one of torch, tensorflow, jax" in line


def test_backend_that_is_not_installed(refused, monkeypatch):
    def no_such_package(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", no_such_package)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert "jax is not installed: pip install 'keras_vsr[jax]'" in refused()


# Data


def test_missing_file(refused, tmp_path):
    path = tmp_path / "gone.h5"
    assert f"--data: there is no {path}; check the path" in refused("--data", path)
    assert f"there is no file {tmp_path}" in refused("--data", tmp_path)
    assert f"there is no {'a' * 300}" in refused("--data", "a" * 300)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study", "space_time", "--video", "gone.mp4"], "--video: there is no gone.mp4; check"),
        (["--video", __file__], "--video is of no use to climate_2019, climate_2021: leave it out"),
        (["--study", "phantom", "--data", __file__], "--data is of no use to phantom: leave it"),
        (
            ["--study", "phantom", "--vimeo90k", __file__, "--ucf101", __file__],
            "--vimeo90k is of no use to phantom",
        ),
        (
            ["--study", "phantom", "space_time", "--models", "fsrcnn_2019"],
            "space_time cannot be run in part: leave --models out",
        ),
        (
            ["--study", "phantom", "--errata", "E1"],
            "--errata and --protocol as_run are for the climate studies, not phantom: add --study",
        ),
    ],
)
def test_what_nothing_would_use(refused, arguments, message):
    assert message in refused(*arguments)


def test_data_of_studies_on_video_is_a_video(refused, tmp_path):
    path = tmp_path / "clip.y4m"
    path.write_bytes(b"YUV4MPEG2 W8 H8 F25:1 Ip A1:1 Cmono\n")
    for study in ("diamond_2021", "real_video", "container_2019", "space_time"):
        assert f"{path} holds no frame" in refused(
            "--preset", "smoke", "--study", study, "--data", path
        )


def test_wrong_dataset_names(refused, write_pair):
    path = write_pair(names=("low", "high"))
    assert (
        f"{path} holds high, low; it must hold the datasets train and label, or H_Field"
        in refused("--data", path)
    )


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_file_cut_short(refused, write_matrix, kept):
    path = write_matrix()
    os.truncate(path, int(kept * path.stat().st_size))
    line = refused("--data", path)
    assert f"{path} cannot be read as HDF5" in line
    assert "it is damaged, cut short or of another format; fetch it again" in line


def test_video_cut_short(refused, tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "cut.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = 48, 64
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
    os.truncate(path, path.stat().st_size // 2)
    assert f"{path} cannot be read as HDF5" in refused("--data", path)


def test_frames_of_odd_size(refused, write_matrix, write_pair):
    path = write_matrix(height=15)
    assert f"frames of 15x32 in {path} cannot be made 2 times smaller" in refused("--data", path)
    path = write_pair(names=("label", "train"))  # the large ones are not the label
    assert f"in {path} do not fit: label must have the same frames" in refused("--data", path)


@pytest.mark.parametrize("frames", [1, 4, 482])
def test_too_few_frames(refused, write_matrix, frames):
    path = write_matrix(frames=frames)
    assert (
        f"the published split of {path} needs at least 483 frames, got {frames}; use a longer run"
        in refused("--data", path)
    )


@pytest.mark.parametrize(("frame", "value"), [(330, np.nan), (499, np.inf)])
def test_numbers_that_are_none(refused, write_pair, waves, frame, value):
    high = waves()
    high[frame, 3, 4] = value
    path = write_pair(high=high)
    line = refused("--data", path)
    assert f"frame {frame} of train in {path} holds NaN or infinity; mend the file" in line


# Folders and disks


def test_output_folder_that_is_a_file(refused, tmp_path):
    path = tmp_path / "results"
    path.write_text("mine")
    for out in (path, path / "below"):
        line = refused(out=out)
        assert f"cannot write the output folder {out}: " in line
        assert "choose another one with --out" in line
    assert path.read_text() == "mine"


def test_cache_that_is_a_file(refused, tmp_path, monkeypatch):
    path = tmp_path / "in_the_way"
    path.write_text("mine")
    monkeypatch.setattr(run, "CACHE", path)
    line = refused()
    assert re.search(f"cannot write {path}/climate/.*h5: Not a directory; ", line)
    assert path.read_text() == "mine"


def test_second_process_in_the_same_folder(refused, tmp_path):
    with run.Outputs(tmp_path / "out", os.environ["KERAS_BACKEND"]).locked():
        line = refused()
    assert f"another run with {os.environ['KERAS_BACKEND']} is writing {tmp_path / 'out'}" in line


def test_disk_full_while_data_is_made(refused, monkeypatch):
    monkeypatch.setattr(os, "fsync", raiser(NO_SPACE))
    assert re.search("cannot write .*h5: No space left on device; ", refused(said_before=1))


def raiser(error):
    def raise_it(*_):
        raise error

    return raise_it


@pytest.fixture
def train(tiny, tmp_path, write_pair, capsys):
    """Trains SRCNN on a small published file; returns the exit status and what stderr got."""
    path = write_pair()

    def run_once():
        arguments = ["--preset", "tiny", "--models", "srcnn", "--data", str(path)]
        code = run.main([*arguments, "--out", str(tmp_path / "out")])
        return code, capsys.readouterr().err.splitlines()

    return run_once


def test_disk_full_while_results_are_written(train, tmp_path, monkeypatch):
    """At one write after the other: what was whole before stays, and nothing else is there."""
    replace, written = os.replace, []

    def counted(source, target):
        replace(source, target)
        written.append(str(Path(target).relative_to(tmp_path / "out")))

    def fsync(_):
        if len(written) == space[0]:
            raise NO_SPACE

    monkeypatch.setattr(os, "replace", counted)
    monkeypatch.setattr(os, "fsync", fsync)
    whole, failed, space = set(), [], [0]
    for files in (0, 1, 3, 2, 3):  # that the disk takes; each start goes on after the last one
        space[0] = files
        written.clear()
        code, lines = train()
        assert code == 2
        assert_one_sentence(lines[-1])
        assert [line for line in lines if line.startswith("error: ")] == lines[-1:]
        target = re.search(r"cannot write (.*): No space left on device; ", lines[-1])[1]
        failed.append(Path(target).name)
        whole |= set(written)
        assert files_in(tmp_path / "out") == sorted(whole)
    scores = f"{os.environ['KERAS_BACKEND']}_scores.csv"
    assert failed == [scores, "checkpoint.npz", "picture.npy", "scores.csv", scores]


def test_damaged_states(train, tmp_path, monkeypatch):
    """Of a checkpoint, of stored scores and of a stored picture; each is named."""
    with monkeypatch.context() as patch:
        patch.setattr("experiments.report.report", raiser(KeyboardInterrupt))
        assert train()[0] == 130
    (folder,) = (tmp_path / "out" / "state").glob("*/*-plain-*")
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(whole) == ["checkpoint.npz", "picture.npy", "scores.csv"]
    for name, content in whole.items():
        middle = len(content) // 2
        flipped = bytes([content[middle] ^ 0x55])
        for damaged in (
            content[:middle],
            content[:middle] + flipped + content[middle + 1 :],
            b"text\n",
            b"",
        ):
            if name != "checkpoint.npz" and damaged not in (content[:middle], b""):
                continue  # they have no checksum
            (folder / name).write_bytes(damaged)
            before = files_in(tmp_path / "out")
            code, lines = train()
            assert code == 2, lines
            assert_one_sentence(lines[-1])
            assert str(folder / name) in lines[-1]
            assert files_in(tmp_path / "out") == before
        (folder / name).write_bytes(content)


# As a process


def run_program(*arguments, **settings):
    return subprocess.run(
        [sys.executable, PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **settings,
    )


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["--study", "climate_2020"], {}, "no study is called 'climate_2020'; "),
        (["--data", "gone.h5"], {}, "--data: there is no gone.h5; "),
        ([], {"KERAS_BACKEND": "theano"}, "KERAS_BACKEND is 'theano'; "),
        (["--out", os.devnull], {}, f"cannot write the output folder {os.devnull}: "),
    ],
)
def test_process_that_refuses(tmp_path, arguments, variables, message):
    arguments = ["--preset", "smoke", "--out", "out", *arguments]
    done = run_program(*arguments, cwd=tmp_path, env=os.environ | variables)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {message}")
    assert_one_sentence(line)
    assert files_in(tmp_path) == []


def test_process_on_a_full_disk(tmp_path, tiny):
    """The system itself refuses to let a file grow; the data does not fit."""
    driver = (
        "import sys; from pathlib import Path; from experiments import preset, run; "
        f"run.CACHE = Path('cache'); preset.FOLDER = Path({str(preset.FOLDER)!r}); "
        "sys.exit(run.main(['--preset', 'tiny', '--out', 'out']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", driver],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(run.ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384)),
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert re.match(r"error: cannot write cache/climate/.*h5: File too large; ", line)
    assert_one_sentence(line)
    assert files_in(tmp_path) == []


# The list and the plan


def test_list_names_everything(capsys):
    assert run.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = [
        line.removeprefix("data set").split()[1 - line.startswith("data set")] for line in lines
    ]
    wanted = []
    for study in STUDIES.values():
        wanted += [study.name, *(job.model for job in study.jobs)]
    assert named == [*wanted, *run.DATASETS, *preset.names()]
    assert all(len(line) > len(name) + 40 for name, line in zip(named, lines, strict=True))


def test_list_that_nobody_reads_to_its_end():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, PROGRAM, "--list"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def planned(line):
    """The cells of a line of the plan."""
    pattern = r"(\w+) +(\w+) +(plain|residual) +([\d,]+) +(\w+ \d+x\d+) +(\d+) +(\d+) +(\d+) +"
    match = re.match(pattern + r"([\d.]+) +([\d.]+)$", line)
    return match and match.groups()


@pytest.mark.parametrize("name", ["smoke", "paper"])
def test_dry_run_plans_and_writes_nothing(tmp_path, tiny, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    assert run.main(["--preset", name, "--dry-run", "--out", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    size = preset.load(name).climate
    height, width, runs = size.height, size.width, size.train_runs
    for split, clips, frames in (
        ("train", runs, size.train_frames),
        ("validation", runs, size.validation_frames),
        ("test", 1, size.test_frames),
    ):
        lengths = "+".join([str(frames)] * clips)
        windows = clips * (frames - 4)
        assert f"{split:10} {lengths} frames of {height}x{width}, {windows} windows" in lines[1:4]
    assert lines[0] == "data set climate"
    assert files_in(tmp_path) == files_in(tiny) == []
    assert list(tmp_path.iterdir()) == list(tiny.iterdir()) == []
    plan = [cells for cells in map(planned, lines) if cells]
    counts = {  # report_2021, the slides' table, and sums of two
        "srcnn": "8,129",
        "fsrcnn_2019": "10,577",
        "srnet3d_raw": "63,129",
        "srnet3d_processed": "73,706",
        "2d_then_3d_raw": "73,706",
        "2d_then_3d_processed": "73,706",
        "3d_then_2d": "71,258",
        "two_in_one": "73,706",
        "parallel5": "259,938",
        "delta": "83,702",
    }
    assert [(cells[1], cells[2], cells[3]) for cells in plan] == [
        (model, variant, count)
        for model, count in counts.items()
        for variant in ("plain", "residual")
    ]
    # Taps times channels times filters, for each pixel that a layer puts out.
    pixels = height * width
    srcnn = pixels * (81 * 64 + 64 * 32 + 25 * 32)
    on_low = 25 * 32 + 32 * 8 + 9 * 8 * 8 + 8 * 32 + 16 * 32 * 16
    fsrcnn = pixels / 4 * on_low + pixels * 25 * 16
    assert plan[0][8] == plan[1][8] == f"{srcnn / 1e9:.3f}"
    assert plan[2][8] == plan[3][8] == f"{fsrcnn / 1e9:.3f}"
    total = re.match(r"about (\d+) minutes in all", lines[-1])[1]
    assert float(total) == pytest.approx(sum(float(cells[9]) for cells in plan), abs=1.5)
    if name == "paper":  # the recipes' own
        assert [int(cells[7]) for cells in plan[::2]] == [
            120,
            150,
            100,
            80,
            0,
            0,
            120,
            100,
            300,
            300,
        ]
