"""Test sums, ratios, composites and normalised maps, with their standard deviations."""

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, XRFCube
from napari_xrf_pigments.mapping import map_elements
from napari_xrf_pigments.mapping.analysis.map_algebra import (
    Channel,
    combined,
    composite,
    monitor,
    normalised,
)

RNG = np.random.default_rng(0)


def _maps(a: float, sa: float, b: float, sb: float) -> dict:
    def image(mean: float, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        return (
            RNG.normal(mean, sigma, (200, 200)).astype(np.float32),
            np.full((200, 200), sigma, np.float32),
        )

    return {"Pb M": image(a, sa), "Pb L": image(b, sb)}


@pytest.mark.parametrize(
    ("operation", "mean", "name"),
    [
        ("ratio", 0.2, "Pb M / Pb L"),
        ("sum", 1200, "Pb M + Pb L"),
        ("difference", -800, "Pb M - Pb L"),
    ],
)
def test_sigma_equals_the_standard_deviation_of_noisy_maps(
    operation: str, mean: float, name: str
) -> None:
    result = combined(operation, "Pb M", "Pb L", _maps(200, 10, 1000, 20))
    assert result.name == name
    assert float(result.values.mean()) == pytest.approx(mean, rel=0.01)
    assert float(result.values.std()) == pytest.approx(float(result.sigma.mean()), rel=0.05)


def test_a_ratio_with_an_insignificant_divisor_is_nan() -> None:
    maps = {
        "a": (np.array([[5.0, 5.0, 5.0]], np.float32), np.ones((1, 3), np.float32)),
        "b": (np.array([[0.0, 2.9, 3.1]], np.float32), np.ones((1, 3), np.float32)),
    }
    result = combined("ratio", "a", "b", maps)
    assert np.array_equal(np.isnan(result.values), [[True, True, False]])
    assert np.array_equal(np.isnan(result.sigma), np.isnan(result.values))
    assert np.isfinite(combined("ratio", "a", "b", maps, min_sigmas=1).values[0, 1])


def test_pixels_that_were_not_mapped_remain_nan() -> None:
    maps = {name: (np.full((1, 1), np.nan, np.float32),) * 2 for name in ("a", "b")}
    for operation in ("ratio", "sum", "difference"):
        assert np.isnan(combined(operation, "a", "b", maps).values).all()


def test_missing_maps_and_unknown_operations_are_named() -> None:
    with pytest.raises(ValueError, match="no map of Fe K"):
        combined("sum", "Fe K", "Pb L", _maps(1, 1, 1, 1))
    with pytest.raises(ValueError, match="'power'"):
        combined("power", "Pb M", "Pb L", _maps(1, 1, 1, 1))


RED, GREEN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def _ramp() -> np.ndarray:
    return np.linspace(0, 100, 101, dtype=np.float32)[None, :]


def test_each_map_has_its_colour() -> None:
    picture = composite(
        [_ramp(), _ramp()[:, ::-1]], [Channel("a", RED, 10, 90), Channel("b", GREEN, 10, 90)]
    )
    assert picture.dtype == np.uint8
    assert picture.shape == (1, 101, 3)
    assert tuple(picture[0, 0]) == (0, 255, 0)
    assert tuple(picture[0, 100]) == (255, 0, 0)
    assert picture[0, 50, 0] == picture[0, 50, 1] > 0
    assert (picture[..., 2] == 0).all()


def test_only_values_above_the_threshold_are_visible() -> None:
    red = composite([_ramp()], [Channel("a", RED, 40, 90)])[0, :, 0]
    assert (red[:41] == 0).all()
    assert (red[41:] > 30).all()
    assert (np.diff(red[41:].astype(int)) >= 0).all()
    assert (red[90:] == 255).all()


def test_colours_are_added_and_clipped() -> None:
    channels = [Channel(name, (0.7, 0.0, 0.7), 0, 1) for name in "ab"]
    assert tuple(composite([_ramp(), _ramp()], channels)[0, 50]) == (255, 0, 255)


def test_pixels_that_were_not_mapped_are_black() -> None:
    assert composite([np.full((2, 2), np.nan, np.float32)], [Channel("a", RED, 0, 1)]).max() == 0


def test_settings_contain_colour_and_threshold() -> None:
    settings = Channel("Fe K", RED, 1, 2).settings
    assert settings == {"map": "Fe K", "colour": [1.0, 0.0, 0.0], "threshold": 1, "full": 2}


def test_invalid_limits_are_refused() -> None:
    one = Channel("a", RED, 0, 1)
    with pytest.raises(ValueError, match="above its threshold"):
        Channel("a", RED, 3, 3)
    for maps, channels in (([], []), ([_ramp()] * 5, [one] * 5), ([_ramp()], [one] * 2)):
        with pytest.raises(ValueError, match="one to 4"):
            composite(maps, channels)
    with pytest.raises(ValueError, match="same shape"):
        composite([_ramp(), _ramp().T], [one, one])


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
