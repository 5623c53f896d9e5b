"""Test that files of control points are read back unchanged and other files are refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_xrf_pigments.io.control_points import (
    ControlPoints,
    load_control_points,
    save_control_points,
)

PLACES = np.array([[1.5, 2.25], [30, 4], [5, 60]])
POINTS = ControlPoints(PLACES, PLACES * 2, "photo.jpg", "scan", "projective")


@given(arrays(float, (5, 2), elements=st.floats(-1e6, 1e6)))
def test_points_are_read_back_to_the_last_digit(tmp_path_factory, places):
    path = tmp_path_factory.mktemp("points") / "points.json"
    save_control_points(ControlPoints(places, places[::-1]), path)
    again = load_control_points(path)
    assert np.array_equal(again.picture, places)
    assert np.array_equal(again.scan, places[::-1])


def test_names_and_model_are_read_back(tmp_path):
    save_control_points(POINTS, tmp_path / "a.json")
    again = load_control_points(tmp_path / "a.json")
    assert (again.picture_name, again.scan_name, again.model) == ("photo.jpg", "scan", "projective")


def test_only_earlier_points_are_replaced(tmp_path):
    path = tmp_path / "a.json"
    save_control_points(POINTS, path)
    save_control_points(ControlPoints(PLACES[:1], PLACES[:1]), path)
    assert len(load_control_points(path).picture) == 1
    other = tmp_path / "mine.json"
    other.write_text('{"my": "notes"}')
    with pytest.raises(OSError, match=r"mine\.json"):
        save_control_points(POINTS, other)
    assert other.read_text() == '{"my": "notes"}'


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "something else"},
        {"points": [{"picture": [1, 2]}]},
        {"points": [{"picture": [1, 2], "scan": ["a", 2]}]},
        {"points": [{"picture": [1, 2], "scan": [1, float("nan")]}]},
        {"points": 5},
        {"model": "spline"},
    ],
)
def test_a_file_without_points_is_refused_in_one_sentence(tmp_path, change):
    path = tmp_path / "a.json"
    save_control_points(POINTS, path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=r"a\.json does not hold control points\."):
        load_control_points(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[1, 2]", b"{"])
def test_invalid_points_are_refused(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="does not hold control points"):
        load_control_points(path)
