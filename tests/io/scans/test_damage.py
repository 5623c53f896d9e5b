"""Test that a damaged scan raises a one-sentence error and never opens as a complete one."""

from __future__ import annotations

import json
import os
import shutil
import tracemalloc
from pathlib import Path

import h5py
import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments import EnergyAxis, XRFCube, open_cube
from napari_xrf_pigments.io import save_cube
from napari_xrf_pigments.io.scans.metadata import from_json, metadata_of, to_json


@pytest.fixture
def cube(counts) -> XRFCube:
    times = np.arange(12.0).reshape(3, 4) + 1
    return XRFCube.from_array(counts, gain_kev=0.02, live_time_s=times, pixel_mm=(0.5, 0.4))


@pytest.fixture
def store(cube, tmp_path) -> Path:
    return save_cube(cube, tmp_path / "scan.zarr")


def only_shard(store: Path) -> Path:
    (shard,) = [path for path in (store / "counts" / "c").rglob("*") if path.is_file()]
    return shard


def test_a_missing_chunk_is_not_read_as_zeros(store):
    only_shard(store).unlink()
    with pytest.raises(ValueError, match=r"scan\.zarr is incomplete: 1 pieces"):
        open_cube(store)


def test_a_chunk_removed_after_opening_raises(store):
    counts = open_cube(store).counts
    only_shard(store).unlink()
    with pytest.raises(OSError, match=r"scan\.zarr is incomplete"):
        counts[1, 2].compute()
    shutil.rmtree(store)
    with pytest.raises((OSError, ValueError), match=r"scan\.zarr"):
        counts.compute()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_changed_bytes_of_a_store_are_detected_by_checksums(store, damage):
    shard = only_shard(store)
    data = bytearray(shard.read_bytes())
    if damage == "flip":
        data[len(data) // 3] ^= 0x10
    shard.write_bytes({"flip": data, "cut": data[:-20], "empty": b""}[damage])
    with pytest.raises(ValueError, match=r"scan\.zarr is (damaged|incomplete)"):
        open_cube(store).counts.compute()


def test_a_chunk_larger_than_declared_is_not_unpacked(store):
    array = zarr.create_array(
        str(store / "counts"),
        shape=(1, 1, 160),
        chunks=(1, 1, 160),
        shards=(1, 1, 160),
        dtype="uint16",
        compressors=[zarr.codecs.BloscCodec()],
        overwrite=True,
    )
    array[...] = 1
    bomb = bytes(numcodecs.Blosc().encode(bytes(2**26)))
    index = np.array([0, len(bomb)], "<u8").tobytes()
    checksum = bytes(numcodecs.CRC32C(location="end").encode(index))[-4:]
    (store / "counts" / "c" / "0" / "0" / "0").write_bytes(bomb + index + checksum)
    for name in ("live_time_s", "valid"):
        shutil.rmtree(store / name, ignore_errors=True)
    counts = open_cube(store).counts
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"scan\.zarr is damaged: a piece of its counts"):
            counts.compute()
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_changed_bytes_of_an_hdf5_file_are_detected_by_checksums(cube, tmp_path):
    path = save_cube(cube, tmp_path / "scan.h5")
    with h5py.File(path) as file:
        offset = file["entry/data/counts"].id.get_chunk_info(0).byte_offset
    data = bytearray(path.read_bytes())
    data[offset + 30] ^= 0x10
    path.write_bytes(data)
    with pytest.raises((OSError, ValueError)):
        open_cube(path).counts.compute()


@pytest.mark.parametrize("keep", [0.2, 0.7, 0.99])
@pytest.mark.parametrize("name", ["scan.h5", "scan.raw", "scan.pixels.npz"])
def test_a_truncated_file_gives_one_sentence(cube, tmp_path, name, keep):
    path = save_cube(cube, tmp_path / ("scan.h5" if name.endswith("h5") else "scan.rpl"))
    part = tmp_path / name
    data = part.read_bytes()
    part.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(ValueError, match=r"scan") as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


def test_invalid_pixel_data_of_a_ripple_pair_are_refused(cube, tmp_path):
    path = save_cube(cube, tmp_path / "scan.rpl")
    for live_time_s in (np.array([print]), np.zeros((4, 3)), np.zeros((3, 4), "M8[s]")):
        np.savez(tmp_path / "scan.pixels.npz", live_time_s=live_time_s)
        with pytest.raises(ValueError, match=r"scan\.pixels\.npz"):
            open_cube(path)


def test_a_ripple_pair_without_its_pixel_data_still_opens(cube, tmp_path):
    path = save_cube(cube, tmp_path / "scan.rpl")
    (tmp_path / "scan.pixels.npz").unlink()
    assert open_cube(path).live_time_s is None


def test_an_energy_axis_edited_in_the_header_is_used(cube, tmp_path):
    path = save_cube(cube, tmp_path / "scan.rpl")
    text = path.read_text().replace(" depth-scale\t0.02", " depth-scale\t0.025")
    path.write_text(text)
    energies = open_cube(path).energies
    assert (energies.gain_kev, energies.source) == (0.025, "file")


def rewrite(path: Path, text: str) -> None:
    if path.suffix == ".zarr":
        group = zarr.open_group(path, mode="r+")
        group.attrs["napari_xrf_pigments"] = {"kind": "scan", "scan": text}
    else:
        with h5py.File(path, "r+") as file:
            del file["entry/xrf_pigments"]
            file["entry/xrf_pigments"] = text


@pytest.mark.parametrize("name", ["scan.zarr", "scan.h5"])
@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "scan"}', "[" * 100_000, '{"kind": "scan", "energies": 3}']
)
def test_an_invalid_description_gives_one_sentence(cube, tmp_path, name, text):
    path = save_cube(cube, tmp_path / name)
    rewrite(path, text)
    with pytest.raises(ValueError, match="description of the scan in it is wrong"):
        open_cube(path)


@pytest.mark.parametrize("name", ["scan.zarr", "scan.h5"])
def test_a_description_of_another_scan_is_refused(cube, tmp_path, name):
    path = save_cube(cube, tmp_path / name)
    other = XRFCube.from_array(np.zeros((1, 1, 7), np.uint8), gain_kev=0.1)
    rewrite(path, to_json(metadata_of(other)))
    with pytest.raises(ValueError, match="channels"):
        open_cube(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
PLACES = (
    ("energies",), ("energies", "gain_kev"), ("energies", "offset_kev"), ("energies", "channels"),
    ("energies", "source"), ("acquisition",), ("acquisition", "anode"), ("acquisition", "filter"),
    ("acquisition", "tube_kv"), ("acquisition", "detector"), ("acquisition", "nonsense"),
    ("pixel_mm",), ("notes",), ("origin",),
)  # fmt: skip


@given(place=st.sampled_from(PLACES), value=json_values)
def test_any_value_in_the_description_is_read_or_refused_in_one_sentence(place, value):
    cube = XRFCube.from_array(np.zeros((1, 1, 7), np.uint8), gain_kev=0.1, tube_kv=40.0)
    content = json.loads(to_json(metadata_of(cube)))
    home = content
    for key in place[:-1]:
        home = home[key]
    home[place[-1]] = value
    try:
        facts = from_json(json.dumps(content), "scan.h5")
    except ValueError as error:
        assert str(error).startswith("scan.h5 is damaged")
    else:
        assert isinstance(facts.energies, EnergyAxis)
        assert facts.energies.gain_kev > 0
        assert facts.pixel_mm is None or len(facts.pixel_mm) == 2
        assert all(isinstance(note, str) for note in facts.notes)


@pytest.mark.parametrize("kind", ["link", "external"])
def test_no_other_file_is_read_for_an_hdf5_scan(cube, tmp_path, kind):
    path = save_cube(cube, tmp_path / "scan.h5")
    secret = tmp_path / "other"
    os.mkfifo(secret)
    with h5py.File(path, "a") as file:
        del file["entry/data/counts"], file["entry/instrument/live_time"]
        file["entry/instrument/live_time"] = h5py.ExternalLink(secret.name, "live_time")
        if kind == "link":
            file["entry/data/counts"] = h5py.ExternalLink(secret.name, "counts")
        else:
            storage = [(str(secret), 0, h5py.h5f.UNLIMITED)]
            file.create_dataset("entry/data/counts", (3, 4, 160), np.uint8, external=storage)
    with pytest.raises(ValueError, match=r"^scan\.h5 is truncated or damaged"):
        open_cube(path)
