"""Test the error propagation of combined maps."""

import numpy as np
import pytest

from napari_xrf_pigments.mapping.analysis.map_algebra import combined

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
