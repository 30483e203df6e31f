"""Space-time super-resolution: the tables of wacv2021's supplement."""

from experiments.studies.study import Study

STUDY = Study(
    name="space_time",
    summary="two streams, fusion and refinement on triplets of frames (WACV 2021, Tables S1, S2)",
    data="triplets",
)
