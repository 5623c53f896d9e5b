"""Test the comparison of pigment maps with element maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.mapping.analysis.agreement import (
    Verdict,
    agreement,
    correlate,
    matching_line,
)

RNG = np.random.default_rng(0)


@given(st.floats(0.1, 50), st.floats(-5, 5), st.booleans())
def test_correlation_does_not_depend_on_the_scale(gain, offset, opposite):
    a = RNG.normal(size=(12, 15))
    found = correlate(a, (-gain if opposite else gain) * a + offset, "Fe K")
    assert found.pearson == pytest.approx(-1 if opposite else 1)
    assert found.spearman == pytest.approx(-1 if opposite else 1)
    assert (found.name, found.pixels) == ("Fe K", 180)


def test_unknown_pixels_are_left_out():
    a, b = RNG.normal(size=(2, 10, 10))
    b[:5] = a[:5]
    a[5:8], b[8:] = np.nan, np.nan
    found = correlate(a, b)
    assert found.pearson == pytest.approx(1)
    assert found.pixels == 50


def test_a_constant_map_has_no_correlation():
    found = correlate(np.ones((4, 4)), RNG.normal(size=(4, 4)))
    assert np.isnan(found.pearson)
    assert np.isnan(found.spearman)
    assert np.isnan(correlate(np.full((4, 4), np.nan), np.ones((4, 4))).pearson)
    with pytest.raises(ValueError, match="same scan"):
        correlate(np.ones((3, 4)), np.ones((4, 3)))


def test_rank_correlation_finds_nonlinear_relations():
    a = np.linspace(0, 8, 100)
    found = correlate(a, np.exp(a))
    assert found.spearman == pytest.approx(1)
    assert found.pearson < 0.9


PROBABILITY = np.array([[0.9, 0.9, 0.1, 0.1, 0.1, np.nan]])
COUNTS = np.array([[50.0, 2.0, 60.0, 60.0, 1.0, 70.0]])
SIGMA = np.full((1, 6), 4.0)
OTHER = np.array([[0.0, 0.0, 0.0, 0.8, 0.8, 0.0]])


def test_each_pixel_has_its_verdict():
    found = agreement(PROBABILITY, [COUNTS], [SIGMA], others=[OTHER])
    assert [Verdict(v) for v in found.verdict[0]] == [
        Verdict.AGREE,
        Verdict.PREDICTED_WITHOUT_ELEMENT,
        Verdict.ELEMENT_WITHOUT_PREDICTION,
        Verdict.ELEMENT_EXPLAINED_BY_OTHERS,
        Verdict.NEITHER,
        Verdict.UNKNOWN,
    ]
    assert found.share(Verdict.AGREE) == 0.2


def test_an_element_is_present_only_if_all_its_lines_are_significant():
    weak = np.array([[50.0, 50.0, 2.0, 60.0, 1.0, 0.0]])
    found = agreement(PROBABILITY, [COUNTS, weak], [SIGMA, SIGMA])
    assert found.verdict[0, 1] == Verdict.PREDICTED_WITHOUT_ELEMENT
    assert found.verdict[0, 2] == Verdict.NEITHER
    assert found.verdict[0, 3] == Verdict.ELEMENT_WITHOUT_PREDICTION


@given(st.floats(0.05, 0.95), st.floats(1, 8))
def test_higher_thresholds_never_add_element_or_pigment_pixels(threshold, sigmas):
    probability, counts = RNG.uniform(size=(20, 20)), RNG.uniform(0, 30, (20, 20))
    low = agreement(probability, [counts], [SIGMA[0, 0] + 0 * counts], threshold=threshold,
                    sigmas=sigmas)  # fmt: skip
    high = agreement(probability, [counts], [SIGMA[0, 0] + 0 * counts], threshold=threshold + 0.04,
                     sigmas=sigmas + 1)  # fmt: skip
    agreed = high.verdict == Verdict.AGREE
    assert (low.verdict[agreed] == Verdict.AGREE).all()
    neither = low.verdict == Verdict.NEITHER
    assert (high.verdict[neither] == Verdict.NEITHER).all()


def test_shares_of_all_verdicts_sum_to_one():
    found = agreement(PROBABILITY, [COUNTS], [SIGMA], others=[OTHER])
    assert sum(found.share(v) for v in Verdict if v != Verdict.UNKNOWN) == pytest.approx(1)


def test_agreement_requires_an_element_map_of_the_same_scan():
    with pytest.raises(ValueError, match=r"was mapped\."):
        agreement(PROBABILITY, [], [])
    with pytest.raises(ValueError, match="same scan"):
        agreement(PROBABILITY, [COUNTS[:, :3]], [SIGMA[:, :3]])


def test_another_series_of_the_element_is_used_if_mapped():
    assert matching_line("Pb L", ("Pb M", "Pb L")) == "Pb L"
    assert matching_line("Sn L", ("Pb L", "Sn K")) == "Sn K"
    assert matching_line("S K", ("Sn K", "Si K")) is None
