"""Colormaps, and maps that get a layer: elements, pigments, groups."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_xrf_pigments.mapping.analysis.map_algebra import combined
from napari_xrf_pigments.mapping.subsets import binned
from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.catalogue import pigment_catalogue
from napari_xrf_pigments.pigments.selection import Palette
from napari_xrf_pigments.plugin.layers import colormaps
from napari_xrf_pigments.plugin.layers.specs import (
    PigmentView,
    derived_specs,
    element_specs,
    limits_of,
    overview_spec,
    pigment_specs,
)
from napari_xrf_pigments.plugin.pigments.pigment_rows import hidden_sentence, pigment_rows
from napari_xrf_pigments.plugin.state.results import ElementResults, ElementView, PigmentResults
from napari_xrf_pigments.reporting.composite import make_item

from ..synthetic import GROUPS, LINES, PIGMENTS, SHAPE, FakeTiles, answer, make_cube


def element_results(part=None):
    cube = make_cube() if part is None else part.cube
    results = ElementResults(cube.shape[:2], tuple(LINES), cube, part)
    for tile in FakeTiles().elements(cube, tuple(LINES)):
        results.add(tile)
    return results


@pytest.mark.parametrize("entry", pigment_catalogue(), ids=lambda entry: entry.id)
def test_every_pigment_is_visible_on_black(entry):
    colormap = colormaps.threshold_colormap(make_item("pigment", entry.id).colour, 0.5, entry.name)
    below, above = colormap.map(np.array([0.49, 1.0]))
    assert below.tolist() == [0, 0, 0, 1]
    assert above[3] == 1
    assert above[:3].max() >= 0.4


def test_only_the_most_varied_element_starts_visible():
    specs = list(element_specs(element_results()))
    assert [spec.visible for spec in specs] == [False, True, False]
    assert specs[0].limits == pytest.approx((0, 1000))
    assert [spec.title for spec in specs] == list(LINES)


@pytest.mark.parametrize(
    ("view", "title", "value"),
    [
        (ElementView("sigma"), "Pb L sigma", 10),
        (ElementView("signal to noise"), "Pb L signal to noise", 100),
        (ElementView("counts", "total"), "Pb L / total", 1000),
        (ElementView("sigma", "scatter"), "Pb L sigma / scatter", np.hypot(10, 1000 / 500**0.5)),
    ],
)
def test_titles_state_quantity_and_normalisation(view, title, value):
    spec = next(element_specs(element_results(), view))
    assert spec.title == title
    assert spec.data == pytest.approx(np.full_like(spec.data, value), rel=1e-4)
    if view.normalisation:
        assert spec.made["normalised_to"]["to"] == view.normalisation


def test_a_scan_without_live_times_is_not_normalised_to_them():
    with pytest.raises(ValueError, match="live time"):
        next(element_specs(element_results(), ElementView("counts", "live time")))


def test_a_binned_map_has_its_title_and_position():
    spec = next(element_specs(element_results(binned(make_cube(), 4))))
    assert spec.kind == "preview"
    assert spec.title == "Pb L (4 x 4 binned)"
    assert spec.data.shape == (6, 9)
    assert (spec.step, spec.origin) == (4, (1.5, 1.5))
    assert spec.made["part"]["title"] == "4 x 4 binned"


def test_a_difference_keeps_its_negative_values():
    results = element_results()
    made = combined("difference", "Cu K", "Pb L", {n: results.pair(n) for n in ("Cu K", "Pb L")})
    (counts,) = derived_specs([made], ElementView())
    assert counts.title == "Cu K - Pb L"
    assert counts.limits[0] == pytest.approx(-1000)
    (sigma,) = derived_specs([made], ElementView("sigma"))
    assert sigma.title == "Cu K - Pb L sigma"
    assert sigma.data == pytest.approx(np.full_like(sigma.data, 200**0.5))


def test_saved_maps_are_normalised_as_shown():
    results = element_results()
    assert results.maps().counts is results.counts
    results.normalisation = "scatter"
    maps = results.maps((0.5, 0.5))
    assert maps.provenance["settings"]["normalised_to"]["to"] == "scatter"
    assert maps.pixel_mm == (0.5, 0.5)
    assert results.provenance.get("settings") is None


def test_limits_of_empty_and_constant_maps():
    empty = np.full((4, 4), np.nan, dtype=np.float32)
    assert limits_of(empty) == (0.0, 1.0)
    low, high = limits_of(np.full((4, 4), 7.0, dtype=np.float32))
    assert high > low


def make_results(**changes):
    """The synthetic answer, some of its fields changed."""
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(None, "cpu"):
        fields = {**vars(tile), **answer(tile.rows, tile.columns)}
        for name, change in changes.items():
            fields[name] = change(fields[name].copy())
        results.add(SimpleNamespace(**fields))
    return results


@pytest.fixture
def results():
    return make_results()


def view(threshold=0.5, shown="probability", **more):
    palette = {key: more.pop(key) for key in ("period", "excluded", "added") if key in more}
    return PigmentView(Palette(threshold=threshold, **palette), shown, **more)


def specs_of(results, chosen):
    return list(pigment_specs(results, chosen))


def test_pigments_not_found_get_no_layer(results):
    assert {spec.name for spec in specs_of(results, view())} == {
        "lead_white",
        "vermilion",
        "copper",
    }


def test_a_group_is_shown_if_its_members_cannot_be_distinguished(results):
    (group,) = [s for s in specs_of(results, view()) if s.kind == "group"]
    assert group.title == "Copper pigments"
    # With a threshold that azurite exceeds, the group adds no information.
    kinds = {(s.kind, s.name) for s in specs_of(results, view(0.38))}
    assert ("pigment", "azurite") in kinds
    assert ("group", "copper") not in kinds


def test_retained_maps_stay_regardless_of_their_area(results):
    retained = frozenset(
        {("pigment", "azurite"), ("group", "copper"), ("pigment-top", "vermilion")}
    )
    few = view(0.999, excluded=frozenset({"lead_white"}), retained=retained)
    assert {(s.kind, s.name) for s in specs_of(results, few)} == {
        ("pigment", "azurite"),
        ("group", "copper"),
    }
    nothing = view(excluded=frozenset(PIGMENTS), retained=retained)
    assert not specs_of(results, nothing)


def test_only_the_overview_starts_visible(results):
    assert overview_spec(results, view()).visible
    assert not any(spec.visible for spec in specs_of(results, view()))


def test_maps_have_their_colours_of_the_overview(results):
    overview = overview_spec(results, view())
    assert [item["name"] for item in overview.made["items"]] == [
        "lead_white",
        "copper",
        "vermilion",
    ]
    for item in overview.made["items"]:
        (spec,) = (s for s in specs_of(results, view()) if s.name == item["name"])
        assert display.rgb_to_hex(tuple(spec.colormap.colors[-1][:3])) == item["colour"]
    red, copper = overview.data[5, 2, :3], overview.data[5, -2, :3]
    assert red[0] > red[2] + 50
    assert copper[2] > copper[0] + 20


def test_the_overview_shows_the_depth_that_is_selected(results):
    below = overview_spec(results, view(shown="below"))
    assert [item["name"] for item in below.made["items"]] == ["vermilion"]
    assert below.title == "Overview, below"
    groups = overview_spec(results, view(groups=True))
    assert {item["name"] for item in groups.made["items"]} == {"lead", "mercury", "copper"}


def signals(results):
    """Give results a signal: 100 to 1000 net counts of mercury, from top to bottom."""
    results.signal = np.full(results.group_probability.shape, np.nan, np.float32)
    results.signal_sigma = np.full_like(results.signal, 1.0)
    results.signal[GROUPS.index("mercury")] = np.linspace(100, 1000, SHAPE[0])[:, None]
    return results


def test_maps_show_net_counts_where_there_is_a_signal(results):
    specs = {s.name: s for s in specs_of(signals(results), view())}
    assert specs["vermilion"].made["quantity"] == "signal"
    assert specs["vermilion"].limits == pytest.approx((0, 1000), rel=0.01)
    assert specs["vermilion"].data[0, 0] == pytest.approx(100)
    assert specs["copper"].made["quantity"] == "probability"
    assert specs["copper"].limits == (0, 1)


def test_the_probability_alone_can_be_shown(results):
    chosen = view(brightness="probability")
    (spec,) = (s for s in specs_of(signals(results), chosen) if s.name == "vermilion")
    assert spec.made["quantity"] == "probability"
    assert spec.data[0, 0] == pytest.approx(0.9)


def test_below_shows_the_hidden_layer_only(results):
    (spec,) = specs_of(results, view(shown="below"))
    assert (spec.kind, spec.name, spec.title) == ("pigment-below", "vermilion", "Vermilion, below")


def test_top_and_below_are_separate_layers(results):
    names = {s.title for s in specs_of(results, view(0.05, "top and below"))}
    assert {"Vermilion, top", "Vermilion, below", "Azurite, top"} <= names
    both = {s.title: s for s in specs_of(results, view(0.05, "top and below"))}
    top, below = both["Vermilion, top"], both["Vermilion, below"]
    assert not np.array_equal(top.data, below.data)
    # Their colours differ, so that both can be distinguished.
    assert not np.allclose(top.colormap.map([1.0]), below.colormap.map([1.0]))


def test_groups_only_gives_one_layer_per_group(results):
    specs = specs_of(results, view(groups=True))
    titles = {s.name: s.title for s in specs}
    assert titles["copper"] == "Copper pigments"
    assert {s.name for s in specs} == {"lead", "mercury", "copper"}
    assert not any(s.kind == "pigment" for s in specs)


def test_a_pigment_may_have_a_separate_threshold(results):
    palette = Palette(thresholds={"azurite": 0.3, "vermilion": 0.95})
    names = {s.name for s in specs_of(results, PigmentView(palette))}
    assert "azurite" in names
    assert "vermilion" not in names
    azurite = next(s for s in specs_of(results, PigmentView(palette)) if s.name == "azurite")
    assert azurite.colormap.map(np.array([0.35]))[0, :3].any()
    assert azurite.made["threshold"] == 0.3


def test_rows_are_listed_once_by_decreasing_area(results):
    rows = pigment_rows(results, view())
    assert [row.name for row in rows] == ["lead_white", "vermilion", "copper", "bone_black"]
    copper = rows[2]
    assert {member.name for member in copper.members} == {"azurite", "malachite"}
    assert copper.found
    assert copper.note == "Cannot be told apart: Azurite, Malachite"
    assert not any(member.found for member in copper.members)
    assert not rows[3].found


def test_rows_have_the_mean_probability(results):
    rows = {row.name: row for row in pigment_rows(results, view())}
    assert rows["vermilion"].certainty == pytest.approx(0.9, abs=1e-5)
    assert rows["copper"].certainty == pytest.approx(0.8, abs=1e-5)
    assert rows["bone_black"].certainty is None
    below = {row.name: row for row in pigment_rows(results, view(shown="below"))}
    assert below["vermilion"].certainty == pytest.approx(0.9, abs=1e-5)
    assert below["lead_white"].share == 0


def test_pigments_hidden_by_the_period_are_named(results):
    old = view(0.38, period=(1900, 1950))
    assert "azurite" not in {s.name for s in specs_of(results, old)}
    sentence = hidden_sentence(results, old)
    assert "Azurite 33.3 % (up to 1700)" in sentence
    assert sentence.startswith("Hidden: 2 pigments, 1 of them found")
    shown = view(0.38, period=(1900, 1950), reveal=True)
    assert "azurite" in {s.name for s in specs_of(results, shown)}
    assert "now shown" in hidden_sentence(results, shown)
    rows = {m.name: m for row in pigment_rows(results, shown) for m in (row, *row.members)}
    assert rows["azurite"].note == "not in use in the period"


def test_hidden_pigments_that_are_not_found_are_counted(results):
    assert hidden_sentence(results, view(period=(1900, 1950))) == (
        "Hidden: 2 pigments, none of them found."
    )
    assert hidden_sentence(results, view()) == ""


def test_pigments_can_be_excluded_and_kept_visible(results):
    without = view(excluded=frozenset({"vermilion"}))
    assert "vermilion" not in {s.name for s in specs_of(results, without)}
    assert "vermilion" not in {row.name for row in pigment_rows(results, without)}
    assert "Vermilion 33.3 % (excluded)" in hidden_sentence(results, without)
    wanted = view(added=frozenset({"bone_black", "azurite"}), period=(1900, 1950))
    names = {s.name for s in specs_of(results, wanted)}
    assert {"bone_black", "azurite"} <= names
    assert "malachite" not in names
    assert {row.name: row for row in pigment_rows(results, wanted)}["bone_black"].found


def test_a_group_includes_its_hidden_members(results):
    half = view(excluded=frozenset({"malachite"}))
    copper = next(row for row in pigment_rows(results, half) if row.name == "copper")
    assert [member.name for member in copper.members] == ["azurite"]
    assert "counts its hidden members too: Malachite" in copper.note
    assert copper.share == pytest.approx(1 / 3)
    nothing = view(excluded=frozenset({"malachite", "azurite"}))
    assert "copper" not in {s.name for s in specs_of(results, nothing)}


def test_lighter_colours_are_lighter():
    assert display.lighter("#c0c0c0") == "#e0e0e0"
    assert display.lighter("#ff0000") == "#ff8080"
