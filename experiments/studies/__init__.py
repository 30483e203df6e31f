"""Studies: one file for each group of published tables."""

from experiments.studies import (
    climate_2019,
    climate_2021,
    container_2019,
    diamond_2021,
    errata,
    flow,
    flow4x,
    phantom,
    published_weights,
    real_video,
    space_time,
)
from experiments.studies.study import Job, Study

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        climate_2019.STUDY,
        climate_2021.STUDY,
        phantom.STUDY,
        diamond_2021.STUDY,
        real_video.STUDY,
        flow.STUDY,
        flow4x.STUDY,
        space_time.STUDY,
        container_2019.STUDY,
        published_weights.STUDY,
        errata.STUDY,
    )
}

__all__ = ["STUDIES", "Job", "Study"]
