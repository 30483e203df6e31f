"""The barotropically unstable jet: shallow water on the rotating sphere, by the spectral method.

Vorticity-divergence form, semi-implicit leapfrog steps, all products on an alias-free grid. A
state is one complex array (3, *transform.degree.shape): coefficients of the relative vorticity
(1/s), the divergence (1/s) and the geopotential's departure from that of the mean depth (m²/s²).

Reference:
    Galewsky, J., Scott, R. K., Polvani, L. M. (2004). An initial-value problem for testing
    numerical models of the global shallow-water equations. Tellus A 56, 429-440: jet, bump,
    constants.
    Hack, J. J., Jakob, R. (1992). Description of a global shallow water model based on the
    spectral transform method. NCAR/TN-343+STR: equations and semi-implicit step.
    Williams, P. D. (2011). The RAW filter: an improvement to the Robert-Asselin filter in
    semi-implicit integrations. Monthly Weather Review 139, 1996-2007.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from keras_vsr.data.spherical import SphericalTransform
from keras_vsr.errors import InputError

GRAVITY = 9.80616  # m/s²
EARTH_RADIUS = 6.37122e6  # m
ROTATION_RATE = 7.292e-5  # 1/s
MEAN_DEPTH = 1e4  # m

JET_SPEED = 80.0  # m/s, at the jet's axis
JET_SOUTH = math.pi / 7  # radians north; no wind south of it
JET_NORTH = math.pi / 2 - math.pi / 7  # radians north; no wind north of it

FILTER_STRENGTH = 0.05  # nu of the Robert-Asselin-Williams filter
FILTER_SHARE = 0.53  # its alpha: the part of the correction that the middle time level takes

DAMPING_TIME = 3 * 3600.0  # s: e-folding time of the shortest wave under hyperdiffusion
DAMPING_ORDER = 8  # of the derivative: the Laplacian to the fourth power

# s: time step times truncation with which the jet is stable (540 s at T85).
STABLE_STEP_TIMES_TRUNCATION = 46000


@dataclass(frozen=True)
class Bump:
    """The bump on the fluid's surface that sets off the instability; defaults as published.

    Attributes:
        height: m.
        longitude: Of the centre, degrees east. The paper puts it in the middle of a map that
            starts at -180 degrees; here maps start at 0.
        latitude: Of the centre, degrees north.
        alpha: e-folding half-width in longitude, radians.
        beta: e-folding half-width in latitude, radians.
    """

    height: float = 120.0
    longitude: float = 180.0
    latitude: float = 45.0
    alpha: float = 1 / 3
    beta: float = 1 / 15


def jet_wind(latitudes: np.ndarray) -> np.ndarray:
    """Eastward wind of the undisturbed jet, m/s, at latitudes in radians."""
    inside = (latitudes > JET_SOUTH) & (latitudes < JET_NORTH)
    edge_product = np.where(inside, (latitudes - JET_SOUTH) * (latitudes - JET_NORTH), -1.0)
    # The published form: exp(1 / ((lat - south)(lat - north))), scaled to JET_SPEED on the axis.
    axis = math.exp(-4 / (JET_NORTH - JET_SOUTH) ** 2)
    return np.where(inside, JET_SPEED / axis * np.exp(1 / edge_product), 0.0)


class ShallowWater:
    """Integrates the shallow-water equations from the jet's initial state.

    Args:
        truncation: Highest order and degree of the harmonics, L.
        time_step: s. 46000 s / L has proved stable for the jet.
        dtype: "float64" or "float32".
        transform: An object with the methods and attributes of `SphericalTransform`, of the same
            truncation and dtype; None makes one with an alias-free grid.
        damping_time: s, e-folding time of hyperdiffusion for the shortest wave; infinity is none.

    Raises:
        ValueError: `time_step` or `damping_time` is not positive.
    """

    def __init__(
        self,
        truncation: int,
        time_step: float,
        dtype: str = "float64",
        transform: SphericalTransform | None = None,
        damping_time: float = DAMPING_TIME,
    ):
        if not (time_step > 0 and damping_time > 0):
            raise ValueError(
                f"time_step and damping_time must be positive, got {time_step} and {damping_time}"
            )
        self.truncation = truncation
        self.time_step = float(time_step)
        if transform is None:
            transform = SphericalTransform(truncation, dtype=dtype)
        self.transform = transform
        self._prepare_operators(np.dtype(dtype), damping_time)

    def initial_state(self, bump: Bump | None = None) -> np.ndarray:
        """The jet in balance, and the bump on it if there is one.

        The geopotential is the one for which the divergence does not change, found in spectral
        space, so the balance is the discrete one.
        """
        wind = np.cos(self.transform.latitudes) * jet_wind(self.transform.latitudes)
        eastward = np.repeat(wind[:, None], self.transform.longitudes.size, axis=1)
        calm = np.zeros_like(eastward)
        vorticity = self.transform.divergence_and_curl(eastward, calm)[1] / EARTH_RADIUS
        still = np.stack([vorticity, np.zeros_like(vorticity), np.zeros_like(vorticity)])
        divergence_tendency = self._tendencies(still)[1]
        geopotential = self._inverse_laplacian * divergence_tendency
        if bump is not None:
            geopotential = geopotential + self._bump_geopotential(bump)
        return np.stack([vorticity, np.zeros_like(vorticity), geopotential])

    def run(self, state: np.ndarray, steps: Iterable[int]) -> Iterator[tuple[float, np.ndarray]]:
        """Yields (hours, state) at the given numbers of steps after `state`.

        Args:
            state: Where to start.
            steps: Numbers of steps, never decreasing; 0 is the start itself.

        Raises:
            ValueError: `steps` decreases.
            InputError: the flow has become unstable.
        """
        previous, current, done = None, state, 0
        for step in steps:
            if step < done:
                raise ValueError(f"steps must not decrease, got {step} after {done}")
            while done < step:
                previous, current = self._step(previous, current)
                done += 1
                self._check_finite(current, done)
            yield done * self.time_step / 3600, current

    def _step(
        self, previous: np.ndarray | None, current: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The two time levels after one step: the filtered middle one and the new one."""
        with np.errstate(over="ignore", invalid="ignore"):  # run() reports an unstable flow
            if previous is None:
                return current, self._advance(current, current, self.time_step)
            new = self._advance(previous, current, 2 * self.time_step)
            correction = (FILTER_STRENGTH / 2) * (previous - 2 * current + new)
            middle = current + FILTER_SHARE * correction
            new -= (1 - FILTER_SHARE) * correction
            return middle, new

    def _advance(self, start: np.ndarray, middle: np.ndarray, interval: float) -> np.ndarray:
        """The state `interval` seconds after `start`, with the tendencies of `middle`.

        The linear gravity-wave terms are averaged between start and end, which lets the step be
        as long as the wind allows. Hyperdiffusion is exact: what acts at the start decays over
        the whole interval, what acts in the middle over half of it, so the step stays of second
        order.
        """
        half = interval / 2
        half_decay = np.exp(-half * self._damping_rate)
        decay = half_decay**2
        mean_geopotential = GRAVITY * MEAN_DEPTH
        new = interval * self._tendencies(middle)
        new[:2] = half_decay * new[:2] + decay * start[:2]
        new[2] += start[2] - half * mean_geopotential * start[1]
        new[1] -= half * self._laplacian * (decay * start[2] + new[2])
        new[1] /= 1 - half**2 * mean_geopotential * self._laplacian
        new[2] -= half * mean_geopotential * new[1]
        return new

    def _tendencies(self, state: np.ndarray) -> np.ndarray:
        """Time derivatives without the linear gravity-wave terms."""
        vorticity, divergence, _ = state
        (spin, depth), eastward, northward = self.transform.synthesise_with_wind(
            state[::2], vorticity, divergence
        )
        eastward *= EARTH_RADIUS
        northward *= EARTH_RADIUS
        spin += self._coriolis
        kinetic = (eastward**2 + northward**2) * self._half_over_cosine_squared
        (kinetic,), (spin_divergence, depth_divergence), (spin_curl, _) = (
            self.transform.analyse_with_vectors(
                kinetic[None],
                np.stack([eastward * spin, eastward * depth]),
                np.stack([northward * spin, northward * depth]),
            )
        )
        return np.stack(
            [
                -spin_divergence / EARTH_RADIUS,
                spin_curl / EARTH_RADIUS - self._laplacian * kinetic,
                -depth_divergence / EARTH_RADIUS,
            ]
        )

    def _bump_geopotential(self, bump: Bump) -> np.ndarray:
        latitudes = self.transform.latitudes[:, None]
        distance = self.transform.longitudes[None, :] - math.radians(bump.longitude)
        distance = (distance + np.pi) % (2 * np.pi) - np.pi
        height = (
            bump.height
            * np.cos(latitudes)
            * np.exp(-((distance / bump.alpha) ** 2))
            * np.exp(-(((math.radians(bump.latitude) - latitudes) / bump.beta) ** 2))
        )
        return self.transform.analyse(GRAVITY * height[None])[0]

    def _prepare_operators(self, dtype: np.dtype, damping_time: float) -> None:
        degree = self.transform.degree
        eigenvalues = degree * (degree + 1.0)
        inverse = np.divide(-1.0, eigenvalues, out=np.zeros_like(eigenvalues), where=degree > 0)
        relative = eigenvalues / (self.truncation * (self.truncation + 1.0))
        latitudes = self.transform.latitudes[:, None]
        self._laplacian = (-eigenvalues / EARTH_RADIUS**2).astype(dtype)
        self._inverse_laplacian = (inverse * EARTH_RADIUS**2).astype(dtype)
        self._damping_rate = (relative ** (DAMPING_ORDER // 2) / damping_time).astype(dtype)
        self._coriolis = (2 * ROTATION_RATE * np.sin(latitudes)).astype(dtype)
        self._half_over_cosine_squared = (0.5 / np.cos(latitudes) ** 2).astype(dtype)

    def _check_finite(self, state: np.ndarray, step: int) -> None:
        # The vorticity's sum is enough: each field feeds the others within a step.
        if not np.isfinite(state[0].sum()):
            raise InputError(
                f"the flow at T{self.truncation} became unstable after "
                f"{step * self.time_step / 3600:.1f} hours with a time step of "
                f"{self.time_step:g} s; a step of at most "
                f"{STABLE_STEP_TIMES_TRUNCATION / self.truncation:.0f} s would do"
            )
