"""Runs that are stopped, meet a full GPU, or meet each other."""

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
    "the tiles are closed after each of them in turn; Ctrl-C after each tile of a run that writes "
    "its maps to disk",
    "The tiles so far are whole; nothing is left on the disk.",
)
def test_cancelling_at_any_tile_leaves_nothing(
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
        seen: list[int] = []

        def interrupt(done: int, total: int, seen: list[int] = seen, stop: int = stop) -> None:
            seen.append(done)
            if len(seen) == stop:
                raise KeyboardInterrupt

        out = tmp_path / "maps.zarr"
        with pytest.raises(KeyboardInterrupt):
            map_elements(cube, ["Fe", "Ca"], out=out, progress=interrupt)
        assert [path.name for path in tmp_path.iterdir()] == ["input"]
    unchanged()


class Card:
    """Stands for a GPU with room for so many spectra at once."""

    def __init__(self, network: Predictor, room: int) -> None:
        self.asked: list[int] = []
        self._room = room
        self._forward = network._forward
        self._network = network

    def __call__(self, encoded: torch.Tensor) -> torch.Tensor:
        self.asked.append(len(encoded))
        if self._network.device != "cpu" and len(encoded) > self._room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return self._forward(encoded)


def on_card(room: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Predictor, Card]:
    network = Predictor("cpu")
    card = Card(network, room)
    monkeypatch.setattr(network, "_forward", card)
    # The work itself is the processor's.
    monkeypatch.setattr(BatchBuffers, "to_device", lambda own, count, device: own._input[:count])
    network.device = "cuda:0"
    return network, card


@survives(
    "The memory of the GPU is full",
    "a stand-in for the GPU that raises `torch.cuda.OutOfMemoryError` over 300 spectra at once, "
    "and at any number",
    "Smaller batches, down to 64 spectra; then the processor. The maps are those of the processor, "
    "and their warnings say what happened.",
)
@pytest.mark.parametrize("room", [300, 0])
def test_a_full_gpu_falls_back(
    cube: XRFCube, network: Predictor, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    tried, card = on_card(room, monkeypatch)
    maps = map_pigments(cube, predictor=tried)
    expected = map_pigments(cube, predictor=network)
    np.testing.assert_allclose(maps.probability, expected.probability, atol=1e-4)
    told = maps.provenance["warnings"]
    assert sum("memory of the GPU was full" in text for text in told) == (1 if room else 2)
    if room:
        assert tried.device == "cuda:0"
        assert max(card.asked[-3:]) <= room
    else:
        assert tried.device == "cpu"
        assert MIN_BATCH in card.asked


def test_no_memory_left_at_all_is_not_hidden(
    network: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> torch.Tensor:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    tried = Predictor("cpu")
    monkeypatch.setattr(tried, "_forward", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        tried.bind(EnergyAxis(512, 0.03), None)(np.ones((BATCH, 512), np.uint16))  # type: ignore[arg-type]


@survives(
    "Two runs map one scan at once",
    "two threads with a network each, their maps on disk side by side; two runs with one name for "
    "their maps",
    "Both have the same maps. Of two with one name one is kept, and the other is told that the "
    "name is taken.",
)
def test_two_runs_on_one_scan_do_not_meet(
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
    kept = [each for each in same if isinstance(each, np.ndarray)]
    assert len(kept) == 1
    np.testing.assert_array_equal(kept[0], outcome["0 a.zarr"])
    (refused,) = [each for each in same if isinstance(each, OSError)]
    assert "c.zarr" in str(refused)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr", "b.zarr", "c.zarr", "input"]
    assert not any(".part" in name for name in contents(tmp_path))
    unchanged()


survives.elsewhere(
    "tests/mapping/test_run_warnings.py::test_a_file_that_grows_is_a_warning",
    "The file of a scan is changed during a run",
    "bytes are appended between two tiles; its date changes after it was opened",
    "The maps say so in their warnings: *scan.npy was changed while it was read: map it again.*",
)
survives.elsewhere(
    "tests/mapping/test_run_warnings.py::test_a_file_that_is_removed_is_the_error",
    "The file of a scan is removed during a run",
    "it is removed after the first tile",
    "The run ends. One sentence: *scan.npy was removed while it was read.*",
)
survives.elsewhere(
    "tests/mapping/test_element_warnings.py::test_a_file_that_grows_is_a_warning",
    "The same while elements are mapped",
    "bytes are appended between two tiles; its date changes after it was opened; it is removed",
    "As for pigments: a warning that stays with the maps, or one sentence at the end of the run.",
)
survives.elsewhere(
    "tests/mapping/test_distributed.py::test_a_killed_worker_loses_nothing",
    "A worker of a cluster is lost",
    "`SIGKILL` of a worker during a run",
    "Its tiles are made by another one; the maps are those of one computer.",
)
survives.elsewhere(
    "tests/mapping/test_distributed.py::test_a_full_gpu_of_a_worker_is_reported_once",
    "The memory of a GPU is full on the workers of a cluster",
    "a stand-in for the GPU of each worker that raises `torch.cuda.OutOfMemoryError`",
    "As on one computer; the warnings of the maps say each thing that happened once.",
)
survives.elsewhere(
    "tests/plugin/test_viewer_closed.py::test_a_viewer_closed_during_a_run_ends_it",
    "The viewer is closed during a run",
    "the window closes after the first tiles",
    "The run ends with its tile; no error, no thread that goes on.",
)
