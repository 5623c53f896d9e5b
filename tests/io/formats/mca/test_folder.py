"""Test the reader of folders with one PMCA text file per pixel."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.io.conftest import mca_text

from napari_xrf_pigments.io import SLOW_FORMAT, can_open, open_cube, save_cube, scan_path
from napari_xrf_pigments.io.formats.mca import folder as mca_load
from napari_xrf_pigments.io.formats.mca._files import parse_table


@pytest.mark.parametrize("place", ["", "..", "10264", "colonneXrighe.txt"])
def test_folder_sub_folder_and_files_open_the_same_scan(mca_folder, counts, place):
    dropped = (mca_folder / place).resolve()
    assert can_open(dropped)
    assert scan_path(dropped) == mca_folder
    cube = open_cube(dropped)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.source.path == mca_folder
    assert cube.valid is None


def test_pixels_are_sorted_by_number(mca_folder, counts):
    # None_10 comes after None_9, not after None_1.
    assert open_cube(mca_folder).spectrum(2, 1)[0] == counts[2, 1, 0]


def test_spot_measurements_beside_the_scan_are_noted(mca_folder):
    assert any("SPOT_1.mca" in note for note in open_cube(mca_folder).source.notes)


def test_the_note_on_conversion_is_absent_after_conversion(mca_folder, tmp_path):
    cube = open_cube(mca_folder)
    assert SLOW_FORMAT in cube.source.notes
    copy = open_cube(save_cube(cube, tmp_path / "copy.zarr"))
    assert SLOW_FORMAT not in copy.source.notes


def test_the_real_time_replaces_a_missing_live_time(mca_folder):
    cube = open_cube(mca_folder)
    np.testing.assert_allclose(cube.live_time_s, 3.004)
    assert any("real time" in note for note in cube.source.notes)


def test_the_dwell_time_replaces_missing_live_and_real_times(mca_folder, counts):
    (mca_folder / "10264" / "None_5.mca").write_text(mca_text(counts[1, 0], real=0))
    np.testing.assert_allclose(open_cube(mca_folder).live_time_s, 3.0)


@pytest.mark.parametrize("lazily", [False, True])
def test_missing_and_short_files_are_masked(mca_folder, counts, monkeypatch, lazily):
    if lazily:
        monkeypatch.setattr(mca_load, "EAGER_BYTES", 0)
    (mca_folder / "10264" / "None_3.mca").unlink()
    (mca_folder / "10264" / "None_8.mca").write_text("<<PMCA SPECTRUM>>\n<<DATA>>\n1\n2\n")
    cube = open_cube(mca_folder)
    expected = np.ones((3, 4), dtype=bool)
    expected[0, 2] = expected[1, 3] = False
    np.testing.assert_array_equal(cube.valid, expected)
    np.testing.assert_array_equal(cube.counts.compute(), np.where(expected[..., None], counts, 0))
    assert any("2 of 12" in note for note in cube.source.notes)


def test_a_pixel_with_another_number_of_channels_is_masked(mca_folder, counts):
    (mca_folder / "10264" / "None_12.mca").write_text(mca_text(counts[0, 0, :80]))
    assert not open_cube(mca_folder).valid[2, 3]


def test_big_scans_are_read_lazily(mca_folder, counts, monkeypatch):
    monkeypatch.setattr(mca_load, "EAGER_BYTES", 0)
    cube = open_cube(mca_folder)
    np.testing.assert_array_equal(cube.counts[1:, 2].compute(), counts[1:, 2])


def test_numbering_from_zero_is_recognised(mca_folder, counts):
    folder = mca_folder / "10264"
    for number in range(12):
        (folder / f"None_{number + 1}.mca").rename(folder / f"None_{number}.mca")
    np.testing.assert_array_equal(open_cube(mca_folder).counts.compute(), counts)


@pytest.fixture
def two_detectors(mca_folder):
    (mca_folder / "20000").mkdir()
    for number in range(1, 13):
        path = mca_folder / "20000" / f"None_{number}.mca"
        path.write_text(mca_text(np.full(160, number)))
    return mca_folder


NUMBERS = np.arange(1, 13).reshape(3, 4, 1)


@pytest.mark.parametrize("lazily", [False, True])
def test_detectors_are_summed(two_detectors, counts, monkeypatch, lazily):
    if lazily:
        monkeypatch.setattr(mca_load, "EAGER_BYTES", 0)
    cube = open_cube(two_detectors)
    np.testing.assert_array_equal(cube.counts.compute(), counts + NUMBERS)
    assert any("the sum of 2 detectors (10264, 20000)" in note for note in cube.source.notes)


@pytest.mark.parametrize("choice", [{"detector": 1}, {"detector": "20000"}, {"dataset": "20000"}])
def test_the_second_detector_can_be_selected(two_detectors, counts, choice):
    cube = open_cube(two_detectors, **choice)
    np.testing.assert_array_equal(cube.counts.compute(), NUMBERS + 0 * counts)


def test_a_missing_detector_is_refused(two_detectors):
    with pytest.raises(ValueError, match="no folder 3"):
        open_cube(two_detectors, dataset="3")
    with pytest.raises(ValueError, match="no detector 3; there are 0 = 10264, 1 = 20000"):
        open_cube(two_detectors, detector="3")


def test_a_pixel_missing_in_one_detector_is_missing(two_detectors):
    (two_detectors / "20000" / "None_7.mca").unlink()
    valid = open_cube(two_detectors).valid
    assert not valid[1, 2] and valid.sum() == 11
    assert open_cube(two_detectors, detector=0).valid is None


def test_a_copy_of_the_folder_is_not_a_second_detector(mca_folder, counts):
    shutil.copytree(mca_folder / "10264", mca_folder / "backup")
    cube = open_cube(mca_folder)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("backup holds the same spectra as 10264" in note for note in cube.source.notes)


def test_detectors_with_different_energies_are_not_summed(two_detectors, counts):
    for path in (two_detectors / "20000").iterdir():
        path.write_text(path.read_text().replace("110 6.0", "110 7.0"))
    cube = open_cube(two_detectors)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("would blur the lines: 10264 was opened" in note for note in cube.source.notes)


def test_a_folder_without_a_table_is_refused(mca_folder):
    (mca_folder / "colonneXrighe.txt").unlink()
    with pytest.raises(ValueError, match=r"colonneXrighe\.txt"):
        open_cube(mca_folder / "10264")


def test_a_table_that_contradicts_the_files_is_refused_without_allocating(mca_folder):
    table = mca_folder / "colonneXrighe.txt"
    table.write_text("righe 9000\ncolonne 9000\n")
    with pytest.raises(ValueError, match="only 12 pixel files"):
        open_cube(mca_folder)
    table.write_text("righe 900000000000\ncolonne 900000000000\n")
    with pytest.raises(ValueError, match="larger than any scan"):
        open_cube(mca_folder)


def test_other_folders_do_not_open(tmp_path):
    (tmp_path / "notes.txt").write_text("righe 3\n")
    assert not can_open(tmp_path)


@given(st.text(max_size=200))
def test_any_table_text_is_parsed_or_refused_in_one_sentence(text):
    try:
        table = parse_table(text)
    except ValueError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        assert table.rows > 0 and table.columns > 0


@given(st.integers(1, 2000), st.integers(1, 2000), st.sampled_from([" ", "  ", ":\t", " = "]))
def test_sizes_are_read_from_the_table(rows, columns, gap):
    table = parse_table(f"Righe{gap}{rows}\r\ncolonne{gap}{columns}\r\n")
    assert (table.rows, table.columns) == (rows, columns)


@pytest.fixture
def stacked(two_detectors, counts):
    """The folder of two detectors, and a third folder with the sums of their counts."""
    (two_detectors / "stacked").mkdir()
    total = (counts + NUMBERS).reshape(12, -1)
    for number, spectrum in enumerate(total, start=1):
        (two_detectors / "stacked" / f"None_{number}.mca").write_text(mca_text(spectrum))
    return two_detectors


def test_a_folder_with_the_sum_of_the_others_is_not_counted_again(stacked, counts):
    cube = open_cube(stacked)
    np.testing.assert_array_equal(cube.counts.compute(), counts + NUMBERS)
    assert "stacked is the sum of 10264 and 20000: not counted twice." in cube.source.notes
    assert cube.source.detectors == ("10264", "20000", "stacked")
    assert cube.source.opened == ("10264", "20000")
    again = open_cube(stacked, detector="sum")
    np.testing.assert_array_equal(again.counts.compute(), counts + NUMBERS)


@pytest.mark.parametrize("name", ["10264", "20000", "stacked"])
def test_each_folder_of_a_stacked_scan_can_be_opened(stacked, counts, name):
    expected = {"10264": counts, "20000": NUMBERS + 0 * counts, "stacked": counts + NUMBERS}[name]
    cube = open_cube(stacked, detector=name)
    np.testing.assert_array_equal(cube.counts.compute(), expected)
    assert cube.source.opened == (name,)
    alone = open_cube(stacked / name)
    np.testing.assert_array_equal(alone.counts.compute(), expected)
    assert alone.source.path == stacked / name


def test_the_folders_of_several_detectors_are_scans_of_their_own(two_detectors, mca_folder):
    one, other = two_detectors / "10264", two_detectors / "20000"
    assert scan_path(one) == one
    assert scan_path(other) == other
    assert scan_path(two_detectors / "colonneXrighe.txt") == two_detectors


def test_three_detectors_of_which_none_is_a_sum_are_added(two_detectors, counts):
    (two_detectors / "30000").mkdir()
    for number in range(1, 13):
        path = two_detectors / "30000" / f"None_{number}.mca"
        path.write_text(mca_text(np.full(160, 2)))
    cube = open_cube(two_detectors)
    np.testing.assert_array_equal(cube.counts.compute(), counts + NUMBERS + 2)
    assert cube.source.opened == ("10264", "20000", "30000")
