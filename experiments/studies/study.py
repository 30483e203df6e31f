"""What a study is made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """One model of a study: networks in a row, of which the last one may be trained here.

    Attributes:
        model: Its name in tables and presets.
        summary: One line for a list.
        after: Models of the same study whose trained networks come first, in order.
        network: What is trained behind them, a key of `models.NETWORKS`; None trains nothing.
        recipe: How, a key of `training.recipe.RECIPES`.
        arguments: Handed to the network's builder.
        stages: Names of rows of their own for what the models in `after` put out.
    """

    model: str
    summary: str
    after: tuple[str, ...] = ()
    network: str | None = None
    recipe: str | None = None
    arguments: dict[str, object] = field(default_factory=dict)
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A group of published tables and the models in them, each after those it builds on.

    Attributes:
        name: Its name in options and rows.
        summary: One line for a list.
        jobs: A study without jobs is run by a program of its own, when it is named.
        data: What it is run on, a key of `data_of_studies.DATASETS`; of a study without jobs its
            program decides.
    """

    name: str
    summary: str
    jobs: tuple[Job, ...] = ()
    data: str = "climate"
