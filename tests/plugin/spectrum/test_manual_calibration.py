"""Energy axis from lines that a user places on peaks."""

import pytest

from napari_xrf_pigments.plugin.spectrum.manual_calibration import ManualLines, line_choices

from ..synthetic import make_cube


def test_offered_lines_are_on_the_axis_and_excited():
    axis = make_cube().energies
    names = dict(line_choices(axis, "Rh", 40.0))
    assert names["Fe Kα"] == pytest.approx(6.40, abs=0.01)
    assert max(names.values()) < axis.kev[-1]
    assert "Pb Lα" not in dict(line_choices(axis, "Rh", 10.0))


def test_lines_on_peaks_define_the_axis_and_can_be_removed():
    cube = make_cube()
    total, axis = cube.sum_spectrum(), cube.energies
    hand = ManualLines()
    assert hand.solve(axis) is None
    for label, kev in (("Pb Lα", 10.55), ("Pb Lβ", 12.61), ("Cu Kα", 8.05)):
        hand.add(label, kev)
        hand.move(label, kev + 0.04, total, axis)
    found = hand.solve(axis)
    assert found.energies.gain_kev == pytest.approx(axis.gain_kev, rel=1e-3)
    assert [row.label for row in hand.rows(found)] == ["Cu Kα", "Pb Lα", "Pb Lβ"]
    assert all(abs(row.residual_ev) < 20 for row in hand.rows(found))
    hand.remove("Cu Kα")
    assert set(hand.handles(axis)) == {"Pb Lα", "Pb Lβ"}
    hand.clear()
    assert hand.rows(None) == []
