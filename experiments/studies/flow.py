"""Optical flow on its own: what a short training finds of motions that are known exactly."""

from experiments.studies.study import Study

STUDY = Study(
    name="flow",
    summary="optical flow alone: known shifts of textures, and the turning phantom",
)
