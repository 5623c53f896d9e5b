"""Shares and certainties from histograms equal those from the pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_xrf_pigments.plugin.state.results import ProbabilityHistogram

MAPS = arrays(np.float32, (2, 5, 7), elements=st.integers(0, 1000).map(lambda n: n / 1000))


@settings(max_examples=60)
@given(maps=MAPS, threshold=st.integers(0, 99).map(lambda n: n / 100))
def test_shares_and_certainties_are_those_of_the_pixels(maps, threshold):
    histogram = ProbabilityHistogram(2)
    histogram.add(maps[:, :3])
    histogram.add(maps[:, 3:])
    for index, image in enumerate(maps):
        over = image > np.float32(threshold)
        assert histogram.share(index, threshold) == pytest.approx(over.mean())
        if over.any():
            assert histogram.certainty(index, threshold) == pytest.approx(
                float(image[over].mean()), rel=1e-5
            )
        else:
            assert histogram.certainty(index, threshold) is None


def test_pixels_that_were_not_measured_do_not_count():
    histogram = ProbabilityHistogram(1)
    maps = np.full((1, 2, 2), np.nan, np.float32)
    maps[0, 0, 0] = 0.9
    histogram.add(maps)
    assert histogram.pixels == 1
    assert histogram.share(0, 0.5) == 1.0


def test_nothing_counted_is_no_share():
    histogram = ProbabilityHistogram(0)
    histogram.add(np.zeros((0, 2, 2), np.float32))
    assert ProbabilityHistogram(1).share(0, 0.5) == 0.0
    assert ProbabilityHistogram(1).certainty(0, 0.5) is None
