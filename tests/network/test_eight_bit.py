"""Test the network in 8 bits against the same network in single precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_xrf_pigments import PigmentMaps, XRFCube, simulate_scan
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.network.encoding import encode
from napari_xrf_pigments.network.model import make_consistent, probabilities_from_logits
from napari_xrf_pigments.network.outputs import n_outputs
from napari_xrf_pigments.network.weights import bundled_weights, load_weights, save_weights

pytest.importorskip("onnxruntime")

FIELDS = ("probability", "top", "below", "group_probability", "unexplained")


@pytest.fixture(scope="module")
def scan() -> XRFCube:
    cube, _ = simulate_scan(3, (16, 24), n_channels=1024, gain_kev=0.04)
    return cube


@pytest.fixture(scope="module")
def counts(scan: XRFCube) -> np.ndarray:
    return np.asarray(scan.counts).reshape(-1, 1024)


@pytest.fixture(scope="module")
def limited(scan: XRFCube, counts: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled network with limits from a simulated scan."""
    path = tmp_path_factory.mktemp("weights") / "limited.safetensors"
    net = load_weights(bundled_weights())
    if not net.is_limited:
        net.measure_limits(encode(torch.from_numpy(counts), scan.energies, scan.acquisition))
    save_weights(net, path, {})
    return path


def maps_of(path: Path, device: str, scan: XRFCube, counts: np.ndarray) -> PigmentMaps:
    return Predictor(device, path).bind(scan.energies, scan.acquisition)(counts)


def differences(one: PigmentMaps, other: PigmentMaps) -> np.ndarray:
    parts = [np.abs(getattr(one, name) - getattr(other, name)).ravel() for name in FIELDS]
    return np.concatenate(parts)


def test_the_processor_computes_limited_weights_in_8_bits_unless_told_otherwise(
    limited: Path,
) -> None:
    assert Predictor("cpu", limited).numerics == "int8"
    assert Predictor("cpu-float32", limited).numerics == "float32"


def test_weights_without_limits_are_computed_in_single_precision(
    limited: Path, tmp_path: Path
) -> None:
    net = load_weights(limited)
    for name, value in net.named_buffers():
        if "limits" in name:
            value[0], value[1] = -torch.inf, torch.inf
    save_weights(net, tmp_path / "free.safetensors", {})
    assert Predictor("cpu", tmp_path / "free.safetensors").numerics == "float32"


def test_both_computations_agree(limited: Path, scan: XRFCube, counts: np.ndarray) -> None:
    eight, single = (maps_of(limited, each, scan, counts) for each in ("cpu", "cpu-float32"))
    difference = differences(eight, single)
    assert np.quantile(difference, 0.999) < 0.02
    assert difference.max() < 0.05
    assert difference.max() > 0


def test_a_spectrum_has_the_same_answer_alone_and_in_any_batch(
    limited: Path, scan: XRFCube, counts: np.ndarray
) -> None:
    together = maps_of(limited, "cpu", scan, counts)
    again = maps_of(limited, "cpu", scan, counts)
    assert differences(together, again).max() == 0
    chosen = [200, 3, 77]
    alone = maps_of(limited, "cpu", scan, counts[chosen])
    for name in FIELDS:
        np.testing.assert_allclose(
            getattr(alone, name), getattr(together, name)[..., chosen], atol=2e-4
        )


def test_strong_spectra_and_empty_ones_agree_too(limited: Path, scan: XRFCube) -> None:
    odd = np.zeros((4, 1024), np.uint32)
    odd[0, 160] = 4_000_000_000
    odd[1, 155:165] = 20_000
    odd[2, :] = 1
    eight, single = (maps_of(limited, each, scan, odd) for each in ("cpu", "cpu-float32"))
    assert differences(eight, single).max() < 0.05


def test_probabilities_are_made_consistent_as_in_single_precision() -> None:
    torch.manual_seed(0)
    logits = torch.randn(50, n_outputs()) * 4
    result = torch.sigmoid(logits).T.contiguous().numpy()
    make_consistent(result)
    whole = probabilities_from_logits(logits)
    parts = [whole.probability, whole.top, whole.below, whole.group_probability]
    np.testing.assert_allclose(result, torch.cat(parts, dim=1).T, rtol=1e-6)
