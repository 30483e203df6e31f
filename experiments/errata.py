"""The mistakes of the published work as switches: what each one changes in a run.

The numbers are those of the list in reports/README.md. Those in the data are made by
`keras_vsr.data.errata`; here is who is touched, and how. What cannot be run is not here: misprints
(E6, E7, E8, E12), a missing baseline (E17), and networks that are not part of these studies (E15).

"not E9", "not E11" and "not E16" are what should have been instead, where the suite's own networks
are neither: they start from weights of their own, and 5-parallel has the printed number of
parameters, which is that of E11.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from experiments.studies import Job
from keras_vsr.errors import InputError
from keras_vsr.training.recipe import Recipe

RAW = ("srnet3d_raw",)
VOLUMES = ("srnet3d_raw", "srnet3d_processed")
INTEGRATED = ("parallel5", "delta")


@dataclass(frozen=True)
class Erratum:
    """One mistake.

    Attributes:
        summary: What is done when it is switched on.
        touches: The models whose data, layers or training it changes.
    """

    summary: str
    touches: tuple[str, ...]


ERRATA: dict[str, Erratum] = {
    "E1": Erratum("enlarged windows are sheared: width and height were exchanged", RAW),
    "E2": Erratum("windows are paired with the frame after their middle one", VOLUMES),
    "E3": Erratum("5x5x3 taps lie as 5 in time and 5x3 in space", (*VOLUMES, *INTEGRATED)),
    "E4": Erratum("the last kernel is 5x5, not 3x3", VOLUMES),
    "E5": Erratum("the text's FSRCNN: 32 2x2 transposed filters and PReLU", ("fsrcnn_2019",)),
    "E9": Erratum(
        "the 2D stems start from FSRCNN's filters, reshaped and so scrambled", ("parallel5",)
    ),
    "E10": Erratum("early stopping never stops", INTEGRATED),
    "E13": Erratum("four 2D recursions run, not five", INTEGRATED),
    "E14": Erratum("frames are enlarged by nearest neighbour, not bicubically", (*RAW, "srcnn")),
    "E16": Erratum("SRCNN starts from weights for scale 3, first layer frozen", ("srcnn",)),
    "E18": Erratum("layers are linear", ("fsrcnn_2019", *VOLUMES)),
    "not E9": Erratum("the 2D stems start from FSRCNN's filters, transposed", ("parallel5",)),
    "not E11": Erratum("the 2D recursive block runs for all five frames", ("parallel5",)),
    "not E16": Erratum("SRCNN starts from weights for scale 2, all layers trained", ("srcnn",)),
}

# What the programs did, all together, as far as it needs no other network to start from (E9, E16).
# E11 is not here: the printed number of parameters is that of the network with it, which is
# therefore the suite's own.
# E9 and E16 start from other networks, and are run by the study of errata only.
STARTS = ("E9", "E16", "not E9", "not E16")
AS_RUN = frozenset(ERRATA) - {*STARTS, "not E11"}


def choose_errata(names: Iterable[str]) -> frozenset[str]:
    """The errata by name; "all" stands for all that the programs had, "none" for none.

    Raises:
        InputError: none has that name, or none that can be run.
    """
    names = list(names)
    if len(names) > 1 and {"all", "none"} & set(names):
        raise InputError(f"--errata {' '.join(names)}: give names, or all, or none")
    known = [name for name in ERRATA if name not in STARTS]
    for name in names:
        if name not in (*known, "all", "none"):
            raise InputError(
                f"no erratum that can be switched on is called {name!r}; there are "
                f"{', '.join(known)}, all, none"
            )
    return AS_RUN if "all" in names else frozenset(names) - {"none"}


def folder(errata: frozenset[str]) -> str:
    """Where results with these errata lie, in the folder of those without; empty for none."""
    if errata == AS_RUN:
        return "as_run"
    return f"errata-{label(errata)}" if errata else ""


def touching(errata: frozenset[str], model: str) -> frozenset[str]:
    """Those of the errata that change this model."""
    return frozenset(name for name in errata if model in ERRATA[name].touches)


def label(errata: frozenset[str]) -> str:
    """For a row: "E1+E2", in the order of their numbers; empty for none."""
    return "+".join(name for name in ERRATA if name in errata)


def network(errata: frozenset[str], job: Job) -> tuple[str, dict[str, object]]:
    """Name and arguments of a job's network under the errata."""
    name, arguments = job.network, dict(job.arguments)
    on = touching(errata, job.model)
    if "E3" in on:
        arguments["order"] = "as_run"
    if "E4" in on:
        arguments["last_kernel"] = 5
    if "E5" in on:  # the saved networks of the kind have 5 mapping filters and are linear: E18
        name = "fsrcnn_2019_prelu"
        arguments |= {"mapping_filters": 5 if "E18" in on else 8, "name": "fsrcnn_2019"}
    if "E13" in on:
        arguments["recursions_2d"] = 4
    if "not E11" in on:
        arguments["recursive_frames"] = (1, 2, 3, 4, 5)
    if "E18" in on:
        arguments["activation"] = "linear"
    return name, arguments


def changed_recipe(errata: frozenset[str], job: Job, recipe: Recipe) -> Recipe:
    """A job's recipe under the errata."""
    if "E10" in touching(errata, job.model):
        return replace(recipe, patience=None)
    return recipe
