"""Test the reader of CRONO files, which contain a list of spectra and an index per pixel."""

from __future__ import annotations

import pickle

import h5py
import numpy as np
import pytest

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import can_open

CHOSEN = np.array([[1, 3, 4, 6], [12, 10, 9, 8], [40, 42, 43, 45]])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "crono.HDF5"


@pytest.fixture
def spectra():
    return np.random.default_rng(0).integers(0, 300, (50, 160)).astype(np.uint16)


def write(path, spectra, chosen=CHOSEN, times=None):
    with h5py.File(path, "w") as file:
        file["XRF/Spectra"] = spectra
        if chosen is not None:
            file["XRF/SpectraSelectedIndex"] = chosen
        file["XRF/EnergyVector"] = (-1.17 + 0.012 * np.arange(160)).astype(np.float32)
        if times is not None:
            file["XRF/LiveTimes"] = times
    return path


@pytest.mark.parametrize("third_axis", [True, False])
def test_each_pixel_has_its_spectrum(path, spectra, third_axis):
    chosen = CHOSEN[:, :, None] if third_axis else CHOSEN
    write(path, spectra, chosen.astype(np.uint64), np.arange(50, dtype=np.uint64) * 1000)
    assert can_open(path)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), spectra[CHOSEN])
    assert cube.counts.dtype == np.uint16
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.012, -1.17))
    assert cube.energies.source == "file"
    np.testing.assert_allclose(cube.live_time_s, CHOSEN * 1e-3)
    assert cube.valid is None or cube.valid.all()
    assert any("50 spectra" in note and "3 x 4 pixels" in note for note in cube.source.notes)


@pytest.mark.parametrize(
    "part",
    [np.s_[1], np.s_[:, 2], np.s_[2, 1], np.s_[1:, 1:3, 10:20], np.s_[:, :, 7], np.s_[0, :, ::5]],
)
def test_any_part_of_the_counts_can_be_read(path, spectra, part):
    cube = open_cube(write(path, spectra))
    np.testing.assert_array_equal(cube.counts[part].compute(), spectra[CHOSEN][part])


def test_the_lazy_counts_can_be_pickled(path, spectra):
    cube = open_cube(write(path, spectra))
    counts = pickle.loads(pickle.dumps(cube.counts))
    np.testing.assert_array_equal(counts.compute(), spectra[CHOSEN])


@pytest.mark.parametrize("lost", [50, 2**63, 2**64 - 1])
def test_a_pixel_whose_index_has_no_spectrum_is_missing(path, spectra, lost):
    chosen = CHOSEN.astype(np.uint64)
    chosen[1, 2] = lost
    cube = open_cube(write(path, spectra, chosen, np.ones(50)))
    expected = np.ones((3, 4), bool)
    expected[1, 2] = False
    np.testing.assert_array_equal(cube.valid, expected)
    counts = cube.counts.compute()
    assert not counts[1, 2].any()
    np.testing.assert_array_equal(counts[expected], spectra[CHOSEN][expected])


@pytest.mark.parametrize(
    "chosen", [None, np.zeros((3, 4)), np.zeros((0, 4), int), np.zeros(4, int), np.array([b"x"])]
)
def test_a_list_without_valid_pixel_indices_is_refused(path, spectra, chosen):
    write(path, spectra, chosen)
    assert not can_open(path)
    with pytest.raises(ValueError, match="is not a scan"):
        open_cube(path)


def test_live_times_of_another_length_are_ignored(path, spectra):
    assert open_cube(write(path, spectra, times=np.ones(49))).live_time_s is None


def test_pixel_indices_in_another_file_are_not_read(path, spectra, tmp_path):
    write(path, spectra, None)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["places"] = CHOSEN
    with h5py.File(path, "a") as file:
        file["XRF/SpectraSelectedIndex"] = h5py.ExternalLink("other.h5", "/places")
    with pytest.raises(ValueError, match="is not a scan"):
        open_cube(path)
