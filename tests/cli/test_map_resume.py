"""Test ``xrf-pigments map --resume``, which continues an interrupted run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io import load_results
from napari_xrf_pigments.mapping import elements as module


@pytest.fixture(scope="module")
def scan(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "painting.h5"
    assert main(["simulate", "-o", str(path), "--shape", "40x40", "--anode", "Rh"]) == 0
    return path


def words(scan: Path, out: Path, *more: str) -> list[str]:
    return ["map", str(scan), "-o", str(out), "--elements-only", "--lines", "Pb, Fe", *more]


@pytest.fixture
def interrupted(scan, tmp_path, monkeypatch) -> Path:
    """Return OUT of a run that was interrupted after its first tile."""
    real, tiles = module.fit_tile, []

    def stop(*arguments, **options):
        if tiles:
            raise KeyboardInterrupt
        tiles.append(real(*arguments, **options))
        return tiles[0]

    monkeypatch.setattr(module, "fit_tile", stop)
    out = tmp_path / "maps.h5"
    assert main(words(scan, out)) == 130
    monkeypatch.undo()
    assert not out.exists()
    return out


def test_resume_computes_only_the_missing_tiles(scan, interrupted, capsys, monkeypatch):
    made = []
    real = module.fit_tile
    monkeypatch.setattr(module, "fit_tile", lambda *a, **k: made.append(a[0].rows) or real(*a, **k))
    assert main(words(scan, interrupted, "--resume")) == 0
    assert made
    assert made[0].start > 0
    monkeypatch.undo()
    whole = interrupted.with_name("whole.h5")
    assert main(words(scan, whole)) == 0
    (one, _), (other, _) = load_results(interrupted), load_results(whole)
    assert one.names == other.names == ("Pb L", "Fe K")
    assert np.array_equal(one.counts, other.counts)
    # No temporary file remains.
    assert sorted(path.name for path in interrupted.parent.iterdir()) == ["maps.h5", "whole.h5"]


def test_without_resume_earlier_tiles_are_neither_used_nor_discarded(scan, interrupted, capsys):
    capsys.readouterr()
    assert main(words(scan, interrupted)) == 1
    error = capsys.readouterr().err
    assert "--resume" in error
    assert "--overwrite" in error
    assert main(words(scan, interrupted, "--overwrite")) == 0
    assert [path.name for path in interrupted.parent.iterdir()] == ["maps.h5"]


def test_tiles_of_other_settings_are_refused(scan, interrupted, capsys):
    assert main(words(scan, interrupted, "--resume", "--gain-kev", "0.011")) == 1
    assert "made differently (calibration" in capsys.readouterr().err
