"""Test the peaks of the detector: the counts of a fitted line equal those of the line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.fitting.lineshape import (
    family_shape,
    fwhm_kev,
    gaussians,
    peaks,
)
from napari_xrf_pigments.physics.detector import (
    FWHM_PER_SIGMA,
    DetectorModel,
    escape_share,
    path_transmission,
)
from napari_xrf_pigments.physics.lines import line_family

KEV = -0.5 + 0.02 * np.arange(2000)


def test_the_width_at_mn_ka_is_the_given_one() -> None:
    assert fwhm_kev(np.array([5.895]), 138.0)[0] == pytest.approx(0.138)


def test_the_width_equals_that_of_the_simulated_detector() -> None:
    kev = np.array([2.0, 6.4, 12.6, 25.0])
    simulated = DetectorModel(fwhm_mn_ka_ev=150.0).sigma_kev(kev) * FWHM_PER_SIGMA
    assert fwhm_kev(kev, 150.0) == pytest.approx(simulated, rel=1e-3)


@given(st.floats(2.0, 30.0), st.floats(110.0, 250.0))
def test_a_peak_has_one_count_at_its_energy(centre: float, fwhm: float) -> None:
    shape = peaks(KEV, np.array([centre]), fwhm, shelf=0.0, escape=False)[0]
    assert shape.sum() == pytest.approx(1.0, abs=1e-6)
    assert KEV @ shape == pytest.approx(centre, abs=1e-6)


def test_peaks_are_integrated_over_channels() -> None:
    # All counts of a peak far narrower than a channel fall into that channel.
    shape = gaussians(KEV, np.array([10.0]), np.array([1e-4]))[0]
    assert shape.max() == pytest.approx(1.0)


def test_the_shelf_is_small_and_below_the_peak_energy() -> None:
    whole = peaks(KEV, np.array([10.0]), escape=False)[0]
    peak = peaks(KEV, np.array([10.0]), escape=False, shelf=0.0)[0]
    rest = whole - peak
    assert rest[KEV < 9.5].sum() > 50 * rest[KEV > 10.2].sum()
    assert 0.001 < rest.sum() < 0.05


def test_the_escape_peak_is_1740_ev_below_its_parent() -> None:
    kev = 6.404
    rest = peaks(KEV, np.array([kev]), shelf=0.0)[0]
    rest -= peaks(KEV, np.array([kev]), shelf=0.0, escape=False)[0]
    assert KEV[np.argmax(rest)] == pytest.approx(kev - 1.74, abs=0.02)
    assert rest.sum() == pytest.approx(escape_share(np.array([kev]))[0], rel=1e-3)


def test_the_escape_share_falls_with_energy_and_ends_at_the_edge() -> None:
    share = escape_share(np.array([1.5, 2.3, 3.7, 6.4, 10.5]))
    assert share[0] == 0
    assert np.all(np.diff(share[1:]) < 0)


def test_family_weights_select_lines() -> None:
    family = line_family("Fe K")
    beta = np.array([line.siegbahn.startswith("Kb") for line in family.lines])
    shape = family_shape(KEV, family, beta * 1.0)
    assert KEV[np.argmax(shape)] == pytest.approx(7.058, abs=0.03)


def test_air_attenuates_low_energy_lines() -> None:
    # Figures for 1 cm and 2 cm of air at room temperature.
    lines = np.array([1.740, 2.308, 3.314])
    assert path_transmission(lines, 10.0) == pytest.approx([0.39, 0.66, 0.85], abs=0.02)
    assert path_transmission(lines, 20.0) == pytest.approx([0.15, 0.43, 0.72], abs=0.02)
    assert np.all(path_transmission(lines, 0.0) == 1)
