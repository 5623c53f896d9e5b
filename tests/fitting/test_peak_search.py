"""Test the search for peaks in an uncalibrated spectrum."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.fitting.peak_search import (
    candidate_axes,
    find_peaks,
    strong_lines,
    zero_peak,
)

KEV = -0.02 + 0.03 * np.arange(1000)


def test_peaks_are_found_at_the_energies_of_their_lines(
    expected_spectrum: Callable[..., np.ndarray],
) -> None:
    mean = expected_spectrum(KEV, {"Ca K": 1e5, "Fe K": 1e5, "Pb L": 3e5}, continuum=3e5)
    peaks = find_peaks(np.random.default_rng(0).poisson(mean).astype(float), 0.03)
    kev = KEV[0] + 0.03 * peaks.channel
    for line in (3.691, 6.400, 10.55, 12.62):
        assert np.abs(kev - line).min() < 0.02


def test_flat_noise_has_no_peaks() -> None:
    noise = np.random.default_rng(1).poisson(40, 1000).astype(float)
    assert find_peaks(noise, 0.03).channel.size == 0


def test_the_correct_axis_is_among_the_candidates(
    expected_spectrum: Callable[..., np.ndarray],
) -> None:
    mean = expected_spectrum(
        KEV, {"Ca K": 1e5, "Fe K": 1e5, "Cu K": 1e5, "Pb L": 3e5}, continuum=3e5
    )
    peaks = find_peaks(np.random.default_rng(2).poisson(mean).astype(float), 0.03)
    gains, offsets = 0.03 * np.linspace(0.92, 1.08, 81), np.arange(-0.25, 0.26, 0.02)
    axes = candidate_axes(peaks, gains, offsets, "Rh")
    assert any(abs(g * 400 + o - (0.03 * 400 - 0.02)) < 0.05 for g, o in axes)


def test_the_zero_peak_is_found_only_if_present() -> None:
    kev = -0.956 + 0.01 * np.arange(600)
    with_peak = 1e4 * np.exp(-((kev / 0.04) ** 2)) + 10
    assert zero_peak(with_peak, 0.01, 95.6) == pytest.approx(95.6, abs=0.3)
    assert zero_peak(np.full(600, 10.0), 0.01, 95.6) is None
    assert zero_peak(with_peak, 0.01, 0.0) is None


def test_the_expected_lines_include_those_of_a_known_anode() -> None:
    kev, prior = strong_lines("Ag")
    assert np.abs(kev - 22.16).min() < 0.05
    assert len(kev) == len(prior)
