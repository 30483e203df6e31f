"""The integrated networks of 2021 on a turning diamond: report_2021, "Diamond"."""

from experiments.studies.study import Job, Study

STUDY = Study(
    name="diamond_2021",
    summary="5-parallel and Delta on a turning diamond, or on a video given by --video",
    data="diamond",
    jobs=(
        Job("delta", "shared 2D trunk and 3D network", network="delta", recipe="integrated_2021"),
        Job(
            "parallel5",
            "five 2D stacks and a 3D network",
            network="parallel5",
            recipe="integrated_2021",
        ),
        Job(
            "parallel5_wide",
            "the larger one, f = g = 24, that was trained on 300 frames",
            network="parallel5",
            recipe="integrated_2021",
            arguments={"filters_2d": 24},
        ),
    ),
)
