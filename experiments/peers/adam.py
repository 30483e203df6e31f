"""What makes torch's Adam step as Keras's does: the two differ in two things that can be seen.

With m and v the moments, and c1 = 1 - beta1^t, c2 = 1 - beta2^t in step t (from 1):

    torch   p -= rate / c1 * m / (sqrt(v) / sqrt(c2) + epsilon),   c1 and c2 in float64
    Keras   p -= rate * sqrt(c2) / c1 * m / (sqrt(v) + epsilon),   c1 and c2 in float32

So Keras's epsilon is the larger one by 1 / sqrt(c2), 32 times in the first step: a parameter whose
gradient is 3e-6 is moved half as far by it, with the usual epsilon of 1e-7. In float32 c2 is
1e-5 too small in the first step, which shortens it; ReLUs that change sides make more of it.

Measured with the 2019 networks and recipes over 50 steps (batches of two, LR frames of 10x12 in
0..1): losses differ by 1.5 % (FSRCNN) and 15 % (3DSRnet) with torch's own Adam, by 0.07 % (3DSRnet)
with the epsilon alone as Keras has it, and by no more than 3e-6 with both.
"""

import math

import numpy as np


def settings_like_keras(
    rate: float, epsilon: float, betas: tuple[float, float], step: int
) -> tuple[float, float]:
    """Rate and epsilon with which one step of torch's Adam is one of Keras's.

    Args:
        rate: Keras's learning rate in this step.
        epsilon: Keras's epsilon.
        betas: Decay of the first and of the second moment.
        step: From 1.

    Returns:
        `lr` and `eps` for torch.

    Reference:
        `keras.optimizers.Adam.update_step` of Keras 3.15; the documentation calls its epsilon
        "epsilon hat", as in Kingma and Ba (2015) just before section 2.1.
    """
    first, second = (1 - beta**step for beta in betas)
    one = np.float32(1)
    first_32, second_32 = (one - np.float32(beta) ** np.float32(step) for beta in betas)
    wanted = np.float32(rate) * np.sqrt(second_32) / first_32
    return float(wanted) * first / math.sqrt(second), epsilon / math.sqrt(second)
