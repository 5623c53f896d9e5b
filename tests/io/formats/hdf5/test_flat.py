"""Test that lists of spectra with positions of motors open as scans."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, open_cube


@pytest.fixture
def bliss(tmp_path, counts):
    """Write a snake scan as BLISS does: two detectors, encoders with noise, a timer."""
    order = np.arange(12).reshape(3, 4)
    order[1] = order[1, ::-1]
    spectra = counts.reshape(12, -1)[order.ravel()]
    row, column = np.divmod(order.ravel(), 4)
    noise = np.random.default_rng(1).uniform(-0.05, 0.05, 12)
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        measurement = file.create_group("1.1/measurement")
        for number in range(2):
            data = measurement.create_dataset(f"fx_det{number}", data=(spectra + number))
            data.attrs["interpretation"] = "spectrum"
        measurement["samy"] = 0.5 * (column + noise)
        measurement["samz"] = 0.25 * row
        for name in ("samy", "samz"):
            measurement[name].attrs["units"] = "mm"
        measurement["elapsed_time"] = np.arange(12.0)
    return path


def test_positions_place_the_spectra_and_detectors_are_summed(bliss, counts):
    cube = open_cube(bliss)
    assert can_open(bliss)
    assert np.array_equal(cube.counts.compute(), 2 * counts + 1)
    assert cube.pixel_mm == pytest.approx((0.25, 0.5), rel=0.1)
    assert any("samy and" in note for note in cube.source.notes)
    assert np.array_equal(cube.spectrum(1, 3), 2 * counts[1, 3] + 1)


def test_one_detector_can_be_chosen(bliss, counts):
    assert np.array_equal(open_cube(bliss, detector="fx_det1").counts.compute(), counts + 1)


def test_without_positions_the_spectra_are_one_row_until_a_shape_is_given(tmp_path, counts):
    path = tmp_path / "scan.nxs"
    with h5py.File(path, "w") as file:
        file["entry/instrument/xspress3/channel00/histogram"] = counts.reshape(12, -1)
        file["entry/instrument/xspress3/channel00/energy"] = 0.02 * np.arange(160)
    cube = open_cube(path)
    assert cube.shape == (1, 12, 160)
    assert cube.energies.gain_kev == pytest.approx(0.02)
    assert any("`--shape`" in note for note in cube.source.notes)
    assert np.array_equal(open_cube(path, shape=(3, 4)).counts.compute(), counts)
    snake = open_cube(path, shape=(3, 4), snake=True).counts.compute()
    assert np.array_equal(snake[1], counts[1, ::-1])


def test_several_scans_of_a_file_are_listed_and_chosen(tmp_path, counts):
    path = tmp_path / "scans.h5"
    with h5py.File(path, "w") as file:
        file["1.1/measurement/mca"] = counts.reshape(12, -1)
        file["2.1/measurement/mca"] = counts.reshape(12, -1) + 5
    cube = open_cube(path)
    assert np.array_equal(cube.counts.compute()[0], counts.reshape(12, -1))
    assert any("2.1/measurement/mca" in note for note in cube.source.notes)
    other = open_cube(path, dataset="2.1/measurement/mca")
    assert np.array_equal(other.counts.compute()[0], counts.reshape(12, -1) + 5)


def test_matrices_of_other_files_are_no_spectra(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["image/pixels"] = np.zeros((300, 400), np.uint16)
        file["short/mca"] = np.zeros((300, 100), np.uint16)
    assert not can_open(path)
    with pytest.raises(ValueError):
        open_cube(path)
