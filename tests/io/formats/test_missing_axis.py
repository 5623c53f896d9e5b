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


def hdf5_with(folder, counts, energies, unit=""):
    import h5py

    with h5py.File(folder / "scan.h5", "w") as file:
        file["counts"], file["energy"] = counts, energies
        file["energy"].attrs["units"] = unit
    return folder / "scan.h5"


@pytest.mark.parametrize(
    ("energies", "unit", "reason"),
    [
        (np.where(np.arange(1024) == 7, np.nan, 0.02 * np.arange(1024)), "keV", "not all numbers"),
        (0.02 * np.arange(1024), "nm", "its unit 'nm' is not one of energy"),
        (0.02 * np.arange(1024)[::-1], "keV", "do not rise"),
        (np.geomspace(0.1, 40, 1024), "keV", "not rise in even steps"),
        (20.0 * np.arange(1024), "keV", "not those of an X-ray fluorescence spectrum"),
    ],
)
def test_an_axis_that_is_stated_and_not_used_is_said_with_the_reason(
    tmp_path, counts, energies, unit, reason
):
    path = hdf5_with(tmp_path, counts, energies, unit)
    notes = open_cube(path).source.notes
    assert any("axis of the file is not used" in note and reason in note for note in notes)
    text = describe(path)
    assert reason in text and "states none" not in text and "states no energy" not in text
    assert "that of the file is not used" in text


def test_a_curved_axis_becomes_the_straight_line_nearest_to_it(tmp_path, counts):
    channel = np.arange(1024)
    path = hdf5_with(tmp_path, counts, 0.02 * channel + 1e-7 * channel**2, "keV")
    cube = open_cube(path)
    assert cube.energies.source == "file"
    assert np.abs(cube.energies.kev - 0.02 * channel - 1e-7 * channel**2).max() < 0.02
    assert any("is curved; the straight line" in note for note in cube.source.notes)


def test_energies_without_a_unit_are_ev_where_only_that_is_plausible(tmp_path, counts):
    cube = open_cube(hdf5_with(tmp_path, counts, 20.0 * np.arange(1024)))
    assert cube.energies.gain_kev == pytest.approx(0.02)
    assert any("no unit: eV is assumed" in note for note in cube.source.notes)


@pytest.mark.parametrize(
    ("unit", "pixel", "noted"), [("mm", (0.5, 0.25), False), ("steps", None, True)]
)
def test_coordinates_of_xarray_give_the_size_of_a_pixel(tmp_path, counts, unit, pixel, noted):
    import zarr

    group = zarr.open_group(str(tmp_path / "scan.zarr"), mode="w")
    group.create_array(
        "counts", shape=counts.shape, dtype="u2", dimension_names=("y", "x", "energy")
    )
    group["counts"][:] = counts
    for name, values in (("y", 0.5 * np.arange(5)), ("x", 3 + 0.25 * np.arange(6))):
        group.create_array(name, data=values)
        group[name].attrs["units"] = unit
    group.create_array("energy", data=20.0 * np.arange(1024))
    group["energy"].attrs["units"] = "eV"
    cube = open_cube(tmp_path / "scan.zarr")
    assert cube.pixel_mm == (None if pixel is None else pytest.approx(pixel))
    assert cube.energies.gain_kev == pytest.approx(0.02)
    assert any("pixel size of the file is not used" in note for note in cube.source.notes) == noted
    assert ("states no pixel size" in describe(tmp_path / "scan.zarr")) is False


@pytest.mark.parametrize("unit", ["Electron Volts", "eV", "kilo-electron-volts"])
def test_envi_energies_in_any_spelling_are_read(tmp_path, counts, unit):
    path = envi(tmp_path, counts)
    scale = 0.02 if unit.startswith("kilo") else 20
    listed = ", ".join(f"{scale * i:g}" for i in range(1024))
    text = path.read_text() + f"wavelength units = {unit}\nwavelength = {{{listed}}}\n"
    path.write_text(text)
    assert open_cube(path).energies.gain_kev == pytest.approx(0.02)
