"""Test that results of impossible declared or unpacked size raise a one-sentence error."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import h5py
import numcodecs
import numpy as np
import pytest
import zarr

from napari_xrf_pigments.io import load_results, save_results

from ..made_results import make

UNPACKED = 256 * 2**20
PACKERS = {
    "gzip": lambda data: gzip.compress(data, 1),
    "zstd": numcodecs.Zstd().encode,
    "blosc": numcodecs.Blosc().encode,
}
CODECS = {
    "gzip": zarr.codecs.GzipCodec,
    "zstd": zarr.codecs.ZstdCodec,
    "blosc": zarr.codecs.BloscCodec,
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return save_results(tmp_path / "out.zarr", elements=make()[0])


def peak_bytes(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def declare(store: Path, change: Callable[[dict], None]) -> None:
    """Change the metadata of the counts."""
    path = store / "elements" / "0" / "zarr.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))


@pytest.mark.parametrize("codec", CODECS)
def test_a_chunk_larger_than_declared_is_not_unpacked(store, codec):
    array = zarr.create_array(
        str(store / "elements" / "0"),
        shape=(2, 5, 7),
        chunks=(1, 5, 7),
        dtype="float32",
        compressors=[CODECS[codec]()],
        overwrite=True,
    )
    array[...] = 1
    packed = bytes(PACKERS[codec](bytes(UNPACKED)))
    (store / "elements" / "0" / "c" / "1" / "0" / "0").write_bytes(packed)
    counts = load_results(store)[0].counts
    np.testing.assert_array_equal(counts[0], 1)

    def read() -> None:
        with pytest.raises(ValueError, match=r"^out\.zarr is damaged: a chunk is far larger"):
            np.asarray(counts)

    assert peak_bytes(read) < UNPACKED / 8


def too_many_pixels(about):
    about["shape"] = [2, 10**6, 10**6]


def too_many_maps(about):
    about["shape"] = [10**9, 5, 7]


def huge_chunks(about):
    about["chunk_grid"]["configuration"]["chunk_shape"] = [1, 10**5, 10**5]


def foreign_codec(about):
    about["codecs"] = [{"name": "bytes"}, {"name": "numcodecs.pickle", "configuration": {}}]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (too_many_pixels, "out.zarr declares 2 maps of 1000000 x 1000000 pixels, which is larger"),
        (too_many_maps, "out.zarr is damaged: an array in it is not a stack of 2 maps"),
        (huge_chunks, "out.zarr is cut into chunks that are far too large"),
        (foreign_codec, "out.zarr is compressed in a way that is not read"),
    ],
)
def test_impossible_declarations_are_refused_before_anything_is_read(store, change, sentence):
    declare(store, change)

    def load() -> None:
        with pytest.raises(ValueError, match=sentence):
            load_results(store)

    assert peak_bytes(load) < 2**24


def test_an_hdf5_result_of_impossible_size_is_refused(tmp_path):
    path = save_results(tmp_path / "out.h5", elements=make()[0])
    with h5py.File(path, "a") as file:
        del file["elements/counts"]
        file.create_dataset("elements/counts", (2, 10**6, 10**6), "f4", chunks=(1, 5, 7))
    with pytest.raises(ValueError, match=r"out\.h5 declares 2 maps of 1000000 x 1000000 pixels"):
        load_results(path)


@pytest.mark.parametrize("name", ["elements", "elements/sigma", "elements/names"])
@pytest.mark.parametrize("kind", ["link", "pipe", "virtual"])
def test_no_other_file_is_read_for_an_hdf5_result(tmp_path, name, kind):
    path = save_results(tmp_path / "out.h5", elements=make()[0])
    other = save_results(tmp_path / "other.h5", elements=make()[0])
    if kind == "pipe":
        other.unlink()
        os.mkfifo(other)
    with h5py.File(path, "a") as file:
        del file[name]
        if kind != "virtual":
            file[name] = h5py.ExternalLink(other.name, name)
        else:
            layout = h5py.VirtualLayout((2, 5, 7), "f4")
            layout[...] = h5py.VirtualSource(other.name, "elements/sigma", (2, 5, 7))
            file.create_virtual_dataset(name, layout)
    with pytest.raises(ValueError, match=r"^out\.h5 is damaged: maps are missing in it\.$"):
        load_results(path)
