"""Spherical harmonics: fields on a Gaussian grid to coefficients and back, winds included.

Everything is on the unit sphere; a user with another radius scales by it. NumPy's batched matrix
product does the Legendre sums and SciPy's real FFT the Fourier sums.

A field is f(longitude, latitude) = sum over m = -L..L, l = |m|..L of c[m, l] P[m, l](sin latitude)
exp(i m longitude), with P normalised so that the integral of P² over sin(latitude) is 1. Fields are
real, so only m >= 0 is kept. The mean of f is c[0, 0] / sqrt(2).

Coefficients are packed by parity: c[p, m, k] belongs to order m and degree l = m + 2 k + p. P of
p = 0 is symmetric about the equator, that of p = 1 is antisymmetric, so one hemisphere's Legendre
functions serve both, at half the work. Entries past the truncation are padding and always 0.

Reference:
    Temperton, C. (1991). On scalar and vector transform methods for global spectral models.
    Monthly Weather Review 119, 1303-1307.
"""

import numpy as np
from scipy import fft


def alias_free_grid(truncation: int) -> tuple[int, int]:
    """The smallest grid with quick FFTs on which products of two fields are exact.

    Returns:
        (latitudes, longitudes): at least 3 L + 1 longitudes, half as many latitudes, which is even.
    """
    longitudes = 4 * fft.next_fast_len(-(-(3 * truncation + 1) // 4), real=True)
    return longitudes // 2, longitudes


def legendre_functions(truncation: int, latitudes: np.ndarray) -> np.ndarray:
    """Normalised associated Legendre functions, without the Condon-Shortley sign.

    By the recurrence upwards in degree, which is stable.

    Args:
        truncation: Highest order and degree L.
        latitudes: Radians, shape (J,), poles included.

    Returns:
        float64, shape (L + 1, L + 2, J): [order, degree, latitude]; one degree more than L, which
        the derivatives need; 0 where degree < order.
    """
    sine, cosine = np.sin(latitudes), np.cos(latitudes)
    functions = np.zeros((truncation + 1, truncation + 2, latitudes.size))
    diagonal = np.full(latitudes.size, np.sqrt(0.5))
    for order in range(truncation + 1):
        if order > 0:
            diagonal = diagonal * np.sqrt((2 * order + 1) / (2 * order)) * cosine
        functions[order, order] = diagonal
        functions[order, order + 1] = np.sqrt(2 * order + 3) * sine * diagonal
    for degree in range(2, truncation + 2):
        orders = np.arange(degree - 1)
        upper = _recurrence_factor(degree, orders)[:, None]
        lower = _recurrence_factor(degree - 1, orders)[:, None]
        functions[orders, degree] = (
            sine * functions[orders, degree - 1] - lower * functions[orders, degree - 2]
        ) / upper
    return functions


def legendre_slopes(functions: np.ndarray) -> np.ndarray:
    """cos(latitude) times the derivative by latitude, of functions from `legendre_functions`.

    Returns:
        float64, shape (L + 1, L + 1, J).
    """
    truncation = functions.shape[0] - 1
    order = np.arange(truncation + 1)[:, None, None]
    degree = np.arange(truncation + 1)[None, :, None]
    slopes = -degree * _recurrence_factor(degree + 1, order) * functions[:, 1:]
    below = (degree + 1) * _recurrence_factor(degree, order)
    slopes[:, 1:] += below[:, 1:] * functions[:, :-2]
    return np.where(degree >= order, slopes, 0.0)


class SphericalTransform:
    """Synthesis and analysis between packed coefficients and a Gaussian grid.

    Stacks of fields go through together, because a wider matrix product is a faster one.
    Coefficients have shape (fields, *degree.shape), grids (fields, latitudes, longitudes).

    Args:
        truncation: Highest order and degree L (triangular truncation).
        latitudes: Number of Gaussian latitudes, even; None: `alias_free_grid`.
        longitudes: Number of longitudes, at least 2 L + 1; None: `alias_free_grid`.
        dtype: "float64" or "float32", of the grids; coefficients are complex of the same precision.

    Attributes:
        latitudes: Radians, from south to north.
        longitudes: Radians, from 0.
        weights: Gaussian weights of the latitudes; their sum is 2.
        degree: l of each coefficient, shape (2, L + 1, L // 2 + 1); 0 in the padding.
        order: m of each coefficient, the same shape.

    Raises:
        ValueError: a size does not fit the truncation.
    """

    def __init__(
        self,
        truncation: int,
        latitudes: int | None = None,
        longitudes: int | None = None,
        dtype: str = "float64",
    ):
        default_latitudes, default_longitudes = alias_free_grid(truncation)
        latitudes = default_latitudes if latitudes is None else latitudes
        longitudes = default_longitudes if longitudes is None else longitudes
        _check_grid(truncation, latitudes, longitudes)
        self.truncation = truncation
        self.dtype = np.dtype(dtype)
        sines, self.weights = np.polynomial.legendre.leggauss(latitudes)
        self.latitudes = np.arcsin(sines)
        self.longitudes = 2 * np.pi * np.arange(longitudes) / longitudes
        degree, self.order = _packed_indices(truncation)
        self.degree = np.where(degree <= truncation, degree, 0)
        self._prepare_legendre_sums()
        self._prepare_operators()

    def synthesise(self, coefficients: np.ndarray) -> np.ndarray:
        """Grids of fields given by their coefficients."""
        return self._fourier_sums(_matmul_fields(self._functions, coefficients))

    def synthesise_with_wind(
        self, coefficients: np.ndarray, vorticity: np.ndarray, divergence: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Grids of fields, and of the wind with this vorticity and divergence.

        Args:
            coefficients: Of other fields, shape (fields, *degree.shape); fields may be 0.
            vorticity: Coefficients of one field.
            divergence: Coefficients of one field.

        Returns:
            (grids, eastward, northward): the last two are the wind's parts times cos(latitude),
            shape (latitudes, longitudes). They are smooth at the poles, unlike the wind itself.
        """
        stream = self._inverse_laplacian * vorticity
        potential = self._inverse_laplacian * divergence
        along = np.stack([self._i_order * potential, self._i_order * stream])
        across = np.stack([-stream, potential])
        sums = _matmul_fields(self._functions, np.concatenate([coefficients, along]))
        # A slope of a symmetric function is antisymmetric: the parities change places.
        sums[..., 2 * len(coefficients) :] += _matmul_fields(self._slopes, across)[::-1]
        grids = self._fourier_sums(sums)
        return grids[:-2], grids[-2], grids[-1]

    def wind(self, vorticity: np.ndarray, divergence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The wind (eastward, northward) times cos(latitude), on the grid."""
        nothing = np.empty((0, *self.degree.shape), vorticity.dtype)
        return self.synthesise_with_wind(nothing, vorticity, divergence)[1:]

    def analyse(self, grids: np.ndarray) -> np.ndarray:
        """Coefficients of fields given on the grid."""
        halves = self._fourier_coefficients(grids)
        return _fields_first(self._functions_back @ (halves * self._weights))

    def analyse_with_vectors(
        self, grids: np.ndarray, eastward: np.ndarray, northward: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients of fields, and of the divergence and curl of vector fields.

        Args:
            grids: Shape (fields, latitudes, longitudes); fields may be 0.
            eastward: Eastward parts times cos(latitude), shape (vectors, latitudes, longitudes).
            northward: Northward parts, likewise.

        Returns:
            (coefficients, divergence, curl), of `fields`, `vectors` and `vectors` fields.
        """
        halves = self._fourier_coefficients(np.concatenate([grids, eastward, northward]))
        first = 2 * len(grids)  # column of the first vector; a complex number takes two
        halves[..., :first] *= self._weights
        halves[..., first:] *= self._vector_weights
        sums = _fields_first(self._functions_back @ halves)
        slopes = _fields_first(self._slopes_back @ halves[::-1, ..., first:])
        scalars = sums[: len(grids)]
        east_sums, north_sums = sums[len(grids) :].reshape(2, len(eastward), *self.degree.shape)
        east_slopes, north_slopes = slopes.reshape(2, len(eastward), *self.degree.shape)
        # Integrated by parts, so that the functions are differentiated and not the grids.
        divergence = self._i_order * east_sums - north_slopes
        curl = self._i_order * north_sums + east_slopes
        return scalars, divergence, curl

    def divergence_and_curl(
        self, eastward: np.ndarray, northward: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of the divergence and curl of one vector field times cos(latitude)."""
        nothing = np.empty((0, *eastward.shape), eastward.dtype)
        _, divergence, curl = self.analyse_with_vectors(nothing, eastward[None], northward[None])
        return divergence[0], curl[0]

    def _prepare_legendre_sums(self) -> None:
        half = self.latitudes.size // 2
        functions = legendre_functions(self.truncation, self.latitudes[half:])
        slopes = legendre_slopes(functions)
        self._functions = _packed(functions, self.truncation, self.dtype)
        self._slopes = _packed(slopes, self.truncation, self.dtype)
        self._functions_back = self._functions.swapaxes(-1, -2)
        self._slopes_back = self._slopes.swapaxes(-1, -2)
        weights = self.weights[half:, None]
        self._weights = weights.astype(self.dtype)
        cosine_squared = np.cos(self.latitudes[half:, None]) ** 2
        self._vector_weights = (weights / cosine_squared).astype(self.dtype)

    def _prepare_operators(self) -> None:
        eigenvalues = self.degree * (self.degree + 1.0)
        inverse = np.divide(
            -1.0, eigenvalues, out=np.zeros_like(eigenvalues), where=self.degree > 0
        )
        self._inverse_laplacian = inverse.astype(self.dtype)
        self._i_order = (1j * self.order).astype(_complex_type(self.dtype))

    def _fourier_sums(self, sums: np.ndarray) -> np.ndarray:
        """Grids from the symmetric and antisymmetric Legendre sums (2, m, J / 2, columns)."""
        half = self.latitudes.size // 2
        orders = self.truncation + 1
        sums = sums.view(self._i_order.dtype)
        waves = np.zeros(
            (sums.shape[-1], 2 * half, self.longitudes.size // 2 + 1), self._i_order.dtype
        )
        waves[:, half:, :orders] = (sums[0] + sums[1]).transpose(2, 1, 0)
        waves[:, half - 1 :: -1, :orders] = (sums[0] - sums[1]).transpose(2, 1, 0)
        return fft.irfft(waves, n=self.longitudes.size, axis=-1, norm="forward", overwrite_x=True)

    def _fourier_coefficients(self, grids: np.ndarray) -> np.ndarray:
        """Symmetric and antisymmetric parts (2, m, J / 2, columns) of the grids' Fourier waves."""
        half = self.latitudes.size // 2
        grids = np.asarray(grids, self.dtype)
        waves = fft.rfft(grids, axis=-1, norm="forward")[..., : self.truncation + 1]
        north = waves[:, half:].transpose(2, 1, 0)
        south = waves[:, half - 1 :: -1].transpose(2, 1, 0)
        halves = np.empty((2, *north.shape), waves.dtype)
        np.add(north, south, out=halves[0])
        np.subtract(north, south, out=halves[1])
        return halves.view(self.dtype)


class RegularGrid:
    """Evaluates packed coefficients at the points of a regular latitude-longitude grid.

    Waves too short for the columns are left out: sampled, they would show as long ones.

    Args:
        truncation: Of the coefficients.
        rows: Number of latitudes; the first is `south`, the last is `north`, both included.
        columns: Number of longitudes; the first is 0, the last one step short of 360 degrees.
        south: Degrees north.
        north: Degrees north.
        dtype: "float64" or "float32", of the grids.
    """

    def __init__(
        self,
        truncation: int,
        rows: int,
        columns: int,
        south: float = 0.0,
        north: float = 90.0,
        dtype: str = "float64",
    ):
        self.latitudes = np.linspace(south, north, rows)  # degrees
        self.longitudes = 360.0 * np.arange(columns) / columns  # degrees
        functions = legendre_functions(truncation, np.deg2rad(self.latitudes))
        self._functions = _packed(functions, truncation, np.dtype(dtype))
        self._orders = min(truncation + 1, (columns + 1) // 2)

    def evaluate(self, coefficients: np.ndarray) -> np.ndarray:
        """Grids (fields, rows, columns) of coefficients (fields, *degree.shape)."""
        sums = _matmul_fields(
            self._functions[:, : self._orders], coefficients[:, :, : self._orders]
        ).sum(axis=0)
        sums = sums.view(_complex_type(self._functions.dtype))
        columns = self.longitudes.size
        waves = np.zeros((sums.shape[-1], sums.shape[1], columns // 2 + 1), sums.dtype)
        waves[..., : self._orders] = sums.transpose(2, 1, 0)
        return fft.irfft(waves, n=columns, axis=-1, norm="forward", overwrite_x=True)


def _recurrence_factor(degree, order) -> np.ndarray:
    """sqrt((l² - m²) / (4 l² - 1)), with 0 for degree < order."""
    degree, order = np.broadcast_arrays(degree, order)
    return np.sqrt(np.maximum(degree**2 - order**2, 0) / (4.0 * degree**2 - 1.0))


def _complex_type(real: np.dtype) -> np.dtype:
    """complex64 for float32, complex128 for float64."""
    return np.result_type(real, np.complex64)


def _packed_indices(truncation: int) -> tuple[np.ndarray, np.ndarray]:
    """Degree and order at every packed place; a degree past the truncation marks padding."""
    parity, order, k = np.indices((2, truncation + 1, truncation // 2 + 1))
    return order + 2 * k + parity, order


def _packed(functions: np.ndarray, truncation: int, dtype: np.dtype) -> np.ndarray:
    """[order, degree, latitude] to [parity, order, latitude, k], the layout of the products."""
    degree, order = _packed_indices(truncation)
    picked = functions[order, np.minimum(degree, truncation)]
    picked[degree > truncation] = 0.0
    # Legendre functions are of order 1 where they matter. The smallest ones add nothing to a sum,
    # but their products fall below the type's range, where processors are many times slower.
    picked[np.abs(picked) < np.finfo(dtype).eps ** 2] = 0.0
    return np.ascontiguousarray(picked.swapaxes(-1, -2).astype(dtype))


def _matmul_fields(functions: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Legendre sums of all fields in one product.

    The real and imaginary parts of each field are two columns of a real matrix, so that the real
    functions need not become complex.
    """
    columns = np.ascontiguousarray(
        np.moveaxis(coefficients, 0, -1), dtype=_complex_type(functions.dtype)
    )
    return functions @ columns.view(functions.dtype)


def _fields_first(columns: np.ndarray) -> np.ndarray:
    """Complex coefficients (fields, parity, m, k) from a product's real columns."""
    values = columns.view(_complex_type(columns.dtype))
    return np.ascontiguousarray(np.moveaxis(values, -1, 0))


def _check_grid(truncation: int, latitudes: int, longitudes: int) -> None:
    if truncation < 1:
        raise ValueError(f"truncation must be at least 1, got {truncation}")
    if latitudes % 2 or latitudes < truncation + 1:
        raise ValueError(
            f"latitudes must be even and at least truncation + 1 = {truncation + 1}, "
            f"got {latitudes}"
        )
    if longitudes < 2 * truncation + 1:
        raise ValueError(
            f"longitudes must be at least 2 * truncation + 1 = {2 * truncation + 1}, "
            f"got {longitudes}"
        )
