"""Test ``xrf-pigments verify``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cli import main

from ..inversion.instruments import INSTRUMENT, section, spectra


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an archive of one spectrum of vermilion."""
    path = tmp_path_factory.mktemp("board") / "board.npz"
    counts = spectra([section([("vermilion", 1.0)])], 20_000).astype(np.uint32)
    np.savez(path, counts=counts, names=np.array(["P1"]), ev_per_channel=40.0, offset_ev=0.0)
    return path


TUBE = ["--anode", "Rh", "--kv", "40"]


def test_claims_about_single_spectra_are_tested(board: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "board.json"
    words = ["verify", "--spectra", str(board), "-o", str(out), "--claims", "vermilion, cadmium"]
    assert main([*words, *TUBE]) == 0
    said = capsys.readouterr().out
    assert "Vermilion: needed" in said
    content = json.loads(out.read_text(encoding="utf-8"))
    result = content["results"]["P1"]
    verdicts = {claim["group"]: claim["verdict"] for claim in result["claims"]}
    assert verdicts == {"mercury": "needed", "cadmium": "not needed"}
    assert result["seed"] == 0 and result["instrument"]["anode"] == "Rh"
    assert result["instrument"]["fwhm_mn_ka_ev"] == pytest.approx(INSTRUMENT.fwhm_mn_ka_ev, rel=0.1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--pixel", "500,2"], "outside the scan"),
        (["--pixel", "half"], "is not X,Y"),
        (["--pixel", "1,1", "--claims", "unobtainium"], "neither a pigment nor a group"),
        ([], "give one of"),
    ],
)
def test_what_cannot_be_tested_gives_one_sentence(
    scan: Path, tmp_path: Path, capsys, words: list[str], sentence: str
) -> None:
    out = tmp_path / "out.json"
    assert main(["verify", str(scan), "-o", str(out), *words]) in (1, 2)
    assert sentence in capsys.readouterr().err
    assert not out.exists()


def test_another_file_is_left_as_it_is(scan: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "notes.csv"
    out.write_text("mine", encoding="utf-8")
    assert main(["verify", str(scan), "-o", str(out), "--pixel", "1,1", "--overwrite"]) == 1
    assert out.read_text(encoding="utf-8") == "mine"
