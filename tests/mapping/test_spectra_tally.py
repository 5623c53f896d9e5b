"""Test that a tally in blocks and on threads equals the sums of single spectra."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.mapping.run_warnings import SpectraTally, count_spectra


def mixed(seed, count, kind):
    """Make spectra of which some are empty, dark, negative or saturated."""
    rng = np.random.default_rng(seed)
    spectra = rng.poisson(3.0, (count, 24)).astype(kind)
    spectra[rng.random(count) < 0.2] = 0
    spectra[rng.random(count) < 0.1, 3] = np.iinfo(kind).max
    dark = rng.random(count) < 0.1
    spectra[dark] = 0
    spectra[dark, 5] = 1
    if np.iinfo(kind).min < 0:
        spectra[rng.random(count) < 0.1, 7] = -2
    return spectra, rng.random(count).astype(np.float32)


@given(st.integers(0, 100), st.integers(1, 700), st.sampled_from([np.uint16, np.int16]))
def test_the_tally_of_a_batch_is_the_sum_of_its_parts(seed, count, kind):
    spectra, unexplained = mixed(seed, count, kind)
    rows = range(0, count, 97)
    parts = [
        count_spectra(spectra[i : i + 97], unexplained[i : i + 97], with_sum=True) for i in rows
    ]
    whole = count_spectra(spectra, unexplained, with_sum=True)
    added = sum(parts, SpectraTally())
    assert whole.numbers == added.numbers
    np.testing.assert_array_equal(whole.total, added.total)
    np.testing.assert_array_equal(whole.total, np.maximum(spectra.astype(int), 0).sum(0))


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_the_number_of_threads_does_not_matter(monkeypatch, threads):
    spectra, unexplained = mixed(1, 3000, np.int16)
    totals = spectra.sum(axis=1, dtype=np.int64)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    found = count_spectra(spectra, unexplained, totals)
    assert found == replace(
        SpectraTally(),
        pixels=3000,
        empty=int((spectra == 0).all(axis=1).sum()),
        dark=int((totals < 20).sum()),
        negative=int((spectra < 0).any(axis=1).sum()),
        saturated=int((spectra == np.iinfo(np.int16).max).any(axis=1).sum()),
        unexplained=int((unexplained > 0.2).sum()),
    )


def test_an_empty_batch_has_an_empty_tally():
    found = count_spectra(np.zeros((0, 24), np.uint16), with_sum=True)
    assert found == SpectraTally()
