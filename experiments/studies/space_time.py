"""Space-time super-resolution: the tables of wacv2021's supplement."""

from dataclasses import dataclass

from experiments.studies.study import Study

STUDY = Study(
    name="space_time",
    summary="two streams, fusion and refinement on triplets of frames (WACV 2021, Tables S1, S2)",
)


@dataclass(frozen=True)
class Step:
    """One training run of the study.

    Attributes:
        name: Of its file and of its epochs' rows.
        stage: A key of `training.dual_stream.STAGES`.
        fusion: Whether the network has F.
        refinement: Whether it has R.
        after: The step whose networks it starts from.
        judged: The output whose validation decides which epoch is the best.
        rows: Model of a score row: the output that it is.
    """

    name: str
    stage: str
    fusion: bool
    refinement: bool
    after: str | None
    judged: str
    rows: dict[str, str]


# The rows of Table S2, after the streams alone of Table S1; F alone and R behind it are not in the
# tables.
STEPS = (
    Step(
        "streams",
        "streams",
        fusion=False,
        refinement=False,
        after=None,
        judged="t_then_s",
        rows={"t_then_s": "t_then_s", "s_then_t": "s_then_t"},
    ),
    Step(
        "refined_streams",
        "fusion",
        fusion=False,
        refinement=True,
        after="streams",
        judged="t_then_s_refined",
        rows={"t_then_s_refined": "t_then_s_refined", "s_then_t_refined": "s_then_t_refined"},
    ),
    Step(
        "fusion",
        "fusion",
        fusion=True,
        refinement=False,
        after="streams",
        judged="fused",
        rows={"fused": "fused"},
    ),
    Step(
        "refined",
        "fusion",
        fusion=True,
        refinement=True,
        after="fusion",
        judged="refined",
        rows={"fused_refined": "refined"},
    ),
    Step(
        "joint",
        "joint",
        fusion=True,
        refinement=True,
        after="refined",
        judged="refined",
        rows={"joint": "refined"},
    ),
)
