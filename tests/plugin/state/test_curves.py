"""Compared spectra: colours, order, and what a saved session restores."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin.state.scan import PALETTE, Curve, Curves, Pin, plot_colour

COUNTS = np.arange(5.0)


def test_a_curve_that_was_ticked_off_stays_off_when_it_is_renewed():
    curves = Curves()
    curves.upsert(Curve("a", "A", "#111111", COUNTS))
    curves.show("a", False)
    curves.upsert(Curve("a", "A again", "#222222", COUNTS + 1))
    (curve,) = curves
    assert (curve.name, curve.colour, curve.shown) == ("A again", "#111111", False)
    assert curves.spectra() == []


def test_a_group_is_replaced_as_a_whole():
    curves = Curves()
    for key in ("region:a", "pixel", "region:b"):
        curves.upsert(Curve(key, key, "", COUNTS))
    curves.replace_group(
        "region:", [Curve("region:b", "b", "", COUNTS), Curve("region:c", "c", "", COUNTS)]
    )
    assert {curve.key for curve in curves} == {"pixel", "region:b", "region:c"}


def test_colours_are_used_up_before_one_comes_twice():
    curves = Curves()
    for number in range(len(PALETTE)):
        curves.upsert(Curve(str(number), "", curves.free_colour(), COUNTS))
    assert {curve.colour for curve in curves} == set(PALETTE)


def test_what_a_session_knew_of_curves_comes_back_when_they_are_read():
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
def test_forged_curves_pin_nothing(state):
    curves = Curves()
    curves.restore(state)
    assert curves.pending_pins() == []


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
            curves.upsert(Curve(key, key, "", counts))
        assert [curve.key for curve in curves] == ["whole:sum", "pixel", "pin:1,2,0", "region:a"]
