"""The "proposed future model" of 2021, four times larger with optical flow in between."""

from experiments.studies.study import Job, Study

STUDY = Study(
    name="flow4x",
    summary="2D enlargement, optical flow and the integrated network, 16 -> 64 (proposed in 2021)",
    data="phantom4x",
    jobs=(
        Job(
            "kim_3dsrnet",
            "3DSRnet as published in 2018, at scale 4",
            network="kim_3dsrnet",
            recipe="kim_3dsrnet",
            arguments={"scale": 4, "filters": 32},
        ),
        Job(
            "flow4x",
            "with optical flow between the two enlargements",
            network="flow4x",
            recipe="flow4x",
        ),
    ),
)
