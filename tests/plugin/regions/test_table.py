"""The table of regions, with numbers that can be checked by hand."""

import csv
import io

import numpy as np
import pytest

from napari_xrf_pigments.plugin.layers.region_masks import Region
from napari_xrf_pigments.plugin.regions.table import Table, format_cell, region_table
from napari_xrf_pigments.plugin.state.results import ElementResults, PigmentResults
from napari_xrf_pigments.plugin.state.scan import Scan

from ..synthetic import GROUPS, LINES, PIGMENTS, FakeTiles, make_cube

LEFT = np.zeros((24, 36), bool)
LEFT[:4, :6] = True


def mapped_scan():
    scan = Scan(make_cube(), "panel")
    scan.totals.wait()
    scan.elements = ElementResults((24, 36), tuple(LINES), scan.cube)
    scan.pigments = PigmentResults((24, 36), PIGMENTS, GROUPS)
    for tile in FakeTiles().elements(scan.cube, tuple(LINES)):
        scan.elements.add(tile)
    for tile in FakeTiles().pigments(scan.cube, "cpu"):
        scan.pigments.add(tile)
    return scan


def row_of(table, number=0):
    return dict(zip(table.columns, table.rows[number], strict=True))


def test_a_region_is_measured_on_all_maps():
    scan = mapped_scan()
    row = row_of(region_table(scan, [Region("Sky 1", "#ff0000", LEFT)]))
    assert (row["Region"], row["Pixels"]) == ("Sky 1", 24)
    assert row["Area (mm²)"] == pytest.approx(24 * 0.25)
    assert row["Mean counts"] == pytest.approx(scan.totals.image[LEFT].mean())
    assert row["Hg L (mean counts)"] == pytest.approx(1000)
    assert row["Hg L (± of the mean)"] == pytest.approx(10 / np.sqrt(24))
    assert row["Cu K (mean counts)"] == 0
    assert row["Vermilion (share)"] == 1
    assert row["Azurite (share)"] == 0


def test_lengths_can_be_in_cm():
    row = row_of(region_table(mapped_scan(), [Region("a", "#ff0000", LEFT)], "cm"))
    assert row["Area (cm²)"] == pytest.approx(0.06)


def test_values_that_are_not_mapped_or_unknown_are_empty():
    scan = Scan(make_cube(pixel_mm=None), "panel")
    row = row_of(region_table(scan, [Region("a", "#ff0000", LEFT)]))
    assert row["Area (mm²)"] is None and row["Mean counts"] is None
    assert len(row) == 4


def test_the_palette_sets_thresholds_and_columns():
    scan = mapped_scan()
    scan.palette = scan.palette.excluding("azurite").with_threshold("vermilion", 0.95)
    row = row_of(region_table(scan, [Region("a", "#ff0000", LEFT)]))
    assert "Azurite (share)" not in row and row["Vermilion (share)"] == 0


def test_csv_has_numbers_and_no_formulas():
    table = Table(
        ("Region", "Pixels", "Area"), (("=HYPERLINK(1)", 1234567.0, None), ("b, c", 1, 2))
    )
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert rows[1] == ["'=HYPERLINK(1)", "1.23457e+06", ""]
    assert rows[2] == ["b, c", "1", "2"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "–"), ("a", "a"), (12345.6, "12,346"), (3, "3"), (0.123456, "0.123"), (0.0, "0")],
)
def test_cells_are_formatted(cell, text):
    assert format_cell(cell) == text
