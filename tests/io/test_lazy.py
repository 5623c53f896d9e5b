"""Test that any index of a lazy cube selects the right values and reads no more than needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.io._lazy import LazyCube, dask_counts

COUNTS = np.arange(12 * 7 * 5, dtype=np.uint16).reshape(12, 7, 5)


@dataclass(frozen=True)
class RecordedCube(LazyCube):
    """A cube in memory that records the number of counts read."""

    path: str = __file__
    sizes: list[int] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int, int]:
        return COUNTS.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return COUNTS.dtype

    def read(self, slices: tuple[slice, slice, slice]) -> np.ndarray:
        block = COUNTS[slices]
        self.sizes.append(block.size)
        return np.ascontiguousarray(block)


def test_one_spectrum_is_one_small_read():
    cube = RecordedCube()
    counts = dask_counts(cube)
    assert np.array_equal(counts[5, 3].compute(scheduler="synchronous"), COUNTS[5, 3])
    assert sum(cube.sizes) == COUNTS.shape[2]


def test_a_tile_is_read_without_the_rest_of_its_chunk():
    cube = RecordedCube()
    tile = dask_counts(cube)[2:4, 1:6].compute(scheduler="synchronous")
    assert np.array_equal(tile, COUNTS[2:4, 1:6])
    assert sum(cube.sizes) == tile.size


def indices(length: int) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.slices(length), st.integers(0, length - 1), st.lists(st.integers(0, length - 1))
    )


@given(st.tuples(*(indices(length) for length in COUNTS.shape)))
def test_every_index_selects_as_numpy_does(key):
    if sum(isinstance(part, list) for part in key) > 1:
        return  # dask and numpy differ there
    found = dask_counts(RecordedCube())[key].compute(scheduler="synchronous")
    wanted = COUNTS
    for axis in (2, 1, 0):  # one axis at a time, so that no integer moves the axis of a list
        part = np.array(key[axis], int) if isinstance(key[axis], list) else key[axis]
        wanted = wanted[(slice(None),) * axis + (part,)]
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    "key", [np.s_[None, 3, 2], np.s_[[1, 4], 2], np.s_[5, [], 1:3], np.s_[3, [6, 0, 6], 2:4]]
)
def test_lists_and_new_axes_select_as_numpy_does(key):
    assert np.array_equal(RecordedCube()[key], COUNTS[key])


def test_a_mask_of_rows_reads_only_from_its_first_to_its_last_row():
    cube = RecordedCube()
    mask = np.isin(np.arange(12), [4, 6])
    assert np.array_equal(cube[mask], COUNTS[[4, 6]])
    assert sum(cube.sizes) == 3 * 7 * 5
