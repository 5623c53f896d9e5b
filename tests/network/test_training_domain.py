"""Test the warnings about instruments outside the training."""

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis
from napari_xrf_pigments.network.training_domain import (
    FWHM_EV,
    MIN_END_KEV,
    TUBE_KV,
    TUBE_KV_TUNGSTEN,
    instrument_warnings,
)
from napari_xrf_pigments.simulation.instruments import random_excitation, random_readout

AXIS = EnergyAxis(2048, 0.02, -0.95)


def test_unknown_settings_give_no_warning() -> None:
    assert instrument_warnings(AXIS, Acquisition()) == ()


@pytest.mark.parametrize("seed", range(60))
def test_no_simulated_instrument_gives_a_warning(seed: int) -> None:
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
    ("known", "expected"),
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
def test_each_setting_outside_the_training_gives_one_sentence(
    known: Acquisition, expected: str
) -> None:
    (warning,) = instrument_warnings(AXIS, known)
    assert expected in warning
    assert warning.endswith(".")
    assert "\n" not in warning


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (EnergyAxis(256, 0.1), "100 eV wide"),
        (EnergyAxis(1024, 0.01), f"{MIN_END_KEV:.0f} keV or more"),
        (EnergyAxis(1024, 0.03, 5.0), "begins at 5.0 keV"),
    ],
)
def test_each_axis_outside_the_training_gives_one_sentence(axis: EnergyAxis, expected: str) -> None:
    (warning,) = instrument_warnings(axis, Acquisition())
    assert expected in warning
    assert warning.endswith(".")


def test_several_settings_outside_the_training_give_several_sentences() -> None:
    known = Acquisition(anode="Fe", tube_kv=100.0, takeoff_deg=5.0)
    assert len(instrument_warnings(EnergyAxis(256, 0.1), known)) == 4
