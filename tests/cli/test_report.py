"""Test ``xrf-pigments report`` and ``map --report``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_xrf_pigments import ElementMaps, PigmentMaps
from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io import save_results
from napari_xrf_pigments.reporting.report import is_report


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Path:
    counts = np.full((1, 8, 12), 500, np.float32)
    made = {"weights_hash": "0123abcd", "calibration": {"gain_kev": 0.02, "offset_kev": 0.0}}
    elements = ElementMaps(("Fe K",), counts, np.full_like(counts, 10), (1, 1), made)
    maps = np.full((1, 8, 12), 0.8, np.float32)
    pigments = PigmentMaps(
        ("vermilion",), maps, maps, 0 * maps, ("mercury",), maps, 0 * maps[0], (1, 1), made
    )
    return save_results(
        tmp_path_factory.mktemp("maps") / "panel.h5", elements=elements, pigments=pigments
    )


def test_a_report_of_saved_maps_is_written(result, tmp_path, capsys):
    out, remarks = tmp_path / "report.html", tmp_path / "remarks.txt"
    remarks.write_text("Measured in <May>.", encoding="utf-8")
    words = ["report", str(result), "-o", str(out), "--remarks", str(remarks)]
    assert main(words) == 0
    assert f"Report: {out}" in capsys.readouterr().out
    page = out.read_text(encoding="utf-8")
    assert "<h1>panel</h1>" in page and "Measured in &lt;May&gt;." in page
    assert "0123abcd" in page and "Vermilion" in page
    assert "image/svg" not in page


def test_with_the_scan_the_report_has_spectra_on_the_axis_of_the_maps(result, scan, tmp_path):
    out = tmp_path / "report.html"
    assert main(["report", str(result), "-o", str(out), "--scan", str(scan)]) == 0
    assert out.read_text(encoding="utf-8").count("data:image/svg+xml") == 2


def test_the_threshold_decides_which_pigments_are_present(result, tmp_path):
    out = tmp_path / "report.html"
    assert main(["report", str(result), "-o", str(out), "--threshold", "0.9"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "above 0.9" in page and "No pigment is above the threshold" in page


@pytest.mark.parametrize(
    ("out", "words", "message"),
    [
        ("report.pdf", [], ".html"),
        ("page.html", [], "not a result of this program"),
        ("page.html", ["--overwrite"], "not a result of this program"),
        ("report.html", ["--remarks", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    result, tmp_path, capsys, out, words, message
):
    (tmp_path / "page.html").write_text("mine")
    assert main(["report", str(result), "-o", str(tmp_path / out), *words]) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]


def test_the_map_command_writes_a_report_of_its_maps(scan, tmp_path, capsys):
    out, page = tmp_path / "maps.csv", tmp_path / "report.html"
    words = ["map", str(scan), "-o", str(out), "--elements-only", "--report", str(page)]
    assert main([*words, "--no-calibrate", "--lines", "Pb L, Fe K"]) == 0
    assert is_report(page) and "data:image/svg+xml" in page.read_text(encoding="utf-8")
    assert out.read_text().startswith("y,x,y_mm,x_mm,Pb L,Fe K,")


def test_a_report_that_cannot_be_written_fails_before_the_work(scan, tmp_path, capsys):
    words = ["map", str(scan), "-o", str(tmp_path / "maps.h5"), "--report", str(tmp_path / "r.doc")]
    assert main(words) == 1
    assert ".html" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_maps_are_written_as_pictures(scan, tmp_path):
    out = tmp_path / "pictures"
    words = ["map", str(scan), "-o", str(out), "--format", "pictures", "--elements-only"]
    assert main([*words, "--no-calibrate", "--lines", "Pb L"]) == 0
    with tifffile.TiffFile(out / "element_Pb_L.tif") as file:
        assert file.pages[0].tags["XResolution"].value == (600, 1)
