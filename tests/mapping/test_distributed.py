"""Test maps that are computed by the workers of a dask cluster."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zarr

from napari_xrf_pigments import map_elements, map_pigments, open_cube
from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping import plan_elements
from napari_xrf_pigments.mapping.distributed import (
    TileTask,
    cluster_tile,
    map_elements_on_cluster,
    map_pigments_on_cluster,
    tile_tasks,
)
from napari_xrf_pigments.mapping.elements import fit_tile
from napari_xrf_pigments.mapping.pigments import pigment_tile
from napari_xrf_pigments.mapping.tiles import Tile, read_tile
from napari_xrf_pigments.network import Predictor

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")

SMALL = 48 * 1000 * 2  # bytes: slightly more than two rows of the scan
LINES = ["Pb", "Ca", "Fe", "Cu"]


@contextmanager
def two_workers() -> Iterator[distributed.Client]:
    """Start a cluster of two processes on this machine."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Connect to the cluster that the tests share."""
    with two_workers() as client:
        yield client


@pytest.fixture
def scan(painting: XRFCube, tmp_path: Path) -> XRFCube:
    """Save the painting to a file, so that the workers read it themselves."""
    np.save(tmp_path / "scan.npy", painting.counts.compute())
    cube = open_cube(tmp_path / "scan.npy", gain_kev=0.03, offset_kev=-0.02)
    return cube.with_acquisition(painting.acquisition)


def _tile(task: TileTask) -> Tile:
    rows, columns, _ = task.cube.shape
    return read_tile(task.cube, 0, slice(0, rows), slice(0, columns))


def test_tiles_are_whole_rows_or_parts_of_one_row(scan: XRFCube) -> None:
    rows, columns = cluster_tile(scan, SMALL)
    assert columns == 20
    assert 1 <= rows < 12
    assert cluster_tile(scan, 3 * 1000 * 2) == (1, 3)
    assert cluster_tile(scan) == (12, 20)


def test_the_task_of_a_worker_contains_no_counts(scan: XRFCube) -> None:
    task = next(tile_tasks(scan, (2, 20), "folder"))
    assert len(pickle.dumps(task)) < 20_000
    counts = task.cube.counts.compute(scheduler="synchronous")
    assert (counts == scan.counts[:2].compute()).all()


def test_only_the_tile_of_a_scan_in_memory_is_sent(painting: XRFCube) -> None:
    task = list(tile_tasks(painting, (2, 20), "folder"))[2]
    assert len(pickle.dumps(task)) < 2.5 * task.cube.counts.nbytes
    assert painting.valid is not None
    assert (task.cube.valid == painting.valid[4:6]).all()


@pytest.mark.slow
def test_element_maps_equal_those_of_one_computer(
    client: distributed.Client, scan: XRFCube, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    out = tmp_path / "elements.zarr"
    there = map_elements_on_cluster(
        scan, client, out, LINES, progress=lambda *step: steps.append(step), tile_bytes=SMALL
    )
    here = map_elements(scan, LINES)
    assert there.names == here.names
    assert np.asarray(there.counts) == pytest.approx(here.counts, rel=1e-6, abs=1e-3)
    assert np.asarray(there.sigma) == pytest.approx(here.sigma, rel=1e-6)
    assert steps[-1] == (240, 240)
    assert len(steps) == 6
    assert zarr.open_group(str(out), mode="r").attrs["names"] == list(here.names)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_pigment_maps_equal_those_of_one_computer(
    client: distributed.Client, scan: XRFCube, tmp_path: Path
) -> None:
    there = map_pigments_on_cluster(
        scan, client, tmp_path / "pigments.zarr", device="cpu", tile_bytes=SMALL
    )
    here = map_pigments(scan, device="cpu")
    for field in ("probability", "top", "below", "group_probability", "unexplained"):
        found, expected = (np.asarray(getattr(maps, field)) for maps in (there, here))
        # The order of summation in single precision depends on the position in a batch.
        slack = 1e-5 if field == "unexplained" else 1e-6
        assert found == pytest.approx(expected, abs=slack)
    assert there.provenance["weights_hash"] == here.provenance["weights_hash"]


def test_equal_tiles_give_bit_identical_maps(
    client: distributed.Client, scan: XRFCube, tmp_path: Path
) -> None:
    torch.set_num_threads(1)  # as on the workers
    elements = map_elements_on_cluster(scan, client, tmp_path / "e.zarr", LINES, tile_bytes=SMALL)
    pigments = map_pigments_on_cluster(
        scan, client, tmp_path / "p.zarr", device="cpu", tile_bytes=SMALL
    )
    fit, network = plan_elements(scan, LINES).fit, Predictor("cpu")
    predict = network.bind(scan.energies, scan.acquisition)
    size = cluster_tile(scan, SMALL)
    for task in tile_tasks(scan, size, "folder"):
        tile = _tile(task)
        here = fit_tile(tile, fit)
        for field in ("counts", "sigma"):
            there = np.asarray(getattr(elements, field))[:, task.rows, task.columns]
            np.testing.assert_array_equal(there, getattr(here, field))
        predicted = pigment_tile(tile, predict(tile.spectra))
        for field in ("probability", "top", "below", "group_probability", "unexplained"):
            there = np.asarray(getattr(pigments, field))[..., task.rows, task.columns]
            np.testing.assert_array_equal(there, getattr(predicted, field))


def test_tiles_of_a_killed_worker_are_computed_again(
    client: distributed.Client, scan: XRFCube, tmp_path: Path
) -> None:
    workers = client.run(os.getpid)
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        if not killed and done < total:
            killed.append(next(iter(workers.values())))
            os.kill(killed[0], signal.SIGKILL)

    there = map_elements_on_cluster(
        scan, client, tmp_path / "e.zarr", LINES, progress=kill, tile_bytes=1000 * 2 * 5
    )
    assert killed
    here = map_elements(scan, LINES)
    assert np.asarray(there.counts) == pytest.approx(here.counts, rel=1e-5, abs=1e-3)


def test_other_weights_on_a_worker_are_an_error_and_leave_no_files(
    client: distributed.Client, scan: XRFCube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_xrf_pigments.network import Predictor

    made = Predictor.__init__

    def other(self: Predictor, *args: object, **kwargs: object) -> None:
        made(self, *args, **kwargs)
        self.weights_hash = "0" * 64

    monkeypatch.setattr(Predictor, "__init__", other)  # on this computer, not on the workers
    with pytest.raises(ValueError, match="other weights"):
        map_pigments_on_cluster(scan, client, tmp_path / "p.zarr", device="cpu")
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npy"]


def test_another_precision_on_a_worker_is_an_error(
    client: distributed.Client, scan: XRFCube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_xrf_pigments.network import Predictor

    made = Predictor.__init__

    def other(self: Predictor, *args: object, **kwargs: object) -> None:
        made(self, *args, **kwargs)
        self.numerics = "int4"

    monkeypatch.setattr(Predictor, "__init__", other)  # on this computer, not on the workers
    with pytest.raises(ValueError, match="would not compute all pixels alike"):
        map_pigments_on_cluster(scan, client, tmp_path / "p.zarr", device="cpu")


def test_a_missing_scheduler_is_one_sentence(scan: XRFCube, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="There is no dask scheduler at nonsense://"):
        map_elements_on_cluster(scan, "nonsense://nowhere:1", tmp_path / "e.zarr", LINES)
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npy"]


def test_warnings_of_the_workers_are_in_the_maps(
    client: distributed.Client, scan: XRFCube, tmp_path: Path
) -> None:
    counts = scan.counts.compute()
    counts[0, :2] = 0
    np.save(tmp_path / "odd.npy", counts)
    odd = open_cube(tmp_path / "odd.npy", gain_kev=0.03, offset_kev=0.10)
    odd = odd.with_acquisition(scan.acquisition.updated(takeoff_deg=5.0))
    out = tmp_path / "elements.zarr"
    elements = map_elements_on_cluster(odd, client, out, LINES, tile_bytes=SMALL)
    pigments = map_pigments_on_cluster(odd, client, tmp_path / "p.zarr", device="cpu")
    assert elements.provenance["warnings"] == map_elements(odd, LINES).provenance["warnings"]
    assert pigments.provenance["warnings"] == map_pigments(odd).provenance["warnings"]
    assert len(elements.provenance["warnings"]) == 2
    group = zarr.open_group(str(out), mode="r")
    assert group.attrs["provenance"]["warnings"] == elements.provenance["warnings"]


def gpu_without_room() -> Callable[[], None]:
    """Return a function that replaces the processor of a worker by a GPU without free memory."""

    # An inner function is pickled whole: workers cannot import this file.
    def change() -> None:
        from napari_xrf_pigments.mapping.distributed import worker_network
        from napari_xrf_pigments.network._batching import BatchBuffers

        made, forward = Predictor.__init__, Predictor._forward

        def on_gpu(self: Predictor, *args: Any) -> None:
            made(self, *args)
            self.device = "cuda:0"

        def full(self: Predictor, encoded: torch.Tensor) -> torch.Tensor:
            if self.device != "cpu":
                raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
            return forward(self, encoded)

        Predictor.__init__, Predictor._forward = on_gpu, full  # type: ignore[method-assign]
        # The computation itself runs on the processor.
        BatchBuffers.to_device = lambda own, count, device: own._input[:count]  # type: ignore[method-assign]
        worker_network.cache_clear()

    return change


@pytest.mark.slow
def test_a_full_gpu_of_a_worker_is_reported_once(scan: XRFCube, tmp_path: Path) -> None:
    out = tmp_path / "p.zarr"
    # Separate workers need no restart afterwards, which may hang on a busy machine.
    with two_workers() as client:
        client.run(gpu_without_room())
        there = map_pigments_on_cluster(scan, client, out, device="cpu-float32", tile_bytes=SMALL)
    here = map_pigments(scan, device="cpu-float32")
    assert np.asarray(there.probability) == pytest.approx(here.probability, abs=1e-6)
    full = [text for text in there.provenance["warnings"] if "memory of the GPU was full" in text]
    assert sorted(text.partition(", so ")[2] for text in full) == [
        "spectra were computed in smaller batches; the results are not affected.",
        "the processor computed the rest; the results are not affected.",
    ]
    provenance = zarr.open_group(str(out), mode="r").attrs["provenance"]
    assert provenance["warnings"] == there.provenance["warnings"]
