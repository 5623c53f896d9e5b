"""Test that results of batches are in the order of their spectra, on any device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_xrf_pigments import Acquisition, EnergyAxis, PigmentMaps, map_pigments, simulate_scan
from napari_xrf_pigments.fitting.unexplained import unexplained_share
from napari_xrf_pigments.fitting.unexplained_screening import SMALL
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.network._batching import make_buffers
from napari_xrf_pigments.network.outputs import FIELDS
from napari_xrf_pigments.network.predict import MAX_BATCH, MIN_BATCH

AXIS = EnergyAxis(1024, 0.03, -0.01)
RH = Acquisition(anode="Rh", tube_kv=40.0)
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.set_num_threads(1)
    return Predictor("cpu-float32")


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Make spectra of a painting, one in ten with a foreign line, shape (300, channel)."""
    cube, _ = simulate_scan(3, (15, 20), n_channels=1024, gain_kev=0.03, offset_kev=-0.01)
    spectra = np.asarray(cube.counts).reshape(-1, 1024).copy()
    spectra[::10, 475:485] += 400
    return spectra


def assert_close(one: PigmentMaps, other: PigmentMaps, tolerance: float) -> None:
    for name in (*FIELDS, "unexplained"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=tolerance)


def test_the_batch_size_does_not_matter(counts: np.ndarray, predictor: Predictor) -> None:
    whole = predictor.bind(AXIS, RH)(counts)
    small = Predictor("cpu-float32")
    small.batch = 64
    assert_close(small.bind(AXIS, RH)(counts), whole, 2e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_does_not_matter(
    counts: np.ndarray, predictor: Predictor, threads: int
) -> None:
    alone = predictor.bind(AXIS, RH)(counts)
    try:
        torch.set_num_threads(threads)
        assert_close(predictor.bind(AXIS, RH)(counts), alone, 2e-5)
    finally:
        torch.set_num_threads(1)


def test_the_unexplained_share_equals_the_full_fit_unless_it_is_small(
    counts: np.ndarray, predictor: Predictor
) -> None:
    estimate = np.asarray(predictor.bind(AXIS, RH)(counts).unexplained)
    share = unexplained_share(counts, AXIS, RH)
    assert (share[::10] > SMALL).all()
    np.testing.assert_allclose(estimate[::10], share[::10], atol=1e-4)
    assert np.abs(estimate - share).max() < 0.03


def test_the_processor_has_one_set_of_buffers() -> None:
    assert len(make_buffers("cpu", 64, 10, 5)) == 1


@cuda
def test_two_sets_of_buffers_alternate_on_a_cuda_device() -> None:
    sets = make_buffers("cuda", 64, 10, 5)
    assert len(sets) == 2
    outputs = np.full((5, 640), np.nan, np.float32)
    numbers = np.random.default_rng(0).random((640, 10)).astype(np.float32)
    for turn, start in enumerate(range(0, 640, 64)):
        buffers = sets[turn % 2]
        buffers.copy_results(outputs)
        buffers.inputs(64)[:] = numbers[start : start + 64]
        buffers.store_result(2 * buffers.to_device(64, "cuda")[:, :5], start)
    for buffers in sets:
        buffers.copy_results(outputs)
    np.testing.assert_array_equal(outputs, 2 * numbers[:, :5].T)


@cuda
def test_a_cuda_device_predicts_like_the_processor(
    counts: np.ndarray, predictor: Predictor
) -> None:
    gpu = Predictor("cuda")
    assert MIN_BATCH <= gpu.batch <= MAX_BATCH
    many = np.tile(counts, (20, 1))  # several batches
    assert_close(gpu.bind(AXIS, RH)(many), predictor.bind(AXIS, RH)(many), 1e-3)


@cuda
def test_maps_of_a_cuda_device_equal_those_of_the_processor(predictor: Predictor) -> None:
    cube, _ = simulate_scan(1, (24, 32), n_channels=1024, gain_kev=0.03)
    assert_close(map_pigments(cube, device="cuda"), map_pigments(cube, predictor=predictor), 1e-3)


@cuda
def test_a_full_cuda_device_continues_with_smaller_batches(
    counts: np.ndarray, predictor: Predictor
) -> None:
    gpu = Predictor("cuda")
    _, total = torch.cuda.mem_get_info()
    torch.cuda.empty_cache()
    try:
        # Memory for the network, but hardly more.
        torch.cuda.set_per_process_memory_fraction(
            min(1.0, (torch.cuda.memory_reserved() + 2**21) / total)
        )
        maps = gpu.bind(AXIS, RH)(np.tile(counts, (20, 1)))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("memory of the GPU was full" in text for text in gpu.notices)
    assert_close(maps, predictor.bind(AXIS, RH)(np.tile(counts, (20, 1))), 1e-3)
