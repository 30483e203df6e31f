"""The 2019 project on climate data: report_2019, Tables 1-3 and 5-8, and its two proposals."""

from experiments.studies.study import Job, Study

STUDY = Study(
    name="climate_2019",
    summary="2D, 3D and cascades of the 2019 report on climate data (Tables 1, 2, 3, 5, 6, 7, 8)",
    jobs=(
        Job("srcnn", "SRCNN 9-1-5 on enlarged frames", network="srcnn", recipe="srcnn"),
        Job(
            "fsrcnn_2019",
            "FSRCNN of 10,577 parameters (Tables 1 and 2)",
            network="fsrcnn_2019",
            recipe="fsrcnn",
        ),
        Job(
            "srnet3d_raw",
            "3DSRnet on enlarged frames (Table 3)",
            network="srnet3d",
            recipe="srnet3d_raw",
        ),
        Job(
            "srnet3d_processed",
            "3DSRnet on frames that FSRCNN made (Tables 5 and 6)",
            after=("fsrcnn_2019",),
            network="srnet3d",
            recipe="srnet3d_processed",
        ),
        Job(
            "2d_then_3d_raw",
            "FSRCNN, then the 3DSRnet trained on enlarged frames (Table 7)",
            after=("fsrcnn_2019", "srnet3d_raw"),
            stages=("2d",),
        ),
        Job(
            "2d_then_3d_processed",
            "FSRCNN, then the 3DSRnet trained on its frames (Table 8)",
            after=("fsrcnn_2019", "srnet3d_processed"),
            stages=("2d",),
        ),
        Job(
            "3d_then_2d",
            "3DSRnet, then an SRCNN trained on its frames (proposed in the report)",
            after=("srnet3d_raw",),
            network="srcnn",
            recipe="srcnn",
        ),
        Job(
            "two_in_one",
            "FSRCNN and 3DSRnet in one, trained end to end (proposed in the report)",
            network="two_in_one",
            recipe="two_in_one",
        ),
    ),
)
