"""Test the study of missed groups: fits with and without a group to simulated spectra."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_xrf_pigments.evaluation.indistinguishable import (
    GroupRatio,
    compare_groups,
    draw_pixels,
    fit_cases,
    ratio_table,
    simulate_pixels,
)
from napari_xrf_pigments.network.outputs import output_names
from napari_xrf_pigments.pigments.catalogue import pigment

from ..inversion.sections import make_section

GROUPS = output_names()[1]


def ratio_of(group, *paints, counts=20_000.0):
    """Compute the log likelihood ratio of a group in the spectrum of some paints."""
    drawn = simulate_pixels([make_section(*paints)], GROUPS, np.array([counts]), seed=0)
    assert drawn.sigma[0, GROUPS.index(group)] > 5
    return float(fit_cases(drawn, [(0, GROUPS.index(group))], steps=150)[0])


@pytest.mark.slow
def test_chrome_yellow_in_lead_white_is_confused_with_a_chromium_green():
    group = pigment("chrome_yellow").group
    assert ratio_of(group, [("chrome_yellow", 0.2), ("lead_white", 0.8)]) < 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vermilion", "lead_tin_yellow"])
def test_a_strong_element_of_one_group_only_is_not_confused(name):
    assert ratio_of(pigment(name).group, [(name, 1.0), ("bone_black", 0.2)]) > 20


@pytest.mark.slow
def test_the_ratio_rises_with_the_counts():
    few, many = (
        ratio_of(pigment("cobalt_blue").group, [("cobalt_blue", 0.3), ("chalk", 1.0)], counts=n)
        for n in (5_000.0, 50_000.0)
    )
    assert 0 <= few < many


class FixedPredictor:
    """A predictor that finds the same groups in every spectrum."""

    groups = GROUPS

    def __init__(self, found):
        self.found = found

    def bind(self, axis, known):
        assert (known.anode, known.tube_kv) == ("Rh", 50.0)

        def predict(counts):
            assert counts.shape[1] == axis.n_channels
            probability = np.zeros((len(GROUPS), len(counts)), np.float32)
            probability[[GROUPS.index(name) for name in self.found]] = 0.9
            return SimpleNamespace(group_probability=probability)

        return predict


def test_all_missed_and_some_found_groups_are_compared():
    lead = pigment("lead_white").group
    drawn = draw_pixels(GROUPS, 6, seed=5)
    detectable = drawn.sigma >= 5
    calls = []
    results = compare_groups(
        FixedPredictor([lead]),
        pixels=6,
        max_found=1,
        seed=5,
        steps=2,
        progress=lambda *at: calls.append(at),
    )
    missed = [one for one in results if one.probability < 0.5]
    found = [one for one in results if one.probability >= 0.5]
    assert len(missed) == detectable.sum() - detectable[:, GROUPS.index(lead)].sum()
    assert [one.group for one in found] == [lead]
    assert all(one.sigma >= 5 and one.ratio >= 0 for one in results)
    assert calls[-1] == (len(results), len(results))


def test_the_table_separates_missed_and_found_groups():
    results = [GroupRatio("lead", 0.9, 8.0, ratio) for ratio in (0.5, 20.0)]
    results += [GroupRatio("tin", 0.1, 6.0, ratio) for ratio in (0.5, 2.0, 5.0, 50.0)]
    lines = ratio_table(results).splitlines()
    assert lines[2] == "| missed by the network | 4 | 25% | 50% | 75% |"
    assert lines[3] == "| found by it | 2 | 50% | 50% | 50% |"
    assert len(ratio_table([]).splitlines()) == 2
