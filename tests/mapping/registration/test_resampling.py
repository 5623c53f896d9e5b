"""Test the resampling of a registered image to the grid of the scan."""

import numpy as np

from napari_xrf_pigments.mapping.registration.registration import (
    finest,
    iter_resampled,
    register,
    resample,
    transformed,
)

CORNERS = np.array([[0.0, 0], [0, 119], [79, 0], [79, 119]])
TILTED = np.array([[0.25, 0.01, 2.0], [-0.02, 0.3, 1.0], [1e-4, 2e-4, 1.0]])


def test_the_identity_does_not_change_an_image():
    picture = np.random.default_rng(0).uniform(size=(80, 120)).astype(np.float32)
    same = resample(picture, register(CORNERS, CORNERS), (80, 120))
    assert np.allclose(same, picture, atol=1e-5)


def test_a_tilted_ramp_is_resampled_to_the_points():
    y, x = np.mgrid[:80, :120].astype(float)
    found = register(CORNERS, transformed(TILTED, CORNERS), "projective")
    onto = resample(3 * y + x, found, (20, 32), 2)
    assert onto.shape == (40, 64)
    back = found.to_picture(np.stack(np.mgrid[:40, :64], -1) / 2 - 0.25).reshape(40, 64, 2)
    inside = np.isfinite(onto)
    assert 0.5 < inside.mean() < 1
    middle = inside & np.all((back > 0) & (back < [79, 119]), axis=-1)
    assert np.allclose(onto[middle], (3 * back[..., 0] + back[..., 1])[middle], atol=0.01)


def test_colours_keep_their_type_and_are_transparent_outside():
    picture = np.full((80, 120, 3), (10, 200, 90), np.uint8)
    onto = resample(picture, register(CORNERS, CORNERS + 10), (60, 60))
    assert onto.dtype == np.uint8
    assert onto.shape == (60, 60, 4)
    assert (onto[30, 30] == (10, 200, 90, 255)).all()
    assert onto[3, 3, 3] == 0


def test_bands_join_without_a_seam_and_report_the_number_of_rows():
    picture = np.random.default_rng(1).uniform(size=(80, 120))
    found = register(CORNERS, CORNERS / 4)
    bands = list(iter_resampled(picture, found, (20, 30), 20))
    assert [band.rows for band in bands] == [slice(0, 256), slice(256, 400)]
    assert {band.total for band in bands} == {400}
    # Linearly interpolated values change by less than the image does.
    whole = np.concatenate([band.pixels for band in bands])
    assert np.nanmax(np.abs(np.diff(whole[250:260], axis=0))) < 0.3


def test_the_finest_grid_has_the_resolution_of_the_image_up_to_a_limit():
    assert finest(register(CORNERS, CORNERS / 8), (20, 30)) == 8
    assert finest(register(CORNERS, CORNERS * 3), (200, 300)) == 1
    assert finest(register(CORNERS, CORNERS / 1000), (400, 400)) == 10
