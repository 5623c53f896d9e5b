"""Test the command for single spectra."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments import simulate_scan
from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io.spectra import NamedSpectrum, save_spectra_msa


def test_a_folder_of_spectra_becomes_a_table(tmp_path, capsys):
    cube, _ = simulate_scan(seed=3, shape=(1, 3))
    folder = tmp_path / "board"
    folder.mkdir()
    for index, counts in enumerate(np.asarray(cube.counts)[0]):
        save_spectra_msa(
            folder / f"P{index}.msa",
            [NamedSpectrum("one", counts.astype(float))],
            cube.energies,
            cube.acquisition,
        )
    (folder / "notes.txt").write_text("nothing")
    out = tmp_path / "board.csv"
    options = ["--anode", "Rh", "--lines", "Ca, Fe", "--no-calibrate", "--device", "cpu"]
    assert main(["points", str(folder), "-o", str(out), *options]) == 0
    printed = capsys.readouterr().out
    assert "3 spectra" in printed and "notes.txt" in printed
    lines = out.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["P0", "P1", "P2"]
    assert main(["points", str(folder), "-o", str(out)]) == 1
    assert "already" in capsys.readouterr().err
    assert main(["points", str(folder), "-o", str(tmp_path / "a.zarr")]) == 1
    assert "saved as a table" in capsys.readouterr().err
