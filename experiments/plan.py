"""Which networks a run trains and scores, in which order."""

from dataclasses import dataclass

from experiments.preset import Preset
from experiments.studies import STUDIES, Job, Study
from keras_vsr.errors import InputError

VARIANTS = ("plain", "residual")


@dataclass(frozen=True)
class Task:
    """One model of one study in one variant.

    Attributes:
        study: Name of the study.
        job: What the model is.
        variant: "plain" or "residual"; all networks of a cascade have the same.
        asked: False for a network that only others need: it is trained, but has no rows.
    """

    study: str
    job: Job
    variant: str
    asked: bool = True

    @property
    def title(self) -> str:
        return f"{self.study} {self.job.model} {self.variant}"

    @property
    def chain(self) -> list["Task"]:
        """The tasks whose networks a clip goes through, in order."""
        jobs = {job.model: job for job in STUDIES[self.study].jobs}
        before = [Task(self.study, jobs[model], self.variant) for model in self.job.after]
        return before + ([self] if self.job.network else [])


def choose_studies(names: list[str]) -> list[Study]:
    """The studies asked for, "all" for all; those on climate data where none is.

    Raises:
        InputError: no study has that name.
    """
    for name in names:
        if name not in (*STUDIES, "all"):
            raise InputError(f"no study is called {name!r}; there are {', '.join(STUDIES)}, all")
    return [
        study
        for name, study in STUDIES.items()
        if name in names or "all" in names or (not names and study.jobs and study.data == "climate")
    ]


def choose_tasks(
    studies: list[Study], models: list[str], variants: tuple[str, ...] = VARIANTS
) -> list[Task]:
    """Tasks in the order of their studies; what a model builds on comes before it.

    Args:
        studies: Where to look.
        models: Names of models; none takes all.
        variants: Of each model.

    Raises:
        InputError: none of these studies has a model of that name.
    """
    known = list(dict.fromkeys(job.model for study in studies for job in study.jobs))
    for name in models:
        if name not in known:
            raise InputError(f"no model is called {name!r} here; there are {', '.join(known)}")
    tasks = []
    for study in studies:
        asked = {job.model for job in study.jobs if not models or job.model in models}
        needed = set(asked)
        for job in reversed(study.jobs):  # a job stands behind those it builds on
            if job.model in needed:
                needed |= set(job.after)
        for job in study.jobs:
            if job.model in needed:
                tasks += [Task(study.name, job, v, job.model in asked) for v in variants]
    return tasks


def trained_on(preset: Preset, task: Task, height: int, width: int) -> str:
    """Where the training pixels of a task's networks come from, for rows and plans: one after the
    other where they differ."""
    sizes = [preset.size(link.job.model, link.study) for link in task.chain]
    return ", then ".join(dict.fromkeys(size.trained_on(height, width) for size in sizes))
