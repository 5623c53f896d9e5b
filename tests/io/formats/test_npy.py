"""Test the readers of numpy arrays and archives."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.io import can_open, open_cube
from napari_xrf_pigments.io.formats import npy


@pytest.fixture
def counts():
    return numbered_counts(5, 6)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<u2", ">i4", "<f8"])
def test_npy_is_read_lazily_in_any_layout(tmp_path, counts, dtype, order):
    path = tmp_path / "scan.npy"
    np.save(path, np.array(counts, dtype=dtype, order=order))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts[1:, 2].compute(), counts[1:, 2])
    assert cube.energies.source == "estimated"
    assert cube.counts.dtype.isnative
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(cube.counts)).compute(), counts)


def test_a_channel_axis_in_first_position_is_recognised_by_its_length(tmp_path):
    np.save(tmp_path / "scan.npy", np.zeros((512, 5, 6), np.uint8))
    assert open_cube(tmp_path / "scan.npy").shape == (5, 6, 512)


def test_settings_in_npz_are_read(tmp_path, counts):
    valid = np.ones((5, 6), bool)
    valid[1, 1] = False
    path = tmp_path / "scan.npz"
    np.savez_compressed(
        path, counts=counts, gain_kev=0.02, offset_kev=-0.1, anode="Rh", tube_kv=50.0,
        pixel_mm=[0.5, 0.25], live_time_s=np.full((5, 6), 0.1), valid=valid,
    )  # fmt: skip
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.02, -0.1)
    assert cube.energies.source == "file"
    assert (cube.acquisition.anode, cube.acquisition.tube_kv) == ("Rh", 50)
    assert cube.pixel_mm == (0.5, 0.25)
    np.testing.assert_array_equal(cube.valid, valid)
    np.testing.assert_array_equal(cube.live_time_s, 0.1)


@pytest.mark.parametrize("name", ["energy", "energies_kev", "kev"])
def test_energies_in_npz_are_read(tmp_path, counts, name):
    np.savez(tmp_path / "scan.npz", counts=counts, **{name: 0.1 + 0.02 * np.arange(160)})
    axis = open_cube(tmp_path / "scan.npz").energies
    assert (axis.gain_kev, axis.offset_kev) == pytest.approx((0.02, 0.1))


def test_the_only_cube_of_an_archive_opens_under_any_name(tmp_path, counts):
    np.savez(tmp_path / "scan.npz", whatever=counts, other=np.zeros(3))
    assert open_cube(tmp_path / "scan.npz").shape == counts.shape


def test_an_array_can_be_selected(tmp_path, counts):
    long = np.concatenate([counts, counts], axis=2)
    np.savez(tmp_path / "scan.npz", a=counts, b=long, c=np.zeros(3))
    cube = open_cube(tmp_path / "scan.npz")
    np.testing.assert_array_equal(cube.counts.compute(), long)
    assert any("b was opened" in note and "a (5 x 6 x 160)" in note for note in cube.source.notes)
    cube = open_cube(tmp_path / "scan.npz", dataset="a")
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    with pytest.raises(ValueError, match=r"no array 'd' .* it has a \(5 x 6 x 160\), b"):
        open_cube(tmp_path / "scan.npz", dataset="d")


@pytest.mark.parametrize("shape", [(512, 512, 3), (1, 256, 256), (4, 50, 160), (512, 512, 20)])
@pytest.mark.parametrize("save", [np.save, np.savez])
def test_pictures_open_only_by_name(tmp_path, shape, save):
    path = tmp_path / ("scan.npy" if save is np.save else "scan.npz")
    save(path, np.ones(shape, np.uint8))
    with pytest.raises(ValueError, match=r"looks like .*`--dataset \S+` opens it"):
        open_cube(path)
    name = "/" if save is np.save else "arr_0"
    assert sorted(open_cube(path, dataset=name).shape) == sorted(shape)
    assert can_open(path) == (save is np.savez)


def test_few_channels_open_only_by_name(tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, np.arange(20 * 30 * 64).reshape(20, 30, 64))
    with pytest.raises(ValueError, match="no axis of at least 128 channels"):
        open_cube(path)
    assert open_cube(path, dataset="/").shape == (20, 30, 64)


class Trap:
    """An object whose unpickling fails the test."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize("save", [np.save, np.savez])
def test_pickled_objects_are_refused(tmp_path, save):
    path = tmp_path / ("scan.npy" if save is np.save else "scan.npz")
    save(path, np.array([[[Trap()]]], dtype=object))
    with pytest.raises(ValueError, match="pickled Python objects"):
        open_cube(path)


@pytest.mark.parametrize(
    "bad", [np.zeros((3, 4)), np.full((3, 4, 5), 0.5), np.full((3, 4, 5), "a")]
)
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_arrays_of_another_kind_are_refused_in_one_sentence(tmp_path, bad, suffix):
    path = tmp_path / f"scan.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, bad)
    with pytest.raises(ValueError, match=r"^scan\.np[yz] .*\.$") as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [8, 40, 200, 1000])
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_truncated_files_are_refused_in_one_sentence(tmp_path, counts, suffix, keep):
    path = tmp_path / f"scan.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, counts)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"scan\.np[yz].*(truncated|damaged)"):
        open_cube(path)


def test_a_damaged_archive_is_refused_in_one_sentence(tmp_path, counts):
    path = tmp_path / "scan.npz"
    np.savez_compressed(path, counts=counts)
    data = bytearray(path.read_bytes())
    data[150:190] = b"x" * 40
    path.write_bytes(data)
    with pytest.raises(ValueError, match="damaged"):
        open_cube(path)


def test_the_declared_size_is_checked_before_allocating(tmp_path):
    header = io.BytesIO()
    shape = {"descr": "<u4", "fortran_order": False, "shape": (40000, 40000, 4096)}
    np.lib.format.write_array_header_1_0(header, shape)
    (tmp_path / "scan.npy").write_bytes(header.getvalue() + b"\0" * 64)
    with pytest.raises(ValueError, match="larger than any scan"):
        open_cube(tmp_path / "scan.npy")
    with zipfile.ZipFile(tmp_path / "scan.npz", "w") as archive:
        archive.writestr("counts.npy", header.getvalue() + b"\0" * 64)
    with pytest.raises(ValueError, match="truncated"):
        open_cube(tmp_path / "scan.npz")


def test_archives_that_would_fill_the_memory_are_refused(tmp_path, counts, monkeypatch):
    monkeypatch.setattr(npy, "MAX_NPZ_BYTES", 1000)
    np.savez_compressed(tmp_path / "scan.npz", counts=counts)
    with pytest.raises(ValueError, match=r"save the counts as \.npy"):
        open_cube(tmp_path / "scan.npz")


def test_other_zip_files_do_not_open(tmp_path):
    with zipfile.ZipFile(tmp_path / "scan.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert not can_open(tmp_path / "scan.npz")
