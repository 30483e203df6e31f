"""Every network on luma clips of real video."""

from experiments.studies import climate_2019, climate_2021
from experiments.studies.study import Study

STUDY = Study(
    name="real_video",
    summary="all networks on real clips: Vid4 and foreman, or those given by --video",
    data="clips",
    jobs=(*climate_2019.STUDY.jobs, *climate_2021.STUDY.jobs),
)
