"""Test the response of the detector."""

import numpy as np
import pytest
import torch

from napari_xrf_pigments.physics.detector import (
    SI_KA_KEV,
    DetectorModel,
    path_transmission,
    pile_up,
    response,
)

CLEAN = DetectorModel(140.0, shelf=0.0, tail=0.0, escape=0.0)
AXIS = (0.01, 0.0, 3000)
KEV = AXIS[1] + AXIS[0] * np.arange(AXIS[2])


def counted(detector: DetectorModel, kev: float, spread: float = 0.0) -> np.ndarray:
    one = response(detector, np.array([kev]), np.array([spread]), *AXIS)
    return one[0].double().numpy()


@pytest.mark.parametrize("kev", [2.3, 5.895, 10.55, 17.4])
@pytest.mark.parametrize("detector", [CLEAN, DetectorModel()])
def test_counts_of_a_photon_sum_to_the_efficiency(kev: float, detector: DetectorModel) -> None:
    efficiency = detector.efficiency(np.array([kev]))[0]
    assert counted(detector, kev).sum() == pytest.approx(efficiency, rel=2e-3)


@pytest.mark.parametrize("fwhm_ev", [125.0, 140.0, 180.0])
def test_resolution_at_manganese_is_as_stated(fwhm_ev: float) -> None:
    peak = counted(DetectorModel(fwhm_ev, shelf=0.0, tail=0.0, escape=0.0), 5.895)
    over = KEV[peak > peak.max() / 2]
    assert (over[-1] - over[0] + AXIS[0]) * 1e3 == pytest.approx(fwhm_ev, abs=11)
    sigma = np.sqrt((peak * (KEV - 5.895) ** 2).sum() / peak.sum())
    assert 2.3548e3 * sigma == pytest.approx(fwhm_ev, rel=0.005)


def test_peaks_broaden_with_energy_by_fano_statistics() -> None:
    sigma = DetectorModel(130.0).sigma_kev(np.array([5.895, 20.0]))
    fwhm = 2.3548e3 * sigma
    assert fwhm[0] == pytest.approx(130.0, rel=1e-4)
    # noise 51 eV and F = 0.115: sqrt(51^2 + 2.3548^2 * 3.85 * 0.115 * 20000)
    assert fwhm[1] == pytest.approx(227, abs=3)


def test_width_of_a_component_adds_in_quadrature() -> None:
    peak = counted(CLEAN, 15.0, 0.2)
    own = CLEAN.sigma_kev(np.array([15.0]))[0]
    sigma = np.sqrt((peak * (KEV - 15.0) ** 2).sum() / peak.sum())
    assert sigma == pytest.approx(np.hypot(own, 0.2), rel=0.005)


def test_the_escape_peak_is_below_its_parent_by_silicon_k_alpha() -> None:
    with_escape = DetectorModel(140.0, shelf=0.0, tail=0.0, escape=1.0)
    escape = counted(with_escape, 6.404)[: round(5.5 / AXIS[0])]
    assert KEV[escape.argmax()] == pytest.approx(6.404 - SI_KA_KEV, abs=0.011)
    share = escape.sum() / counted(with_escape, 6.404).sum()
    assert 0.003 < share < 0.015


def test_escape_is_absent_below_the_silicon_edge_and_falls_with_energy() -> None:
    share = DetectorModel().escape_share(np.array([1.5, 1.83, 3.0, 6.4, 15.0]))
    assert (share[:2] == 0).all()
    assert (np.diff(share[2:]) < 0).all()
    assert (share[2:] > 0).all()


def test_shelf_and_tail_lie_below_the_peak_only() -> None:
    detector = DetectorModel(140.0, shelf=3.0, tail=3.0, escape=0.0)
    extra = counted(detector, 10.0) - counted(CLEAN, 10.0)
    assert extra[(KEV > 0.1) & (KEV < 9.0)].min() > 0
    assert np.abs(extra[KEV > 10.6]).max() < 1e-6


def test_no_photon_is_counted_at_negative_energy() -> None:
    rows = response(DetectorModel(), np.array([1.5, 6.4]), np.zeros(2), 0.01, -0.95, 2000)
    axis = -0.95 + 0.01 * np.arange(2000)
    assert (rows[:, axis <= 0] == 0).all()
    assert axis[rows[1].argmax()] == pytest.approx(6.4, abs=0.006)


def test_efficiency_is_low_for_photons_of_low_and_of_high_energy() -> None:
    soft, middle, hard = DetectorModel().efficiency(np.array([1.0, 8.0, 40.0]))
    assert soft < middle
    assert hard < 0.3 < 0.95 < middle <= 1.0


@pytest.mark.parametrize("offset_channels", [0, 40, -40, 3])
def test_pile_up_is_at_the_sum_of_two_energies(offset_channels: int) -> None:
    gain = 0.05
    axis = gain * (np.arange(600) + offset_channels)
    first, second = np.abs(axis - 6.4).argmin(), np.abs(axis - 10.5).argmin()
    expected = torch.zeros(1, 600)
    expected[0, first] = expected[0, second] = 500.0
    piled = pile_up(expected, torch.tensor([0.01]), -offset_channels)[0]
    sums = piled.clone()
    sums[[first, second]] = 0
    found = sums.topk(3)
    assert found.values.sum() == pytest.approx(10.0, rel=1e-3)
    at = np.sort(axis[found.indices.numpy()])
    np.testing.assert_allclose(at, [2 * axis[first], axis[first] + axis[second], 2 * axis[second]])
    assert axis[sums.argmax()] == pytest.approx(axis[first] + axis[second])


def test_each_pile_up_event_adds_one_count_and_removes_two() -> None:
    expected = torch.zeros(2, 400)
    expected[:, 50:90] = 10.0
    share = torch.tensor([0.0, 0.02])
    piled = pile_up(expected, share, 0.0)
    torch.testing.assert_close(piled[0], expected[0], rtol=1e-5, atol=1e-4)
    assert float(piled[1].sum()) == pytest.approx(float(expected[1].sum()) * 0.98, rel=1e-4)


def test_sums_beyond_the_axis_are_lost_and_do_not_wrap_around() -> None:
    expected = torch.zeros(1, 200)
    expected[0, 150:160] = 100.0
    piled = pile_up(expected, torch.tensor([0.05]), 0.0)[0]
    assert piled[:140].abs().max() < 1e-3
    assert float(piled.sum()) == pytest.approx(1000 * 0.9, rel=1e-4)


@pytest.mark.parametrize(
    ("kev", "one_cm", "two_cm"),
    [
        (1.740, 0.39, 0.15),  # Si K
        (2.013, 0.54, 0.29),  # P K
        (2.195, 0.61, 0.38),  # Hg M
        (2.307, 0.66, 0.43),  # S K
        (2.345, 0.67, 0.45),  # Pb M
        (3.313, 0.85, 0.72),  # K K
    ],
)
def test_the_transmission_of_air_agrees_with_tabulated_values(
    kev: float, one_cm: float, two_cm: float
) -> None:
    at = np.array([kev])
    assert path_transmission(at, 10.0)[0] == pytest.approx(one_cm, abs=0.015)
    assert path_transmission(at, 20.0)[0] == pytest.approx(two_cm, abs=0.015)


def test_helium_and_vacuum_transmit_more_than_air() -> None:
    kev = np.array([1.5, 6.0])
    air, helium, vacuum = (path_transmission(kev, 20.0, gas) for gas in ("air", "helium", "vacuum"))
    assert (air < helium).all()
    assert (helium < vacuum).all()
    assert (vacuum == 1).all()


def test_an_unknown_atmosphere_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^The atmosphere must be air, helium or vacuum"):
        path_transmission(np.array([5.0]), 10.0, "argon")
