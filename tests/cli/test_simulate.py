"""Test ``xrf-pigments simulate``."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.cli import main


def test_a_simulated_scan_is_described_by_info(scan, capsys):
    assert open_cube(scan).shape[:2] == (8, 12)
    assert main(["info", str(scan)]) == 0
    text = capsys.readouterr().out
    assert "8 rows x 12 columns" in text
    assert "Rh" in text


def test_a_simulated_scan_states_its_energy_axis(scan):
    assert open_cube(scan).energies.source == "file"


def test_the_same_seed_gives_the_same_scan(scan, tmp_path):
    again = tmp_path / "again.h5"
    assert main(["simulate", "-o", str(again), "--shape", "8x12"]) == 0
    with h5py.File(scan) as one, h5py.File(again) as other:
        assert np.array_equal(one["entry/data/counts"][()], other["entry/data/counts"][()])


@pytest.mark.parametrize("extra", [[], ["--shape", "8x12", "--seed", "1"]])
def test_an_existing_scan_is_not_replaced(scan, capsys, extra):
    before = scan.read_bytes()
    assert main(["simulate", "-o", str(scan), *extra]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert scan.read_bytes() == before


def test_a_file_of_another_program_is_not_replaced(tmp_path):
    (tmp_path / "thesis.h5").write_text("years of work")
    assert main(["simulate", "-o", str(tmp_path / "thesis.h5"), "--overwrite"]) == 1
    assert (tmp_path / "thesis.h5").read_text() == "years of work"


def test_the_truth_lies_beside_the_scan(scan):
    with h5py.File(scan.with_name("painting.truth.h5")) as file:
        names = file["names"].asstr()[()].tolist()
        assert file["top"].shape == file["below_sigma"].shape == (len(names), 8, 12)
        assert file["top"][()].any() and file["below"][()].any()
        regions = file["region_names"].asstr()[()].tolist()
        assert int(file["regions"][()].max()) < len(regions)
        layers = json.loads(file["sections"].asstr()[()])[regions[0]]
        assert {"role", "pigments", "thickness_um"} <= set(layers[0])


def test_a_file_with_the_name_of_the_truth_is_not_replaced(tmp_path):
    (tmp_path / "a.truth.h5").write_text("years of work")
    assert main(["simulate", "-o", str(tmp_path / "a.h5"), "--overwrite"]) == 1
    assert (tmp_path / "a.truth.h5").read_text() == "years of work"
