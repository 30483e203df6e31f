"""The phantom, enlarged from 32 to 64 pixels, as the 2019 project first tried its 3D network."""

from experiments.studies.study import Job, Study

STUDY = Study(
    name="phantom",
    summary="3D networks on a Shepp-Logan phantom that changes from frame to frame, 32 -> 64",
    data="phantom",
    jobs=(
        Job("fsrcnn_2019", "FSRCNN, frame by frame", network="fsrcnn_2019", recipe="fsrcnn"),
        Job(
            "srnet3d_raw",
            "3DSRnet on enlarged frames",
            network="srnet3d",
            recipe="srnet3d_raw",
        ),
        Job(
            "kim_3dsrnet",
            "3DSRnet as published in 2018, on LR frames",
            network="kim_3dsrnet",
            recipe="kim_3dsrnet",
            arguments={"filters": 32},
        ),
    ),
)
