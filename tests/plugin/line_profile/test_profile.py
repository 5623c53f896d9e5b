"""Profiles of maps along a drawn line: values, widths, and the dock in a real viewer."""

import numpy as np
import pytest

from napari_xrf_pigments.plugin.docks.window import open_dock
from napari_xrf_pigments.plugin.layers.region_masks import DrawnLine
from napari_xrf_pigments.plugin.line_profile.model import profiles_along

from ..acting import map_elements

IMAGE = np.tile(np.arange(20.0), (10, 1))


def test_values_and_distances_along_a_line():
    line = DrawnLine("line 1", np.array([[4.0, 2.0], [4.0, 12.0]]))
    profiles = profiles_along(line, {"ramp": IMAGE}, (0.5, 0.25))
    assert profiles.unit == "mm"
    assert profiles.distance[-1] == pytest.approx(2.5)
    values = profiles.values["ramp"]
    assert (values[0], values[-1]) == (2.0, 12.0)
    assert (np.diff(values) >= 0).all()


def test_a_path_is_followed_around_its_corners():
    line = DrawnLine("path 1", np.array([[0.0, 3.0], [8.0, 3.0], [8.0, 9.0]]))
    profiles = profiles_along(line, {"ramp": IMAGE}, None)
    assert profiles.unit == "px"
    assert profiles.distance[-1] == pytest.approx(14.0)
    assert (profiles.values["ramp"][profiles.distance <= 8] == 3.0).all()
    assert profiles.values["ramp"][-1] == 9.0


def test_a_wide_line_averages_across():
    rows = np.tile(np.arange(10.0)[:, None], (1, 20))
    rows[5, 10] = np.nan
    line = DrawnLine("line 1", np.array([[5.0, 2.0], [5.0, 15.0]]))
    values = profiles_along(line, {"rows": rows}, None, width=3).values["rows"]
    np.testing.assert_allclose(values, 5.0)


def test_positions_outside_the_map_have_no_value():
    line = DrawnLine("line 1", np.array([[4.0, 15.0], [4.0, 25.0]]))
    values = profiles_along(line, {"ramp": IMAGE}, None).values["ramp"]
    assert np.isfinite(values[:8]).all()
    assert np.isnan(values[-8:]).all()


def test_visible_maps_are_plotted_along_a_drawn_line_and_saved(viewer, scan, qtbot, tmp_path):
    map_elements(open_dock(viewer, "Elements"), scan, qtbot)
    dock = open_dock(viewer, "Line profile")
    dock.draw_button.click()
    layer = viewer.layers["Profile lines"]
    assert layer.mode == "add_line"
    # Along row 12 (0.5 mm a row), from column 2 to column 33 (0.25 mm a column).
    layer.add_lines([[6.0, 0.5], [6.0, 8.25]])
    qtbot.waitUntil(lambda: dock.profiles is not None, timeout=60_000)
    assert list(dock.profiles.values) == ["Hg L"]
    values = dock.profiles.values["Hg L"]
    assert values[0] == 1000.0
    assert values[-1] == 0.0
    assert dock.profiles.distance[-1] == pytest.approx(7.75)
    viewer.layers["Cu K"].visible = True
    qtbot.waitUntil(lambda: "Cu K" in dock.profiles.values, timeout=60_000)
    dock.save_to(tmp_path / "profile.csv")
    lines = (tmp_path / "profile.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Distance (mm),Cu K,Hg L"
    assert len(lines) == 1 + dock.profiles.distance.size


def test_a_file_that_is_no_profile_is_not_replaced(viewer, scan, qtbot, tmp_path, notes):
    dock = open_dock(viewer, "Line profile")
    dock.draw_line()
    viewer.layers["Profile lines"].add_lines([[1.0, 1.0], [6.0, 5.0]])
    qtbot.waitUntil(lambda: dock.profiles is not None, timeout=60_000)
    other = tmp_path / "letter.csv"
    other.write_text("Dear colleague")
    dock.save_to(other)
    assert other.read_text() == "Dear colleague"
    assert any(severity == "error" for _, severity in notes())
