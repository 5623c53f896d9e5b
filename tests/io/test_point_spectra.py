"""Test that folders, tables and archives of single spectra are read as named points."""

from __future__ import annotations

import numpy as np
import pytest
from tests.made_spectra import gsecars_text, handheld_text, spec_text

from napari_xrf_pigments import Acquisition, EnergyAxis
from napari_xrf_pigments.io import read_point_spectra
from napari_xrf_pigments.io.spectra import NamedSpectrum, save_spectra_csv, save_spectra_msa

COUNTS = 16 * (np.arange(160) % 13) + 3
AXIS = EnergyAxis(160, 0.02, -0.1)


@pytest.fixture
def board(tmp_path):
    """Make a folder of spectra of several programs, and two other files."""
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "P10.csv").write_text(handheld_text(COUNTS + 10))
    (folder / "P2.csv").write_text(handheld_text(COUNTS + 2))
    (folder / "P3.mca").write_text(gsecars_text(COUNTS))
    known = Acquisition(tube_kv=45.0)
    save_spectra_msa(folder / "P4.msa", [NamedSpectrum("four", COUNTS + 4.0)], AXIS, known)
    (folder / "scans.dat").write_text(spec_text(COUNTS))
    (folder / "labels.csv").write_text("file,pigments\nP2,azurite\n")
    (folder / ".hidden.csv").write_text(handheld_text(COUNTS))
    return folder


def test_a_folder_is_read_in_natural_order_with_a_setting_and_axis_each(board):
    points = read_point_spectra(board)
    assert points.names == ("P2", "P3", "P4", "P10", "scans 1 azurite", "scans 2 vermilion")
    assert np.array_equal(points[0].counts, COUNTS + 2)
    assert np.array_equal(points[2].counts, COUNTS + 4)
    assert points[0].energies.gain_kev == pytest.approx(0.0198374)
    assert points[2].energies.gain_kev == 0.02
    assert [point.acquisition.tube_kv for point in points] == [15, None, 45, 15, None, None]
    assert points[0].live_time_s == pytest.approx(171.86702)
    assert any("labels.csv" in note for note in points.notes)


def test_points_of_one_axis_and_setting_form_a_group(board):
    points = read_point_spectra(board)
    groups = {group.indices: group for group in points.groups()}
    assert set(groups) == {(0, 3), (1,), (2,), (4, 5)}
    assert np.array_equal(groups[0, 3].counts, [COUNTS + 2, COUNTS + 10])
    assert groups[0, 3].acquisition.tube_kv == 15


def test_a_damaged_file_is_left_out_and_named(board):
    (board / "P2.csv").write_text(handheld_text(COUNTS).replace("Channels,160", "Channels,999"))
    points = read_point_spectra(board)
    assert "P2" not in points.names
    assert any("P2.csv is truncated" in note for note in points.notes)


def test_one_file_and_a_table_are_read(board, tmp_path):
    assert read_point_spectra(board / "P3.mca").names == ("P3",)
    spectra = [NamedSpectrum("blue", COUNTS + 0.0), NamedSpectrum("red", COUNTS + 1.0)]
    points = read_point_spectra(save_spectra_csv(tmp_path / "table.csv", spectra, AXIS))
    assert points.names == ("table blue", "table red")
    assert np.array_equal(points[1].counts, COUNTS + 1)
    assert points[1].energies.offset_kev == pytest.approx(-0.1)


def test_files_of_one_name_are_told_apart_by_their_suffix(board):
    (board / "P3.csv").write_text(handheld_text(COUNTS))
    names = read_point_spectra(board).names
    assert {"P3 (mca)", "P3 (csv)"} < set(names)


def test_an_archive_is_read(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        names=["one", "two"],
        counts=np.stack([COUNTS, COUNTS + 1]).astype(np.uint32),
        ev_per_channel=[20.0, 21.0],
        live_s=[55.0, 0.0],
        anode="Rh",
    )
    points = read_point_spectra(tmp_path / "a.npz")
    assert points.names == ("one", "two")
    assert [point.energies.gain_kev for point in points] == pytest.approx([0.02, 0.021])
    assert [point.live_time_s for point in points] == [55.0, None]
    assert points[1].acquisition.anode == "Rh"
    assert np.array_equal(points[1].counts, COUNTS + 1)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"counts": np.zeros((2, 3, 4), int), "names": ["a", "b"]}, "no array .counts."),
        ({"counts": np.zeros((2, 160)), "names": ["a", "b"]}, "no array .counts."),
        ({"counts": np.zeros((2, 160), int), "names": ["a"]}, "no array .names."),
    ],
)
def test_other_archives_are_refused(tmp_path, arrays, sentence):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=sentence):
        read_point_spectra(tmp_path / "a.npz")


def test_a_folder_without_spectra_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(ValueError, match="holds no spectrum"):
        read_point_spectra(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_point_spectra(tmp_path / "absent")
