"""Test that chunks larger than declared are not unpacked, for any compression."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zlib

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.io import open_cube
from napari_xrf_pigments.io._guarded_zarr import exceeds_declared_size

PACKERS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "lzma": lzma.compress,
    "zstd": numcodecs.Zstd().encode,
    "blosc": numcodecs.Blosc().encode,
}
BIG = 4 * 2**20


@pytest.fixture
def counts():
    return numbered_counts(5, 6)


@pytest.mark.parametrize("data", [bytes(BIG), os.urandom(BIG), b"counts" * (BIG // 6)])
@pytest.mark.parametrize("packer", PACKERS)
def test_the_unpacked_size_is_known_before_unpacking(packer, data):
    packed = bytes(PACKERS[packer](data))
    assert exceeds_declared_size(packed, len(data) // 2)
    # The size of Zstandard data is known to within one block.
    assert not exceeds_declared_size(packed, len(data) + 2**17)


@given(st.binary(max_size=200))
def test_the_size_check_accepts_any_bytes(data):
    for start in (
        b"",
        b"\x28\xb5\x2f\xfd",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x02\x01",
        b"\x78\x9c",
    ):
        assert exceeds_declared_size(start + data, 100) in (True, False)


@pytest.mark.parametrize("codec", ["gzip", "zstd", "blosc"])
def test_decompression_bomb_raises_one_sentence(tmp_path, counts, codec):
    path = tmp_path / "scan.zarr"
    codecs = {
        "gzip": zarr.codecs.GzipCodec(),
        "zstd": zarr.codecs.ZstdCodec(),
        "blosc": zarr.codecs.BloscCodec(),
    }
    data = counts.astype(np.uint16)
    zarr.create_array(str(path), data=data, chunks=(5, 6, 160), compressors=[codecs[codec]])
    (piece,) = (each for each in (path / "c").rglob("*") if each.is_file())
    piece.write_bytes(bytes(PACKERS[codec](bytes(BIG))))
    with pytest.raises(ValueError, match=r"scan\.zarr is damaged"):
        open_cube(path).counts.compute()


def test_shards_are_read(tmp_path, counts):
    path = tmp_path / "scan.zarr"
    data = counts.astype(np.uint16)
    zarr.create_array(str(path), data=data, chunks=(1, 2, 160), shards=(5, 2, 160))
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_a_pipe_instead_of_a_chunk_does_not_block(tmp_path, counts):
    path = tmp_path / "scan.zarr"
    zarr.create_array(str(path), data=counts.astype(np.uint16), chunks=(5, 6, 160))
    (piece,) = (each for each in (path / "c").rglob("*") if each.is_file())
    piece.unlink()
    os.mkfifo(piece)
    with pytest.raises(ValueError, match=r"scan\.zarr is damaged"):
        open_cube(path).counts.compute()
