"""Test runs that are cancelled, fill the memory of the GPU, or map the same scan at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_xrf_pigments import EnergyAxis, XRFCube, open_cube
from napari_xrf_pigments.mapping import iter_pigment_tiles, map_elements, map_pigments
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.network._batching import BatchBuffers
from napari_xrf_pigments.network.predict import BATCH, MIN_BATCH

from .conftest import contents
from .fault import Declared

survives = Declared()


@pytest.fixture
def cube(scan_folder: Path) -> XRFCube:
    return open_cube(scan_folder / "scan.npy", gain_kev=0.03, anode="Rh", tube_kv=40.0)


@pytest.fixture(scope="module")
def network() -> Predictor:
    torch.set_num_threads(1)
    return Predictor("cpu")


@survives(
    "A run is cancelled at any tile",
    "the iterator of tiles closed after each tile in turn; Ctrl-C after each tile of a run that "
    "writes its maps to disk",
    "The finished tiles are complete; no file remains on disk.",
)
def test_cancelling_at_any_tile_leaves_no_files(
    cube: XRFCube, network: Predictor, tmp_path: Path, unchanged: Callable[[], None]
) -> None:
    whole = list(iter_pigment_tiles(cube, predictor=network))
    assert len(whole) >= 3
    for stop in range(1, len(whole)):
        tiles = iter_pigment_tiles(cube, predictor=network)
        for expected in whole[:stop]:
            np.testing.assert_array_equal(next(tiles).probability, expected.probability)
        tiles.close()
    for stop in range(1, len(whole) + 1):
        steps: list[int] = []

        def interrupt(done: int, total: int, steps: list[int] = steps, stop: int = stop) -> None:
            steps.append(done)
            if len(steps) == stop:
                raise KeyboardInterrupt

        out = tmp_path / "maps.zarr"
        with pytest.raises(KeyboardInterrupt):
            map_elements(cube, ["Fe", "Ca"], out=out, progress=interrupt)
        assert [path.name for path in tmp_path.iterdir()] == ["input"]
    unchanged()


class Card:
    """A stand-in for the network on a GPU whose memory holds `capacity` spectra."""

    def __init__(self, network: Predictor, capacity: int) -> None:
        self.batch_sizes: list[int] = []
        self._capacity = capacity
        self._forward = network._forward
        self._network = network

    def __call__(self, encoded: torch.Tensor) -> torch.Tensor:
        self.batch_sizes.append(len(encoded))
        if self._network.device != "cpu" and len(encoded) > self._capacity:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return self._forward(encoded)


def on_card(capacity: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Predictor, Card]:
    network = Predictor("cpu-float32")
    card = Card(network, capacity)
    monkeypatch.setattr(network, "_forward", card)
    # The computation itself runs on the processor.
    monkeypatch.setattr(BatchBuffers, "to_device", lambda own, count, device: own._input[:count])
    network.device = "cuda:0"
    return network, card


@survives(
    "The memory of the GPU is full",
    "a stand-in for the GPU that raises `torch.cuda.OutOfMemoryError` for more than 300 spectra at "
    "once, or for any number",
    "The run continues with smaller batches, down to 64 spectra, then on the processor. The maps "
    "equal those of the processor, and their warnings describe the fallback.",
)
@pytest.mark.parametrize("capacity", [300, 0])
def test_a_full_gpu_falls_back_to_smaller_batches_or_the_processor(
    cube: XRFCube, monkeypatch: pytest.MonkeyPatch, capacity: int
) -> None:
    tried, card = on_card(capacity, monkeypatch)
    maps = map_pigments(cube, predictor=tried)
    expected = map_pigments(cube, predictor=Predictor("cpu-float32"))
    np.testing.assert_allclose(maps.probability, expected.probability, atol=1e-4)
    warnings = maps.provenance["warnings"]
    assert sum("memory of the GPU was full" in text for text in warnings) == (1 if capacity else 2)
    if capacity:
        assert tried.device == "cuda:0"
        assert max(card.batch_sizes[-3:]) <= capacity
    else:
        assert tried.device == "cpu"
        assert MIN_BATCH in card.batch_sizes


def test_a_lack_of_memory_without_a_fallback_is_raised(
    network: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    tried = Predictor("cpu-float32")
    monkeypatch.setattr(tried, "_forward", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        tried.bind(EnergyAxis(512, 0.03), None)(np.ones((BATCH, 512), np.uint16))  # type: ignore[arg-type]


@survives(
    "Two runs map the same scan at the same time",
    "two threads that write their maps to different files; two threads that write to the same file",
    "With different files, both runs produce the same maps. With the same file, one run saves its "
    "maps and the other ends with an error that names the file.",
)
def test_two_runs_on_one_scan_do_not_interfere(
    cube: XRFCube, tmp_path: Path, unchanged: Callable[[], None]
) -> None:
    outcome: dict[str, Any] = {}
    both = threading.Barrier(2)

    def run(key: str, out: Path) -> None:
        both.wait()
        try:
            outcome[key] = np.asarray(map_elements(cube, ["Fe", "Ca"], out=out).counts)
        except OSError as error:
            outcome[key] = error

    for names in (("a.zarr", "b.zarr"), ("c.zarr", "c.zarr")):
        threads = [
            threading.Thread(target=run, args=(f"{index} {name}", tmp_path / name))
            for index, name in enumerate(names)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    np.testing.assert_array_equal(outcome["0 a.zarr"], outcome["1 b.zarr"])
    same = [outcome["0 c.zarr"], outcome["1 c.zarr"]]
    saved = [each for each in same if isinstance(each, np.ndarray)]
    assert len(saved) == 1
    np.testing.assert_array_equal(saved[0], outcome["0 a.zarr"])
    (refused,) = [each for each in same if isinstance(each, OSError)]
    assert "c.zarr" in str(refused)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr", "b.zarr", "c.zarr", "input"]
    assert not any(".part" in name for name in contents(tmp_path))
    unchanged()


survives.elsewhere(
    "tests/mapping/test_run_warnings.py::test_a_file_that_grows_during_the_run_gives_a_warning",
    "The file of a scan is changed during a run",
    "bytes appended between two tiles; modification time changed after opening",
    "The maps have a warning: *scan.npy was changed while it was read: map it again.*",
)
survives.elsewhere(
    "tests/mapping/test_run_warnings.py::test_a_file_that_is_removed_during_the_run_is_the_error",
    "The file of a scan is removed during a run",
    "removed after the first tile",
    "The run ends. Message: *scan.npy was removed while it was read: the maps may be incomplete.*",
)
survives.elsewhere(
    "tests/mapping/test_element_warnings.py::test_a_file_that_grows_during_the_run_gives_a_warning",
    "The file of a scan is changed or removed while elements are mapped",
    "bytes appended between two tiles; modification time changed after opening; file removed",
    "As for pigments: the maps have a warning, or the run ends with the message.",
)
survives.elsewhere(
    "tests/mapping/test_distributed.py::test_tiles_of_a_killed_worker_are_computed_again",
    "A worker of a cluster is lost",
    "`SIGKILL` of a worker during a run",
    "Another worker computes its tiles; the maps equal those of a single computer.",
)
survives.elsewhere(
    "tests/mapping/test_distributed.py::test_a_full_gpu_of_a_worker_is_reported_once",
    "The memory of the GPU is full on workers of a cluster",
    "a stand-in for the GPU of each worker that raises `torch.cuda.OutOfMemoryError`",
    "As on a single computer; each warning occurs once, even if several workers reported it.",
)
survives.elsewhere(
    "tests/plugin/test_viewer_closed.py::test_closing_the_viewer_ends_a_run",
    "The viewer is closed during a run",
    "window closed after the first tiles",
    "The run ends after the current tile, without an error or a thread that continues.",
)
