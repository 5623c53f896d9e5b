"""Test that unexpected elements are named and expected ones are not."""

import numpy as np
import pytest

from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.lineshape import family_shape, fwhm_kev, peaks
from napari_xrf_pigments.fitting.pixel_fit import fit_pixel
from napari_xrf_pigments.fitting.unexpected_peaks import find_unexpected_peaks
from napari_xrf_pigments.physics.lines import line_family

RH = Conditions("Rh", 50.0)
AXES = {
    "10 eV": 0.01 * np.arange(4096),
    "20 eV": 0.02 * np.arange(2048),
    "41 eV": 0.041 * np.arange(1024),
}
PAINT = {"Pb L": 9000, "Fe K": 2500, "Ca K": 2000, "Cu K": 3000, "Hg L": 2500, "Zn K": 800}


def shape(axis, name):
    family = line_family(name, 40.0)
    return family_shape(axis, family, np.ones(len(family.kev)))


def paint(axis, rng, extra=None, sigma=10.0):
    gain = axis[1] - axis[0]
    counts = gain * (40 + 300 * np.exp(-0.5 * ((axis - 18.6) / 1.2) ** 2)) * (axis > 1)
    for name, much in PAINT.items():
        counts = counts + much * shape(axis, name)
    if extra is not None:
        family = line_family(extra, 40.0)
        main = family.main.kev
        near = np.abs(axis - main) < fwhm_kev(np.array([main]))[0]
        alpha = sum(
            s
            for s, line in zip(family.strength, family.lines, strict=True)
            if line.siegbahn[:2] in ("Ka", "La")
        )
        under = counts[near].sum()
        # The main line is then `sigma` standard deviations above the noise of its window.
        net = (sigma**2 + np.sqrt(sigma**4 + 4 * sigma**2 * under)) / 2 / alpha
        counts = counts + net * shape(axis, extra)
    return rng.poisson(counts).astype(float)


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES.keys())
@pytest.mark.parametrize("foreign", ["Nb K", "Y K", "U L"])
def test_an_injected_element_of_ten_sigma_is_named(axis, foreign):
    rng = np.random.default_rng(7)
    named = [
        any(
            entry.family == foreign
            for entry in find_unexpected_peaks(paint(axis, rng, foreign), axis, RH)
        )
        for _ in range(10)
    ]
    assert np.mean(named) >= 0.8


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES.keys())
def test_paint_of_common_elements_rarely_has_an_unexpected_peak(axis):
    rng = np.random.default_rng(8)
    named = [bool(find_unexpected_peaks(paint(axis, rng), axis, RH)) for _ in range(12)]
    assert np.mean(named) <= 0.2


def test_a_peak_at_no_known_line_is_reported_without_a_name():
    axis = AXES["20 eV"]
    counts = paint(axis, np.random.default_rng(9))
    counts += np.random.default_rng(1).poisson(
        3000 * peaks(axis, np.array([27.0]), escape=False)[0]
    )
    found = find_unexpected_peaks(counts, axis, RH)
    assert found
    assert any(abs(entry.kev - 27.0) < 0.15 for entry in found)


def test_lines_of_the_anode_are_not_unexpected():
    axis = AXES["20 eV"]
    counts = paint(axis, np.random.default_rng(3))
    counts += np.random.default_rng(2).poisson(4000 * shape(axis, "Mo K"))
    assert all(
        e.family != "Mo K" for e in find_unexpected_peaks(counts, axis, Conditions("Mo", 45.0))
    )
    assert any(e.family == "Mo K" for e in find_unexpected_peaks(counts, axis, RH))


@pytest.mark.parametrize("axis", AXES.values(), ids=AXES.keys())
def test_the_fit_finds_the_counts_of_each_family(axis):
    counts = paint(axis, np.random.default_rng(4))
    fit = fit_pixel(counts, axis, RH)
    for name, much in PAINT.items():
        net, sigma = fit.net(name)
        assert net == pytest.approx(much, abs=5 * sigma + 0.03 * much)
    assert fit.model.sum() == pytest.approx(fit.counts.sum(), rel=0.03)


def test_absent_elements_have_no_significant_counts():
    axis = AXES["20 eV"]
    fit = fit_pixel(paint(axis, np.random.default_rng(5)), axis, RH)
    for name in ("Cd K", "Sn K", "Co K"):
        net, sigma = fit.net(name)
        assert net < 4 * sigma


def test_a_bin_width_of_zero_keeps_the_channels():
    axis = AXES["10 eV"]
    fit = fit_pixel(paint(axis, np.random.default_rng(6)), axis, RH, bin_kev=0.0)
    assert fit.fold == 1
    assert fit.kev.size == axis.size - fit.first
    assert np.allclose(fit.kev, axis[fit.first :])


@pytest.mark.parametrize(
    ("axis", "message"),
    [(0.001 * np.arange(500), "too little"), (0.02 * np.arange(2000), "no counts")],
)
def test_a_spectrum_that_cannot_be_fitted_is_refused_in_one_sentence(axis, message):
    with pytest.raises(ValueError, match=message):
        fit_pixel(np.zeros(axis.size), axis, RH)
