"""Test that a palette hides pigments and states the reason."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments import PigmentMaps
from napari_xrf_pigments.pigments import pigment_catalogue
from napari_xrf_pigments.pigments.selection import (
    Palette,
    in_use,
    palette_of,
    parse_period,
    select_pigments,
    years,
)

NAMES = [entry.id for entry in pigment_catalogue()]
YEAR = st.one_of(st.none(), st.integers(1000, 2020))


@pytest.mark.parametrize(
    ("name", "period", "used"),
    [
        ("titanium_white", (1600, 1650), False),
        ("titanium_white", (1600, 1916), True),
        ("titanium_white", (1920, None), True),
        ("titanium_white", (None, 1915), False),
        ("smalt", (1801, None), False),
        ("smalt", (1700, 1900), True),
        ("lead_tin_yellow", (1750, 1760), True),
        ("lead_tin_yellow", (1200, 1299), False),
        ("vermilion", (1, 2), True),
        ("titanium_white", (None, None), True),
        ("not in the table", (1, 2), True),
    ],
)
def test_a_pigment_is_anachronistic_if_not_in_use_in_any_year_of_the_period(
    name, period, used
) -> None:
    assert in_use(name, period) is used
    assert Palette(period=period).hidden([name]) == ({} if used else {name: "period"})


@given(YEAR, YEAR)
def test_a_longer_period_never_hides_more_pigments(first, last) -> None:
    if first is not None and last is not None and last < first:
        first, last = last, first
    hidden = set(Palette(period=(first, last)).hidden(NAMES))
    assert set(Palette(period=(None, last)).hidden(NAMES)) <= hidden
    assert set(Palette(period=(first, None)).hidden(NAMES)) <= hidden
    assert Palette().hidden(NAMES) == {}


def test_pigments_can_be_excluded_and_added() -> None:
    palette = Palette(period=(1600, 1650))
    assert palette.hidden(["titanium_white"]) == {"titanium_white": "period"}
    assert palette.adding("titanium_white").hidden(NAMES).get("titanium_white") is None
    assert palette.excluding("vermilion").hidden(["vermilion"]) == {"vermilion": "excluded"}
    both = palette.adding("vermilion").excluding("vermilion")
    assert both.hidden(["vermilion"]) == {"vermilion": "excluded"}
    assert both.added == frozenset()
    assert both.adding("vermilion").hidden(["vermilion"]) == {}
    assert both.excluding("vermilion", False) == palette
    assert palette.adding("smalt").adding("smalt", False) == palette


def test_a_pigment_may_have_a_separate_threshold() -> None:
    palette = Palette(threshold=0.4).with_threshold("smalt", 0.8)
    assert palette.threshold_of("smalt") == 0.8
    assert palette.threshold_of("azurite") == 0.4
    assert palette.with_threshold("smalt", None) == Palette(threshold=0.4)


def test_settings_are_read_back_from_json() -> None:
    palette = Palette((1600, None), frozenset({"smalt"}), frozenset({"umber"}), 0.3, {"smalt": 0.9})
    assert Palette.of(json.loads(json.dumps(palette.settings))) == palette
    assert Palette.of({}) == Palette()


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": [1700, 1600]},
        {"threshold": 1.5},
        {"thresholds": {"smalt": -1}},
        {"period": 3},
        {"period": ["a", "b"]},
    ],
)
def test_invalid_settings_are_refused(wrong) -> None:
    with pytest.raises(ValueError):
        Palette.of(wrong)


def test_years_of_use_are_displayed_as_text() -> None:
    assert years("titanium_white") == "from 1916"
    assert years("smalt") == "1500 to 1800"
    assert years("lead_white") == "up to 1970"
    assert years("vermilion") == years("unknown") == ""


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("1880-1900", (1880, 1900)),
        (" 1880 - ", (1880, None)),
        ("-1900", (None, 1900)),
        ("1889", (1889, 1889)),
    ],
)
def test_a_period_is_parsed(text, period):
    assert parse_period(text) == period


@pytest.mark.parametrize("text", ["", "-", "baroque", "1880-1900-1920", "18800-"])
def test_other_texts_are_no_period(text):
    with pytest.raises(ValueError, match="not a period"):
        parse_period(text)


def test_a_list_of_pigments_hides_all_others():
    palette = palette_of(["Lead white", "titanium_white"], (None, 1700), 0.4)
    hidden = palette.hidden(NAMES)
    assert set(NAMES) - set(hidden) == {"lead_white", "titanium_white"}
    assert palette.threshold == 0.4
    assert palette_of([], (None, 1700), 0.5).hidden(["titanium_white"])
    with pytest.raises(ValueError, match=r'no pigment "azurit".*azurite'):
        palette_of(["azurit"], (None, None), 0.5)


def test_selected_maps_have_the_shown_pigments_in_every_array():
    likely = np.arange(3 * 4, dtype=np.float32).reshape(3, 2, 2)
    names = ("azurite", "titanium_white", "vermilion")
    groups = np.ones((1, 2, 2), np.float32)
    maps = PigmentMaps(
        names, likely, likely, likely, ("copper",), groups, groups[0],
        signal=groups, depth_known=likely,
    )  # fmt: skip
    shown = select_pigments(maps, Palette(period=(None, 1700)))
    assert shown.names == ("azurite", "vermilion")
    assert shown.depth_known.shape == shown.top.shape == (2, 2, 2)
    assert shown.signal.shape == groups.shape
    assert shown.provenance["hidden"] == {"titanium_white": "period"}
