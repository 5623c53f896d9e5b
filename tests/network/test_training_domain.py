"""Sentences on instruments that the network did not learn from."""

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis
from napari_xrf_pigments.network.training_domain import (
    FWHM_EV,
    LOWEST_END_KEV,
    TUBE_KV,
    TUBE_KV_TUNGSTEN,
    instrument_warnings,
)
from napari_xrf_pigments.simulation.instruments import random_excitation, random_readout

AXIS = EnergyAxis(2048, 0.02, -0.95)


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert instrument_warnings(AXIS, Acquisition()) == ()


@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_said_of_any_simulated_instrument(seed: int) -> None:
    rng = np.random.default_rng(seed)
    excitation = random_excitation(rng)
    readout = random_readout(rng, excitation.tube_kv)
    known = Acquisition(
        anode=excitation.anode,
        tube_kv=excitation.tube_kv,
        incidence_deg=excitation.geometry.incidence_deg,
        takeoff_deg=excitation.geometry.takeoff_deg,
        detector=Detector(fwhm_mn_ka_ev=readout.detector.fwhm_mn_ka_ev),
    )
    axis = EnergyAxis(readout.n_channels, readout.gain_kev, readout.offset_kev)
    assert instrument_warnings(axis, known) == ()


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Acquisition(anode="Fe"), "anode of Fe"),
        (Acquisition(anode="Rh", tube_kv=TUBE_KV[1] + 10), "ran at 60 kV"),
        (Acquisition(anode="W", tube_kv=TUBE_KV_TUNGSTEN[1] + 40), "ran at 100 kV"),
        (Acquisition(tube_kv=10), "ran at 10 kV"),
        (Acquisition(incidence_deg=15), "beam stands at 15 degrees"),
        (Acquisition(takeoff_deg=10), "detector stands at 10 degrees"),
        (Acquisition(detector=Detector(fwhm_mn_ka_ev=FWHM_EV[1] + 60)), "resolution is 250 eV"),
        (Acquisition(detector=Detector(fwhm_mn_ka_ev=60)), "resolution is 60 eV"),
    ],
)
def test_one_plain_sentence_for_what_lies_outside(known: Acquisition, said: str) -> None:
    (told,) = instrument_warnings(AXIS, known)
    assert said in told
    assert told.endswith(".")
    assert "\n" not in told


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        (EnergyAxis(256, 0.1), "100 eV wide"),
        (EnergyAxis(1024, 0.01), f"{LOWEST_END_KEV:.0f} keV or more"),
        (EnergyAxis(1024, 0.03, 5.0), "begins at 5.0 keV"),
    ],
)
def test_one_plain_sentence_for_an_axis_outside(axis: EnergyAxis, said: str) -> None:
    (told,) = instrument_warnings(axis, Acquisition())
    assert said in told
    assert told.endswith(".")


def test_several_things_are_several_sentences() -> None:
    known = Acquisition(anode="Fe", tube_kv=100.0, takeoff_deg=5.0)
    assert len(instrument_warnings(EnergyAxis(256, 0.1), known)) == 4
