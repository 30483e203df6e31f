"""Each mistake of the published work switched on alone, and all together."""

from experiments.studies.study import Study

STUDY = Study(
    name="errata",
    summary="what each mistake of the published work costs, on climate data",
)
