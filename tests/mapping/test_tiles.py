"""Test that tiles of whole spectra cover a scan once, and that closing stops them."""

import threading
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping.tiles import iter_tiles, tile_slices


def _cube(chunks: tuple[int, int, int], shape: tuple[int, int, int] = (37, 53, 16)) -> XRFCube:
    counts = np.random.default_rng(0).integers(0, 9, shape).astype(np.uint8)
    return XRFCube.from_array(da.from_array(counts, chunks=chunks), gain_kev=1.0)


@pytest.mark.parametrize("chunks", [(37, 53, 16), (5, 53, 16), (1, 20, 16), (8, 7, 16)])
@pytest.mark.parametrize("tile_bytes", [1, 20_000, 10**9])
def test_every_pixel_is_in_one_tile(chunks: tuple[int, int, int], tile_bytes: int) -> None:
    cube = _cube(chunks)
    visits = np.zeros((37, 53), int)
    for tile in iter_tiles(cube, tile_bytes):
        visits[tile.rows, tile.columns] += 1
        assert np.array_equal(tile.counts, cube.counts[tile.rows, tile.columns].compute())
        assert tile.valid.all()
    assert np.all(visits == 1)


def test_tiles_do_not_cross_chunks() -> None:
    for rows, columns in tile_slices(_cube((8, 7, 16)), 10**9):
        assert rows.start // 8 == (rows.stop - 1) // 8
        assert columns.start // 7 == (columns.stop - 1) // 7


def test_tiles_of_a_large_scan_are_bounded() -> None:
    counts = da.zeros((2000, 1500, 2048), chunks=(1, 1500, 2048), dtype=np.uint32)
    cube = XRFCube.from_array(counts, gain_kev=0.01)
    for rows, columns in tile_slices(cube)[:50]:
        pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
        assert pixels * 2048 * 4 <= 32 * 2**20


def test_tiles_contain_only_measured_pixels() -> None:
    cube = _cube((37, 53, 16))
    valid = np.random.default_rng(1).random((37, 53)) > 0.5
    cube = replace(cube, valid=valid)
    assert sum(len(tile.spectra) for tile in iter_tiles(cube)) == valid.sum()


def test_closing_the_iterator_stops_reading() -> None:
    read = []

    def block(block_info: dict) -> np.ndarray:
        read.append(block_info[None]["chunk-location"])
        return np.ones((1, 600, 4), np.uint8)

    counts = da.map_blocks(
        block, chunks=((1,) * 40, (600,), (4,)), dtype=np.uint8, meta=np.ones((0, 0, 0), np.uint8)
    )
    tiles = iter_tiles(XRFCube.from_array(counts, gain_kev=1.0))
    next(tiles)
    tiles.close()
    assert len({place for place in read}) <= 3
    assert not [
        t for t in threading.enumerate() if t.name.startswith("tile-reader") and len(read) > 3
    ]


def test_a_read_error_is_raised_in_the_caller() -> None:
    def broken() -> np.ndarray:
        raise OSError("The file ends too early.")

    counts = da.map_blocks(
        broken, chunks=((4,), (4,), (4,)), dtype=np.uint8, meta=np.ones((0, 0, 0), np.uint8)
    )
    with pytest.raises(OSError, match="too early"):
        list(iter_tiles(XRFCube.from_array(counts, gain_kev=1.0)))
