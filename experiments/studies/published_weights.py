"""The authors' own trained networks in the suite's builders, against their printed numbers."""

from experiments.studies.study import Study

STUDY = Study(
    name="published_weights",
    summary="the authors' own weights on Set5, Vid4 and climate frames (needs their files)",
)
