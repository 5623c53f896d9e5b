"""Projections of a scan over its channels."""

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.plugin.layers.projections import PROJECTIONS, project


def cube(valid=None):
    counts = np.random.default_rng(1).poisson(4, (40, 50, 30)).astype(np.uint16)
    return XRFCube.from_array(da.from_array(counts, chunks=(7, 50, 30)), gain_kev=0.1, valid=valid)


@pytest.mark.parametrize(("key", "of"), [("total", np.sum), ("maximum", np.max), ("mean", np.mean)])
def test_a_projection_covers_all_channels(key, of):
    scan = cube()
    image = project(scan, key, lambda done, total: False)
    np.testing.assert_allclose(image, of(scan.counts.compute(), axis=2), rtol=1e-6)


def test_pixels_that_were_not_measured_are_nan():
    valid = np.ones((40, 50), bool)
    valid[3, 4] = False
    image = project(cube(valid), "total", lambda done, total: False)
    np.testing.assert_array_equal(np.isnan(image), ~valid)


def test_stopping_keeps_the_finished_pixels():
    image = project(cube(), "total", lambda done, total: True)
    done = np.isfinite(image)
    assert 0 < done.sum() < done.size


def test_the_progress_ends_with_all_pixels():
    progress = []
    project(cube(), "mean", lambda done, total: progress.append((done, total)))
    assert progress[-1] == (2000, 2000)


def test_every_projection_has_a_title():
    assert all(entry.title and key == entry.key for key, entry in PROJECTIONS.items())
