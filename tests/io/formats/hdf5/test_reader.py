"""Test the HDF5 reader: dataset of the scan, spectrum axis, and files without a scan."""

from __future__ import annotations

import pickle

import h5py
import numpy as np
import pytest
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.io import can_open, open_cube
from napari_xrf_pigments.io._lazy import aligned_chunks


@pytest.fixture
def counts():
    return numbered_counts(5, 6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


def nxdata(file, counts, name="entry/data", **axes):
    group = file.create_group(name)
    group.attrs.update(NX_class="NXdata", signal="counts", axes=list(axes) or ["y", "x", "energy"])
    group["counts"] = counts
    for axis, (values, unit) in axes.items():
        group[axis] = values
        group[axis].attrs["units"] = unit
    return group


def test_nxdata_with_axes_is_read(path, counts):
    with h5py.File(path, "w") as file:
        nxdata(
            file,
            counts.astype(">u2"),
            y=(np.arange(3) * 0.5, "mm"),
            x=(np.arange(4) * 250.0, "um"),
            energy=(100 + 20.0 * np.arange(160), "eV"),
        )
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype == np.uint16 and cube.counts.dtype.isnative
    assert cube.energies.gain_kev == pytest.approx(0.02)
    assert cube.energies.offset_kev == pytest.approx(0.1)
    assert cube.energies.source == "file"
    assert cube.pixel_mm == pytest.approx((0.5, 0.25))
    assert not cube.source.notes


def test_nxdata_with_the_spectrum_first_is_read(path, counts):
    with h5py.File(path, "w") as file:
        axes = {
            "energy": (np.arange(160) * 0.02, "keV"),
            "y": (np.arange(3), ""),
            "x": (np.arange(4), ""),
        }
        nxdata(file, np.moveaxis(counts, 2, 0), **axes)
    np.testing.assert_array_equal(open_cube(path).counts[1, 2:].compute(), counts[1, 2:])


@pytest.mark.parametrize("first", [False, True])
def test_the_longest_axis_of_a_plain_dataset_is_the_spectrum(path, counts, first):
    with h5py.File(path, "w") as file:
        file["a/b"] = np.moveaxis(counts, 2, 0) if first else counts
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.energies.source == "estimated"
    assert any("taken as the spectrum" in note for note in cube.source.notes)


def test_a_power_of_two_is_a_spectrum_even_if_a_side_is_longer(path):
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros((2, 300, 256), np.uint8)
    assert open_cube(path).shape == (2, 300, 256)


def test_the_length_of_the_energies_identifies_the_spectrum_axis(path):
    with h5py.File(path, "w") as file:
        file["XRF/Spectra"] = np.ones((50, 30, 40), np.uint32)
        file["XRF/EnergyVector"] = np.arange(30) * 0.5
    cube = open_cube(path)
    assert cube.shape == (50, 40, 30)
    assert cube.energies.gain_kev == pytest.approx(0.5)


def test_settings_in_attributes_are_read(path, counts):
    with h5py.File(path, "w") as file:
        file["counts"] = counts
        file["counts"].attrs.update(gain_kev=0.02, offset_kev=-0.1, anode="Rh", tube_kv=50)
        file.attrs["pixel_mm"] = [0.5, 0.4]
    cube = open_cube(path)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.02, -0.1)
    assert (cube.acquisition.anode, cube.acquisition.tube_kv) == ("Rh", 50)
    assert cube.pixel_mm == (0.5, 0.4)


def test_integer_valued_floats_are_counts(path, counts):
    with h5py.File(path, "w") as file:
        file["counts"] = counts.astype(np.float32)
    cube = open_cube(path)
    assert np.issubdtype(cube.counts.dtype, np.integer)
    np.testing.assert_array_equal(cube.counts.compute(), counts)


def test_several_datasets_are_noted_and_can_be_selected(path, counts):
    with h5py.File(path, "w") as file:
        file["det_a"] = counts
        file["det_b"] = counts + 1
    assert any("det_b" in note for note in open_cube(path).source.notes)
    np.testing.assert_array_equal(open_cube(path, dataset="det_b").counts.compute(), counts + 1)
    with pytest.raises(ValueError, match="no dataset other"):
        open_cube(path, dataset="other")


def test_the_lazy_counts_can_be_pickled_without_an_open_file(path, counts):
    with h5py.File(path, "w") as file:
        file.create_dataset("counts", data=counts, chunks=(2, 2, 160), compression="gzip")
    graph = pickle.loads(pickle.dumps(open_cube(path).counts))
    with h5py.File(path, "a"):  # fails while the file is open
        pass
    np.testing.assert_array_equal(graph.compute(), counts)


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((40, 50), np.uint16),
        np.zeros((40, 50, 3), np.uint8),
        np.zeros((4, 4, 300), np.complex64),
        np.full((4, 4, 300), 0.5),
        np.zeros((2, 2, 2, 300), np.uint16),
    ],
)
def test_foreign_files_do_not_open(path, data):
    with h5py.File(path, "w") as file:
        file["data"] = data
    assert not can_open(path)
    with pytest.raises(ValueError, match=r"scan\.h5 is not (a scan|opened)"):
        open_cube(path)


@pytest.mark.parametrize("shape", [(512, 512, 3), (4, 512, 512), (1, 640, 480), (512, 512, 20)])
def test_a_picture_opens_only_by_its_path(path, shape):
    with h5py.File(path, "w") as file:
        file["preview/photo"] = np.ones(shape, np.uint8)
    assert not can_open(path)
    with pytest.raises(ValueError, match=r"photo \(.*looks like.*`--dataset preview/photo` opens"):
        open_cube(path)
    assert sorted(open_cube(path, dataset="/preview/photo").shape) == sorted(shape)


def test_a_picture_beside_the_scan_is_listed_and_not_opened(path, counts):
    with h5py.File(path, "w") as file:
        file["a_photo"] = np.ones((512, 512, 3), np.uint8)
        file["measured/counts"] = counts
        file["short"] = counts[:, :, :140]
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    (note,) = (note for note in cube.source.notes if "--dataset" in note)
    assert note.startswith("measured/counts was opened")
    assert "a_photo (512 x 512 x 3)" in note and "short (5 x 6 x 140)" in note
    with pytest.raises(ValueError, match=r"it holds .*a_photo \(512 x 512 x 3\)"):
        open_cube(path, dataset="nothing")


def test_a_dataset_with_energies_precedes_one_with_more_channels(path, counts):
    with h5py.File(path, "w") as file:
        file["long/counts"] = np.concatenate([counts, counts], axis=2)
        file["known/counts"] = counts
        file["known/energy"] = 0.02 * np.arange(160)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


@pytest.mark.parametrize("rows", [1, 3, 4])
@pytest.mark.parametrize("channels", [8, 160])
def test_named_axes_and_energies_open_line_scans_and_short_spectra(path, rows, channels):
    counts = np.arange(rows * 7 * channels).reshape(rows, 7, channels)
    with h5py.File(path, "w") as file:
        nxdata(file, counts)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)
    with h5py.File(path, "w") as file:
        file["a/counts"], file["a/energies"] = counts, 0.02 * np.arange(channels)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_a_colour_picture_in_nxdata_does_not_open(path):
    with h5py.File(path, "w") as file:
        nxdata(file, np.ones((300, 200, 3), np.uint8), name="photo")
        file["photo"].attrs["axes"] = ["y", "x", "."]
    assert not can_open(path)
    with h5py.File(path, "w") as file:
        nxdata(file, np.ones((300, 200, 160), np.uint8))["counts"].attrs["interpretation"] = "image"
    assert not can_open(path)


def test_frames_of_several_detectors_are_not_taken_as_rows_and_columns(path):
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = np.ones((500, 8, 256), np.uint16)
    with pytest.raises(ValueError, match="500 frames of 8 detectors"):
        open_cube(path)
    assert open_cube(path, dataset="entry/data/data").shape == (500, 8, 256)


def test_links_to_other_files_are_not_followed(path, counts, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["counts"] = counts
    with h5py.File(path, "w") as file:
        file["counts"] = h5py.ExternalLink("other.h5", "counts")
    assert not can_open(path)


def test_a_truncated_file_is_refused_in_one_sentence(path, counts):
    with h5py.File(path, "w") as file:
        file["counts"] = counts
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"scan\.h5 is truncated or damaged"):
        open_cube(path)


@pytest.mark.parametrize("pieces", [(10, 10, 512), (1, 100, 64), (7, 1, 2048)])
def test_lazy_chunks_are_multiples_of_the_chunks_of_the_file(pieces):
    y, x, n = aligned_chunks((500, 600, 2048), np.dtype(np.uint16), pieces)
    assert n == 2048
    assert y % pieces[0] == 0 or y == 500
    assert x % pieces[1] == 0 or x == 600
    assert y * x * n * 2 <= 64 * 2**20


def test_excessively_large_chunks_of_the_file_are_ignored():
    y, x, _ = aligned_chunks((1000, 1000, 2048), np.dtype(np.uint16), (1000, 1000, 1))
    assert y * x * 2048 * 2 <= 64 * 2**20
