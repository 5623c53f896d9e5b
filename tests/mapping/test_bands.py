"""Tiles in any order give the same array, and no chunk is written more often than needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.mapping._bands import BAND_BYTES, Bands, band_rows


class Counted:
    """An array that counts how often its rows are written and read."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.values = np.full(shape, np.nan, np.float32)
        self.shape = shape
        self.writes = 0
        self.reads = 0

    def __setitem__(self, key: Any, values: np.ndarray) -> None:
        self.writes += 1
        self.values[key] = values

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads += 1
        return self.values[key]


def tiles(rows: int, columns: int, height: int, width: int) -> list[tuple[slice, slice]]:
    return [
        (slice(y, min(y + height, rows)), slice(x, min(x + width, columns)))
        for y in range(0, rows, height)
        for x in range(0, columns, width)
    ]


sizes = st.integers(1, 9)


@given(st.data(), st.tuples(st.integers(1, 2), sizes, sizes), sizes, sizes, sizes)
def test_tiles_in_any_order_make_the_same_array(data, shape, height, width, band):
    wanted = np.random.default_rng(0).random(shape).astype(np.float32)
    array = Counted(shape)
    bands = Bands(array, band)
    for rows, columns in data.draw(st.permutations(tiles(*shape[1:], height, width))):
        bands.write(rows, columns, wanted[:, rows, columns])
    bands.flush()
    assert np.array_equal(array.values, wanted)


@given(st.tuples(sizes, sizes), sizes, sizes, sizes)
def test_tiles_row_by_row_write_each_band_once_and_read_nothing(shape, height, width, band):
    array = Counted(shape)
    bands = Bands(array, band)
    for rows, columns in tiles(*shape, height, width):
        bands.write(rows, columns, np.ones(shape, np.float32)[rows, columns])
    bands.flush()
    if height <= band:
        assert array.writes == -(-shape[0] // band)
        assert array.reads == 0
    assert (array.values == 1).all()


def test_what_no_tile_reached_stays_unknown():
    array = Counted((1, 6, 4))
    bands = Bands(array, 4)
    bands.write(slice(1, 3), slice(0, 4), np.ones((1, 2, 4), np.float32))
    bands.flush()
    assert np.array_equal(
        np.isfinite(array.values[0, :, 0]), [False, True, True, False, False, False]
    )


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 5000))
def test_a_band_of_all_maps_stays_small(stacks, columns):
    shapes = {str(i): (n, 10_000, columns) for i, n in enumerate(stacks)} | {"one": (9, columns)}
    rows = band_rows(shapes)
    row = 4 * columns * (sum(stacks) + 1)
    assert 1 <= rows <= 256
    assert rows * row <= BAND_BYTES or rows == 1
