"""Comparison of a pigment with its elements, without a viewer."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin.agreement.model import compare_with_elements, pigments_by_share
from napari_xrf_pigments.plugin.state.scan import Scan

from .. import mapped
from ..synthetic import PIGMENTS, make_cube, places


@pytest.fixture
def scan():
    scan = Scan(make_cube(), "scan")
    scan.elements, scan.pigments = mapped.elements(), mapped.pigments()
    return scan


def test_a_pigment_agrees_where_its_element_is_present(scan):
    comparison = compare_with_elements(scan, "vermilion", 0.5, 3.0)
    (line,) = [row for row in comparison.rows if row.mapped]
    assert line.family == "Hg L"
    assert line.pearson > 0.99
    assert set(np.unique(comparison.labels())) == {0, 1}
    assert np.array_equal(comparison.labels() == 1, places()["Hg L"])
    assert "agreement in 33.3 % of the painting" in comparison.sentence()


def test_an_element_without_a_predicted_pigment_is_mapped(scan):
    comparison = compare_with_elements(scan, "azurite", 0.5, 3.0)
    assert np.array_equal(comparison.labels() == 3, places()["Cu K"])


def test_another_pigment_with_the_same_lines_explains_the_element(scan):
    scan.pigments.probability[PIGMENTS.index("malachite")][places()["Cu K"]] = 0.9
    comparison = compare_with_elements(scan, "azurite", 0.5, 3.0)
    assert np.array_equal(comparison.labels() == 4, places()["Cu K"])
    assert "another pigment explains them" in comparison.sentence()


def test_a_pigment_without_its_element_is_mapped(scan):
    scan.pigments.probability[PIGMENTS.index("vermilion")][:, -3:] = 0.99
    comparison = compare_with_elements(scan, "vermilion", 0.5, 3.0)
    assert (comparison.labels()[:, -3:] == 2).all()


def test_lines_that_were_not_mapped_are_named(scan):
    comparison = compare_with_elements(scan, "bone_black", 0.5, 3.0)
    assert comparison.agreement is None
    assert "Not mapped: Ca K" in comparison.sentence()


def test_pigments_are_listed_by_decreasing_area(scan):
    names = [name for name, _ in pigments_by_share(scan, 0.5)]
    assert names[:2] == ["lead_white", "vermilion"]
    assert pigments_by_share(Scan(make_cube(), "new"), 0.5) == []


def test_missing_maps_are_named_in_the_error(scan):
    empty = Scan(make_cube(), "new")
    with pytest.raises(ValueError, match="Map the pigments first"):
        compare_with_elements(empty, "vermilion", 0.5, 3.0)
    empty.pigments = scan.pigments
    with pytest.raises(ValueError, match="Map the elements first"):
        compare_with_elements(empty, "vermilion", 0.5, 3.0)
