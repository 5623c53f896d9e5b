"""Test ``xrf-pigments map``: maps are written, and the scan is unchanged."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_xrf_pigments import ElementMaps, PigmentMaps, open_cube
from napari_xrf_pigments.cli import main
from napari_xrf_pigments.cli._summary import format_share, print_summary
from napari_xrf_pigments.io import load_results
from napari_xrf_pigments.io.pymca_config import FitSettings, write_pymca_cfg
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.weights import save_weights, weights_hash


def contents(folder: Path) -> dict[str, str]:
    files = (entry for entry in folder.rglob("*") if entry.is_file())
    return {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in files}


def test_elements_are_mapped_after_a_calibration_that_is_printed(scan, tmp_path, capsys):
    before = contents(scan.parent)
    out, picture = tmp_path / "maps.h5", tmp_path / "overview.png"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--overview", str(picture)]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert "calibrat" in captured.out.lower()
    assert "Pb L" in captured.out
    assert captured.err == ""
    elements, pigments = load_results(out)
    assert pigments is None
    assert np.asarray(elements.counts).shape[1:] == (8, 12)
    assert picture.stat().st_size > 10_000
    assert contents(scan.parent) == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["maps.h5", "overview.png"]


def test_a_given_energy_axis_is_used_unchanged(scan, tmp_path, capsys):
    out = tmp_path / "maps.h5"
    axis = ["--gain-kev", "0.0201", "--offset-kev", "0.001"]
    chosen = ["--lines", "Pb L, Fe", "--elements-only"]
    assert main(["map", str(scan), "-o", str(out), *axis, *chosen]) == 0
    assert "calibrated" not in capsys.readouterr().out.lower()
    elements, _ = load_results(out)
    assert set(elements.names) >= {"Pb L", "Fe K"}
    assert elements.provenance["calibration"]["gain_kev"] == 0.0201


def test_no_calibrate_uses_the_energy_axis_of_the_file(scan, tmp_path):
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--no-calibrate", "--elements-only"]
    assert main([*words, "--lines", "Fe K"]) == 0
    elements, _ = load_results(out)
    assert elements.provenance["calibration"]["gain_kev"] == open_cube(scan).energies.gain_kev


def test_results_are_replaced_only_with_overwrite(scan, tmp_path, capsys):
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--no-calibrate", "--lines"]
    assert main([*words, "Fe K"]) == 0
    assert main([*words, "Cu K"]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert load_results(out)[0].names == ("Fe K",)
    assert main([*words, "Cu K", "--overwrite"]) == 0
    assert load_results(out)[0].names == ("Cu K",)


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("maps", [], "not clear how to save"),
        ("maps.docx", [], "not clear how to save"),
        ("nowhere/maps.h5", [], "does not exist"),
        ("thesis.h5", ["--overwrite"], "not a result of this program"),
        ("maps.h5", ["--overview", "{}/thesis.png", "--overwrite"], "not a result of this program"),
        ("maps.h5", ["--overview", "{}/maps.jpg"], "must end in .png"),
        ("maps.h5", ["--report", "{}/maps.docx"], "must end in .html"),
        ("maps.h5", ["--device", "cuda:99"], "cannot be used on this computer"),
        ("maps.h5", ["--weights", "{}/nowhere.safetensors"], "no weights"),
        ("maps.h5", ["--lines", "Fe, Qq"], "not the symbol"),
        ("maps.h5", ["--lines", "Fe M"], "no line above"),
        ("maps.h5", ["--anode", "Xx"], "not the symbol"),
        ("maps.h5", ["--kv", "-5"], "voltage"),
        ("maps.h5", ["--gain-kev", "-1"], "gain"),
    ],
)
def test_bad_options_are_one_sentence_before_the_work(scan, tmp_path, capsys, name, words, message):
    for own in ("thesis.h5", "thesis.png"):
        (tmp_path / own).write_text("years of work")
    words = [word.format(tmp_path) for word in words]
    assert main(["map", str(scan), "-o", str(tmp_path / name), *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.startswith("xrf-pigments: ")
    assert captured.err.count("\n") == 1
    assert {entry.name for entry in tmp_path.iterdir()} == {"thesis.h5", "thesis.png"}
    assert (tmp_path / "thesis.png").read_text() == "years of work"


@pytest.mark.parametrize("content", [b"", b"not a scan at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 99])
def test_bad_input_is_one_sentence_and_nothing_is_written(tmp_path, capsys, content):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "bad.h5").write_bytes(content)
    assert main(["map", str(folder / "bad.h5"), "-o", str(tmp_path / "maps.zarr")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "bad.h5" in error
    assert [entry.name for entry in tmp_path.iterdir()] == ["in"]
    assert [entry.name for entry in folder.iterdir()] == ["bad.h5"]


def constant(*values: float) -> np.ndarray:
    return np.stack([np.full((4, 5), value, np.float32) for value in values])


def test_the_summary_lists_indistinguishable_pigments_together(capsys):
    names, groups = ("vermilion", "azurite", "malachite"), ("mercury", "copper")
    likely = constant(0.9, 0.4, 0.4)
    pigments = PigmentMaps(
        names, likely, likely, likely, groups, constant(0.9, 0.95), constant(0.0)[0]
    )
    elements = ElementMaps(("Hg L", "Fe K"), constant(100, 1), constant(10, 10))
    print_summary(elements, pigments)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("one pixel: Hg L.")
    assert any(line.strip() == "Vermilion: 100 %" for line in lines)
    copper = next(line for line in lines if "indistinguishable" in line)
    assert "Azurite" in copper
    assert "Malachite" in copper
    assert not any("Vermilion" in line and "indistinguishable" in line for line in lines)


def test_the_summary_ends_with_the_warnings_of_the_run(capsys):
    likely = constant(0.1)
    provenance = {"warnings": ["3 pixels hold no counts.", "The tube ran at 120 kV."]}
    pigments = PigmentMaps(
        ("azurite",), likely, likely, likely, ("copper",), likely, likely[0], None, provenance
    )
    print_summary(None, pigments)
    lines = capsys.readouterr().out.splitlines()[-2:]
    assert lines == ["Warning: 3 pixels hold no counts.", "Warning: The tube ran at 120 kV."]
    # A warning of both kinds of maps is printed once.
    also = {"warnings": ["1 pixel holds negative counts.", "3 pixels hold no counts."]}
    elements = ElementMaps(("Fe K",), constant(1), constant(1), None, also)
    for other in (None, pigments):
        print_summary(elements, other)
        lines = [line for line in capsys.readouterr().out.splitlines() if "Warning" in line]
        assert lines[:2] == [f"Warning: {text}" for text in also["warnings"]]
        assert len(lines) == len(set(lines)) == (2 if other is None else 3)


@pytest.mark.parametrize(("share", "text"), [(0.5, "50 %"), (0.012, "1.2 %"), (1.0, "100 %")])
def test_shares_are_printed_as_percentages(share, text):
    assert format_share(share) == text


def test_a_saved_calibration_is_used_and_printed(scan, tmp_path, capsys):
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


def test_a_calibration_that_does_not_fit_is_refused(scan, tmp_path, capsys):
    from napari_xrf_pigments.io.calibration_file import SavedCalibration, save_calibration

    path = save_calibration(tmp_path / "mine.json", SavedCalibration(77, 0.02, 0.0))
    out = tmp_path / "maps.h5"
    assert main(["map", str(scan), "-o", str(out), "--calibration", str(path)]) == 1
    assert "channels, but the scan has" in capsys.readouterr().err
    assert not out.exists()


def test_the_context_option_is_in_the_provenance(scan, tmp_path):
    made = {}
    for name, extra in (("alone", []), ("together", ["--context"])):
        out = tmp_path / f"{name}.h5"
        assert main(["map", str(scan), "-o", str(out), "--pigments-only", *extra]) == 0
        made[name] = load_results(out)[1]
    assert made["alone"].provenance["settings"]["context"] is False
    assert made["together"].provenance["settings"]["context"] is True


def test_fit_settings_of_pymca_give_lines_and_energy_axis(scan, tmp_path, capsys):
    settings = tmp_path / "fit.cfg"
    write_pymca_cfg(settings, FitSettings(("Pb L", "Cu K"), 0.0123, -0.02, 150.0, 40.0, None))
    out = tmp_path / "maps.h5"
    command = ["map", str(scan), "-o", str(out), "--elements-only"]
    assert main([*command, "--fit-settings", str(settings)]) == 0
    assert "2 line families" in capsys.readouterr().out
    maps, _ = load_results(out)
    assert maps.names == ("Pb L", "Cu K")
    assert maps.provenance["calibration"]["gain_kev"] == pytest.approx(0.0123)
    assert main([*command, "--fit-settings", str(scan), "--overwrite"]) == 1


def test_normalisation_is_in_the_provenance(scan, tmp_path):
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--lines", "Pb, Fe"]
    assert main([*words, "--normalise", "scatter"]) == 0
    maps, _ = load_results(out)
    assert maps.provenance["settings"]["normalised_to"] == "scatter"


def test_maps_contain_the_hash_of_their_weights(scan, tmp_path):
    torch.manual_seed(0)
    mine = tmp_path / "mine.safetensors"
    save_weights(PigmentNet(Architecture(16, 1)), mine, {"taught": {}})
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--pigments-only", "--weights", str(mine)]
    assert main(words) == 0
    _, pigments = load_results(out)
    assert pigments.provenance["weights_hash"] == weights_hash(mine)


def test_a_file_without_weights_is_one_sentence_and_nothing_is_written(scan, tmp_path, capsys):
    bad = tmp_path / "notes.safetensors"
    bad.write_text("mine")
    out = tmp_path / "maps.h5"
    for path, message in ((bad, "does not hold the weights"), (tmp_path / "no", "no weights at")):
        assert main(["map", str(scan), "-o", str(out), "--weights", str(path)]) == 1
        assert message in capsys.readouterr().err
    assert not out.exists()
