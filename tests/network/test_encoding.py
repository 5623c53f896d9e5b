"""What the network sees of a spectrum."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_xrf_pigments import Acquisition, EnergyAxis
from napari_xrf_pigments.network.encoding import (
    GRID_KEV,
    N_BINS,
    N_INPUTS,
    N_SETTINGS,
    encode,
    rebin,
    settings_vector,
)

AXIS = EnergyAxis(1200, 0.02, 0.0)


def spectra(axis: EnergyAxis, n: int = 3) -> torch.Tensor:
    counts = np.random.default_rng(0).poisson(20.0, (n, axis.n_channels))
    return torch.from_numpy(counts).double()


def test_the_grid_is_rising_and_fine_where_lines_crowd() -> None:
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


def test_each_bin_gets_the_counts_of_the_channels_that_it_overlaps() -> None:
    counts = spectra(AXIS)
    binned = rebin(counts, AXIS)
    edges = AXIS.edges_kev
    for index in (0, 7, 100, 300, N_BINS - 1):
        low, high = GRID_KEV[index], GRID_KEV[index + 1]
        share = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) / 0.02
        np.testing.assert_allclose(binned[:, index], counts.numpy() @ share, atol=1e-6)


def test_ten_ev_channels_give_what_the_same_counts_in_twenty_ev_give() -> None:
    counts = spectra(AXIS)
    fine = EnergyAxis(2 * AXIS.n_channels, 0.01, AXIS.offset_kev - 0.005)
    halves = counts.repeat_interleave(2, dim=1) / 2
    torch.testing.assert_close(rebin(halves, fine), rebin(counts, AXIS))


def test_bins_beyond_the_axis_are_empty() -> None:
    short = EnergyAxis(500, 0.02, 0.0)
    binned = rebin(spectra(short), short)
    assert (binned[:, GRID_KEV[:-1] > 10.0] == 0).all()


def test_an_encoded_spectrum_has_the_network_s_length_and_is_finite() -> None:
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
    one, ten = (encode(counts * times, AXIS, Acquisition()) for times in (1, 10))
    torch.testing.assert_close(ten[:, :N_BINS], one[:, :N_BINS])
    torch.testing.assert_close(ten[:, N_BINS], one[:, N_BINS] + 1)
    assert one[:, :N_BINS].square().sum(1) == pytest.approx([100.0] * 3)


def test_unknown_settings_are_zero_and_known_ones_raise_their_flags() -> None:
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


def test_an_anode_that_the_network_never_met_is_known_but_none_of_them() -> None:
    foreign = settings_vector(AXIS, Acquisition(anode="Pd"))
    assert float(foreign[2:].sum()) == 1.0


def test_no_filter_is_not_the_same_as_an_unknown_filter() -> None:
    none, some, unknown = (
        settings_vector(AXIS, Acquisition(filter=given)) for given in ((), (("Al", 0.5),), None)
    )
    assert (none != unknown).any()
    assert (some != none).any()
