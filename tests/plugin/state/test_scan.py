"""The state of a scan: energy axis in use, its description, and compared spectra."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_xrf_pigments import EnergyAxis
from napari_xrf_pigments.plugin.state.scan import PALETTE, Curve, Curves, Pin, Scan, plot_colour

from ..synthetic import calibrate, make_cube


def untrusted(cube):
    return SimpleNamespace(
        energies=cube.energies,
        trusted=False,
        message="Too few lines.",
        fwhm_mn_ka_ev=None,
        anode=None,
    )


@pytest.fixture
def scan():
    return Scan(make_cube(), "scan")


def test_a_trusted_axis_replaces_that_of_the_file(scan):
    heard = []
    scan.energies_changed.connect(lambda: heard.append(scan.cube.energies.offset_kev))
    scan.set_calibration(calibrate(scan.cube, None))
    assert scan.uses_estimate
    assert heard == [0.005]
    assert scan.axis_sentence() == (
        "Energy axis from the lines of the scan: 20.00 eV per channel, offset +5 eV. "
        "6 lines agree within 4.0 eV."
    )
    assert scan.axis_details() == "Calibrated by 6 lines within 4 eV."
    assert scan.cube.acquisition.detector.fwhm_mn_ka_ev == 140.0


def test_the_user_can_switch_between_both_axes(scan):
    scan.set_calibration(calibrate(scan.cube, None))
    scan.use_estimate(False)
    assert scan.cube.energies.offset_kev == 0.0
    assert scan.axis_sentence().startswith("Energy axis from the file: 20.00 eV per channel")
    scan.use_estimate(True)
    assert scan.cube.energies.offset_kev == 0.005


def test_an_untrusted_estimate_changes_nothing_and_is_explained(scan):
    scan.set_calibration(untrusted(scan.cube))
    assert not scan.uses_estimate
    assert not scan.can_estimate
    assert scan.axis_sentence().endswith("Too few lines.")
    assert scan.checked


def test_an_axis_of_the_user_is_not_replaced():
    cube = make_cube()
    scan = Scan(cube.with_energies(EnergyAxis(1000, 0.02, 0.001, "user")), "scan")
    scan.set_calibration(calibrate(cube, None))
    assert scan.cube.energies.offset_kev == 0.001
    assert scan.can_estimate


def test_an_unchecked_axis_is_described_as_being_checked(scan):
    assert "Checking" in scan.axis_sentence()
    scan.set_calibration(None)
    assert "Checking" not in scan.axis_sentence()


def test_only_measured_pixels_inside_the_scan_can_be_selected(scan):
    assert scan.measured(0, 0)
    assert not scan.measured(-1, 0)
    assert not scan.measured(24, 0)
    assert scan.millimetres(2, 6) == (1.0, 3.0)
    assert Scan(make_cube(pixel_mm=None), "scan").millimetres(2, 6) is None


COUNTS = np.arange(5.0)


def test_a_hidden_curve_stays_hidden_when_it_is_replaced():
    curves = Curves()
    curves.upsert(Curve("a", "A", "#111111", COUNTS))
    curves.show("a", False)
    curves.upsert(Curve("a", "A again", "#222222", COUNTS + 1))
    (curve,) = curves
    assert (curve.name, curve.colour, curve.shown) == ("A again", "#111111", False)
    assert curves.spectra() == []


def test_a_group_of_curves_is_replaced_as_a_whole():
    curves = Curves()
    for key in ("region:a", "pixel", "region:b"):
        curves.upsert(Curve(key, key, "", COUNTS))
    curves.replace_group(
        "region:", [Curve("region:b", "b", "", COUNTS), Curve("region:c", "c", "", COUNTS)]
    )
    assert {curve.key for curve in curves} == {"pixel", "region:b", "region:c"}


def test_every_colour_is_used_before_one_is_repeated():
    curves = Curves()
    for number in range(len(PALETTE)):
        curves.upsert(Curve(str(number), "", curves.free_colour(), COUNTS))
    assert {curve.colour for curve in curves} == set(PALETTE)


def test_saved_colour_and_visibility_apply_to_curves_read_later():
    before = Curves()
    before.upsert(Curve("whole:sum", "Sum", "", COUNTS, shown=False))
    before.upsert(Curve(Pin(3, 4, 2).key, "pinned", "#e69f00", COUNTS, removable=True))
    again = Curves()
    again.restore(before.state())
    assert again.pending_pins() == [Pin(3, 4, 2)]
    assert again.state() == before.state()
    again.upsert(Curve("whole:sum", "Sum", "", COUNTS, shown=True))
    again.upsert(Curve(Pin(3, 4, 2).key, "pinned", again.free_colour(), COUNTS))
    assert [(curve.colour, curve.shown) for curve in again] == [("", False), ("#e69f00", True)]
    assert not again.pending_pins()


@pytest.mark.parametrize(
    "state",
    [
        None,
        {"key": "pin:1,2,0"},
        [3, None],
        [{"key": "pin:1,2,0"}],
        [{"key": 1, "colour": "", "shown": True}],
        [{"key": "pin:1,2,0", "colour": "red; evil", "shown": True}],
        [{"key": "pin:1,2,0", "colour": "", "shown": "yes"}],
        [{"key": "pin:-1,2,0", "colour": "", "shown": True}],
        [{"key": "pin:99999999999,2,0", "colour": "", "shown": True}],
    ],
)
def test_invalid_saved_curves_are_ignored(state):
    curves = Curves()
    curves.restore(state)
    assert curves.pending_pins() == []


def test_a_region_has_its_own_colour_or_one_of_the_palette():
    assert plot_colour("#ff00ff", 3) == "#ff00ff"
    colours = {plot_colour("#777777", number) for number in range(4)}
    assert len(colours) == 4
    assert not colours & {"#777777", "#999999", *PALETTE[:2]}


def test_pins_and_regions_are_drawn_over_the_pixel():
    counts = np.ones(4)
    for keys in (("pixel", "pin:1,2,0", "region:a"), ("pin:1,2,0", "region:a", "pixel")):
        curves = Curves()
        for key in ("whole:sum", *keys):
            curves.upsert(Curve(key, key, "", counts))
        assert [curve.key for curve in curves] == ["whole:sum", "pixel", "pin:1,2,0", "region:a"]
