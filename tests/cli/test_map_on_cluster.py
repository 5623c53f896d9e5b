"""Test ``xrf-pigments map --scheduler``, which computes the tiles on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io import load_results

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


def test_a_cluster_computes_the_same_maps(scan: Path, address: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here.h5", tmp_path / "there.h5"
    words = ["map", str(scan), "--lines", "Pb, Fe", "--no-calibrate", "--device", "cpu", "-o"]
    assert main([*words, str(here)]) == 0
    assert main([*words, str(there), "--scheduler", address]) == 0
    for mine, other in zip(load_results(here), load_results(there), strict=True):
        assert mine is not None
        assert other is not None
        assert mine.names == other.names
        field = "counts" if hasattr(mine, "counts") else "probability"
        found, expected = np.asarray(getattr(other, field)), np.asarray(getattr(mine, field))
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here.h5", "there.h5"]


def test_an_address_without_a_scheduler_is_bad_input(
    scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["map", str(scan), "-o", str(tmp_path / "out.h5"), "--no-calibrate"]
    assert main([*words, "--scheduler", "nonsense://nowhere:1"]) == 1
    assert "There is no dask scheduler" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
