"""Test the manual calibration: fit of the axis to line positions, and snapping to peaks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.calibration.manual import LinePosition, calibrate_by_lines, snap_to_peak
from napari_xrf_pigments.cube import EnergyAxis

AXIS = EnergyAxis(2048, 0.02, 0.0, "file")


def place(name, kev, gain=0.0203, offset=-0.07):
    return LinePosition(name, kev, (kev - offset) / gain)


@given(
    gain=st.floats(0.005, 0.05),
    offset=st.floats(-1.0, 0.5),
    energies=st.lists(st.floats(1.5, 30.0), min_size=2, max_size=6, unique=True),
)
def test_exact_positions_recover_the_axis(gain, offset, energies):
    if np.ptp(energies) < 0.2:
        return
    found = calibrate_by_lines([place(str(e), e, gain, offset) for e in energies], AXIS)
    assert found.energies.gain_kev == pytest.approx(gain, rel=1e-6)
    assert found.energies.offset_kev == pytest.approx(offset, abs=1e-5)
    assert np.abs(found.residual_ev).max() < 0.01
    assert found.energies.source == "user"


def test_one_line_changes_only_the_offset():
    found = calibrate_by_lines([LinePosition("Fe Ka", 6.404, 330.0)], AXIS)
    assert found.energies.gain_kev == AXIS.gain_kev
    assert found.energies.kev[330] == pytest.approx(6.404)


def test_the_wrong_line_has_the_largest_residual():
    good = [
        place("Ca Ka", 3.69),
        place("Fe Ka", 6.404),
        place("Pb La", 10.55),
        place("Sr Ka", 14.1),
    ]
    wrong = LinePosition("Cu Ka", 8.046, place("", 8.046).channel + 5)
    found = calibrate_by_lines([*good, wrong], AXIS)
    names = [entry.name for entry in found.positions]
    assert names == sorted(names, key=lambda n: {p.name: p.kev for p in [*good, wrong]}[n])
    assert names[int(np.argmax(np.abs(found.residual_ev)))] == "Cu Ka"
    assert found.rms_ev == pytest.approx(np.sqrt(np.mean(np.square(found.residual_ev))))


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([], "at least one line"),
        ([LinePosition("a", 3.0, 200.0), LinePosition("b", 6.0, 200.2)], "different peaks"),
        ([LinePosition("a", 6.0, 100.0), LinePosition("b", 3.0, 300.0)], "would decrease"),
        ([LinePosition("a", float("nan"), 100.0)], "finite"),
    ],
)
def test_impossible_positions_are_refused_in_one_sentence(places, message):
    with pytest.raises(ValueError, match=message):
        calibrate_by_lines(places, AXIS)


def spectrum(*peaks):
    counts = np.full(AXIS.n_channels, 3.0)
    for kev, height in peaks:
        counts += height * np.exp(-0.5 * ((AXIS.kev - kev) / 0.065) ** 2)
    return counts


@pytest.mark.parametrize("dropped", [6.33, 6.404, 6.47])
def test_a_line_snaps_to_the_top_of_the_peak_beside_it(dropped):
    channel = snap_to_peak(spectrum((6.404, 500)), AXIS, dropped)
    assert AXIS.offset_kev + AXIS.gain_kev * channel == pytest.approx(6.404, abs=0.003)


def test_a_line_snaps_to_the_nearer_of_two_peaks():
    counts = spectrum((6.404, 300), (7.06, 900))
    assert snap_to_peak(counts, AXIS, 6.45) * 0.02 == pytest.approx(6.404, abs=0.02)


def test_noise_shifts_a_snapped_line_by_a_few_ev_at_most():
    counts = np.random.default_rng(3).poisson(spectrum((10.55, 400)))
    assert snap_to_peak(counts, AXIS, 10.6) * 0.02 == pytest.approx(10.55, abs=0.012)


def test_a_line_away_from_any_peak_does_not_snap():
    flat = np.zeros(AXIS.n_channels)
    assert snap_to_peak(flat, AXIS, 9.0) == pytest.approx(450.0)
    assert 0 <= snap_to_peak(flat, AXIS, -3.0) <= AXIS.n_channels - 1
    assert 0 <= snap_to_peak(flat, AXIS, 900.0) <= AXIS.n_channels - 1
