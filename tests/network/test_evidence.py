"""Test the rule that a pigment is claimed only where its own lines show."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments.network.evidence import evidence_rule
from napari_xrf_pigments.network.outputs import group_of_pigment, output_names

NAMES, GROUPS = output_names()
FAMILIES = ("Pb L", "Pb M", "Sn K", "Cu K", "Fe K", "Si K", "S K", "Al K", "Ca K")


def fields(**claims: float) -> dict[str, np.ndarray]:
    """Return the fields of one spectrum with some pigments claimed."""
    probability = np.full((len(NAMES), 1), 0.01, np.float32)
    for name, value in claims.items():
        probability[NAMES.index(name)] = value
    groups = np.full((len(GROUPS), 1), 0.01, np.float32)
    np.maximum.at(groups, group_of_pigment().numpy(), probability)
    return {
        "probability": probability,
        "top": 0.8 * probability,
        "below": 0.1 * probability,
        "group_probability": groups,
    }


def judged(claims: dict[str, float], lines: dict[str, float], sigma: float = 10.0) -> dict:
    """Apply the rule to claims and net counts; return all fields."""
    found = fields(**claims)
    counts = np.array([[lines.get(name, 0.0) for name in FAMILIES]], np.float32)
    added = evidence_rule(FAMILIES)(found, counts, np.full_like(counts, sigma))
    return {**found, **added}


def of_group(result: dict, field: str, group: str) -> float:
    return float(result[field][GROUPS.index(group), 0])


def of_pigment(result: dict, field: str, name: str) -> float:
    return float(result[field][NAMES.index(name), 0])


def test_a_claim_without_its_line_is_removed_and_the_rest_is_kept() -> None:
    result = judged({"azurite": 0.9, "lead_white": 0.95}, {"Pb L": 500.0})
    assert of_group(result, "group_probability", "copper") < 0.1
    assert of_group(result, "unsupported", "copper") == pytest.approx(0.85, abs=0.01)
    assert of_pigment(result, "probability", "azurite") < 0.1
    assert of_group(result, "group_probability", "lead") == pytest.approx(0.95)
    assert of_group(result, "unsupported", "lead") == 0


def test_every_diagnostic_element_must_show() -> None:
    lead_alone = judged({"lead_tin_yellow": 0.9}, {"Pb L": 500.0})
    assert of_group(lead_alone, "group_probability", "lead-tin") < 0.5
    both = judged({"lead_tin_yellow": 0.9}, {"Pb L": 500.0, "Sn K": 60.0})
    assert of_group(both, "group_probability", "lead-tin") == pytest.approx(0.9)


def test_top_and_below_shrink_with_the_probability() -> None:
    result = judged({"azurite": 0.9}, {})
    ratio = of_pigment(result, "top", "azurite") / of_pigment(result, "probability", "azurite")
    assert ratio == pytest.approx(0.8)


def test_the_limit_rises_with_the_significance() -> None:
    values = [
        of_group(judged({"azurite": 0.99}, {"Cu K": 10.0 * s}), "group_probability", "copper")
        for s in (-1.0, 0.5, 1.5, 2.0, 2.25, 3.0)
    ]
    assert values == sorted(values)
    assert values[3] == pytest.approx(0.5) and values[-1] == pytest.approx(0.99)


def test_probabilities_that_claim_nothing_stay() -> None:
    result = judged({"azurite": 0.28}, {})
    assert of_group(result, "group_probability", "copper") == pytest.approx(0.28)
    assert of_group(result, "unsupported", "copper") == 0


def test_one_member_of_a_group_suffices() -> None:
    # Egyptian blue needs calcium as well; the other copper pigments do not.
    result = judged({"egyptian_blue": 0.9}, {"Cu K": 100.0})
    assert of_group(result, "group_probability", "copper") == pytest.approx(0.9)
    assert of_pigment(result, "probability", "egyptian_blue") < 0.5


def test_ultramarine_stands_where_two_of_its_elements_show() -> None:
    two = judged({"ultramarine": 0.9}, {"Si K": 50.0, "S K": 40.0})
    assert of_group(two, "group_probability", "light-elements") == pytest.approx(0.9)
    one = judged({"ultramarine": 0.9}, {"S K": 40.0})
    assert of_group(one, "group_probability", "light-elements") < 0.5


def test_the_signal_is_the_least_shared_line_split_by_probability() -> None:
    lines = {"Pb L": 900.0, "Sn K": 60.0, "Cu K": 100.0}
    result = judged({"lead_white": 0.9, "lead_tin_yellow": 0.9, "azurite": 0.99}, lines)
    # Lead-tin yellow by tin, which no other probable group holds; lead by its only line, shared.
    assert of_group(result, "signal", "lead-tin") == pytest.approx(60, rel=0.05)
    assert 300 < of_group(result, "signal", "lead") < 500
    assert of_group(result, "signal", "copper") == pytest.approx(100, rel=0.1)
    share = of_group(result, "signal", "lead") / 900
    assert of_group(result, "signal_sigma", "lead") == pytest.approx(10 * share)
    assert np.isnan(of_group(result, "signal", "gold"))


def test_the_depth_is_known_where_two_families_or_a_ratio_are_measured() -> None:
    claims = {"lead_white": 0.9, "azurite": 0.9}
    strong = judged(claims, {"Pb L": 40.0, "Pb M": 40.0, "Cu K": 200.0})
    assert of_pigment(strong, "depth_known", "lead_white") == 1
    assert of_pigment(strong, "depth_known", "azurite") == 1
    weak = judged(claims, {"Pb L": 40.0, "Cu K": 60.0})
    assert of_pigment(weak, "depth_known", "lead_white") == 0
    assert of_pigment(weak, "depth_known", "azurite") == 0


def test_the_depth_is_not_known_where_the_network_is_undecided() -> None:
    found = fields(lead_white=0.9)
    found["below"] = found["top"].copy()
    counts = np.full((1, len(FAMILIES)), 500.0, np.float32)
    added = evidence_rule(FAMILIES)(found, counts, np.full_like(counts, 5.0))
    assert added["depth_known"].max() == 0
