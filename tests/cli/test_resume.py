"""A run of the command line that was broken off goes on; fit settings and normalisation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.cli._workspace import unfinished_maps
from napari_xrf_pigments.io import load_results
from napari_xrf_pigments.io.pymca_config import FitSettings, write_pymca_cfg
from napari_xrf_pigments.mapping import elements as module


@pytest.fixture(scope="module")
def scan(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "painting.h5"
    assert main(["simulate", "-o", str(path), "--shape", "40x40", "--anode", "Rh"]) == 0
    return path


def words(scan: Path, out: Path, *more: str) -> list[str]:
    return ["map", str(scan), "-o", str(out), "--elements-only", "--lines", "Pb, Fe", *more]


@pytest.fixture
def broken_off(scan, tmp_path, monkeypatch) -> Path:
    """OUT of a run that somebody stopped after its first tile."""
    real, tiles = module.fitted_tile, []

    def stop(*arguments):
        if tiles:
            raise KeyboardInterrupt
        tiles.append(real(*arguments))
        return tiles[0]

    monkeypatch.setattr(module, "fitted_tile", stop)
    out = tmp_path / "maps.h5"
    assert main(words(scan, out)) == 130
    monkeypatch.undo()
    assert not out.exists()
    return out


def test_resume_makes_the_missing_tiles_alone(scan, broken_off, capsys, monkeypatch):
    made = []
    real = module.fitted_tile
    monkeypatch.setattr(module, "fitted_tile", lambda *a: made.append(a[0].rows) or real(*a))
    assert main(words(scan, broken_off, "--resume")) == 0
    assert made
    assert made[0].start > 0
    monkeypatch.undo()
    whole = broken_off.with_name("whole.h5")
    assert main(words(scan, whole)) == 0
    (one, _), (other, _) = load_results(broken_off), load_results(whole)
    assert one.names == other.names == ("Pb L", "Fe K")
    assert np.array_equal(one.counts, other.counts)
    # Nothing is left behind.
    assert sorted(path.name for path in broken_off.parent.iterdir()) == ["maps.h5", "whole.h5"]


def test_earlier_tiles_are_neither_used_nor_lost_by_accident(scan, broken_off, capsys):
    capsys.readouterr()
    assert main(words(scan, broken_off)) == 2
    said = capsys.readouterr().err
    assert "--resume" in said
    assert "--overwrite" in said
    assert main(words(scan, broken_off, "--overwrite")) == 0
    assert [path.name for path in broken_off.parent.iterdir()] == ["maps.h5"]


def test_tiles_of_other_settings_are_refused(scan, broken_off, capsys):
    assert main(words(scan, broken_off, "--resume", "--gain-kev", "0.011")) == 2
    assert "made differently (calibration" in capsys.readouterr().err


def test_a_run_that_had_no_tile_leaves_nothing(tmp_path):
    with (
        pytest.raises(ValueError, match="no lines"),
        unfinished_maps(tmp_path / "a.h5", resume=False, overwrite=False) as folder,
    ):
        folder.mkdir()
        raise ValueError("no lines")
    # The folder of somebody else stays.
    assert [path.name for path in tmp_path.iterdir()] == [".a.h5.unfinished"]
    with (
        pytest.raises(ValueError, match="something else"),
        unfinished_maps(tmp_path / "a.h5", resume=True, overwrite=True),
    ):
        pass


def test_fit_settings_of_pymca_say_what_is_fitted_and_where(scan, tmp_path, capsys):
    settings = tmp_path / "fit.cfg"
    write_pymca_cfg(settings, FitSettings(("Pb L", "Cu K"), 0.0123, -0.02, 150.0, 40.0, None))
    out = tmp_path / "maps.h5"
    command = ["map", str(scan), "-o", str(out), "--elements-only"]
    assert main([*command, "--fit-settings", str(settings)]) == 0
    assert "2 line families" in capsys.readouterr().out
    maps, _ = load_results(out)
    assert maps.names == ("Pb L", "Cu K")
    assert maps.provenance["calibration"]["gain_kev"] == pytest.approx(0.0123)
    assert main([*command, "--fit-settings", str(scan), "--overwrite"]) == 2


def test_normalised_maps_say_so(scan, tmp_path, capsys):
    out = tmp_path / "maps.h5"
    assert main(words(scan, out, "--normalise", "scatter")) == 0
    maps, _ = load_results(out)
    assert maps.provenance["settings"]["normalised_to"] == "scatter"
    assert main(words(scan, tmp_path / "t.h5", "--normalise", "live-time")) in (0, 2)
