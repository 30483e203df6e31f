"""The integrated networks of 2021 on climate data: report_2021, "On Climate dataset"."""

from experiments.studies.study import Job, Study

STUDY = Study(
    name="climate_2021",
    summary="5-parallel and Delta of the 2021 report on climate data",
    jobs=(
        Job(
            "parallel5",
            "five 2D stacks and a 3D network in one, 259,938 parameters",
            network="parallel5",
            recipe="integrated_2021",
        ),
        Job(
            "delta",
            "shared 2D trunk and a 3D network in one, 83,702 parameters",
            network="delta",
            recipe="integrated_2021",
        ),
    ),
)
