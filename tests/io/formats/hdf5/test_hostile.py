"""Test hostile HDF5: external links, circles, huge sizes, and files of other fields."""

from __future__ import annotations

import os
import tracemalloc

import h5py
import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, open_cube


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.h5"


@pytest.fixture
def other(tmp_path, counts):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["counts"] = counts
    return tmp_path / "other.h5"


def refuses(path, sentence):
    assert not can_open(path)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=sentence) as caught:
            open_cube(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_external_link_is_named_but_not_followed(path, other):
    with h5py.File(path, "w") as file:
        file["counts"] = h5py.ExternalLink("other.h5", "counts")
    refuses(path, r"lie in other files \(other\.h5\), which are not followed")
    with pytest.raises(ValueError, match="has no dataset counts"):
        open_cube(path, dataset="counts")


def test_a_soft_link_through_an_external_link_is_not_followed(path, other):
    with h5py.File(path, "w") as file:
        file["out"] = h5py.ExternalLink("other.h5", "/")
        file["counts"] = h5py.SoftLink("/out/counts")
    refuses(path, "not followed")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_link_to_a_pipe_does_not_hang(path, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with h5py.File(path, "w") as file:
        file["xrfmap/detsum/counts"] = h5py.ExternalLink("pipe", "counts")
        file["MAPS"] = h5py.ExternalLink("pipe", "/")
    refuses(path, "pipe")


def test_a_virtual_dataset_over_other_files_is_not_read(path, other):
    layout = h5py.VirtualLayout((3, 4, 160), np.int64)
    layout[:] = h5py.VirtualSource("other.h5", "counts", (3, 4, 160))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("counts", layout)
    refuses(path, r"other\.h5")
    with pytest.raises(ValueError, match=r"lie in other files \(other\.h5\)"):
        open_cube(path, dataset="counts")


def test_external_storage_is_not_read(path, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(os.urandom(3 * 4 * 256))
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "counts", (3, 4, 256), np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
        )
    assert "secret.bin" in refuses(path, "other files")


def test_the_search_ends_in_circles_of_groups_and_links(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("a/b/c")
        group["up"] = file["a"]
        group["top"] = file["/"]
        file["soft"] = h5py.SoftLink("/soft")
        file["left"], file["right"] = h5py.SoftLink("/right"), h5py.SoftLink("/left")
    refuses(path, "is not a scan")


def test_counts_beside_a_circle_of_groups_are_found(path, counts):
    with h5py.File(path, "w") as file:
        group = file.create_group("a/b")
        group["up"] = file["a"]
        file["a/counts"] = counts
        file["a/energy"] = 0.02 * np.arange(160)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_a_file_with_very_many_groups_is_refused(path):
    with h5py.File(path, "w", libver="latest") as file:
        for number in range(4000):
            file.create_group(f"g{number % 40}/h{number}")
    refuses(path, "is not a scan")


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((10**8, 10**8, 1024), "larger than any scan"),
        ((100, 100, 10**8), "larger than any scan"),
        ((10**6, 10**3, 4096), "larger than any scan"),
    ],
)
def test_huge_sizes_are_refused(path, shape, sentence):
    with h5py.File(path, "w") as file:
        file.create_dataset("XRF/Spectra", shape, np.uint16, chunks=(1, 1, 1024))
    with pytest.raises(ValueError, match=sentence):
        open_cube(path)


def test_a_huge_chunk_is_not_unpacked(path):
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "counts", (2000, 2000, 4096), np.uint8, chunks=(500, 500, 4096), compression="gzip"
        )
    refuses(path, "is not a scan")
    with pytest.raises(ValueError, match="pieces too large"):
        open_cube(path, dataset="counts")


@pytest.mark.parametrize("kind", ["attribute", "group"])
def test_files_of_microscopes_do_not_open_as_a_scan(path, kind):
    with h5py.File(path, "w") as file:
        if kind == "attribute":
            file.attrs["ImarisDataSet"] = "ImarisDataSet"
            file["DataSet/ResolutionLevel 0/TimePoint 0/Channel 0/Data"] = np.zeros(
                (32, 256, 300), np.uint8
            )
        else:
            file["t00000/s00/0/cells"] = np.zeros((32, 256, 300), np.int16)
            file["__DATA_TYPES__/Enum_Boolean"] = 0
    refuses(path, "is not a scan")


def test_energies_of_a_wrong_type_are_ignored(path, counts):
    with h5py.File(path, "w") as file:
        file["XRF/Spectra"] = counts
        file["XRF/EnergyVector"] = np.array([b"x"] * 160)
        file["XRF/energy"] = np.full(160, np.nan)
        file["XRF/calibration"] = [0.0, -1.0]
        file["XRF/live_time"] = np.full((3, 4), -1.0)
        file["XRF/Spectra"].attrs["anode"] = np.zeros(3)
        file["XRF/Spectra"].attrs["gain_kev"] = h5py.Empty("f")
    cube = open_cube(path)
    assert cube.energies.source == "estimated"
    assert cube.live_time_s is None and cube.acquisition.anode is None


@pytest.mark.parametrize("keep", [8, 100, 600, 2048])
def test_a_truncated_file_is_refused(path, counts, keep):
    with h5py.File(path, "w") as file:
        file["counts"] = counts
    path.write_bytes(path.read_bytes()[:keep])
    refuses(path, "truncated or damaged")


def test_damage_in_the_middle_never_crashes(path, counts):
    with h5py.File(path, "w") as file:
        file.create_dataset("entry/counts", data=counts, chunks=(1, 4, 160), compression="gzip")
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(whole)
        for place in rng.integers(8, min(len(whole), 4000), 12):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        try:
            open_cube(path).counts.compute()
        except (ValueError, OSError, RuntimeError) as error:
            assert str(error)


def test_a_damaged_chunk_raises_when_it_is_read(path, counts):
    with h5py.File(path, "w") as file:
        made = file.create_dataset("a", data=counts, chunks=(1, 4, 160), compression="gzip")
        info = made.id.get_chunk_info(1)
    data = bytearray(path.read_bytes())
    data[info.byte_offset : info.byte_offset + 30] = bytes(30)
    path.write_bytes(data)
    cube = open_cube(path, dataset="a")
    with pytest.raises(OSError, match=r"^scan\.h5 is damaged: HDF5 cannot read its datasets\.$"):
        cube.counts[1].compute()


def test_a_compression_that_is_not_installed_is_named(path, counts):
    with h5py.File(path, "w") as file:
        made = file.create_dataset("XRF/Spectra", data=counts.astype("f4"), chunks=(1, 4, 160))
        properties = made.id.get_create_plist()
        del file["XRF/Spectra"]
        properties.set_filter(32022, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((3, 4, 160))
        h5py.h5d.create(file["XRF"].id, b"Spectra", h5py.h5t.IEEE_F32LE, space, properties)
        # Stored as if it had been compressed.
        file["XRF/Spectra"].id.write_direct_chunk((0, 0, 0), bytes(100), 0)
    with pytest.raises(ValueError, match="needs the package hdf5plugin"):
        open_cube(path)


def test_only_some_of_very_many_datasets_with_fractions_are_tried(path, monkeypatch):
    from napari_xrf_pigments.io.formats import _candidates

    with h5py.File(path, "w") as file:
        for number in range(100):
            file[f"group_{number}/values"] = np.full((2, 2, 256), 0.5, np.float32)
    tried = []
    original = _candidates.looks_like_counts
    monkeypatch.setattr(
        _candidates, "looks_like_counts", lambda cube: tried.append(cube) or original(cube)
    )
    with pytest.raises(ValueError, match="without whole counts"):
        open_cube(path)
    assert 0 < len(tried) < 50


def test_the_search_for_candidates_is_limited(path, monkeypatch):
    from napari_xrf_pigments.io.formats.hdf5 import _candidates as hdf5_find

    with h5py.File(path, "w") as file:
        for number in range(2 * hdf5_find.MAX_CANDIDATES):
            file[f"group_{number}/values"] = np.ones((1, 2, 256), np.uint8)
    described = []
    original = hdf5_find.describe_dataset
    monkeypatch.setattr(
        hdf5_find,
        "describe_dataset",
        lambda *arguments: described.append(arguments) or original(*arguments),
    )
    with h5py.File(path) as file:
        assert len(hdf5_find.find_candidates(file)) == hdf5_find.MAX_CANDIDATES
    assert len(described) == hdf5_find.MAX_CANDIDATES
