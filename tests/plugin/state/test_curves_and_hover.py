"""Compared spectra, evidence in words, the status bar, old maps, calibrating by hand: no Qt."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_xrf_pigments.fitting.unexpected_peaks import UnexpectedPeak
from napari_xrf_pigments.mapping.explanation import Evidence, EvidenceLine
from napari_xrf_pigments.plugin.layers.metadata import mark_outdated
from napari_xrf_pigments.plugin.layers.status_bar import show_predictions_in_status_bar, text_at
from napari_xrf_pigments.plugin.spectrum.manual_calibration import HandCalibrating, line_choices
from napari_xrf_pigments.plugin.spectrum.marks import (
    bands_of,
    evidence_html,
    percent,
    unexplained_html,
)
from napari_xrf_pigments.plugin.state.curves import PALETTE, Curve, Curves, Pin, plot_colour
from napari_xrf_pigments.plugin.state.results import PigmentResults
from napari_xrf_pigments.plugin.state.scan import Scan

from ..synthetic import GROUPS, PIGMENTS, SHAPE, FakeTiles, make_cube

COUNTS = np.arange(5.0)


def test_a_curve_that_was_ticked_off_stays_off_when_it_is_renewed():
    curves = Curves()
    curves.put(Curve("a", "A", "#111111", COUNTS))
    curves.show("a", False)
    curves.put(Curve("a", "A again", "#222222", COUNTS + 1))
    (curve,) = curves
    assert (curve.name, curve.colour, curve.shown) == ("A again", "#111111", False)
    assert curves.spectra() == []


def test_a_group_is_replaced_as_a_whole():
    curves = Curves()
    for key in ("region:a", "pixel", "region:b"):
        curves.put(Curve(key, key, "", COUNTS))
    curves.replace_group(
        "region:", [Curve("region:b", "b", "", COUNTS), Curve("region:c", "c", "", COUNTS)]
    )
    assert {curve.key for curve in curves} == {"pixel", "region:b", "region:c"}


def test_colours_are_used_up_before_one_comes_twice():
    curves = Curves()
    for number in range(len(PALETTE)):
        curves.put(Curve(str(number), "", curves.free_colour(), COUNTS))
    assert {curve.colour for curve in curves} == set(PALETTE)


EVIDENCE = Evidence(
    "pigment",
    "chrome_yellow",
    0.97,
    0.001,
    (EvidenceLine("Pb L", 10.55, 900.0, 30.0, 4.0), EvidenceLine("Cr K", 5.41, 300.0, 18.0, 3.0)),
    ("chrome_orange",),
    (("lead", "chromium"),),
)


def test_evidence_says_lines_counts_alternatives_and_mixtures():
    text = evidence_html(EVIDENCE, 0.9, 0.002)
    for part in ("Chrome yellow", "97 %", "below under 1 %", "900 ± 30", "Chrome orange"):
        assert part in text
    assert "lead pigments with chromium pigments" in text
    assert "<1" not in text  # would be taken for a tag


def test_evidence_lights_up_its_lines_and_no_others():
    bands = bands_of(EVIDENCE, lambda kev: 0.18)
    inside = lambda kev: any(band.low < kev < band.high for band in bands)  # noqa: E731
    assert inside(10.55)
    assert inside(12.61)
    assert inside(5.41)
    assert not inside(6.40)
    assert not inside(8.05)


def test_what_is_unexplained_is_named():
    assert unexplained_html(()) == ""
    text = unexplained_html(
        [UnexpectedPeak("Bi L", 10.84, 200.0, 9.4), UnexpectedPeak("", 27.0, 50.0, 8.0)]
    )
    assert "10.84 keV (9 σ; Bi L?)" in text
    assert "27.00 keV (8 σ)" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "100 %"), (0.999, "over 99 %"), (0.5, "50 %"), (0.001, "under 1 %"), (0, "0 %")],
)
def test_nearly_sure_is_not_sure(value, text):
    assert percent(value) == text


@pytest.fixture
def mapped():
    """A scan with pigment maps, and layers of vermilion and of the copper group."""
    viewer = ViewerModel()
    scan = Scan(make_cube(), "scan")
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(scan.cube, "cpu"):
        results.add(tile)
    scan.pigments = results
    for kind, name in (("pigment", "vermilion"), ("group", "copper")):
        metadata = {"xrf_scan": scan, "xrf_map": (kind, name)}
        layer = Image(np.zeros(SHAPE), scale=(0.5, 0.5), metadata=metadata, name=name)
        viewer.add_layer(layer)
    return viewer, scan


@pytest.fixture
def status_at(mapped):
    """The status of the viewer with the cursor at a position over a layer."""
    viewer, _ = mapped

    def move(layer, position):
        viewer.layers.selection.active = layer
        viewer.mouse_over_canvas = True
        viewer.cursor.position = position
        viewer.update_status_from_cursor()
        return viewer.status

    return move


def test_the_status_bar_shows_the_predictions_at_the_cursor(mapped, status_at):
    viewer, _ = mapped
    show_predictions_in_status_bar(viewer)
    vermilion, copper = viewer.layers
    status = status_at(vermilion, (1.0, 1.0))
    assert "Vermilion 90 %, top 9 %, below 90 %" in status["coordinates"]
    status = status_at(copper, (1.0, 14.0))
    assert "Copper pigments 80 %" in status["coordinates"]
    assert "Azurite" in status["coordinates"]


def test_outside_the_scan_the_status_is_that_of_napari(mapped, status_at):
    viewer, _ = mapped
    layer = viewer.layers[0]
    before = status_at(layer, (-5.0, 1.0))
    show_predictions_in_status_bar(viewer)
    status_at(layer, (1.0, 1.0))
    assert status_at(layer, (-5.0, 1.0)) == before


def test_layers_of_other_kinds_keep_the_status_of_napari(mapped, status_at):
    viewer, _ = mapped
    show_predictions_in_status_bar(viewer)
    picture = viewer.add_image(np.zeros(SHAPE), name="picture")
    assert text_at(picture, (1.0, 1.0)) == ""
    assert "Vermilion" not in status_at(picture, (1.0, 1.0))["coordinates"]


def test_old_maps_say_why_and_are_new_again_after_undo(mapped):
    viewer, scan = mapped
    assert mark_outdated(viewer, scan) == 0
    settings = scan.settings
    axis = settings.energies.recalibrated(0.0203, 0.0)
    scan.change(type(settings)(axis, settings.acquisition, "set by hand"))
    assert mark_outdated(viewer, scan) == 2
    assert viewer.layers[0].name == "vermilion (previous calibration)"
    scan.undo()
    assert mark_outdated(viewer, scan) == 0
    assert viewer.layers[0].name == "vermilion"
    tube = settings.acquisition.updated(tube_kv=30.0)
    scan.change(type(settings)(settings.energies, tube))
    mark_outdated(viewer, scan)
    assert viewer.layers[0].name == "vermilion (previous tube settings)"


def test_lines_to_calibrate_by_are_on_the_axis_and_excited():
    axis = make_cube().energies
    names = dict(line_choices(axis, "Rh", 40.0))
    assert names["Fe Kα"] == pytest.approx(6.40, abs=0.01)
    assert max(names.values()) < axis.kev[-1]
    assert "Pb Lα" not in dict(line_choices(axis, "Rh", 10.0))


def test_lines_on_peaks_give_the_axis_and_can_be_taken_back():
    cube = make_cube()
    total, axis = cube.sum_spectrum(), cube.energies
    hand = HandCalibrating()
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
    assert not hand.begun


def test_what_a_session_knew_of_curves_comes_back_when_they_are_read():
    before = Curves()
    before.put(Curve("whole:sum", "Sum", "", COUNTS, shown=False))
    before.put(Curve(Pin(3, 4, 2).key, "pinned", "#e69f00", COUNTS, removable=True))
    again = Curves()
    again.restore(before.state())
    assert again.awaited_pins() == [Pin(3, 4, 2)]
    assert again.state() == before.state()
    again.put(Curve("whole:sum", "Sum", "", COUNTS, shown=True))
    again.put(Curve(Pin(3, 4, 2).key, "pinned", again.free_colour(), COUNTS))
    assert [(curve.colour, curve.shown) for curve in again] == [("", False), ("#e69f00", True)]
    assert not again.awaited_pins()


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
def test_forged_curves_pin_nothing(state):
    curves = Curves()
    curves.restore(state)
    assert curves.awaited_pins() == []


def test_a_region_has_its_own_colour_and_a_visible_one_where_nobody_chose():
    assert plot_colour("#ff00ff", 3) == "#ff00ff"
    colours = {plot_colour("#777777", number) for number in range(4)}
    assert len(colours) == 4
    assert not colours & {"#777777", "#999999", *PALETTE[:2]}


def test_what_is_compared_with_the_pixel_is_drawn_over_it_in_whichever_order_they_came():
    counts = np.ones(4)
    for keys in (("pixel", "pin:1,2,0", "region:a"), ("pin:1,2,0", "region:a", "pixel")):
        curves = Curves()
        for key in ("whole:sum", *keys):
            curves.put(Curve(key, key, "", counts))
        assert [curve.key for curve in curves] == ["whole:sum", "pixel", "pin:1,2,0", "region:a"]
