"""Test results saved as CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.cube import ElementMaps
from napari_xrf_pigments.cube.maps import pigment_arrays
from napari_xrf_pigments.io import is_results, load_results, save_results

from ..made_results import make


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_one_line_per_pixel_with_its_position_and_all_maps(tmp_path):
    elements, pigments = make(y=3, x=4, optional=True)
    path = save_results(tmp_path / "maps.csv", elements=elements, pigments=pigments)
    rows = read(path)
    assert len(rows) == 12
    last = rows[-1]
    assert (last["y"], last["x"], last["y_mm"], last["x_mm"]) == ("2", "3", "1", "0.75")
    expected = {
        "Fe K": elements.counts[0],
        "Pb L sigma": elements.sigma[1],
        "vermilion": pigments.probability[0],
        "azurite top": pigments.top[2],
        "red lead below": pigments.below[1],
        "copper group": pigments.group_probability[1],
        "unexplained": pigments.unexplained,
        "copper signal": pigments.signal[1],
        "mercury signal sigma": pigments.signal_sigma[0],
        "mercury unsupported": pigments.unsupported[0],
        "azurite depth known": pigments.depth_known[2],
    }
    for name, image in expected.items():
        column = np.array([float(row[name]) for row in rows]).reshape(3, 4)
        np.testing.assert_allclose(column, image, rtol=1e-5)


def test_a_pixel_that_was_not_measured_has_empty_cells(tmp_path):
    counts = np.array([[[1.0, np.nan]]], np.float32)
    maps = ElementMaps(("Fe K",), counts, counts)
    rows = read(save_results(tmp_path / "maps.csv", elements=maps))
    assert [row["Fe K"] for row in rows] == ["1", ""]
    assert [row["y_mm"] for row in rows] == ["", ""], "no mm where the pixel size is unknown"


def test_the_provenance_beside_a_table_allows_replacing_it(tmp_path):
    elements, pigments = make()
    path = save_results(tmp_path / "maps.csv", elements=elements, pigments=pigments)
    facts = json.loads((tmp_path / "maps.csv.json").read_text(encoding="utf-8"))
    assert facts["pigments"]["weights"] == "ab12"
    assert is_results(path)
    save_results(path, elements=elements)
    assert "vermilion" not in read(path)[0]


@pytest.mark.parametrize("foreign", ["maps.csv", "maps.csv.json"])
def test_a_foreign_file_is_not_replaced_and_nothing_is_written(tmp_path, foreign):
    (tmp_path / foreign).write_text("y,x\n1,2\n")
    elements, _ = make()
    with pytest.raises(OSError, match="was left"):
        save_results(tmp_path / "maps.csv", elements=elements)
    assert [entry.name for entry in tmp_path.iterdir()] == [foreign]
    assert (tmp_path / foreign).read_text() == "y,x\n1,2\n"


def test_one_matrix_per_map_is_written(tmp_path):
    elements, pigments = make(y=3, x=4)
    folder = save_results(
        tmp_path / "maps", elements=elements, pigments=pigments, format="csv-maps"
    )
    found = np.loadtxt(folder / "Fe_K.csv", delimiter=",")
    np.testing.assert_allclose(found, elements.counts[0], rtol=1e-5)
    np.testing.assert_allclose(
        np.loadtxt(folder / "vermilion_below.csv", delimiter=","), pigments.below[0], rtol=1e-5
    )
    assert len(list(folder.glob("*.csv"))) == 2 * 2 + 3 * 3 + 2 + 1
    assert is_results(folder)


def test_maps_of_different_sizes_are_refused(tmp_path):
    elements, _ = make(y=3, x=4)
    _, pigments = make(y=4, x=4)
    with pytest.raises(ValueError, match="different sizes"):
        save_results(tmp_path / "maps.csv", elements=elements, pigments=pigments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "format"), [("maps.csv", None), ("maps", "csv-maps")])
def test_a_table_and_matrices_open_again(tmp_path, name, format):
    elements, pigments = make(optional=True, pixel_mm=(0.5, 0.25))
    counts = elements.counts.copy()
    counts[:, 0, 0] = counts[:, 2, -1] = np.nan
    elements = replace(elements, counts=counts)
    path = save_results(tmp_path / name, elements=elements, pigments=pigments, format=format)
    found, others = load_results(path)
    assert found.names == elements.names and found.pixel_mm == (0.5, 0.25)
    assert others.groups == pigments.groups
    assert found.provenance["version"] == "1.2" and others.provenance["weights"] == "ab12"
    np.testing.assert_allclose(found.counts, counts, rtol=1e-5)
    for array in pigment_arrays(pigments):
        np.testing.assert_allclose(getattr(others, array), getattr(pigments, array), rtol=1e-5)


def test_a_damaged_table_is_one_sentence(tmp_path):
    path = save_results(tmp_path / "maps.csv", elements=make(y=3, x=4)[0])
    lines = path.read_text().splitlines(keepends=True)
    for content in ("", lines[0], "".join(lines[:-2]), "".join(lines[:-1]) + "1,2\n"):
        path.write_text(content)
        with pytest.raises(ValueError, match="damaged"):
            load_results(path)
