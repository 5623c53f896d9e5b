"""Test simulated spectra and the detectability of their pigments."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_xrf_pigments.simulation.instruments import Excitation, Readout, random_readout
from napari_xrf_pigments.simulation.spectra import (
    Measured,
    emit,
    measure,
    random_counts,
)
from napari_xrf_pigments.simulation.stratigraphy import Stratigraphy, paint_layer, plain_layer
from napari_xrf_pigments.simulation.stratigraphy_batch import StackPool, pool_of


def section(*paints: tuple[str, float]) -> Stratigraphy:
    """Make paints (pigment, um) in oil on canvas, the first on top."""
    rng = np.random.default_rng(0)
    layers = [paint_layer(rng, [(name, 1.0)], um, wide=False) for name, um in paints]
    return (*layers, plain_layer("canvas", "support", 400.0))


def measured(pool: StackPool, excitation: Excitation, readout: Readout, counts: float) -> Measured:
    totals = torch.full((len(pool),), counts)
    noise = torch.Generator().manual_seed(1)
    return measure(emit(pool, excitation), readout, totals, noise)


def test_counts_are_integers_with_the_given_mean_total(
    excitation: Excitation, readout: Readout
) -> None:
    pool = pool_of([section(("vermilion", 20.0)), section(("azurite", 20.0))])
    counts = measured(pool, excitation, readout, 50_000.0).counts
    assert counts.shape == (2, readout.n_channels)
    assert (counts == counts.round()).all()
    assert (counts >= 0).all()
    assert counts.sum(1).tolist() == pytest.approx([50_000, 50_000], rel=0.03)


def test_the_strongest_peak_of_vermilion_and_azurite_is_their_own(
    excitation: Excitation, readout: Readout
) -> None:
    pool = pool_of([section(("vermilion", 20.0)), section(("azurite", 20.0))])
    spectra = measured(pool, excitation, readout, 1e5)
    kev = spectra.energies.kev
    hard = kev > 4
    peaks = kev[hard][spectra.counts[:, hard].argmax(1)]
    assert peaks == pytest.approx([9.989, 8.048], abs=0.05)


def test_detectability_grows_with_the_root_of_the_counts(
    excitation: Excitation, readout: Readout
) -> None:
    pool = pool_of([section(("umber", 20.0))])
    few = measured(pool, excitation, readout, 5_000.0).sigma[0, 0]
    many = measured(pool, excitation, readout, 500_000.0).sigma[0, 0]
    assert float(many / few) == pytest.approx(10.0, rel=0.03)


def test_detectability_falls_with_the_cover(excitation: Excitation, readout: Readout) -> None:
    pool = pool_of(
        [section(("lead_white", um), ("azurite", 20.0)) for um in (5.0, 20.0, 50.0, 150.0)]
    )
    buried = measured(pool, excitation, readout, 20_000.0).sigma[:, 1]
    assert (buried.diff() < 0).all()
    assert buried[0] > 20
    assert buried[-1] < 4


def test_a_pigment_is_as_detectable_as_its_weakest_element(
    excitation: Excitation, readout: Readout
) -> None:
    pool = pool_of([section(("chrome_yellow", 20.0)), section(("lead_tin_yellow", 20.0))])
    beyond_tin = replace(readout, n_channels=500)  # the axis ends at 20 keV, Sn K is at 25
    whole = measured(pool, excitation, readout, 20_000.0).sigma[:, 0]
    cut = measured(pool, excitation, beyond_tin, 20_000.0).sigma[:, 0]
    assert (whole > 4).all()
    assert cut[0] > 4
    assert cut[1] == 0


def test_absent_pigments_have_no_detectability(excitation: Excitation, readout: Readout) -> None:
    pool = pool_of([section(("umber", 20.0))])
    assert (measured(pool, excitation, readout, 1e4).sigma[0, 1:] == 0).all()


def test_channels_below_the_threshold_are_empty(excitation: Excitation, readout: Readout) -> None:
    pool = pool_of([section(("lead_white", 20.0))])
    spectra = measured(pool, excitation, replace(readout, threshold_kev=1.5), 1e5)
    assert (spectra.counts[:, spectra.energies.kev < 1.49] == 0).all()


def test_the_stated_axis_is_off_by_the_errors_of_the_readout(
    excitation: Excitation, readout: Readout
) -> None:
    pool = pool_of([section(("umber", 20.0))])
    wrong = replace(readout, gain_error=0.01, offset_error_kev=0.05)
    stated = measured(pool, excitation, wrong, 1e3).energies
    assert stated.gain_kev == pytest.approx(0.0404)
    assert stated.offset_kev == pytest.approx(0.05)


def test_the_instrument_adds_lines_of_argon_and_of_its_housing(
    excitation: Excitation, readout: Readout
) -> None:
    pool = pool_of([section(("titanium_white", 20.0))])
    own = replace(readout, argon_share=0.05, housing=(("Ni", 0.05),), background=((0.1, 200.0),))
    without, with_own = (measured(pool, excitation, one, 1e5).counts[0] for one in (readout, own))
    kev = readout.gain_kev * np.arange(readout.n_channels)
    for line in (2.958, 7.478):
        near = torch.from_numpy(np.abs(kev - line) < 0.15)
        assert with_own[near].sum() > without[near].sum() + 2_000


def test_drawn_settings_are_possible(rng: np.random.Generator) -> None:
    for _ in range(200):
        drawn = random_readout(rng, float(rng.choice([20, 40, 50])))
        end = drawn.offset_kev + drawn.gain_kev * drawn.n_channels
        assert 16 < end < 51
        assert 0.0125 <= drawn.gain_kev < 0.05
        assert drawn.atmosphere == "air" or drawn.argon_share == 0
        assert 0 < drawn.pile_up < 0.07
        assert 110 < drawn.detector.fwhm_mn_ka_ev < 200


def test_drawn_counts_span_those_of_scans(rng: np.random.Generator) -> None:
    totals = torch.cat([random_counts(rng, 20) for _ in range(300)])
    assert totals.min() >= 100
    assert totals.max() <= 1e5
    assert float((totals < 1000).float().mean()) > 0.1
    assert float((totals > 30_000).float().mean()) > 0.1


def test_secondary_excitation_raises_low_energy_lines_and_is_off_by_default(
    excitation: Excitation,
) -> None:
    pool = pool_of([section(("viridian", 30.0), ("azurite", 60.0))])
    without, with_it = emit(pool, excitation), emit(pool, excitation, secondary=True)
    chromium = np.abs(without.kev - 5.4147) < 0.002
    again = np.abs(with_it.kev - 5.4147) < 0.002
    gain = float(with_it.lines[0, again].sum() / without.lines[0, chromium].sum())
    assert 1.01 < gain < 1.6  # Cu K excites Cr K
    assert float(with_it.lines.sum()) > float(without.lines.sum())
    assert torch.equal(with_it.compton, without.compton)
