"""Test the prediction with the bundled network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_xrf_pigments import (
    Acquisition,
    EnergyAxis,
    PigmentMaps,
    XRFCube,
    predict_spectra,
    simulate_scan,
)
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.simulation import ScanTruth
from napari_xrf_pigments.simulation.paintings import REGIONS

SHAPE = (12, 18)


@pytest.fixture(scope="module")
def scan() -> tuple[XRFCube, ScanTruth]:
    torch.set_num_threads(1)
    return simulate_scan(1, SHAPE, n_channels=1024, gain_kev=0.04)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor("cpu")


@pytest.fixture(scope="module")
def counts(scan: tuple[XRFCube, ScanTruth]) -> np.ndarray:
    return np.asarray(scan[0].counts).reshape(-1, 1024)


@pytest.fixture(scope="module")
def maps(scan: tuple[XRFCube, ScanTruth], predictor: Predictor, counts: np.ndarray) -> PigmentMaps:
    cube, _ = scan
    return predictor.bind(cube.energies, cube.acquisition)(counts)


def mean_in(maps: PigmentMaps, truth: ScanTruth, region: str, pigment: str) -> float:
    here = truth.regions.ravel() == REGIONS.index(region)
    assert here.any()
    return float(maps.probability[maps.names.index(pigment)][here].mean())


def mean_group_in(maps: PigmentMaps, truth: ScanTruth, region: str, group: str) -> float:
    here = truth.regions.ravel() == REGIONS.index(region)
    assert here.any()
    return float(maps.group_probability[maps.groups.index(group)][here].mean())


def test_maps_have_one_row_per_pigment_and_one_column_per_spectrum(
    maps: PigmentMaps, predictor: Predictor
) -> None:
    n = SHAPE[0] * SHAPE[1]
    for field in (maps.probability, maps.top, maps.below):
        assert field.shape == (len(predictor.names), n)
    assert maps.group_probability.shape == (len(predictor.groups), n)
    assert maps.unexplained.shape == (n,)
    for field in (maps.probability, maps.top, maps.below, maps.group_probability):
        assert field.dtype == np.float32
        assert field.min() >= 0
        assert field.max() <= 1
    assert 0 <= maps.unexplained.min() <= maps.unexplained.max() <= 1


def test_vermilion_is_found_in_the_robe_and_not_in_the_meadow(
    maps: PigmentMaps, scan: tuple[XRFCube, ScanTruth]
) -> None:
    assert mean_in(maps, scan[1], "robe", "vermilion") > 0.9
    assert mean_group_in(maps, scan[1], "robe", "mercury") > 0.9
    assert mean_group_in(maps, scan[1], "meadow", "mercury") < 0.1


def test_copper_is_found_in_the_sky_and_not_in_the_robe(
    maps: PigmentMaps, scan: tuple[XRFCube, ScanTruth]
) -> None:
    assert mean_group_in(maps, scan[1], "sky", "copper") > 0.9
    assert mean_group_in(maps, scan[1], "robe", "copper") < 0.2


def test_absent_cadmium_is_not_found(maps: PigmentMaps) -> None:
    assert np.mean(maps.group_probability[maps.groups.index("cadmium")] > 0.5) < 0.02


def test_a_spectrum_has_the_same_probabilities_alone_and_in_a_batch(
    maps: PigmentMaps, scan: tuple[XRFCube, ScanTruth], predictor: Predictor, counts: np.ndarray
) -> None:
    cube, _ = scan
    bound = predictor.bind(cube.energies, cube.acquisition)
    for index in (0, 100, 215):
        alone = bound(counts[index : index + 1])
        for field in ("probability", "top", "below", "group_probability", "unexplained"):
            np.testing.assert_allclose(
                getattr(alone, field)[..., 0], getattr(maps, field)[..., index], atol=2e-4
            )


@pytest.mark.parametrize("dtype", ["u2", "<u4", ">u4", ">u2", "i8", ">i4", "f4", "f8", ">f8"])
def test_counts_of_any_type_and_byte_order_give_the_same(
    dtype: str,
    maps: PigmentMaps,
    scan: tuple[XRFCube, ScanTruth],
    predictor: Predictor,
    counts: np.ndarray,
) -> None:
    cube, _ = scan
    few = predictor.bind(cube.energies, cube.acquisition)(counts[:3].astype(dtype))
    np.testing.assert_allclose(few.probability, maps.probability[:, :3], atol=2e-4)
    np.testing.assert_allclose(few.unexplained, maps.unexplained[:3], atol=1e-4)


def test_counts_in_any_memory_order_give_the_same(
    maps: PigmentMaps, scan: tuple[XRFCube, ScanTruth], predictor: Predictor, counts: np.ndarray
) -> None:
    cube, _ = scan
    locked = np.asfortranarray(counts[:4])
    locked.setflags(write=False)
    few = predictor.bind(cube.energies, cube.acquisition)(locked)
    np.testing.assert_allclose(few.probability, maps.probability[:, :4], atol=2e-4)


def test_another_width_of_the_channels_gives_nearly_the_same(
    maps: PigmentMaps, scan: tuple[XRFCube, ScanTruth], predictor: Predictor, counts: np.ndarray
) -> None:
    cube, _ = scan
    axis = EnergyAxis(2048, 0.02, cube.energies.offset_kev - 0.01)
    split = np.random.default_rng(0).binomial(counts.astype(np.int64), 0.5)
    finer = np.stack([split, counts - split], axis=2).reshape(len(counts), -1)
    fine = predictor.bind(axis, cube.acquisition)(finer)
    assert np.abs(fine.group_probability - maps.group_probability).mean() < 0.01
    assert np.mean((fine.group_probability > 0.5) == (maps.group_probability > 0.5)) > 0.985


def test_no_counts_at_all_give_no_nan(
    scan: tuple[XRFCube, ScanTruth], predictor: Predictor
) -> None:
    cube, _ = scan
    empty = predictor.bind(cube.energies, cube.acquisition)(np.zeros((2, 1024), np.uint16))
    for field in ("probability", "top", "below", "group_probability", "unexplained"):
        assert np.isfinite(getattr(empty, field)).all(), field


def test_no_spectrum_gives_empty_maps(predictor: Predictor) -> None:
    none = predictor.bind(EnergyAxis(1024, 0.04))(np.zeros((0, 1024), np.uint16))
    assert none.probability.shape == (len(predictor.names), 0)
    assert none.unexplained.shape == (0,)


@pytest.mark.parametrize("shape", [(1024,), (3, 1023), (2, 3, 1024)])
def test_counts_of_another_shape_are_rejected_with_one_sentence(
    predictor: Predictor, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"^Spectra must have the shape \(spectrum, 1024\).*\.$"):
        predictor.bind(EnergyAxis(1024, 0.04))(np.zeros(shape))


def test_predict_spectra_has_a_leading_spectrum_axis_and_accepts_energies_in_kev(
    maps: PigmentMaps, scan: tuple[XRFCube, ScanTruth], predictor: Predictor, counts: np.ndarray
) -> None:
    cube, _ = scan
    points = predict_spectra(counts[:2], cube.energies.kev, cube.acquisition, device="cpu")
    np.testing.assert_allclose(points.probability, maps.probability[:, :2].T, atol=2e-4)
    np.testing.assert_allclose(points.group_probability, maps.group_probability[:, :2].T, atol=2e-4)
    assert points.unexplained.shape == (2,)
    assert points.provenance["weights"] == predictor.weights_hash
    one = predict_spectra(counts[0], cube.energies, cube.acquisition, device="cpu")
    np.testing.assert_allclose(one.top, maps.top[:, :1].T, atol=2e-4)


def test_mercury_is_found_without_any_known_setting(
    scan: tuple[XRFCube, ScanTruth], predictor: Predictor, counts: np.ndarray
) -> None:
    cube, truth = scan
    unknown = predictor.bind(cube.energies, Acquisition())(counts)
    assert mean_group_in(unknown, truth, "robe", "mercury") > 0.9


def test_missing_weights_raise_an_oserror_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^There are no weights at .*none\.safetensors\.$"):
        Predictor("cpu", tmp_path / "none.safetensors")
    with pytest.raises(FileNotFoundError, match="There are no weights"):
        Predictor("cpu", tmp_path)


def test_a_missing_device_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^The device 'gpu' cannot be used on this computer\.$"):
        Predictor("gpu")
