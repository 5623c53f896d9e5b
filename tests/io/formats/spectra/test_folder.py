"""Test that a folder of single spectra opens as a scan or as a row of points."""

from __future__ import annotations

import numpy as np
import pytest
from tests.made_spectra import handheld_text

from napari_xrf_pigments import Acquisition, EnergyAxis
from napari_xrf_pigments.io import can_open, open_cube
from napari_xrf_pigments.io.spectra import NamedSpectrum, save_spectra_msa

AXIS = EnergyAxis(160, 0.02, -0.1)


@pytest.fixture
def folder(tmp_path, counts):
    """Write the twelve spectra of a scan of 3 x 4 pixels, each as a file."""
    folder = tmp_path / "points"
    folder.mkdir()
    for index, spectrum in enumerate(counts.reshape(12, -1)):
        named = NamedSpectrum(f"P{index + 1}", spectrum.astype(float))
        save_spectra_msa(folder / f"P{index + 1}.msa", [named], AXIS, Acquisition(tube_kv=40))
    return folder


def test_without_positions_it_is_a_row_of_named_points(folder, counts):
    cube = open_cube(folder)
    assert can_open(folder)
    assert cube.source.points == tuple(f"P{number}" for number in range(1, 13))
    assert np.array_equal(cube.counts.compute(), counts.reshape(1, 12, 160))
    assert cube.energies.gain_kev == 0.02
    assert cube.acquisition.tube_kv == 40


def test_with_a_shape_it_is_a_scan(folder, counts):
    cube = open_cube(folder, shape=(3, 4))
    assert np.array_equal(cube.counts.compute(), counts)
    snake = open_cube(folder, shape=(3, 4), snake=True).counts.compute()
    assert np.array_equal(snake[1], counts[1, ::-1])


def test_a_table_in_the_folder_places_the_spectra(folder, counts):
    lines = [f"P{i + 1}.msa;{1 + 0.5 * (i % 4)};{2 + 0.25 * (i // 4)}" for i in range(12)]
    del lines[5]
    (folder / "places.csv").write_text("file;x (mm);y (mm)\n" + "\n".join(lines))
    cube = open_cube(folder)
    expected = counts.copy()
    expected[1, 1] = 0
    assert np.array_equal(cube.counts.compute(), expected)
    assert cube.pixel_mm == pytest.approx((0.25, 0.5))
    assert not cube.valid[1, 1] and cube.valid.sum() == 11


def test_positions_in_the_headers_place_the_spectra(folder, counts):
    for index in range(12):
        path = folder / f"P{index + 1}.msa"
        place = f"#XPOSITION -um: {500 * (index % 4)}\n#YPOSITION -um: {250 * (index // 4)}\n"
        path.write_text(path.read_text().replace("#SPECTRUM", place + "#SPECTRUM"))
    cube = open_cube(folder)
    assert np.array_equal(cube.counts.compute(), counts)
    assert cube.pixel_mm == pytest.approx((0.25, 0.5))


def test_spectra_with_another_axis_are_left_out_or_masked(folder, counts):
    other = EnergyAxis(160, 0.03, -0.1)
    save_spectra_msa(folder / "P7.msa", [NamedSpectrum("P7", counts[1, 2] + 0.0)], other)
    cube = open_cube(folder)
    assert "P7" not in cube.source.points
    assert any("left out: P7" in note for note in cube.source.notes)
    scan = open_cube(folder, shape=(3, 4))
    assert not scan.valid[1, 2] and scan.valid.sum() == 11


def test_spectra_of_too_different_axes_are_no_scan(folder, counts):
    for number in range(1, 13):
        axis = EnergyAxis(160, 0.02 + 0.002 * number, -0.1)
        save_spectra_msa(folder / f"P{number}.msa", [NamedSpectrum("P", counts[0, 0] + 0.0)], axis)
    with pytest.raises(ValueError, match="too different energy axes"):
        open_cube(folder)


def test_folders_of_other_files_are_no_scan(tmp_path):
    for index in range(8):
        (tmp_path / f"a{index}.txt").write_text("some text")
    (tmp_path / "b.csv").write_text(handheld_text(np.arange(160)))
    assert not can_open(tmp_path)
