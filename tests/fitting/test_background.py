"""Test that SNIP clips peaks and leaves a smooth continuum."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.fitting.background import smooth_terms, snip

KEV = 0.03 * np.arange(1000)


def test_a_smooth_spectrum_is_its_own_background() -> None:
    smooth = 2000 * np.exp(-(((KEV - 12) / 8) ** 2)) + 100
    inside = (KEV > 1) & (KEV < 29)
    assert snip(smooth, KEV)[inside] == pytest.approx(smooth[inside], rel=0.12)


def test_peaks_are_clipped(expected_spectrum: Callable[..., np.ndarray]) -> None:
    continuum = expected_spectrum(KEV, {}, continuum=3e5)
    peaks = expected_spectrum(KEV, {"Fe K": 2e4, "Pb L": 1e5})
    background = snip(continuum + peaks, KEV)
    at_lines = [np.argmin(np.abs(KEV - kev)) for kev in (6.40, 10.55, 12.61)]
    assert background[at_lines] == pytest.approx(continuum[at_lines], rel=0.15)
    assert np.all(peaks[at_lines] > 3 * continuum[at_lines])


def test_a_batch_has_the_backgrounds_of_single_spectra(
    expected_spectrum: Callable[..., np.ndarray],
) -> None:
    rng = np.random.default_rng(0)
    batch = rng.poisson(expected_spectrum(KEV, {"Cu K": 3e3}, continuum=1e4), (2, 3, KEV.size))
    whole = snip(batch, KEV)
    assert whole.shape == batch.shape
    assert whole[1, 2] == pytest.approx(snip(batch[1, 2], KEV))


def test_the_background_is_never_negative_or_above_the_noise() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.2, KEV.size)
    background = snip(counts, KEV)
    assert np.all(background >= 0)
    assert background.sum() < counts.sum()


def test_smooth_terms_add_up_to_one() -> None:
    terms = smooth_terms(KEV[40:])
    assert terms.sum(axis=0) == pytest.approx(np.ones(KEV.size - 40))
    assert np.all(terms >= 0)
