"""Test the shrinkage to base rates of spectra outside the training distribution."""

from dataclasses import fields

import numpy as np
import pytest
import torch

from napari_xrf_pigments import Acquisition, EnergyAxis, predict_spectra
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.network._preprocess import MAX_COUNTS
from napari_xrf_pigments.network.out_of_distribution import (
    FEW_COUNTS,
    MAX_RATE,
    UNEXPLAINED_FROM,
    UNEXPLAINED_FULL,
    base_rates,
    ood_weight,
    saturated_share,
    shrink_to_base_rate,
)
from napari_xrf_pigments.network.outputs import FIELDS, group_of_pigment, n_outputs, output_names
from napari_xrf_pigments.simulation import simulate_scan
from napari_xrf_pigments.training.base_rates import count_rates

AXIS = EnergyAxis(1024, 0.03, -0.01)
KNOWN = Acquisition(anode="Rh", tube_kv=40.0)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.set_num_threads(1)
    return Predictor("cpu")


@pytest.fixture(scope="module")
def normal() -> np.ndarray:
    """Simulate spectra of a painting on AXIS, shape (24, channel)."""
    cube, _ = simulate_scan(3, (4, 6), n_channels=1024, gain_kev=0.03)
    return np.asarray(cube.counts).reshape(-1, 1024)


def lines(kev: tuple[float, ...], counts: float, seed: int = 0) -> np.ndarray:
    """Simulate a spectrum of a few peaks on a faint continuum."""
    shape = sum(np.exp(-0.5 * ((AXIS.kev - e) / 0.065) ** 2) for e in kev)
    shape = shape + 0.003 * np.exp(-(((AXIS.kev - 12) / 7) ** 2))
    return np.random.default_rng(seed).poisson(shape / shape.sum() * counts)


FOREIGN = {
    "uranium": (13.61, 17.22, 16.43, 20.17),
    "neodymium": (5.23, 5.72, 6.09, 6.6),
    "germanium": (9.88, 10.98),
    "thallium": (10.27, 12.21, 14.29),
    "indium": (24.2, 27.3, 3.29),
    "lines of nothing": (4.83, 7.72, 9.27, 12.2, 14.7, 18.3),
}


@pytest.mark.parametrize("counts", [3_000, 50_000])
@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_elements_are_unexplained_and_give_no_false_positive(
    predictor: Predictor, name: str, counts: float
) -> None:
    maps = predictor.bind(AXIS, KNOWN)(lines(FOREIGN[name], counts)[None])
    assert maps.unexplained[0] > 0.5
    assert maps.probability.max() < 0.5
    assert maps.group_probability.max() < 0.5


def test_a_painting_on_a_wrong_axis_is_unexplained_and_gives_no_false_positive(
    predictor: Predictor, normal: np.ndarray
) -> None:
    bright = normal.sum(0)[None] / len(normal)
    right = predictor.bind(AXIS, KNOWN)(bright)
    assert right.unexplained[0] < 0.1
    assert right.group_probability.max() > 0.9
    wrong = EnergyAxis(1024, 0.03 * 1.1, -0.01)
    maps = predictor.bind(wrong, KNOWN)(bright)
    assert maps.unexplained[0] > UNEXPLAINED_FULL
    assert maps.group_probability.max() < 0.5


def test_probabilities_of_normal_spectra_do_not_change(
    predictor: Predictor, normal: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighted = predictor.bind(AXIS, KNOWN)(normal)
    monkeypatch.setattr(
        "napari_xrf_pigments.network.predict.ood_weight",
        lambda unexplained, totals: np.zeros(len(totals), np.float32),
    )
    bare = predictor.bind(AXIS, KNOWN)(normal)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(weighted, field), getattr(bare, field))


def test_the_weight_rises_from_zero_to_one() -> None:
    shares = np.array([0, 0.1, UNEXPLAINED_FROM, 0.26, UNEXPLAINED_FULL, 1], np.float32)
    weight = ood_weight(shares, np.full(6, 1000.0))
    np.testing.assert_allclose(weight, [0, 0, 0, 0.5, 1, 1], atol=1e-6)
    few = ood_weight(np.zeros(4, np.float32), np.array([0, FEW_COUNTS / 2, FEW_COUNTS, 1e6]))
    np.testing.assert_allclose(few, [1, 0.5, 0, 0])


def test_a_weight_of_one_gives_the_base_rates() -> None:
    predicted = np.array([[0.99, 0.01], [0.5, 0.0]], np.float32)
    base = np.array([0.2, 0.1], np.float32)
    mixed = shrink_to_base_rate(predicted, base, np.array([1, 0.5], np.float32))
    np.testing.assert_allclose(mixed, [[0.2, 0.105], [0.1, 0.05]], rtol=1e-5)


def test_base_rates_are_consistent_and_at_most_one_third() -> None:
    rates = base_rates()
    pigments, groups = output_names()
    assert rates.probability.shape == (len(pigments),)
    assert rates.group_probability.shape == (len(groups),)
    for field in fields(rates):
        values = getattr(rates, field.name)
        assert 0 < values.min() <= values.max() <= np.float32(MAX_RATE)
    assert (rates.probability >= np.maximum(rates.top, rates.below)).all()
    members = group_of_pigment().numpy()
    assert (rates.group_probability[members] >= rates.probability).all()
    assert rates.probability[pigments.index("lead_white")] == np.float32(MAX_RATE)


def test_rates_are_counted_without_masked_targets() -> None:
    targets = np.zeros((4, n_outputs()), np.int8)
    targets[:, 0] = [1, 1, -1, 0]
    pigments, _ = output_names()
    assert count_rates(targets)["probability"][pigments[0]] == pytest.approx(2 / 3, abs=1e-4)


def test_an_empty_spectrum_has_the_base_rates(predictor: Predictor) -> None:
    maps = predictor.bind(AXIS, KNOWN)(np.zeros((2, 1024), np.uint16))
    for field in FIELDS:
        expected = getattr(base_rates(), field)
        np.testing.assert_allclose(getattr(maps, field)[:, 0], expected, rtol=1e-4)
    assert (maps.unexplained == 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_spectrum_with_nan_or_infinity_has_nan_probabilities(
    predictor: Predictor, normal: np.ndarray, bad: float
) -> None:
    spectra = normal[:3].astype(float)
    spectra[1, 500] = bad
    maps = predictor.bind(AXIS, KNOWN)(spectra)
    whole = predictor.bind(AXIS, KNOWN)(normal[:3])
    for field in (*FIELDS, "unexplained"):
        found, expected = getattr(maps, field), getattr(whole, field)
        assert np.isnan(found[..., 1]).all(), field
        np.testing.assert_allclose(found[..., [0, 2]], expected[..., [0, 2]], atol=2e-4)


def test_negative_counts_count_as_zero(predictor: Predictor, normal: np.ndarray) -> None:
    spectra = normal[:2].astype(np.int64)
    spectra[:, :20] = -5
    zero = spectra.copy()
    zero[:, :20] = 0
    found, expected = (predictor.bind(AXIS, KNOWN)(each) for each in (spectra, zero))
    np.testing.assert_array_equal(found.probability, expected.probability)
    negative = predictor.bind(AXIS, KNOWN)(np.full((1, 1024), -3.0))
    np.testing.assert_allclose(negative.probability[:, 0], base_rates().probability, rtol=1e-4)


def test_more_counts_than_in_training_change_nothing(
    predictor: Predictor, normal: np.ndarray
) -> None:
    spectra = normal[:4].astype(np.float64)
    spectra *= MAX_COUNTS / spectra.sum(1, keepdims=True)
    most = predictor.bind(AXIS, KNOWN)(spectra)
    more = predictor.bind(AXIS, KNOWN)(spectra * 1000)
    np.testing.assert_allclose(more.group_probability, most.group_probability, atol=2e-3)


@pytest.mark.parametrize(
    ("dtype", "top"), [("u1", 255), ("u2", 65535), ("i2", 32767), ("u4", 4095), ("f8", 16383)]
)
def test_saturated_channels_are_detected(normal: np.ndarray, dtype: str, top: int) -> None:
    scaled = normal[:3].astype(float) * (4 * top / normal[:3].max(1, keepdims=True))
    clipped = np.minimum(scaled, top).astype(dtype)
    assert (saturated_share(clipped) > 0.05).all()
    whole = np.minimum(scaled / 4.5, top).astype(dtype)
    assert (saturated_share(whole) == 0).all()


@pytest.mark.parametrize("dtype", ["u4", "i8", "f8"])
@pytest.mark.parametrize("top", [255, 1023])
def test_two_channels_at_a_ceiling_by_chance_are_not_saturated(dtype: str, top: int) -> None:
    channel = np.arange(1024)
    peak = np.round(top * np.exp(-0.5 * ((channel - 500.5) / 3.0) ** 2) / np.exp(-1 / 72))
    assert (peak == top).sum() == 2
    assert saturated_share(peak[None].astype(dtype))[0] == 0


def test_a_ceiling_of_any_value_is_found_where_neighbours_pile_up_at_it() -> None:
    peak = 5000 * np.exp(-0.5 * ((np.arange(1024) - 500) / 3.0) ** 2)
    clipped = np.minimum(peak, 1800).astype("u4")[None]
    assert saturated_share(clipped)[0] > 0.3
    assert saturated_share(peak.astype("u4")[None])[0] == 0


def test_a_mostly_saturated_spectrum_gives_no_positive(
    predictor: Predictor, normal: np.ndarray
) -> None:
    clipped = np.minimum(normal[:3].astype(np.int64) * 100, 255).astype(np.uint8)
    maps = predictor.bind(AXIS, KNOWN)(clipped)
    assert (maps.unexplained > UNEXPLAINED_FULL).all()
    assert maps.group_probability.max() < 0.5


def test_predict_spectra_warns_of_an_instrument_outside_the_training(normal: np.ndarray) -> None:
    inside = predict_spectra(normal[:1], AXIS, KNOWN, device="cpu")
    assert inside.provenance["warnings"] == []
    outside = predict_spectra(
        normal[:1], AXIS, Acquisition(anode="Rh", tube_kv=120.0), device="cpu"
    )
    (warning,) = outside.provenance["warnings"]
    assert warning.startswith("The tube ran at 120 kV")
