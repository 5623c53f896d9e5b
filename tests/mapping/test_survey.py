"""Test that the spectra of a survey are exact sums of the pixels of a scan."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping.survey import summed, survey


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i2", "u4", ">i4", "i8", "u8", ">u8", "f4"])
@pytest.mark.parametrize("largest", [0, 1, 100])
def test_sums_are_exact_for_any_data_type(dtype: str, largest: int) -> None:
    numbers = np.random.default_rng(0).integers(0, largest, (150, 7), endpoint=True)
    assert (summed(numbers.astype(dtype)) == numbers.sum(0)).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize("share", [1, 3, 5, 90])
def test_sums_of_the_largest_values_do_not_overflow(dtype: type, share: int) -> None:
    top = np.iinfo(dtype).max // share
    spectra = np.full((300, 3), top, dtype)
    assert (summed(spectra) == 300 * int(top)).all()
    if np.dtype(dtype).kind == "i":
        assert (summed(-spectra) == -300 * int(top)).all()


@pytest.mark.parametrize("chunks", [(37, 53, 16), (5, 53, 16), (3, 7, 16)])
def test_blocks_contain_every_measured_pixel_once(chunks: tuple[int, ...]) -> None:
    counts = np.random.default_rng(1).poisson(3, (37, 53, 16)).astype(np.uint16)
    valid = np.random.default_rng(2).random((37, 53)) > 0.2
    cube = XRFCube.from_array(da.from_array(counts, chunks=chunks), gain_kev=1.0, offset_kev=0.0)
    whole = survey(cube)
    assert (whole.total == counts.sum((0, 1))).all()
    assert whole.pixels == 37 * 53
    part = survey(replace(cube, valid=valid))
    assert (part.total == counts[valid].sum(0)).all()
    assert part.pixels == valid.sum()
    # Blocks of 4 x 4 pixels: the first one is the upper left corner of the scan.
    assert (whole.blocks[0] == counts[:4, :4].sum((0, 1))).all()
    assert (part.blocks.sum(0) == part.total).all()


def test_a_scan_without_a_measured_pixel_is_refused() -> None:
    cube = XRFCube.from_array(np.ones((4, 4, 16), np.uint16), gain_kev=1.0, offset_kev=0.0)
    with pytest.raises(ValueError, match="No pixel of the scan was measured"):
        survey(replace(cube, valid=np.zeros((4, 4), bool)))
