"""The 2019 project's first 3D network on real video: report_2019, Table 4."""

from experiments.studies.study import Job, Study

STUDY = Study(
    name="container_2019",
    summary="the first 3D network of 2019 on 64x64 pixels of a clip (Table 4)",
    data="table4",
    jobs=(
        Job(
            "srnet3d_early",
            "3x3x3 layers on enlarged frames, 111,905 parameters (Table 4)",
            network="srnet3d_early",
            recipe="srnet3d_early",
        ),
    ),
)
