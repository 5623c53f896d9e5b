"""Bars and evidence of the prediction for one pixel."""

import numpy as np
import pytest

from napari_xrf_pigments.fitting.unexpected_peaks import UnexpectedPeak
from napari_xrf_pigments.mapping.explanation import Evidence, EvidenceLine
from napari_xrf_pigments.plugin.spectrum.pixel_tab import (
    bands_of,
    bars_of,
    evidence_html,
    unexplained_html,
)
from napari_xrf_pigments.plugin.state.results import PigmentResults

from ..synthetic import GROUPS, PIGMENTS, SHAPE, FakeTiles


@pytest.fixture(scope="module")
def results():
    results = PigmentResults(SHAPE, PIGMENTS, GROUPS)
    for tile in FakeTiles().pigments(None, "cpu"):
        results.add(tile)
    return results


def test_bars_are_sorted_and_name_the_layer_of_a_pigment(results):
    bars = bars_of(results.maps_at(2, 2))
    assert [bar.title for bar in bars] == ["Lead white", "Vermilion"]
    assert [bar.depth for bar in bars] == ["top", "below"]


def test_the_group_comes_first_where_its_members_are_uncertain(results):
    titles = [bar.title for bar in bars_of(results.maps_at(2, 30))]
    assert titles == ["Lead white", "Copper pigments", "Azurite", "Malachite"]


def test_a_pixel_without_likely_pigments_has_no_bars(results):
    nothing = results.maps_at(2, 2)
    nothing.probability[:] = 0
    nothing.group_probability[:] = 0
    assert bars_of(nothing) == []
    assert np.all(nothing.probability == 0)


EVIDENCE = Evidence(
    "pigment",
    "chrome_yellow",
    0.97,
    0.001,
    (EvidenceLine("Pb L", 10.55, 900.0, 30.0, 4.0), EvidenceLine("Cr K", 5.41, 300.0, 18.0, 3.0)),
    ("chrome_orange",),
    (("lead", "chromium"),),
)


def test_evidence_lists_lines_counts_alternatives_and_mixtures():
    text = evidence_html(EVIDENCE, 0.9, 0.002)
    for part in ("Chrome yellow", "97 %", "below under 1 %", "900 ± 30", "Chrome orange"):
        assert part in text
    assert "lead pigments with chromium pigments" in text
    assert "<1" not in text  # would be taken for a tag


def test_bands_cover_the_lines_of_the_evidence_only():
    bands = bands_of(EVIDENCE, lambda kev: 0.18)

    def inside(kev):
        return any(band.low < kev < band.high for band in bands)

    assert inside(10.55)
    assert inside(12.61)
    assert inside(5.41)
    assert not inside(6.40)
    assert not inside(8.05)


def test_unassigned_peaks_are_listed():
    assert unexplained_html(()) == ""
    text = unexplained_html(
        [UnexpectedPeak("Bi L", 10.84, 200.0, 9.4), UnexpectedPeak("", 27.0, 50.0, 8.0)]
    )
    assert "10.84 keV (9 σ; Bi L?)" in text
    assert "27.00 keV (8 σ)" in text
