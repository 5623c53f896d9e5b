"""Test the encoding of spectra: rebinning and settings of the instrument."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_xrf_pigments import Acquisition, EnergyAxis
from napari_xrf_pigments.network.encoding import (
    GRID_EDGES_KEV,
    GRID_KEV,
    N_BINS,
    N_INPUTS,
    N_SETTINGS,
    encode,
    encode_into,
    rebin,
    rebin_counts,
    settings_vector,
)

AXIS = EnergyAxis(1200, 0.02, 0.0)
KNOWN = Acquisition(anode="Rh", tube_kv=40.0)


def spectra(axis: EnergyAxis, n: int = 3) -> torch.Tensor:
    counts = np.random.default_rng(0).poisson(20.0, (n, axis.n_channels))
    return torch.from_numpy(counts).double()


def test_the_grid_rises_and_is_fine_where_lines_are_dense() -> None:
    widths = np.diff(GRID_KEV)
    assert widths.min() > 0.029
    assert len(widths) == N_BINS
    assert widths[GRID_KEV[:-1] < 7.9].max() < 0.031
    assert GRID_KEV[0] < 1.0
    assert GRID_KEV[-1] == pytest.approx(45.0)


@settings(max_examples=30)
@given(
    gain=st.floats(0.005, 0.06),
    offset=st.floats(-1.2, 2.0),
    channels=st.integers(2, 2000),
)
def test_rebinning_conserves_the_counts_inside_the_grid(
    gain: float, offset: float, channels: int
) -> None:
    axis = EnergyAxis(channels, gain, offset)
    counts = spectra(axis, 2)
    low, high = axis.edges_kev[:-1], axis.edges_kev[1:]
    overlap = np.clip(np.minimum(high, GRID_KEV[-1]) - np.maximum(low, GRID_KEV[0]), 0, None)
    inside = (counts.numpy() * overlap / gain).sum(1)
    np.testing.assert_allclose(rebin(counts, axis).sum(1).numpy(), inside, rtol=1e-6, atol=1e-3)


def test_each_bin_has_the_counts_of_the_channels_that_it_overlaps() -> None:
    counts = spectra(AXIS)
    binned = rebin(counts, AXIS)
    edges = AXIS.edges_kev
    for index in (0, 7, 100, 300, N_BINS - 1):
        low, high = GRID_KEV[index], GRID_KEV[index + 1]
        share = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) / 0.02
        np.testing.assert_allclose(binned[:, index], counts.numpy() @ share, atol=1e-6)


def test_the_width_of_the_channels_does_not_matter() -> None:
    counts = spectra(AXIS)
    fine = EnergyAxis(2 * AXIS.n_channels, 0.01, AXIS.offset_kev - 0.005)
    halves = counts.repeat_interleave(2, dim=1) / 2
    torch.testing.assert_close(rebin(halves, fine), rebin(counts, AXIS))


def test_bins_beyond_the_axis_are_empty() -> None:
    short = EnergyAxis(500, 0.02, 0.0)
    binned = rebin(spectra(short), short)
    assert (binned[:, GRID_KEV[:-1] > 10.0] == 0).all()


def test_an_encoded_spectrum_has_the_length_of_the_input_and_is_finite() -> None:
    encoded = encode(spectra(AXIS), AXIS, Acquisition())
    assert encoded.shape == (3, N_INPUTS)
    assert N_INPUTS == N_BINS + N_SETTINGS
    assert encoded.dtype == torch.float32
    assert torch.isfinite(encoded).all()


def test_no_counts_at_all_give_no_nan() -> None:
    encoded = encode(torch.zeros(2, AXIS.n_channels), AXIS, Acquisition())
    assert torch.isfinite(encoded).all()
    assert (encoded[:, :N_BINS] == 0).all()


def test_shares_do_not_depend_on_the_total_counts() -> None:
    counts = spectra(AXIS)
    one, ten = (encode(counts * times, AXIS, Acquisition()) for times in (0.1, 1))
    torch.testing.assert_close(ten[:, :N_BINS], one[:, :N_BINS], rtol=0, atol=1.01 / 48)
    torch.testing.assert_close(ten[:, N_BINS], one[:, N_BINS] + 1)
    assert one[:, :N_BINS].square().sum(1) == pytest.approx([100.0] * 3, rel=0.02)


def test_bins_and_total_counts_are_whole_numbers_of_steps_that_fit_8_bits() -> None:
    counts = np.random.default_rng(0).poisson(3.0, (50, AXIS.n_channels)).astype(np.float64)
    counts[:, 300:303] += 4000
    encoded = encode(torch.from_numpy(counts), AXIS, KNOWN)
    steps = torch.cat([encoded[:, :N_BINS] * 48, (encoded[:, N_BINS : N_BINS + 1] + 3.5) * 50], 1)
    torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-3)
    assert steps.min() >= 0
    assert steps.round().max() == 255
    total = torch.from_numpy(counts.sum(1, keepdims=True))
    roots = torch.sqrt(100 * rebin(torch.from_numpy(counts), AXIS) / total)
    within = roots.amax(0) < 5.3
    assert (roots - encoded[:, :N_BINS])[:, within].abs().max() < 0.51 / 48 + 0.02


def test_unknown_settings_are_zero_and_known_settings_have_a_flag() -> None:
    unknown = settings_vector(AXIS, Acquisition())
    assert len(unknown) == N_SETTINGS - 1
    assert (unknown[2:] == 0).all()
    known = settings_vector(
        AXIS,
        Acquisition(
            anode="Rh", tube_kv=40.0, filter=(), atmosphere="air",
            incidence_deg=90.0, takeoff_deg=45.0,
        ),
    )  # fmt: skip
    # anode and its flag, voltage and its flag, filter known, air, two angles and their flag
    assert int((known[2:] != 0).sum()) == 9
    assert known.max() <= 1.01


def test_an_anode_outside_the_training_sets_only_its_flag() -> None:
    foreign = settings_vector(AXIS, Acquisition(anode="Pd"))
    assert float(foreign[2:].sum()) == 1.0


def test_no_filter_differs_from_an_unknown_filter() -> None:
    none, some, unknown = (
        settings_vector(AXIS, Acquisition(filter=given)) for given in ((), (("Al", 0.5),), None)
    )
    assert (none != unknown).any()
    assert (some != none).any()


def bins_of(counts: np.ndarray, axis: EnergyAxis) -> torch.Tensor:
    return torch.from_numpy(rebin_counts(counts, axis, GRID_EDGES_KEV))


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
def test_rebinning_in_single_precision_agrees_with_double_on_any_axis(
    gain: float, offset: float, channels: int, largest: int, seed: int
) -> None:
    axis = EnergyAxis(channels, gain, offset)
    counts = np.random.default_rng(seed).integers(0, largest, (3, channels), endpoint=True)
    binned = bins_of(counts.astype(np.uint16), axis).numpy()
    assert binned.shape == (3, N_BINS)
    assert binned.dtype == np.float32
    # Differences of large sums lose digits in double precision too.
    slack = 1e-13 * counts.sum(1, keepdims=True) + 1e-9 * largest
    assert (np.abs(binned - in_double(counts, axis)) <= 1e-6 * binned + slack).all()


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "i4", ">i4", "u4", "i8", "f4", ">f4", "f8"])
def test_rebinning_accepts_any_type_of_number(dtype: str) -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    counts = np.random.default_rng(0).poisson(30, (300, 1024)).astype(dtype)
    np.testing.assert_allclose(bins_of(counts, axis), in_double(counts, axis), rtol=1e-6)


def test_sums_beyond_32_bits_stay_exact() -> None:
    axis = EnergyAxis(2048, 0.02, 0.0)
    counts = np.full((2, 2048), 2**32 - 1, np.uint32)
    np.testing.assert_allclose(bins_of(counts, axis), in_double(counts, axis), rtol=1e-6)


def test_a_single_count_beside_a_strong_line_is_preserved() -> None:
    axis = EnergyAxis(2048, 0.02, 0.0)
    counts = np.zeros((1, 2048), np.uint32)
    counts[0, 500], counts[0, 1500] = 50_000_000, 1
    binned = bins_of(counts, axis)[0]
    assert float(binned[GRID_KEV[:-1] > 20].sum()) == pytest.approx(1.0, rel=1e-6)


def test_the_memory_order_of_the_counts_does_not_matter() -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    counts = np.random.default_rng(0).poisson(30, (7, 1024)).astype(np.uint16)
    binned = bins_of(np.asfortranarray(counts), axis)
    assert torch.equal(binned, bins_of(counts, axis))


def test_an_encoded_spectrum_does_not_depend_on_the_batch() -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    counts = np.random.default_rng(0).poisson(30, (300, 1024)).astype(np.uint16)
    binned = bins_of(counts, axis)
    # The order of summation in a product may depend on the position in a block.
    torch.testing.assert_close(bins_of(counts[::2], axis), binned[::2], rtol=5e-7, atol=0)
    torch.testing.assert_close(bins_of(counts[250:251], axis), binned[250:251], rtol=5e-7, atol=0)


def test_encoding_of_rebinned_counts_agrees_with_encode() -> None:
    axis = EnergyAxis(2048, 0.02, -0.5)
    counts = np.random.default_rng(0).poisson(4, (20, 2048)).astype(np.uint16)
    encoded = np.empty((len(counts), N_INPUTS), np.float32)
    encode_into(encoded, bins_of(counts, axis).numpy(), settings_vector(axis, KNOWN).numpy())
    reference = encode(torch.from_numpy(counts.astype(np.float32)), axis, KNOWN)
    torch.testing.assert_close(torch.from_numpy(encoded), reference, rtol=1e-6, atol=1e-6)


def test_rebinning_no_spectra_gives_no_rows() -> None:
    axis = EnergyAxis(1024, 0.029, -0.02)
    assert bins_of(np.zeros((0, 1024), np.uint16), axis).shape == (0, N_BINS)
