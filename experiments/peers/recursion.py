"""The recursive residual block that the integrated networks share."""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import relu


def recursive(x: Tensor, block: Callable[[Tensor], Tensor], times: int) -> Tensor:
    """x <- ReLU(B(x) + x), `times` times with one set of weights; B keeps the shape of x."""
    for _ in range(times):
        x = relu(block(x) + x)
    return x
