"""Simulated scans as files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, open_cube
from napari_xrf_pigments._cli_scan_file import save_scan


@pytest.fixture
def cube():
    counts = np.random.default_rng(1).poisson(3, (5, 7, 64)).astype(np.uint16)
    return XRFCube.from_array(
        counts, gain_kev=0.02, offset_kev=-0.1, anode="Rh", tube_kv=45.0, pixel_mm=(0.4, 0.5)
    )


def test_counts_stay_the_same_integers(cube, tmp_path):
    save_scan(tmp_path / "a.h5", cube)
    with h5py.File(tmp_path / "a.h5") as file:
        stored = file["entry/data/counts"]
        assert stored.dtype == np.uint16
        assert np.array_equal(stored[()], cube.counts.compute())


def test_it_is_nexus_with_the_energies_in_kev(cube, tmp_path):
    save_scan(tmp_path / "a.h5", cube)
    with h5py.File(tmp_path / "a.h5") as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        assert data.attrs["NX_class"] == "NXdata"
        assert list(data.attrs["axes"]) == ["y", "x", "energy"]
        assert data["energy"].attrs["units"] == "keV"
        np.testing.assert_allclose(data["energy"][()], cube.energies.kev)
        np.testing.assert_allclose(np.diff(data["y"][()]), 0.4)


def test_it_opens_as_the_same_scan(cube, tmp_path):
    save_scan(tmp_path / "a.h5", cube)
    again = open_cube(tmp_path / "a.h5")
    assert np.array_equal(again.counts.compute(), cube.counts.compute())
    assert again.energies.source == "file"
    assert again.energies.gain_kev == pytest.approx(cube.energies.gain_kev)
    assert again.energies.offset_kev == pytest.approx(cube.energies.offset_kev)
    assert again.pixel_mm == pytest.approx(cube.pixel_mm)
    assert (again.acquisition.anode, again.acquisition.tube_kv) == ("Rh", 45.0)


def test_the_last_progress_is_all_of_it(cube, tmp_path):
    calls = []
    save_scan(tmp_path / "a.h5", cube, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (35, 35)


def test_a_failure_leaves_nothing_behind(cube, tmp_path):
    def fail(done, total):
        raise OSError("The disk is full.")

    with pytest.raises(OSError, match="full"):
        save_scan(tmp_path / "a.h5", cube, fail)
    assert list(tmp_path.iterdir()) == []
