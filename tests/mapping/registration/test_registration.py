"""Test that registration recovers known transforms and marks outliers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.mapping.registration.registration import (
    finest,
    iter_resampled,
    register,
    resample,
    transformed,
)

CORNERS = np.array([[0.0, 0], [0, 900], [600, 0], [600, 900], [250, 400], [500, 150]])


@st.composite
def affines(draw):
    angle, shear = draw(st.floats(-3, 3)), draw(st.floats(-0.4, 0.4))
    size = draw(st.floats(0.02, 20)) * np.array([1, draw(st.floats(0.3, 3))])
    move = draw(st.tuples(*2 * [st.floats(-500, 500)]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn @ np.array([[1, shear], [0, 1]]) @ np.diag(size)
    matrix[:2, 2] = move
    return matrix


@st.composite
def projectives(draw):
    matrix = draw(affines())
    # The horizon of the projection is outside the image.
    matrix[2, :2] = draw(st.tuples(*2 * [st.floats(-4e-4, 4e-4)]))
    return matrix


@given(affines())
def test_a_known_affine_is_recovered(matrix):
    found = register(CORNERS, transformed(matrix, CORNERS), "affine")
    assert np.allclose(found.matrix, matrix, rtol=1e-6, atol=1e-6)
    assert np.allclose(found.residuals_px, 0, atol=1e-6)
    assert not found.outlier.any()


@given(projectives())
def test_a_known_projection_is_recovered(matrix):
    target = transformed(matrix, CORNERS)
    found = register(CORNERS, target, "projective")
    span = np.ptp(target, axis=0).max()
    assert np.allclose(found.residuals_px / span, 0, atol=1e-6)
    elsewhere = np.array([[300.0, 450], [100, 800]])
    onto, expected = transformed(found.matrix, elsewhere), transformed(matrix, elsewhere)
    assert np.allclose(onto / span, expected / span, atol=1e-5)


@given(affines())
def test_the_inverse_transform_returns_the_points(matrix):
    found = register(CORNERS, transformed(matrix, CORNERS))
    assert np.allclose(found.to_picture(transformed(found.matrix, CORNERS)), CORNERS, atol=1e-5)


@pytest.mark.parametrize(("model", "count"), [("affine", 3), ("projective", 4)])
def test_the_minimum_number_of_points_fits_exactly(model, count):
    rng = np.random.default_rng(3)
    found = register(CORNERS[:count], CORNERS[:count] / 7 + rng.normal(0, 4, (count, 2)), model)
    assert np.allclose(found.residuals_px, 0, atol=1e-6)
    assert found.exact
    assert not found.outlier.any()


def test_noisy_points_are_fitted_by_least_squares():
    rng = np.random.default_rng(0)
    target = CORNERS / 10 + rng.normal(0, 0.3, CORNERS.shape)
    found = register(CORNERS, target)
    best = (found.distances_px**2).sum()
    for i, j in np.ndindex(2, 3):
        for step in (-1e-4, 1e-4):
            other = found.matrix.copy()
            other[i, j] += step
            assert ((transformed(other, CORNERS) - target) ** 2).sum() > best


def test_residuals_are_in_millimetres_where_the_pixel_size_is_known():
    target = CORNERS / 10
    target[2] += (0.5, -0.25)
    found = register(CORNERS, target, pixel_mm=(0.5, 2.0))
    wanted = np.hypot(found.residuals_px[:, 0] * 0.5, found.residuals_px[:, 1] * 2.0)
    assert np.allclose(found.distances_mm, wanted)
    assert found.rms_mm == pytest.approx(np.sqrt((wanted**2).mean()))
    assert found.rms_px == pytest.approx(np.sqrt((found.distances_px**2).mean()))
    assert register(CORNERS, target).distances_mm is None
    assert register(CORNERS, target).rms_mm is None


@pytest.mark.parametrize("model", ["affine", "projective"])
@pytest.mark.parametrize("bad", range(3))
def test_a_wrong_point_is_the_outlier(model, bad):
    rng = np.random.default_rng(bad)
    places = rng.uniform(0, 1000, (12, 2))
    target = places / 10 + rng.normal(0, 0.2, places.shape)
    target[bad] += (6, -5)
    found = register(places, target, model)
    assert found.outlier[bad]
    assert found.outlier.sum() == 1
    assert np.nanargmax(found.left_out_px) == bad


@pytest.mark.parametrize("bad", range(5))
def test_one_wrong_point_in_five_is_the_only_outlier(bad):
    places = np.array([[20.0, 30], [30, 400], [250, 60], [260, 380], [150, 200]])
    target = places / 12 + np.random.default_rng(bad).normal(0, 0.05, places.shape)
    target[bad] += (3, 2)
    assert np.flatnonzero(register(places, target).outlier).tolist() == [bad]


def test_good_points_are_rarely_outliers():
    rng = np.random.default_rng(8)
    named = 0
    for _ in range(50):
        places = rng.uniform(0, 1000, (8, 2))
        named += register(places, places / 10 + rng.normal(0, 0.4, places.shape)).outlier.any()
    assert named <= 3


@pytest.mark.parametrize(
    ("picture", "scan", "model", "sentence"),
    [
        (CORNERS[:2], CORNERS[:2], "affine", "at least 3 pairs"),
        (CORNERS[:3], CORNERS[:3], "projective", "at least 4 pairs"),
        (CORNERS[:4], CORNERS[:3], "affine", "needs its partner: 4 .* 3"),
        ([[0, 0], [1, 1], [2, 2]], CORNERS[:3], "affine", "picture lie on a line"),
        (CORNERS[:3], [[0, 0], [1, 1], [2, 2]], "affine", "scan lie on a line"),
        (CORNERS[:3], [[0, 0], [1, 1], [np.nan, 2]], "affine", "finite"),
        ([[0, 0], [0, 9], [9, 9], [9, 0]], [[0, 0], [0, 9], [9, 0], [9, 9]], "projective", "order"),
    ],
)
def test_points_that_define_no_transform_are_refused(picture, scan, model, sentence):
    with pytest.raises(ValueError, match=sentence):
        register(picture, scan, model)


SQUARE = np.array([[0.0, 0], [0, 119], [79, 0], [79, 119]])
TILTED = np.array([[0.25, 0.01, 2.0], [-0.02, 0.3, 1.0], [1e-4, 2e-4, 1.0]])


def test_the_identity_does_not_change_an_image():
    picture = np.random.default_rng(0).uniform(size=(80, 120)).astype(np.float32)
    same = resample(picture, register(SQUARE, SQUARE), (80, 120))
    assert np.allclose(same, picture, atol=1e-5)


def test_a_tilted_ramp_is_resampled_to_the_points():
    y, x = np.mgrid[:80, :120].astype(float)
    found = register(SQUARE, transformed(TILTED, SQUARE), "projective")
    onto = resample(3 * y + x, found, (20, 32), 2)
    assert onto.shape == (40, 64)
    back = found.to_picture(np.stack(np.mgrid[:40, :64], -1) / 2 - 0.25).reshape(40, 64, 2)
    inside = np.isfinite(onto)
    assert 0.5 < inside.mean() < 1
    middle = inside & np.all((back > 0) & (back < [79, 119]), axis=-1)
    assert np.allclose(onto[middle], (3 * back[..., 0] + back[..., 1])[middle], atol=0.01)


def test_colours_keep_their_type_and_are_transparent_outside():
    picture = np.full((80, 120, 3), (10, 200, 90), np.uint8)
    onto = resample(picture, register(SQUARE, SQUARE + 10), (60, 60))
    assert onto.dtype == np.uint8
    assert onto.shape == (60, 60, 4)
    assert (onto[30, 30] == (10, 200, 90, 255)).all()
    assert onto[3, 3, 3] == 0


def test_bands_join_without_a_seam_and_report_the_number_of_rows():
    picture = np.random.default_rng(1).uniform(size=(80, 120))
    found = register(SQUARE, SQUARE / 4)
    bands = list(iter_resampled(picture, found, (20, 30), 20))
    assert [band.rows for band in bands] == [slice(0, 256), slice(256, 400)]
    assert {band.total for band in bands} == {400}
    # Linearly interpolated values change by less than the image does.
    whole = np.concatenate([band.pixels for band in bands])
    assert np.nanmax(np.abs(np.diff(whole[250:260], axis=0))) < 0.3


def test_the_finest_grid_has_the_resolution_of_the_image_up_to_a_limit():
    assert finest(register(SQUARE, SQUARE / 8), (20, 30)) == 8
    assert finest(register(SQUARE, SQUARE * 3), (200, 300)) == 1
    assert finest(register(SQUARE, SQUARE / 1000), (400, 400)) == 10
