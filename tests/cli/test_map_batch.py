"""Test options of ``xrf-pigments map`` for many scans and for other programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io import load_results

FAST = ["--elements-only", "--no-calibrate", "--lines", "Pb L, Fe"]


@pytest.fixture
def scans(scan: Path, tmp_path: Path) -> list[str]:
    folder = tmp_path / "scans"
    folder.mkdir()
    return [str(shutil.copy(scan, folder / name)) for name in ("left.h5", "right.h5")]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_several_scans_give_a_result_each(scans, tmp_path, capsys):
    out, picture = tmp_path / "maps", tmp_path / "overview.png"
    words = ["map", *scans, "-o", str(out), "--overview", str(picture), *FAST]
    assert main(words) == 0
    assert names_in(out) == ["left.zarr", "right.zarr"]
    assert load_results(out / "left.zarr")[0].names == ("Pb L", "Fe K")
    assert {"left-overview.png", "right-overview.png"} <= set(names_in(tmp_path))
    capsys.readouterr()
    assert main(words) == 1  # nothing is replaced
    assert "--overwrite" in capsys.readouterr().err


def test_a_scan_that_fails_does_not_stop_the_others(scans, tmp_path, capsys):
    (tmp_path / "bad.h5").write_text("no scan")
    out = tmp_path / "maps"
    words = ["map", str(tmp_path / "bad.h5"), *scans, "-o", str(out), "--format", "hdf5", *FAST]
    assert main([*words, "--json"]) == 1
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert ["error" in each for each in found] == [True, False, False]
    assert "1 of 3 scans" in captured.err and "bad.h5" in captured.err
    assert captured.err.count("\n") == 1
    assert names_in(out) == ["left.h5", "right.h5"]


def test_outputs_of_several_scans_are_checked_before_the_work(scans, tmp_path, capsys):
    assert main(["map", *scans, "-o", str(tmp_path / "maps.zarr"), *FAST]) == 1
    assert "name of a folder" in capsys.readouterr().err
    assert main(["map", scans[0], scans[0], "-o", str(tmp_path / "maps"), *FAST]) == 1
    assert "same name" in capsys.readouterr().err
    picture = ["--overview", str(tmp_path / "picture.gif")]
    assert main(["map", *scans, "-o", str(tmp_path / "maps"), *picture, *FAST]) == 1
    assert names_in(tmp_path) == ["scans"]


def test_json_is_one_document_and_quiet_is_silent(scan, tmp_path, capsys):
    words = ["map", str(scan), "-o", str(tmp_path / "maps.h5"), *FAST]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scan"] == str(scan) and found["out"].endswith("maps.h5")
    assert found["shape"][:2] == [8, 12] and isinstance(found["warnings"], list)
    assert "Pb L" in {entry["name"] for entry in found["elements"]}
    assert main([*words, "--quiet", "--overwrite"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_palette_hides_pigments_in_the_summary_but_not_in_the_data(scan, tmp_path, capsys):
    listed = tmp_path / "palette.txt"
    listed.write_text("# from the inventory\nLead white\nazurite\t1\n\n")
    words = ["map", str(scan), "--pigments-only", "--no-calibrate", "--json", "--threshold", "0.4"]
    limits = ["--palette", str(listed), "--painted", "-1700"]
    assert main([*words, "-o", str(tmp_path / "a.h5"), *limits]) == 0
    found = json.loads(capsys.readouterr().out)
    shown = {name for entry in found["pigments"] for name in entry["pigments"]}
    assert shown <= {"lead_white", "azurite"} and found["threshold"] == 0.4
    assert found["hidden"]["malachite"] == "excluded"
    assert "malachite" in load_results(tmp_path / "a.h5")[1].names


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--palette", "lead white, azurit"], 1, "azurite"),
        (["--painted", "baroque"], 2, "period"),
        (["--painted", "1900-1800"], 1, "before it begins"),
        (["--threshold", "2"], 2, "probability"),
        (["--instrument", "nowhere.toml"], 1, "does not exist"),
    ],
)
def test_a_bad_palette_or_instrument_is_refused_before_the_work(
    scan, tmp_path, capsys, words, code, message
):
    assert main(["map", str(scan), "-o", str(tmp_path / "maps.h5"), *words]) == code
    assert message in capsys.readouterr().err
    assert names_in(tmp_path) == []


def test_settings_of_an_instrument_are_saved_and_used(scan, tmp_path, capsys):
    saved = tmp_path / "ours.toml"
    assert main(["info", str(scan), "--save-instrument", str(saved)]) == 0
    assert main(["info", str(scan), "--save-instrument", str(saved)]) == 1
    saved.write_text(saved.read_text().replace("tube_kv = 45.0", "tube_kv = 38.0"))
    np.save(tmp_path / "raw.npy", np.full((6, 5, 512), 3, np.uint16))
    words = ["map", str(tmp_path / "raw.npy"), "-o", str(tmp_path / "maps.h5"), *FAST]
    assert main([*words, "--instrument", str(saved)]) == 0
    made = load_results(tmp_path / "maps.h5")[0].provenance
    assert made["acquisition"]["tube_kv"] == 38.0 and made["acquisition"]["anode"] == "Rh"
    assert made["calibration"]["gain_kev"] == pytest.approx(0.02)
    assert main([*words, "--instrument", str(saved), "--kv", "30", "--overwrite"]) == 0
    assert load_results(tmp_path / "maps.h5")[0].provenance["acquisition"]["tube_kv"] == 30


def test_info_prints_json_of_scans_and_results(scan, tmp_path, capsys):
    assert main(["info", str(scan), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "scan" and found["shape"][:2] == [8, 12]
    assert found["acquisition"]["anode"] == "Rh" and found["energies"]["source"] == "file"
    out = tmp_path / "maps.zarr"
    assert main(["map", str(scan), "-o", str(out), "--quiet", *FAST]) == 0
    assert main(["info", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "results" and found["pigments"] is None
    assert found["elements"]["names"] == ["Pb L", "Fe K"]
