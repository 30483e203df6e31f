"""How each network was trained, as published."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A training run but for its data.

    Attributes:
        learning_rate: Adam's rate at the first step.
        decay: Keras 2's `decay`: at step t (from 0) the rate is learning_rate / (1 + decay * t).
        batch_size: Frames, windows or output frames of a clip in a step.
        epochs: Most epochs, as published; a preset may run fewer.
        patience: Epochs without a lower validation MSE after which training stops; None never.
        epsilon: Adam's epsilon.
        intensity: The networks see data in 0..intensity.
        initial: First weights, a key of `weights.initial.SCHEMES`.
        precision: "float32", or "mixed_float16" with dynamic loss scaling.
        published_mixed: Whether it was published with mixed precision, which pays on a GPU only.
        source: Where it is printed.
    """

    learning_rate: float
    batch_size: int
    epochs: int
    patience: int | None
    source: str
    decay: float = 0.0
    epsilon: float = 1e-7
    intensity: float = 1.0
    initial: str = "glorot_uniform"
    precision: str = "float32"
    published_mixed: bool = False


RECIPES: dict[str, Recipe] = {
    "srcnn": Recipe(
        learning_rate=5e-4,
        decay=1e-6,
        batch_size=25,
        epochs=120,
        patience=4,
        source="the 2019 program, SRCNN on climate data",
    ),
    "fsrcnn": Recipe(
        learning_rate=1.5e-3,
        decay=7e-9,
        batch_size=20,
        epochs=150,
        patience=10,
        source="report_2019, Tables 1 and 2",
    ),
    "srnet3d_raw": Recipe(
        learning_rate=1e-3,
        decay=1e-3,
        batch_size=10,
        epochs=100,
        patience=8,
        source="report_2019, Table 3",
    ),
    "srnet3d_processed": Recipe(
        learning_rate=1e-3,
        decay=1e-3,
        batch_size=10,
        epochs=80,
        patience=8,
        source="report_2019, Tables 5 and 6 (the text has patience 5, the program 8)",
    ),
    "srnet3d_early": Recipe(
        learning_rate=1e-3,
        decay=1e-6,
        batch_size=10,  # not said; that of the later 3D networks
        epochs=100,
        patience=None,  # all 100 epochs are in its log
        intensity=255.0,
        source="report_2019, Table 4; rate and decay from the checkpoint of 111,905 parameters",
    ),
    "kim_3dsrnet": Recipe(
        learning_rate=1e-3,  # theirs is for MatConvNet's gradients, which are sums
        batch_size=10,
        epochs=100,
        patience=8,
        source="Kim et al. 2018 leaves rate and batch to its code; those of the 2019 project",
    ),
    # Proposed and never trained: as the other integrated networks, but on data in 0..1 and with
    # Glorot weights, since it has no range limiter to hold it.
    "flow4x": Recipe(
        learning_rate=5e-4,
        batch_size=1,
        epochs=300,
        patience=10,
        epsilon=1e-8,
        source="report_2021, 'Future Works' (not trained there)",
    ),
    # Never trained by its authors: with the rates of the 3D network, the larger part of it.
    "two_in_one": Recipe(
        learning_rate=1e-3,
        decay=1e-3,
        batch_size=10,
        epochs=100,
        patience=8,
        source="report_2019, 'Two-in-one 2D Network and 3D Network' (not trained there)",
    ),
    "integrated_2021": Recipe(
        learning_rate=5e-4,
        batch_size=1,
        epochs=300,
        patience=10,  # intended; the program's counter was reset each epoch, so it never stopped
        epsilon=1e-8,  # PyTorch's default
        intensity=255.0,
        initial="torch_default",
        published_mixed=True,
        # There, windows were split at random, 85 to 15, so that neighbours are on both sides;
        # here validation frames are the last of each training run, as for the other networks.
        source="report_2021, 'Pytorch Code for Better Efficiency'",
    ),
}
