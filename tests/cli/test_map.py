"""A scan goes in, maps come out, and the scan stays as it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_xrf_pigments import ElementMaps, PigmentMaps, open_cube
from napari_xrf_pigments.cli import main
from napari_xrf_pigments.cli.map import Maps, percent, report
from napari_xrf_pigments.io import load_results


@pytest.fixture(scope="module")
def scan(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "painting.h5"
    assert main(["simulate", "-o", str(path), "--shape", "8x12", "--anode", "Rh"]) == 0
    return path


def contents(folder: Path) -> dict[str, str]:
    files = (entry for entry in folder.rglob("*") if entry.is_file())
    return {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in files}


def test_simulate_writes_a_scan_that_info_describes(scan, capsys):
    assert open_cube(scan).shape[:2] == (8, 12)
    assert main(["info", str(scan)]) == 0
    said = capsys.readouterr().out
    assert "8 rows x 12 columns" in said
    assert "Rh" in said


def test_the_same_seed_gives_the_same_scan(scan, tmp_path):
    again = tmp_path / "again.h5"
    assert main(["simulate", "-o", str(again), "--shape", "8x12"]) == 0
    with h5py.File(scan) as one, h5py.File(again) as other:
        assert np.array_equal(one["entry/data/counts"][()], other["entry/data/counts"][()])


@pytest.mark.parametrize("extra", [[], ["--shape", "8x12", "--seed", "1"]])
def test_a_scan_is_not_simulated_over_a_file(scan, capsys, extra):
    before = contents(scan.parent)
    assert main(["simulate", "-o", str(scan), *extra]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert contents(scan.parent) == before


def test_elements_are_mapped_after_a_calibration_that_is_told(scan, tmp_path, capsys):
    before = contents(scan.parent)
    out, picture = tmp_path / "maps.h5", tmp_path / "overview.png"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--overview", str(picture)]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert "calibrat" in captured.out.lower()
    assert "Pb L" in captured.out
    assert "Elements: 100%" in captured.err
    elements, pigments = load_results(out)
    assert pigments is None
    assert np.asarray(elements.counts).shape[1:] == (8, 12)
    assert picture.stat().st_size > 10_000
    assert contents(scan.parent) == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["maps.h5", "overview.png"]


def test_a_scale_that_was_given_is_not_touched(scan, tmp_path, capsys):
    out = tmp_path / "maps.h5"
    scale = ["--gain-kev", "0.0201", "--offset-kev", "0.001"]
    chosen = ["--lines", "Pb L, Fe", "--elements-only"]
    assert main(["map", str(scan), "-o", str(out), *scale, *chosen]) == 0
    # That this scale does not fit is told, but it is kept.
    assert "calibrated" not in capsys.readouterr().out.lower()
    elements, _ = load_results(out)
    assert set(elements.names) >= {"Pb L", "Fe K"}
    assert elements.provenance["calibration"]["gain_kev"] == 0.0201


def test_no_calibrate_keeps_the_scale_of_the_file(scan, tmp_path):
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--no-calibrate", "--elements-only"]
    assert main([*words, "--lines", "Fe K"]) == 0
    elements, _ = load_results(out)
    assert elements.provenance["calibration"]["gain_kev"] == open_cube(scan).energies.gain_kev


def test_results_are_replaced_only_when_allowed(scan, tmp_path, capsys):
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--no-calibrate", "--lines"]
    assert main([*words, "Fe K"]) == 0
    assert main([*words, "Cu K"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert load_results(out)[0].names == ("Fe K",)
    assert main([*words, "Cu K", "--overwrite"]) == 0
    assert load_results(out)[0].names == ("Cu K",)


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("maps", [], "not clear how to save"),
        ("maps.docx", [], "not clear how to save"),
        ("nowhere/maps.h5", [], "does not exist"),
        ("thesis.h5", ["--overwrite"], "no result of this program"),
        ("maps.h5", ["--anode", "Xx"], "not the symbol"),
        ("maps.h5", ["--kv", "-5"], "voltage"),
        ("maps.h5", ["--gain-kev", "-1"], "gain"),
    ],
)
def test_what_cannot_work_is_said_at_once(scan, tmp_path, capsys, name, words, said):
    (tmp_path / "thesis.h5").write_text("years of work")
    assert main(["map", str(scan), "-o", str(tmp_path / name), *words]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.startswith("xrf-pigments: ")
    assert captured.err.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.h5"]


@pytest.mark.parametrize("content", [b"", b"not a scan at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_bad_input_is_one_sentence_and_nothing_is_written(tmp_path, capsys, content):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "bad.h5").write_bytes(content)
    assert main(["map", str(folder / "bad.h5"), "-o", str(tmp_path / "maps.zarr")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "bad.h5" in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]
    assert [entry.name for entry in folder.iterdir()] == ["bad.h5"]


def constant(*values: float) -> np.ndarray:
    return np.stack([np.full((4, 5), value, np.float32) for value in values])


def test_the_report_names_together_what_cannot_be_told_apart(capsys):
    names, groups = ("vermilion", "azurite", "malachite"), ("mercury", "copper")
    likely = constant(0.9, 0.4, 0.4)
    pigments = PigmentMaps(
        names, likely, likely, likely, groups, constant(0.9, 0.95), constant(0.0)[0]
    )
    elements = ElementMaps(("Hg L", "Fe K"), constant(100, 1), constant(10, 10))
    report(Maps(elements, pigments))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("somewhere: Hg L.")
    assert any(line.strip() == "Vermilion: 100 %" for line in lines)
    copper = next(line for line in lines if "not told apart" in line)
    assert "Azurite" in copper
    assert "Malachite" in copper
    assert not any("Vermilion" in line and "told apart" in line for line in lines)


def test_the_report_tells_what_the_run_noticed(capsys):
    likely = constant(0.1)
    told = {"warnings": ["3 pixels hold no counts.", "The tube ran at 120 kV."]}
    pigments = PigmentMaps(
        ("azurite",), likely, likely, likely, ("copper",), likely, likely[0], None, told
    )
    report(Maps(None, pigments))
    said = capsys.readouterr().out.splitlines()[-2:]
    assert said == ["Warning: 3 pixels hold no counts.", "Warning: The tube ran at 120 kV."]
    # What both kinds of maps say is said once.
    also = {"warnings": ["1 pixel holds negative counts.", "3 pixels hold no counts."]}
    elements = ElementMaps(("Fe K",), constant(1), constant(1), None, also)
    for maps in (Maps(elements, None), Maps(elements, pigments)):
        report(maps)
        said = [line for line in capsys.readouterr().out.splitlines() if "Warning" in line]
        assert said[:2] == [f"Warning: {text}" for text in also["warnings"]]
        assert len(said) == len(set(said)) == (2 if maps.pigments is None else 3)


@pytest.mark.parametrize(("share", "text"), [(0.5, "50 %"), (0.012, "1.2 %"), (1.0, "100 %")])
def test_shares_are_percentages(share, text):
    assert percent(share) == text


def test_a_saved_calibration_is_used_and_said(scan, tmp_path, capsys):
    from napari_xrf_pigments.io.calibration_file import SavedCalibration, save_calibration

    cube = open_cube(scan)
    saved = SavedCalibration(cube.shape[2], 1.001 * cube.energies.gain_kev, 0.004, "Rh", 45.0)
    path = save_calibration(tmp_path / "mine.json", saved)
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--lines", "Pb L"]
    assert main([*words, "--calibration", str(path)]) == 0
    assert "Energy axis from mine.json." in capsys.readouterr().out
    elements, _ = load_results(out)
    used = elements.provenance["calibration"]
    assert (used["gain_kev"], used["offset_kev"]) == (saved.gain_kev, saved.offset_kev)


@pytest.mark.parametrize(
    ("extra", "said"),
    [(["--gain-kev", "0.02"], "not both"), ([], "channels, but the scan has")],
)
def test_a_calibration_that_does_not_fit_is_refused(scan, tmp_path, capsys, extra, said):
    from napari_xrf_pigments.io.calibration_file import SavedCalibration, save_calibration

    path = save_calibration(tmp_path / "mine.json", SavedCalibration(77, 0.02, 0.0))
    out = tmp_path / "maps.h5"
    assert main(["map", str(scan), "-o", str(out), "--calibration", str(path), *extra]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_neighbours_speak_only_when_asked(scan, tmp_path):
    made = {}
    for name, extra in (("alone", []), ("together", ["--context"])):
        out = tmp_path / f"{name}.h5"
        assert main(["map", str(scan), "-o", str(out), "--pigments-only", *extra]) == 0
        made[name] = load_results(out)[1]
    assert made["alone"].provenance["settings"]["context"] is False
    assert made["together"].provenance["settings"]["context"] is True


def test_neighbours_are_not_asked_on_a_cluster(scan, tmp_path, capsys):
    words = ["map", str(scan), "-o", str(tmp_path / "m.h5"), "--context"]
    assert main([*words, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "--context are not offered" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
