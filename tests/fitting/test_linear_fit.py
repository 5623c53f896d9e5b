"""Test that the net counts of the linear fit are unbiased and their errors correct."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.linear_fit import fit_window, line_fit

Maker = Callable[..., np.ndarray]
KEV = -0.02 + 0.029 * np.arange(1024)
RH = Conditions("Rh", 45.0, 145.0)
PAINT = {
    "Ca K": 600.0,
    "Ti K": 150.0,
    "Mn K": 60.0,
    "Fe K": 900.0,
    "Co K": 50.0,
    "Cu K": 400.0,
    "Zn K": 250.0,
    "Hg L": 700.0,
    "Pb L": 2500.0,
    "Sn K": 60.0,
}
HIDDEN = {"Ar K": 100.0, "Pb M": 400.0, "Hg M": 90.0, "Sn L": 10.0}


def _fit(make: Maker, names: list[str], amounts: dict[str, float]):
    mean = make(KEV, amounts, scatter=900, continuum=3000)
    return line_fit(KEV, names, mean * 2000, RH, nuisance=tuple(HIDDEN)), mean


def test_counts_are_unbiased_and_pulls_have_unit_width(expected_spectrum: Maker) -> None:
    fit, mean = _fit(expected_spectrum, list(PAINT), {**PAINT, **HIDDEN})
    found = fit(np.random.default_rng(0).poisson(mean, (3000, KEV.size)))
    truth = np.array(list(PAINT.values()))
    strong = truth > 100
    assert found.counts.mean(0)[strong] == pytest.approx(truth[strong], rel=0.02)
    pulls = (found.counts - truth) / found.sigma
    assert np.abs(pulls.mean(0)).max() < 0.25
    assert pulls.std(0) == pytest.approx(np.ones(len(truth)), abs=0.13)


def test_counts_of_pixels_unlike_the_mean_are_unbiased(expected_spectrum: Maker) -> None:
    fit, _ = _fit(expected_spectrum, list(PAINT), {**PAINT, **HIDDEN})
    other = {**PAINT, **HIDDEN, "Fe K": 4000.0, "Zn K": 3000.0, "Pb L": 500.0}
    mean = expected_spectrum(KEV, other, scatter=900, continuum=3000)
    found = fit(np.random.default_rng(1).poisson(mean, (2000, KEV.size)))
    for name in ("Fe K", "Zn K", "Cu K", "Ca K"):
        column = found.names.index(name)
        assert found.counts[:, column].mean() == pytest.approx(other[name], rel=0.02)
        assert ((found.counts[:, column] - other[name]) / found.sigma[:, column]).std() < 1.15


def test_the_errors_of_few_counts_are_correct(expected_spectrum: Maker) -> None:
    few = {name: amount * 0.06 for name, amount in {**PAINT, **HIDDEN}.items()}
    mean = expected_spectrum(KEV, few, scatter=50, continuum=150)
    assert mean.sum() < 700
    fit = line_fit(KEV, list(PAINT), mean * 1000, RH, nuisance=tuple(HIDDEN))
    found = fit(np.random.default_rng(2).poisson(mean, (3000, KEV.size)))
    for name in ("Fe K", "Pb L", "Hg L", "Ca K"):
        column = found.names.index(name)
        pulls = (found.counts[:, column] - few[name]) / found.sigma[:, column]
        assert pulls.std() == pytest.approx(1.0, abs=0.12)


def test_absent_elements_under_strong_lines_are_not_detected(expected_spectrum: Maker) -> None:
    # All of these are absent; each lies under a line of an element that is present.
    absent = ["As K", "Cd K", "Cr K", "Ni K", "Ba L"]
    fit, mean = _fit(expected_spectrum, [*PAINT, *absent], {**PAINT, **HIDDEN})
    found = fit(np.random.default_rng(3).poisson(mean, (2000, KEV.size)))
    for name in absent:
        column = found.names.index(name)
        pulls = found.counts[:, column] / found.sigma[:, column]
        assert abs(pulls.mean()) < 0.3
        assert (pulls > 3).mean() < 0.01


def test_arsenic_under_lead_is_uncertain(expected_spectrum: Maker) -> None:
    leaded, mean = _fit(expected_spectrum, ["As K", "Pb L"], {"Pb L": 3000.0, "Ca K": 100.0})
    bare, _ = _fit(expected_spectrum, ["As K"], {"Ca K": 100.0})
    under = leaded(np.atleast_2d(mean)).sigma[0, 0]
    free = bare(np.atleast_2d(expected_spectrum(KEV, {"Ca K": 100.0}, continuum=3000))).sigma[0, 0]
    assert under > 3 * free


def test_titanium_and_barium_are_separated(expected_spectrum: Maker) -> None:
    amounts = {"Ti K": 800.0, "Ba L": 1200.0, "Ca K": 300.0}
    fit, mean = _fit(expected_spectrum, list(amounts), amounts)
    found = fit(np.random.default_rng(4).poisson(mean, (1500, KEV.size)))
    assert found.counts.mean(0) == pytest.approx(list(amounts.values()), rel=0.03)


def test_a_spectrum_has_the_same_fit_alone_and_in_a_batch(expected_spectrum: Maker) -> None:
    fit, mean = _fit(expected_spectrum, list(PAINT), {**PAINT, **HIDDEN})
    batch = np.random.default_rng(5).poisson(mean, (9, KEV.size))
    assert fit(batch[3:4]).counts[0] == pytest.approx(fit(batch).counts[3], rel=1e-3, abs=0.05)


def test_the_model_agrees_with_the_spectrum(expected_spectrum: Maker) -> None:
    fit, mean = _fit(expected_spectrum, list(PAINT), {**PAINT, **HIDDEN})
    model = fit.model(mean[None])[0]
    expected = mean[fit.window]
    assert np.abs(model - expected).max() < 0.02 * expected.max()


def test_an_empty_pixel_has_no_counts_but_a_sigma(expected_spectrum: Maker) -> None:
    fit, _ = _fit(expected_spectrum, list(PAINT), {**PAINT, **HIDDEN})
    found = fit(np.zeros((1, KEV.size), np.int32))
    assert np.all(found.counts == 0)
    assert np.all(np.isfinite(found.sigma) & (found.sigma > 0))


def test_the_fit_window_excludes_threshold_and_zero_peak() -> None:
    kev = -0.96 + 0.01 * np.arange(3000)
    spectrum = np.where(kev > 1.5, 5.0, 0.0) + 1e6 * np.exp(-((kev / 0.05) ** 2))
    window = fit_window(kev, np.floor(spectrum))
    assert kev[window.start] > 1.5


@pytest.mark.parametrize("name", ["Fe", "Fe Q", "Xx K", "H K"])
def test_an_unknown_line_family_is_named_in_the_error(expected_spectrum: Maker, name: str) -> None:
    with pytest.raises(ValueError, match=name.split()[0]):
        line_fit(KEV, [name], expected_spectrum(KEV, PAINT, continuum=100), RH)


def test_a_family_above_the_voltage_is_refused(expected_spectrum: Maker) -> None:
    low = Conditions("Rh", 20.0)
    with pytest.raises(ValueError, match="not excited"):
        line_fit(KEV, ["Sn K"], expected_spectrum(KEV, PAINT, continuum=100), low)


def test_a_spectrum_without_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="no counts"):
        line_fit(KEV, ["Fe K"], np.zeros(KEV.size), RH)
