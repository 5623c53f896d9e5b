"""Test scans without energies in every format: the axis is estimated from the lines and noted."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments.calibration.automatic import calibrated
from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io import describe, open_cube
from napari_xrf_pigments.io.describe import describe_cube

GAIN, OFFSET = 0.0291, -0.04


@pytest.fixture(scope="module")
def counts(expected_spectrum):
    """Simulate counts of a small panel with iron, copper, mercury and lead."""
    kev = EnergyAxis(1024, GAIN, OFFSET).kev
    amounts = {"Ca K": 4e4, "Fe K": 2e5, "Cu K": 9e4, "Hg L": 2e5, "Pb L": 1.5e5, "Sr K": 5e4}
    mean = expected_spectrum(kev, amounts, scatter=1e5, continuum=2e5) / 30
    return np.random.default_rng(5).poisson(mean, (5, 6, 1024)).astype(np.uint16)


def npy(folder, counts):
    np.save(folder / "scan.npy", counts)
    return folder / "scan.npy"


def tiff(folder, counts):
    import tifffile

    planes = np.moveaxis(counts, 2, 0)
    tifffile.imwrite(folder / "scan.tif", planes, photometric="minisblack")
    return folder / "scan.tif"


def zarr(folder, counts):
    import zarr

    zarr.create_array(str(folder / "scan.zarr"), data=counts)
    return folder / "scan.zarr"


def edf(folder, counts):
    from fabio.edfimage import EdfImage

    for row, spectra in enumerate(counts):
        EdfImage(data=spectra).write(str(folder / f"scan_{row}.edf"))
    return folder


def envi(folder, counts):
    text = "ENVI\nsamples = 6\nlines = 5\nbands = 1024\ndata type = 12\ninterleave = bip\n"
    (folder / "scan.hdr").write_text(text + "byte order = 0\n")
    (folder / "scan.dat").write_bytes(counts.astype("<u2").tobytes())
    return folder / "scan.hdr"


def hdf5(folder, counts):
    import h5py

    with h5py.File(folder / "scan.h5", "w") as file:
        file["counts"] = counts
    return folder / "scan.h5"


FORMATS = [npy, tiff, zarr, edf, envi, hdf5]


@pytest.mark.parametrize("write", FORMATS)
def test_the_description_contains_an_axis_estimated_from_the_lines(tmp_path, counts, write):
    text = describe(write(tmp_path, counts))
    (line,) = (line for line in text.splitlines() if line.startswith("Energy axis"))
    assert "estimated from the lines of" in line and "the file states none" in line
    assert "Fe K" in line and "Hg L" in line
    gain = float(line.split(" keV, ")[1].split(" eV")[0])
    assert gain == pytest.approx(1000 * GAIN, rel=2e-3)
    assert "is assumed" not in text


@pytest.mark.parametrize("write", FORMATS)
def test_a_scan_without_energies_is_marked_as_estimated(tmp_path, counts, write):
    cube = open_cube(write(tmp_path, counts))
    assert cube.energies.source == "estimated"
    assert any("states no energy axis" in note for note in cube.source.notes)


def test_a_calibrated_scan_without_energies_stays_marked_as_estimated(tmp_path, counts):
    better, found = calibrated(open_cube(npy(tmp_path, counts)))
    assert found.trusted and better.energies.source == "estimated"
    assert better.energies.gain_kev == pytest.approx(GAIN, rel=2e-3)
    assert abs(better.energies.offset_kev - OFFSET) < 0.02


@pytest.mark.parametrize("write", FORMATS)
def test_an_axis_given_by_the_user_has_priority(tmp_path, counts, write):
    path = write(tmp_path, counts)
    text = describe_cube(open_cube(path, gain_kev=0.03, offset_kev=0.1))
    assert "30 eV a channel, channel 0 at 100 eV (given by you)" in text
    cube, _ = calibrated(open_cube(path, gain_kev=0.03, offset_kev=0.1))
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.03, 0.1)


def test_without_lines_a_default_axis_is_assumed(tmp_path):
    np.save(tmp_path / "scan.npy", np.ones((5, 6, 512), np.uint8))
    text = describe(tmp_path / "scan.npy")
    assert "(not known, assumed)" in text and "0.01 keV a channel from 0 keV is assumed" in text
