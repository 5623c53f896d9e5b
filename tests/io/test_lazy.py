"""However a lazy cube is indexed, the values are right and no more is read than is wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.io._lazy import Fusible, as_slices, lazy_cube

COUNTS = np.arange(12 * 7 * 5, dtype=np.uint16).reshape(12, 7, 5)


class Watched:
    """A cube that knows slices and integers alone, and remembers what was read of it."""

    path = __file__
    shape = COUNTS.shape
    dtype = COUNTS.dtype

    def __init__(self) -> None:
        self.read = 0

    def __getitem__(self, key: Any) -> np.ndarray:
        slices, rest = as_slices(key)
        block = COUNTS[slices]
        self.read += block.size
        return np.ascontiguousarray(block)[rest]


def test_one_spectrum_is_one_small_read():
    source = Watched()
    counts = lazy_cube(source)
    assert np.array_equal(counts[5, 3].compute(scheduler="synchronous"), COUNTS[5, 3])
    assert source.read == COUNTS.shape[2]


def test_a_tile_is_read_without_the_rest_of_its_chunk():
    source = Watched()
    tile = lazy_cube(source)[2:4, 1:6].compute(scheduler="synchronous")
    assert np.array_equal(tile, COUNTS[2:4, 1:6])
    assert source.read == tile.size


def indices(length: int) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.slices(length), st.integers(0, length - 1), st.lists(st.integers(0, length - 1))
    )


@given(st.tuples(*(indices(length) for length in COUNTS.shape)))
def test_any_index_gives_what_it_gives_of_an_array(key):
    if sum(isinstance(part, list) for part in key) > 1:
        return  # dask and numpy differ there
    found = lazy_cube(Watched())[key].compute(scheduler="synchronous")
    wanted = COUNTS
    for axis in (2, 1, 0):  # one axis at a time, so that no integer moves a list's axis
        part = np.array(key[axis], int) if isinstance(key[axis], list) else key[axis]
        wanted = wanted[(slice(None),) * axis + (part,)]
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    "key", [np.s_[None, 3, 2], np.s_[[1, 4], 2], np.s_[5, [], 1:3], np.s_[3, [6, 0, 6], 2:4]]
)
def test_lists_and_new_axes_are_passed_over_to_the_array(key):
    assert np.array_equal(Fusible(Watched())[key], COUNTS[key])


def test_a_mask_of_rows_reads_from_the_first_to_the_last():
    source = Watched()
    mask = np.isin(np.arange(12), [4, 6])
    assert np.array_equal(Fusible(source)[mask], COUNTS[[4, 6]])
    assert source.read == 3 * 7 * 5
