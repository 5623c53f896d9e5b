"""Test the net counts that decide about claims, on spectra made of lines, scatter and continuum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, EnergyAxis
from napari_xrf_pigments.fitting.evidence_fit import evidence_fit
from napari_xrf_pigments.network.encoding import GRID_EDGES_KEV, rebin_counts

AXIS = EnergyAxis(1200, 0.03, -0.02)
RH = Acquisition(anode="Rh", tube_kv=45.0)
PAINT = {"Pb L": 4000, "Pb M": 500, "Ca K": 900, "Fe K": 1500, "Cu K": 120, "Sn K": 150}


def fit_of(counts: np.ndarray, acquisition: Acquisition = RH) -> tuple[dict, dict]:
    fit = evidence_fit(AXIS.kev, GRID_EDGES_KEV, acquisition)
    assert fit is not None
    net, sigma = fit(rebin_counts(counts, AXIS, GRID_EDGES_KEV))
    return dict(zip(fit.families, net.T, strict=True)), dict(
        zip(fit.families, sigma.T, strict=True)
    )


@pytest.fixture(scope="module")
def painted(expected_spectrum: Callable[..., np.ndarray]) -> np.ndarray:
    mean = expected_spectrum(AXIS.kev, PAINT, scatter=1500, continuum=2500)
    return np.random.default_rng(0).poisson(mean, (400, AXIS.n_channels))


def test_net_counts_are_right_and_their_sigma_covers_the_spread(painted: np.ndarray) -> None:
    net, sigma = fit_of(painted)
    for name in ("Ca K", "Fe K", "Cu K", "Sn K"):
        expected = float(sigma[name].mean())
        assert net[name].mean() == pytest.approx(PAINT[name], abs=0.7 * expected), name
        assert net[name].std() <= 1.15 * expected, name


def test_absent_elements_are_rarely_significant(painted: np.ndarray) -> None:
    net, sigma = fit_of(painted)
    for name in ("Co K", "Hg L", "As K", "Cd K", "Sb K", "K K", "Cr K"):
        assert (net[name] / sigma[name] > 2.5).mean() < 0.02, name


def test_pile_up_of_lead_is_no_cadmium(expected_spectrum: Callable[..., np.ndarray]) -> None:
    from napari_xrf_pigments.fitting.artefacts import pile_up_shape

    lead = expected_spectrum(AXIS.kev, {"Pb L": 30_000}, continuum=3000)
    piled = lead + 150 * pile_up_shape(AXIS.kev, lead, lead)
    net, sigma = fit_of(np.random.default_rng(0).poisson(piled, (100, AXIS.n_channels)))
    for name in ("Cd K", "Sn K", "Ag K"):
        assert (net[name] / sigma[name]).mean() < 1.5, name


def test_a_spectrum_has_the_same_counts_alone_and_among_others(painted: np.ndarray) -> None:
    alone, _ = fit_of(painted[7:8])
    among, _ = fit_of(painted[:100])
    for name, counts in alone.items():
        assert counts[0] == pytest.approx(among[name][7], rel=1e-4, abs=1e-2), name


def test_the_lines_of_the_anode_are_no_evidence() -> None:
    fit = evidence_fit(AXIS.kev, GRID_EDGES_KEV, Acquisition(anode="Ag", tube_kv=40.0))
    assert fit is not None
    assert not any(name.startswith("Ag ") for name in fit.families)


def test_a_short_axis_has_no_fit() -> None:
    short = EnergyAxis(100, 0.02, 0.0)
    assert evidence_fit(short.kev, GRID_EDGES_KEV, None) is None
