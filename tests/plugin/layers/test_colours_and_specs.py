"""Colormaps, and which elemental maps get a layer."""

import numpy as np
import pytest

from napari_xrf_pigments.mapping.analysis.map_algebra import combined
from napari_xrf_pigments.mapping.subsets import binned
from napari_xrf_pigments.pigments.catalogue import pigment_catalogue
from napari_xrf_pigments.plugin.layers import colormaps
from napari_xrf_pigments.plugin.layers.specs import derived_specs, element_specs, limits_of
from napari_xrf_pigments.plugin.state.results import ElementResults, ElementView

from ..synthetic import LINES, FakeTiles, make_cube


def element_results(part=None):
    cube = make_cube() if part is None else part.cube
    results = ElementResults(cube.shape[:2], tuple(LINES), cube, part)
    for tile in FakeTiles().elements(cube, tuple(LINES)):
        results.add(tile)
    return results


@pytest.mark.parametrize("entry", pigment_catalogue(), ids=lambda entry: entry.id)
def test_every_pigment_is_visible_on_black(entry):
    colormap = colormaps.threshold_colormap(entry.hex, 0.5, entry.name)
    below, above = colormap.map(np.array([0.49, 1.0]))
    assert below[3] == 0
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
    assert spec.kind == "trial"
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
