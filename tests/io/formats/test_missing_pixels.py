"""Test pixels without numbers (NaN) in every format of floats: they are missing, not a fault."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments.io import describe, open_cube

from ..conftest import numbered_counts


def npy(folder, counts):
    np.save(folder / "scan.npy", counts)
    return folder / "scan.npy"


def npz(folder, counts):
    np.savez(folder / "scan.npz", counts=counts)
    return folder / "scan.npz"


def hdf5(folder, counts):
    import h5py

    with h5py.File(folder / "scan.h5", "w") as file:
        file["counts"] = counts
    return folder / "scan.h5"


def zarr(folder, counts):
    import zarr

    zarr.create_array(str(folder / "scan.zarr"), data=counts)
    return folder / "scan.zarr"


def tiff(folder, counts):
    import tifffile

    tifffile.imwrite(folder / "scan.tif", np.moveaxis(counts, 2, 0), photometric="minisblack")
    return folder / "scan.tif"


def envi(folder, counts):
    text = "ENVI\nsamples = 6\nlines = 5\nbands = 160\ndata type = 4\ninterleave = bip\n"
    (folder / "scan.hdr").write_text(text + "byte order = 0\n")
    (folder / "scan.dat").write_bytes(counts.astype("<f4").tobytes())
    return folder / "scan.hdr"


@pytest.mark.parametrize("write", [npy, npz, hdf5, zarr, tiff, envi])
def test_a_pixel_without_numbers_is_missing_and_noted(tmp_path, write):
    counts = numbered_counts(5, 6).astype(np.float32)
    counts[2, 2] = np.nan  # in the middle, where the type is recognised
    counts[1, 4, 7] = np.nan
    path = write(tmp_path, counts)
    cube = open_cube(path)
    expected = np.isfinite(counts).all(axis=2)
    np.testing.assert_array_equal(cube.valid, expected)
    read = cube.counts.compute()
    np.testing.assert_array_equal(read[expected], counts[expected])
    assert not read[~expected].any()
    assert "Pixels with values that are not numbers (NaN), which count as missing: 2." in describe(
        path
    )


@pytest.mark.parametrize("write", [npy, hdf5, tiff])
def test_fractions_are_refused_with_and_without_missing_pixels(tmp_path, write):
    counts = numbered_counts(5, 6) + np.float32(0.5)
    counts[2, 2] = np.nan
    with pytest.raises(ValueError, match=r"fraction|without whole counts"):
        open_cube(write(tmp_path, counts))


def test_floats_too_large_for_counts_are_named_so(tmp_path):
    counts = numbered_counts(5, 6).astype(np.float32)
    counts[1, 1, 5] = 1e15
    with pytest.raises(ValueError, match="too large for counts"):
        open_cube(npy(tmp_path, counts)).counts.compute()


@pytest.mark.parametrize("write", [npy, npz, hdf5, zarr])
def test_integers_too_large_for_counts_are_refused(tmp_path, write):
    with pytest.raises(ValueError, match="too large for counts"):
        open_cube(write(tmp_path, np.full((5, 6, 160), 2**62)))
