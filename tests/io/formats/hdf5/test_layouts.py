"""Test the HDF5 layouts of known programs: dataset, axes, detectors and energies."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, describe, open_cube


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


def maps_file(path, counts, detectors=3):
    with h5py.File(path, "w") as file:
        for number, letter in enumerate("abcd"[:detectors]):
            data = np.moveaxis(counts + number, 2, 0).astype(np.int16)
            file.create_dataset(f"MAPS_RAW/data_{letter}", data=data, chunks=(160, 1, 4))
        times = np.ones((detectors, 3, 4), np.float32) * np.arange(1, detectors + 1)[:, None, None]
        file["MAPS_RAW/livetime"] = times
        file["MAPS/energy"] = -0.1 + 0.02 * np.arange(160, dtype=np.float32)
        file["MAPS/x_axis"] = 5 + 0.25 * np.arange(4)
        file["MAPS/y_axis"] = 7 - 0.5 * np.arange(3)


def test_maps_files_are_read(path, counts):
    maps_file(path, counts)
    assert can_open(path)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), 3 * counts + 3)
    assert cube.counts.dtype == np.int32
    assert cube.source.format == "HDF5 of MAPS (.h5)"
    assert cube.energies.source == "file"
    assert cube.energies.gain_kev == pytest.approx(0.02, rel=1e-5)
    assert cube.energies.offset_kev == pytest.approx(-0.1)
    assert cube.pixel_mm == pytest.approx((0.5, 0.25))
    np.testing.assert_array_equal(cube.live_time_s, np.full((3, 4), 2.0))
    assert "the sum of 3 detectors (data_a, data_b, data_c)" in describe(path)


@pytest.mark.parametrize("detector", [1, "1", "data_b", "DATA_B"])
def test_one_detector_of_a_maps_file_can_be_selected(path, counts, detector):
    maps_file(path, counts)
    cube = open_cube(path, detector=detector)
    np.testing.assert_array_equal(cube.counts.compute(), counts + 1)
    np.testing.assert_array_equal(cube.live_time_s, np.full((3, 4), 2.0))
    assert "detector data_b of 3" in describe(path, detector=detector)


def test_a_missing_detector_is_refused(path, counts):
    maps_file(path, counts)
    with pytest.raises(ValueError, match=r"no detector 3; there are 0 = data_a, 1 = data_b"):
        open_cube(path, detector=3)


def test_maps_files_with_mca_arr_only_are_read(path, counts):
    with h5py.File(path, "w") as file:
        file["MAPS/mca_arr"] = np.moveaxis(counts, 2, 0).astype(np.float32)
        file["MAPS/energy_calib"] = [-0.05, 0.01, 0.0]
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.01, -0.05))


def pyxrf_file(path, counts, total=True):
    with h5py.File(path, "w") as file:
        for number in (1, 2):
            file[f"xrfmap/det{number}/counts"] = counts * number
        if total:
            file["xrfmap/detsum/counts"] = counts * 3
        file["xrfmap/positions/name"] = np.array([b"x_pos", b"y_pos"])
        file["xrfmap/positions/pos"] = np.zeros((2, 3, 4))
        file["xrfmap/scalers/val"] = np.ones((3, 4, 2))
        file.create_group("xrfmap/scan_metadata").attrs["instrument_mono_incident_energy"] = 12.0


@pytest.mark.parametrize("total", [True, False])
def test_pyxrf_files_are_read(path, counts, total):
    pyxrf_file(path, counts, total)
    assert can_open(path)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), 3 * counts)
    assert cube.source.format == "HDF5 of PyXRF (.h5)"
    assert any("det1, det2" in note for note in cube.source.notes)
    assert any("monochromatic X-rays of 12 keV" in note for note in cube.source.notes)
    np.testing.assert_array_equal(open_cube(path, detector="sum").counts.compute(), 3 * counts)
    np.testing.assert_array_equal(open_cube(path, detector="det2").counts.compute(), 2 * counts)


def test_pyxrf_files_with_the_sum_only_are_read(path, counts):
    with h5py.File(path, "w") as file:
        file["xrfmap/detsum/counts"] = counts
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_stored_sum_with_fractions_is_replaced_by_the_detectors(path, counts):
    with h5py.File(path, "w") as file:
        for number, slope in ((1, 0.02), (2, 0.020001)):
            file[f"xrmmap/mca{number}/counts"] = (counts * number).astype(np.uint32)
            file[f"xrmmap/mca{number}/energy"] = slope * np.arange(160)
        file["xrmmap/mcasum/counts"] = 3 * counts + 0.25
        file["xrmmap/mcasum/energy"] = 0.02 * np.arange(160)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), 3 * counts)
    assert any("fractions of counts" in note for note in cube.source.notes)
    np.testing.assert_array_equal(open_cube(path, detector="mca2").counts.compute(), 2 * counts)


def test_older_crono_files_with_a_cube_of_spectra_are_read(path, counts):
    with h5py.File(path, "w") as file:
        file["XRF/Spectra"] = counts.astype(np.uint32)
        file["XRF/EnergyVector"] = 0.02 * np.arange(160)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.source.format == "HDF5 of CRONO (.h5)"
    assert cube.energies.gain_kev == pytest.approx(0.02)


def test_numbered_detectors_of_one_scan_are_summed(path, counts):
    with h5py.File(path, "w") as file:
        for number in range(2):
            group = file.create_group(f"entry/mca_{number}")
            group["data"] = counts + number
            group["calibration"] = [0.0, 0.02, 0.0]
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), 2 * counts + 1)
    assert cube.energies.gain_kev == pytest.approx(0.02)
    np.testing.assert_array_equal(open_cube(path, detector="mca_1").counts.compute(), counts + 1)


def test_detectors_with_different_energies_are_not_summed_by_default(path, counts):
    with h5py.File(path, "w") as file:
        for number in range(2):
            group = file.create_group(f"entry/mca_{number}")
            group["data"] = counts
            group["calibration"] = [0.5 * number, 0.02, 0.0]
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("would blur the lines: mca_0 was opened" in note for note in cube.source.notes)
    np.testing.assert_array_equal(open_cube(path, detector="sum").counts.compute(), 2 * counts)


def test_numbered_scans_are_not_summed(path, counts):
    counts = counts[:2, :2]
    with h5py.File(path, "w") as file:
        for number in (1, 2):
            file[f"{number}.1/measurement/spectra"] = counts * number
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("2.1/measurement/spectra" in note for note in cube.source.notes)


@pytest.mark.parametrize("axis", [0, 2])
def test_a_fourth_axis_is_read_as_detectors_only_when_one_is_chosen(path, axis):
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 60_000, (3, 5, 6, 256), dtype=np.uint16)
    with h5py.File(path, "w") as file:
        file.create_dataset("counts", data=np.moveaxis(stack, 0, axis), compression="gzip")
        file["live_time"] = np.arange(1, 4)[:, None, None] * np.ones((3, 5, 6))
    sentence = rf"number {axis + 1} of 3 may be detectors.* `--detector 0` opens the first"
    with pytest.raises(ValueError, match=sentence):
        open_cube(path)
    with pytest.raises(ValueError, match=sentence):
        open_cube(path, dataset="counts")
    cube = open_cube(path, detector="sum")
    assert cube.counts.dtype == np.uint32
    np.testing.assert_array_equal(cube.counts.compute(), stack.sum(0))
    np.testing.assert_array_equal(cube.counts[1, 2:].compute(), stack.sum(0)[1, 2:])
    one = open_cube(path, detector=2)
    np.testing.assert_array_equal(one.counts.compute(), stack[2])
    assert one.live_time_s[0, 0] == 3


def test_a_stack_of_images_with_four_axes_is_refused(path):
    with h5py.File(path, "w") as file:
        file["movie"] = np.zeros((10, 3, 64, 300), np.uint8)
    assert not can_open(path)


def test_an_nxdata_signal_behind_a_soft_link_is_read(path, counts):
    with h5py.File(path, "w") as file:
        file["instrument/detector/raw"] = counts
        group = file.create_group("entry/plot")
        group.attrs.update(NX_class="NXdata", signal="data", axes=["y", "x", "energy"])
        group["data"] = h5py.SoftLink("/instrument/detector/raw")
        group["energy"] = 0.02 * np.arange(160)
        group["energy"].attrs["units"] = "keV"
    cube = open_cube(path)
    assert cube.energies.gain_kev == pytest.approx(0.02)
    assert not cube.source.notes


def test_only_the_existing_detector_can_be_selected(path, counts):
    with h5py.File(path, "w") as file:
        file["a"] = np.repeat(counts, 2, axis=1)[:2]
    open_cube(path, detector="sum")
    with pytest.raises(ValueError, match="one detector only"):
        open_cube(path, detector=1)
