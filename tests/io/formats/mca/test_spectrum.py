"""Test the parsing of PMCA text: counts, calibration points and times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.conftest import mca_text

from napari_xrf_pigments.io import open_cube
from napari_xrf_pigments.io.formats.mca.spectrum import (
    energy_axis,
    parse_counts,
    parse_header,
    parse_times,
)


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50))
def test_counts_are_parsed_exactly(values):
    assert parse_counts(mca_text(np.array(values)).encode()).tolist() == values


@given(st.binary(max_size=300))
def test_any_bytes_give_counts_or_none(data):
    counts = parse_counts(b"<<PMCA SPECTRUM>><<DATA>>" + data + b"<<END>>")
    assert counts is None or (counts.size > 0 and counts.min() >= 0)
    parse_header(data)
    parse_times(data)


@pytest.mark.parametrize(
    "data", ["1\n2\n", "", "1 -2 3\n<<END>>", "1.5\n<<END>>", "9" * 30 + "\n<<END>>"]
)
def test_incomplete_or_impossible_counts_are_none(data):
    assert parse_counts(f"<<DATA>>\n{data}".encode()) is None


def test_the_axis_is_the_line_through_the_points():
    notes = []
    axis = energy_axis(parse_header(mca_text(np.ones(5)).encode()), 5, notes)
    assert axis.gain_kev == pytest.approx(0.05)
    assert axis.offset_kev == pytest.approx(0.5)
    assert axis.source == "file" and not notes


def test_points_in_ev_are_converted():
    header = parse_header(b"<<CALIBRATION>>\n10 1000\n110 6000\n<<DATA>>")
    assert energy_axis(header, 5, []).gain_kev == pytest.approx(0.05)


def test_points_far_from_the_line_are_reported():
    header = parse_header(b"<<CALIBRATION>>\n0 0\n50 3.5\n100 5\n<<DATA>>")
    notes = []
    energy_axis(header, 5, notes)
    assert len(notes) == 1 and "calibration points" in notes[0]


@pytest.mark.parametrize("points", ["", "5 1.0", "5 1.0\n5 2.0", "5 2.0\n9 1.0", "a b"])
def test_without_valid_points_the_axis_is_estimated_and_noted(points):
    notes = []
    header = parse_header(f"<<CALIBRATION>>\n{points}\n<<DATA>>".encode())
    assert energy_axis(header, 5, notes).source == "estimated"
    assert "no energy axis" in notes[0]


def test_one_file_opens_as_a_cube_of_one_pixel(tmp_path):
    path = tmp_path / "SPOT_1.mca"
    path.write_text(mca_text(np.arange(20), live=2.5))
    cube = open_cube(path)
    assert cube.shape == (1, 1, 20)
    assert cube.spectrum(0, 0).tolist() == list(range(20))
    assert cube.live_time_s.tolist() == [[2.5]]
