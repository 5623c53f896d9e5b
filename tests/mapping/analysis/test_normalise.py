"""Test that normalised maps are counts at equal dose, with the noise of the monitor."""

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, XRFCube
from napari_xrf_pigments.mapping import map_elements
from napari_xrf_pigments.mapping.analysis.map_algebra import monitor, normalised

COUNTS = np.array([[100.0, 200.0, 400.0]], np.float32)
SIGMA = np.sqrt(COUNTS)


def test_twice_the_dose_halves_the_counts() -> None:
    by = monitor("live time", np.array([[1.0, 2.0, 4.0]]))
    counts, sigma = normalised(COUNTS, SIGMA, by)
    assert counts == pytest.approx(np.full((1, 3), 200.0))
    assert sigma == pytest.approx(SIGMA / np.array([[0.5, 1.0, 2.0]]))
    assert by.settings == {"to": "live time", "median": 2.0}


def test_a_constant_monitor_changes_nothing() -> None:
    counts, sigma = normalised(COUNTS, SIGMA, monitor("total", np.full((1, 3), 7.0)))
    assert counts == pytest.approx(COUNTS)
    assert sigma == pytest.approx(SIGMA)


def test_the_noise_of_the_monitor_is_propagated() -> None:
    by = monitor("scatter", np.full((1, 3), 50.0), np.full((1, 3), 5.0))
    _, sigma = normalised(COUNTS, SIGMA, by)
    assert sigma == pytest.approx(np.hypot(SIGMA, 0.1 * COUNTS))


def test_pixels_without_a_dose_are_nan() -> None:
    counts, sigma = normalised(COUNTS, SIGMA, monitor("total", np.array([[0.0, np.nan, 3.0]])))
    assert np.array_equal(np.isnan(counts), [[True, True, False]])
    assert np.array_equal(np.isnan(sigma), np.isnan(counts))


@pytest.mark.parametrize(
    ("name", "words"), [("live time", "live time"), ("scatter", "scatter"), ("total", "total")]
)
def test_a_missing_monitor_is_named_in_the_error(name: str, words: str) -> None:
    for values in (None, np.full((2, 2), np.nan), np.zeros((2, 2))):
        with pytest.raises(ValueError, match=words):
            monitor(name, values)


@pytest.fixture
def striped(painting: XRFCube) -> XRFCube:
    """Return the painting with every other column measured for half the time."""
    counts = painting.counts.compute()
    rng = np.random.default_rng(3)
    counts[:, ::2] = rng.binomial(counts[:, ::2], 0.5)
    time = np.full(counts.shape[:2], 1.0)
    time[:, ::2] = 0.5
    cube = XRFCube.from_array(
        counts,
        gain_kev=0.03,
        offset_kev=-0.02,
        acquisition=painting.acquisition,
        valid=painting.valid,
        live_time_s=time,
    )
    return cube


@pytest.mark.parametrize("name", ["live time", "scatter", "total"])
def test_stripes_of_the_dose_are_corrected(striped: XRFCube, name: str) -> None:
    def stripes(maps: object) -> float:
        image = np.asarray(maps.counts)[0]
        return float(np.nanmean(image[:, ::2]) / np.nanmean(image[:, 1::2]))

    raw = map_elements(striped, ["Pb L"])
    assert stripes(raw) == pytest.approx(0.5, abs=0.03)
    assert "normalised_to" not in raw.provenance["settings"]
    even = map_elements(striped, ["Pb L"], normalise=name)
    assert stripes(even) == pytest.approx(1.0, abs=0.1)
    assert even.provenance["settings"]["normalised_to"] == name
    assert np.isnan(even.counts[0, 5, 7])
    # Counts at the median dose have the same order of magnitude as before.
    assert 0.5 < np.nanmean(even.counts) / np.nanmean(raw.counts) < 2


def test_a_scan_without_live_time_or_anode_is_refused_before_the_fit(painting: XRFCube) -> None:
    with pytest.raises(ValueError, match="live time"):
        map_elements(painting, ["Pb L"], normalise="live time")
    soft = Acquisition(tube_kv=45.0)
    blind = replace(painting, acquisition=soft)
    maps = map_elements(blind, ["Pb L"])
    if maps.provenance["settings"]["conditions"]["anode"] is None:
        with pytest.raises(ValueError, match="scatter"):
            map_elements(blind, ["Pb L"], normalise="scatter")
