"""The spherical transform against SciPy's Legendre functions and against formulas."""

import numpy as np
import pytest
from scipy.special import gammaln, lpmv

from keras_vsr.data.spherical import (
    RegularGrid,
    SphericalTransform,
    alias_free_grid,
    legendre_functions,
)

TRUNCATION = 21


@pytest.fixture(scope="module")
def transform():
    return SphericalTransform(TRUNCATION)


def scipy_legendre(degree, order, sines):
    """P[order, degree], normalised, without the (-1)^m that SciPy puts in."""
    log_norm = 0.5 * (gammaln(degree - order + 1) - gammaln(degree + order + 1))
    norm = np.sqrt(degree + 0.5) * np.exp(log_norm)
    return (-1) ** order * norm * lpmv(order, degree, sines)


def random_coefficients(transform, fields, seed=0):
    """Coefficients of real fields: real at order 0, nothing in the padding."""
    rng = np.random.default_rng(seed)
    shape = (fields, *transform.degree.shape)
    values = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    values[:, transform.order == 0] = values[:, transform.order == 0].real
    values[:, is_padding(transform)] = 0
    return values


def is_padding(transform):
    parity, order, k = np.indices(transform.degree.shape)
    return order + 2 * k + parity > transform.truncation


def mesh(transform):
    """(longitude, latitude) in radians, each of the grid's shape."""
    return np.meshgrid(transform.longitudes, transform.latitudes)


def harmonic_index(degree, order):
    return (degree - order) % 2, order, (degree - order) // 2


@pytest.mark.parametrize(
    ("truncation", "expected"),
    [(42, (64, 128)), (85, (128, 256)), (106, (160, 320)), (213, (320, 640))],
)
def test_alias_free_grid_is_the_customary_one(truncation, expected):
    assert alias_free_grid(truncation) == expected


def test_legendre_functions_match_scipy():
    latitudes = np.deg2rad([-90, -37.2, 0, 12.5, 89, 90])
    functions = legendre_functions(30, latitudes)
    for degree in range(31):
        for order in range(degree + 1):
            expected = scipy_legendre(degree, order, np.sin(latitudes))
            np.testing.assert_allclose(functions[order, degree], expected, atol=1e-12)


def test_legendre_functions_of_high_degree_stay_orthonormal():
    """Under Gaussian quadrature, which is exact for their products."""
    sines, weights = np.polynomial.legendre.leggauss(320)
    functions = legendre_functions(213, np.arcsin(sines))
    for order in (0, 1, 100, 200):
        part = functions[order, order:214]
        product = (part * weights) @ part.T
        np.testing.assert_allclose(product, np.eye(214 - order), atol=1e-11)


def test_quadrature_is_exact_for_polynomials(transform):
    sines = np.sin(transform.latitudes)
    for power in range(0, 2 * sines.size, 2):
        assert np.sum(transform.weights * sines**power) == pytest.approx(2 / (power + 1), rel=1e-12)


def test_mean_is_the_first_coefficient(transform):
    longitude, latitude = mesh(transform)
    field = 3 + np.sin(latitude) ** 2 + np.cos(latitude) * np.cos(longitude)
    coefficients = transform.analyse(field[None])[0]
    assert coefficients[0, 0, 0] / np.sqrt(2) == pytest.approx(3 + 1 / 3)


@pytest.mark.parametrize("truncation", [TRUNCATION, 22])
@pytest.mark.parametrize(
    ("dtype", "complex_dtype", "tolerance"),
    [("float64", "complex128", 1e-12), ("float32", "complex64", 1e-4)],
)
def test_round_trip_gives_the_coefficients_back(truncation, dtype, complex_dtype, tolerance):
    transform = SphericalTransform(truncation, dtype=dtype)
    coefficients = random_coefficients(transform, 3).astype(complex_dtype)
    grids = transform.synthesise(coefficients)
    assert grids.dtype == dtype
    assert grids.shape == (3, transform.latitudes.size, transform.longitudes.size)
    back = transform.analyse(grids)
    assert back.dtype == coefficients.dtype
    np.testing.assert_allclose(back, coefficients, atol=tolerance)


@pytest.mark.parametrize(("degree", "order"), [(0, 0), (1, 0), (5, 0), (4, 1), (9, 6), (21, 21)])
def test_harmonics_match_scipy(transform, degree, order):
    longitude, latitude = mesh(transform)
    coefficients = np.zeros((1, *transform.degree.shape), complex)
    coefficients[0][harmonic_index(degree, order)] = 0.5 if order else 1.0
    grid = transform.synthesise(coefficients)[0]
    expected = scipy_legendre(degree, order, np.sin(latitude)) * np.cos(order * longitude)
    np.testing.assert_allclose(grid, expected, atol=1e-12)
    assert transform.degree[harmonic_index(degree, order)] == degree
    assert transform.order[harmonic_index(degree, order)] == order


def test_wind_of_a_solid_rotation(transform):
    """Vorticity 2 sin(latitude) is the wind u = cos(latitude)."""
    _, latitude = mesh(transform)
    vorticity = transform.analyse(2 * np.sin(latitude)[None])[0]
    eastward, northward = transform.wind(vorticity, np.zeros_like(vorticity))
    np.testing.assert_allclose(eastward, np.cos(latitude) ** 2, atol=1e-13)
    np.testing.assert_allclose(northward, 0, atol=1e-13)


def wave_wind(longitude, latitude):
    """By hand: the gradient of f = cos² sin(latitude) cos(2 longitude), of degree 3."""
    eastward = -2 * np.cos(latitude) * np.sin(latitude) * np.sin(2 * longitude)
    slope = np.cos(latitude) * (np.cos(latitude) ** 2 - 2 * np.sin(latitude) ** 2)
    return eastward, slope * np.cos(2 * longitude)


def test_wind_of_a_wave(transform):
    """With f as potential the wind is grad f, with f as stream function it is k x grad f."""
    longitude, latitude = mesh(transform)
    field = np.cos(latitude) ** 2 * np.sin(latitude) * np.cos(2 * longitude)
    laplacian = transform.analyse(-12 * field[None])[0]
    gradient_east, gradient_north = wave_wind(longitude, latitude)
    nothing = np.zeros_like(laplacian)
    eastward, northward = transform.wind(nothing, laplacian)
    np.testing.assert_allclose(eastward, gradient_east * np.cos(latitude), atol=1e-13)
    np.testing.assert_allclose(northward, gradient_north * np.cos(latitude), atol=1e-13)
    eastward, northward = transform.wind(laplacian, nothing)
    np.testing.assert_allclose(eastward, -gradient_north * np.cos(latitude), atol=1e-13)
    np.testing.assert_allclose(northward, gradient_east * np.cos(latitude), atol=1e-13)


def test_divergence_and_curl_of_a_wave(transform):
    longitude, latitude = mesh(transform)
    field = np.cos(latitude) ** 2 * np.sin(latitude) * np.cos(2 * longitude)
    east, north = (np.cos(latitude) * part for part in wave_wind(longitude, latitude))
    laplacian = transform.analyse(-12 * field[None])[0]
    divergence, curl = transform.divergence_and_curl(east, north)
    np.testing.assert_allclose(divergence, laplacian, atol=1e-13)
    np.testing.assert_allclose(curl, 0, atol=1e-13)
    divergence, curl = transform.divergence_and_curl(-north, east)
    np.testing.assert_allclose(divergence, 0, atol=1e-13)
    np.testing.assert_allclose(curl, laplacian, atol=1e-13)


def test_divergence_and_curl_undo_the_wind():
    transform = SphericalTransform(20)
    vorticity, divergence = random_coefficients(transform, 2)
    vorticity[0, 0, 0] = divergence[0, 0, 0] = 0  # a wind has no mean vorticity or divergence
    back = transform.divergence_and_curl(*transform.wind(vorticity, divergence))
    np.testing.assert_allclose(back[0], divergence, atol=1e-12)
    np.testing.assert_allclose(back[1], vorticity, atol=1e-12)


def test_all_at_once_is_the_same_as_one_by_one(transform):
    first, second, vorticity, divergence = random_coefficients(transform, 4)
    pair = np.stack([first, second])
    grids, eastward, northward = transform.synthesise_with_wind(pair, vorticity, divergence)
    np.testing.assert_allclose(grids, transform.synthesise(pair), atol=1e-12)
    np.testing.assert_allclose([eastward, northward], transform.wind(vorticity, divergence))
    vectors = np.stack([eastward, grids[0]]), np.stack([northward, grids[1]])
    coefficients, divergences, curls = transform.analyse_with_vectors(grids, *vectors)
    np.testing.assert_allclose(coefficients, pair, atol=1e-12)
    for index in range(2):
        alone = transform.divergence_and_curl(vectors[0][index], vectors[1][index])
        np.testing.assert_allclose(divergences[index], alone[0], atol=1e-11)
        np.testing.assert_allclose(curls[index], alone[1], atol=1e-11)


@pytest.mark.parametrize(
    ("rows", "columns", "south", "north"), [(10, 50, 0, 90), (7, 45, -90, 90), (4, 43, -20, 33.3)]
)
def test_regular_grid_matches_direct_sums(transform, rows, columns, south, north):
    coefficients = random_coefficients(transform, 2)
    grid = RegularGrid(TRUNCATION, rows, columns, south, north)
    expected = np.zeros((2, rows, columns))
    sines = np.sin(np.deg2rad(np.linspace(south, north, rows)))
    longitudes = 2 * np.pi * np.arange(columns) / columns
    for parity, order, k in np.argwhere(~is_padding(transform)):
        function = scipy_legendre(order + 2 * k + parity, order, sines)[:, None]
        wave = np.exp(1j * order * longitudes) * (2 if order else 1)
        for field in range(2):
            expected[field] += (coefficients[field, parity, order, k] * wave * function).real
    np.testing.assert_allclose(grid.evaluate(coefficients), expected, atol=1e-11)


def test_regular_grid_goes_from_the_equator_to_the_pole():
    grid = RegularGrid(TRUNCATION, 10, 36)
    np.testing.assert_allclose(grid.latitudes, np.arange(0, 91, 10))
    np.testing.assert_allclose(grid.longitudes, np.arange(0, 360, 10))


def test_regular_grid_leaves_out_waves_too_short_for_it(transform):
    """Order 10 on 16 columns would look like order 6."""
    coefficients = np.zeros((1, *transform.degree.shape), complex)
    coefficients[0][harmonic_index(3, 3)] = 1
    smooth = RegularGrid(TRUNCATION, 5, 16).evaluate(coefficients)
    coefficients[0][harmonic_index(12, 10)] = 1
    np.testing.assert_array_equal(RegularGrid(TRUNCATION, 5, 16).evaluate(coefficients), smooth)
    assert np.abs(RegularGrid(TRUNCATION, 5, 48).evaluate(coefficients)).max() > 1.5


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((0,), "truncation"),
        ((21, 33), "latitudes"),
        ((21, 20), "latitudes"),
        ((21, 32, 42), "long"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(arguments, name):
    with pytest.raises(ValueError, match=name):
        SphericalTransform(*arguments)
