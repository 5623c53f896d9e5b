"""Test ``xrf-pigments convert``: equal counts, unchanged input, no foreign file replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, open_cube
from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io import save_cube

NAMES = ("out.zarr", "out.h5", "out.rpl")


@pytest.fixture
def scan(tmp_path) -> Path:
    counts = np.random.default_rng(1).poisson(3, (5, 7, 64)).astype(np.uint16)
    (tmp_path / "in").mkdir()
    cube = XRFCube.from_array(counts, gain_kev=0.02, offset_kev=-0.1, anode="Rh")
    return save_cube(cube, tmp_path / "in" / "scan.rpl")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_the_counts_are_the_same_and_the_input_is_unchanged(scan, tmp_path, capsys, name):
    before = contents(scan.parent)
    assert main(["convert", str(scan), "-o", str(tmp_path / name)]) == 0
    found, cube = open_cube(tmp_path / name), open_cube(scan)
    assert np.array_equal(found.counts.compute(), cube.counts.compute())
    assert (found.energies, found.acquisition) == (cube.energies, cube.acquisition)
    captured = capsys.readouterr()
    assert str(tmp_path / name) in captured.out
    assert captured.err == ""
    assert contents(scan.parent) == before


def test_given_energy_axis_and_tube_are_saved(scan, tmp_path):
    out = tmp_path / "out.h5"
    words = ["--gain-kev", "0.021", "--offset-kev", "0.003", "--anode", "Mo", "--kv", "40"]
    assert main(["convert", str(scan), "-o", str(out), *words]) == 0
    found = open_cube(out)
    assert (found.energies.gain_kev, found.energies.offset_kev) == (0.021, 0.003)
    assert found.energies.source == "user"
    assert (found.acquisition.anode, found.acquisition.tube_kv) == ("Mo", 40.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_scan_is_replaced_only_with_overwrite(scan, tmp_path, capsys, name):
    words = ["convert", str(scan), "-o", str(tmp_path / name)]
    assert main(words) == 0
    before = contents(tmp_path)
    assert main([*words, "--gain-kev", "0.5"]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert contents(tmp_path) == before
    assert main([*words, "--gain-kev", "0.5", "--overwrite"]) == 0
    assert open_cube(tmp_path / name).energies.gain_kev == 0.5


@pytest.mark.parametrize(
    ("out", "words", "message"),
    [
        ("out", [], "not clear how to save"),
        ("out.tif", [], "not clear how to save"),
        ("nowhere/out.h5", [], "does not exist"),
        ("thesis.h5", ["--overwrite"], "not a result of this program"),
        ("in/scan.rpl", ["--overwrite"], "part of the scan"),
        ("out.h5", ["--gain-kev", "-1"], "gain"),
        ("out.h5", ["--detector", "3"], "detector"),
        ("in", ["--format", "zarr", "--overwrite"], "holds the scan"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(scan, tmp_path, capsys, out, words, message):
    (tmp_path / "thesis.h5").write_text("years of work")
    before = contents(tmp_path)
    assert main(["convert", str(scan), "-o", str(tmp_path / out), *words]) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("xrf-pigments: ")
    assert captured.err.count("\n") == 1
    assert contents(tmp_path) == before
