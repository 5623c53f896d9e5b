"""What goes through the network in batches comes back in its place, on any device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_xrf_pigments import Acquisition, EnergyAxis, PigmentMaps, map_pigments, simulate_scan
from napari_xrf_pigments.fitting._unexplained_screening import SMALL
from napari_xrf_pigments.fitting.unexplained import unexplained_share
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.network._batching import lanes
from napari_xrf_pigments.network.predict import FIELDS, LEAST_BATCH, MOST_BATCH

AXIS = EnergyAxis(1024, 0.03, -0.01)
RH = Acquisition(anode="Rh", tube_kv=40.0)
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.set_num_threads(1)
    return Predictor("cpu")


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """Spectra of a simulated painting and some with a foreign line, shape (300, channel)."""
    cube, _ = simulate_scan(3, (15, 20), n_channels=1024, gain_kev=0.03, offset_kev=-0.01)
    spectra = np.asarray(cube.counts).reshape(-1, 1024).copy()
    spectra[::10, 475:485] += 400
    return spectra


def same(one: PigmentMaps, other: PigmentMaps, tolerance: float) -> None:
    for name in (*FIELDS, "unexplained"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=tolerance)


def test_answers_come_back_in_their_place(counts: np.ndarray, predictor: Predictor) -> None:
    whole = predictor.bind(AXIS, RH)(counts)
    small = Predictor("cpu")
    small._batch = 64
    same(small.bind(AXIS, RH)(counts), whole, 2e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_does_not_matter(
    counts: np.ndarray, predictor: Predictor, threads: int
) -> None:
    alone = predictor.bind(AXIS, RH)(counts)
    try:
        torch.set_num_threads(threads)
        same(predictor.bind(AXIS, RH)(counts), alone, 2e-5)
    finally:
        torch.set_num_threads(1)


def test_what_is_unexplained_is_the_full_fits_wherever_it_is_not_small(
    counts: np.ndarray, predictor: Predictor
) -> None:
    told = np.asarray(predictor.bind(AXIS, RH)(counts).unexplained)
    share = unexplained_share(counts, AXIS, RH)
    assert (share[::10] > SMALL).all()
    np.testing.assert_allclose(told[::10], share[::10], atol=1e-4)
    assert np.abs(told - share).max() < 0.03


def test_one_lane_to_the_processor() -> None:
    assert len(lanes("cpu", 64, 10, 5)) == 1


@cuda
def test_two_lanes_to_a_cuda_device_take_turns() -> None:
    ways = lanes("cuda", 64, 10, 5)
    assert len(ways) == 2
    told = np.full((5, 640), np.nan, np.float32)
    numbers = np.random.default_rng(0).random((640, 10)).astype(np.float32)
    for turn, start in enumerate(range(0, 640, 64)):
        lane = ways[turn % 2]
        lane.empty_into(told)
        lane.encoded(64)[:] = numbers[start : start + 64]
        lane.take(2 * lane.sent(64, "cuda")[:, :5], start)
    for lane in ways:
        lane.empty_into(told)
    np.testing.assert_array_equal(told, 2 * numbers[:, :5].T)


@cuda
def test_a_cuda_device_answers_like_the_processor(counts: np.ndarray, predictor: Predictor) -> None:
    gpu = Predictor("cuda")
    assert LEAST_BATCH <= gpu._batch <= MOST_BATCH
    many = np.tile(counts, (20, 1))  # several batches
    same(gpu.bind(AXIS, RH)(many), predictor.bind(AXIS, RH)(many), 1e-3)


@cuda
def test_maps_of_a_cuda_device_are_those_of_the_processor(predictor: Predictor) -> None:
    cube, _ = simulate_scan(1, (24, 32), n_channels=1024, gain_kev=0.03)
    same(map_pigments(cube, device="cuda"), map_pigments(cube, predictor=predictor), 1e-3)


@cuda
def test_a_full_cuda_device_goes_on_with_smaller_batches(
    counts: np.ndarray, predictor: Predictor
) -> None:
    gpu = Predictor("cuda")
    _, total = torch.cuda.mem_get_info()
    torch.cuda.empty_cache()
    try:
        # Room for the network, but for hardly anything else.
        torch.cuda.set_per_process_memory_fraction(
            min(1.0, (torch.cuda.memory_reserved() + 2**21) / total)
        )
        found = gpu.bind(AXIS, RH)(np.tile(counts, (20, 1)))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("memory of the GPU was full" in text for text in gpu.notices)
    same(found, predictor.bind(AXIS, RH)(np.tile(counts, (20, 1))), 1e-3)
