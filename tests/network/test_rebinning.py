"""Whole counts on the grid are what double precision makes of them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_xrf_pigments import Acquisition, EnergyAxis
from napari_xrf_pigments.network.encoding import (
    BORDERS,
    GRID_KEV,
    N_BINS,
    encode,
    encode_bins,
    rebin,
    rebinned,
)

KNOWN = Acquisition(anode="Rh", tube_kv=40.0)


def bins_of(counts: np.ndarray, axis: EnergyAxis) -> torch.Tensor:
    return torch.from_numpy(rebinned(counts, axis, BORDERS))


def in_double(counts: np.ndarray, axis: EnergyAxis) -> np.ndarray:
    return rebin(torch.from_numpy(counts.astype(np.float64)), axis).numpy()


@settings(max_examples=40, deadline=None)
@given(
    gain=st.floats(0.004, 0.12),
    offset=st.floats(-1.2, 60.0),
    channels=st.integers(2, 4200),
    largest=st.sampled_from([1, 50, 60_000]),
    seed=st.integers(0, 1000),
)
def test_any_axis(gain: float, offset: float, channels: int, largest: int, seed: int) -> None:
    axis = EnergyAxis(channels, gain, offset)
    counts = np.random.default_rng(seed).integers(0, largest, (3, channels), endpoint=True)
    found = bins_of(counts.astype(np.uint16), axis).numpy()
    assert found.shape == (3, N_BINS)
    assert found.dtype == np.float32
    # What double precision loses in differences of large sums counts as well.
    slack = 1e-13 * counts.sum(1, keepdims=True) + 1e-9 * largest
    assert (np.abs(found - in_double(counts, axis)) <= 1e-6 * found + slack).all()


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i4", ">i4", "u4", "i8", "f4", ">f4", "f8"])
def test_any_kind_of_number(dtype: str) -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    counts = np.random.default_rng(0).poisson(30, (300, 1024)).astype(dtype)
    np.testing.assert_allclose(bins_of(counts, axis), in_double(counts, axis), rtol=1e-6)


def test_sums_beyond_32_bits_stay_exact() -> None:
    axis = EnergyAxis(2048, 0.02, 0.0)
    counts = np.full((2, 2048), 2**32 - 1, np.uint32)
    np.testing.assert_allclose(bins_of(counts, axis), in_double(counts, axis), rtol=1e-6)


def test_one_count_beside_a_strong_line_is_not_lost() -> None:
    axis = EnergyAxis(2048, 0.02, 0.0)
    counts = np.zeros((1, 2048), np.uint32)
    counts[0, 500], counts[0, 1500] = 50_000_000, 1
    found = bins_of(counts, axis)[0]
    assert float(found[GRID_KEV[:-1] > 20].sum()) == pytest.approx(1.0, rel=1e-6)


def test_the_memory_order_does_not_matter() -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    counts = np.random.default_rng(0).poisson(30, (7, 1024)).astype(np.uint16)
    found = bins_of(np.asfortranarray(counts), axis)
    assert torch.equal(found, bins_of(counts, axis))


def test_the_neighbours_of_a_spectrum_do_not_matter() -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    counts = np.random.default_rng(0).poisson(30, (300, 1024)).astype(np.uint16)
    found = bins_of(counts, axis)
    # The order in which a product adds up may depend on the place in a block.
    torch.testing.assert_close(bins_of(counts[::2], axis), found[::2], rtol=5e-7, atol=0)
    torch.testing.assert_close(bins_of(counts[250:251], axis), found[250:251], rtol=5e-7, atol=0)


def test_the_network_sees_the_same() -> None:
    axis = EnergyAxis(2048, 0.02, -0.5)
    counts = np.random.default_rng(0).poisson(4, (20, 2048)).astype(np.uint16)
    seen = encode_bins(bins_of(counts, axis), axis, KNOWN)
    before = encode(torch.from_numpy(counts.astype(np.float32)), axis, KNOWN)
    torch.testing.assert_close(seen, before, rtol=1e-6, atol=1e-6)


def test_no_spectra() -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    assert bins_of(np.zeros((0, 1024), np.uint16), axis).shape == (0, N_BINS)
