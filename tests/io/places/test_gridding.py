"""Test that spectra in a list find their pixels by shape or positions."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.io import open_cube
from napari_xrf_pigments.io.places.gridding import grid_of_positions, grid_of_shape, place

SHAPE = (12, 17)


def raster(rows, columns, snake):
    """Return row and column of each point in the order of the measurement."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return row, np.where((row % 2 == 1) & snake, columns - 1 - column, column)


def place_by(row, column, shape=SHAPE):
    expected = np.full(shape, -1)
    expected[row, column] = np.arange(row.size)
    return expected


@pytest.mark.parametrize("snake", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("swapped", [False, True])
def test_positions_with_noise_form_a_grid(snake, noise, swapped):
    rng = np.random.default_rng(1)
    row, column = raster(*SHAPE, snake)
    x = 10 + 0.25 * (column + rng.uniform(-noise, noise, row.size))
    y = -3 + 0.5 * (row + rng.uniform(-0.1, 0.1, row.size) * (noise > 0))
    grid = grid_of_positions(*((y, x) if swapped else (x, y)))
    index = grid.index.T if swapped else grid.index
    assert np.array_equal(index, place_by(row, column))
    expected = (0.25, 0.5) if swapped else (0.5, 0.25)
    assert grid.pixel_mm == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("snake", [False, True])
def test_missing_points_are_pixels_without_a_spectrum(snake):
    rng = np.random.default_rng(2)
    row, column = raster(*SHAPE, snake)
    there = rng.random(row.size) > 0.1
    there[[0, -1]] = True
    row, column = row[there], column[there]
    grid = grid_of_positions(0.25 * column + rng.uniform(-0.02, 0.02, row.size), 0.5 * row)
    assert np.array_equal(grid.index, place_by(row, column))
    assert any("without a spectrum" in note for note in grid.notes)


def test_a_line_of_points_is_one_row_or_one_column():
    along = 0.5 * np.arange(30) + np.random.default_rng(3).uniform(-0.1, 0.1, 30)
    across = np.random.default_rng(4).uniform(-0.05, 0.05, 30)
    assert grid_of_positions(along, across).index.tolist() == [list(range(30))]
    assert grid_of_positions(across, along).index.tolist() == [[n] for n in range(30)]


def test_points_in_any_order_are_placed():
    rng = np.random.default_rng(5)
    row, column = raster(*SHAPE, False)
    order = rng.permutation(row.size)
    row, column = row[order], column[order]
    assert np.array_equal(grid_of_positions(column * 1.0, row * 1.0).index, place_by(row, column))


def test_unknown_positions_are_left_out_and_said():
    row, column = raster(3, 4, False)
    x = column.astype(float)
    x[5] = np.nan
    grid = grid_of_positions(x, row.astype(float), None)
    assert grid.index[1, 1] == -1
    assert grid.pixel_mm is None
    assert any("without a position" in note for note in grid.notes)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e308, 1e300])
def test_impossible_positions_are_unknown_ones(value):
    row, column = raster(3, 4, False)
    x = column.astype(float)
    x[5] = value
    assert grid_of_positions(x, row.astype(float)).index[1, 1] == -1


def test_positions_that_are_no_grid_are_refused():
    rng = np.random.default_rng(6)
    with pytest.raises(ValueError, match="form no grid"):
        grid_of_positions(rng.random(200) * 100, rng.random(200) * 100)


def test_a_shape_places_spectra_row_after_row_or_as_a_snake():
    assert grid_of_shape(6, (2, 3)).index.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert grid_of_shape(5, (2, 3), snake=True).index.tolist() == [[0, 1, 2], [-1, 4, 3]]
    for count in (7, 2):
        with pytest.raises(ValueError, match="do not fill 2 x 3"):
            grid_of_shape(count, (2, 3))


def test_placed_counts_times_and_masks_belong_to_their_spectra():
    counts = np.arange(6)[:, None] + np.zeros((6, 5), int)
    cube = XRFCube.from_array(counts[None], gain_kev=0.01, live_time_s=np.arange(6.0)[None])
    placed = place(cube, grid_of_shape(5, (2, 3), snake=True))
    assert placed.counts.compute()[:, :, 0].tolist() == [[0, 1, 2], [0, 4, 3]]
    assert placed.live_time_s[1].tolist()[1:] == [4.0, 3.0]
    assert placed.valid.tolist() == [[True, True, True], [False, True, True]]


def test_a_scan_with_rows_takes_no_shape(tmp_path, counts):
    np.savez(tmp_path / "a.npz", counts=counts, gain_kev=0.02)
    with pytest.raises(ValueError, match="takes no shape"):
        open_cube(tmp_path / "a.npz", shape=(4, 3))


def test_a_list_of_spectra_takes_a_shape_or_positions(tmp_path, counts):
    np.savez(tmp_path / "a.npz", counts=counts.reshape(1, 12, 160), gain_kev=0.02)
    assert np.array_equal(open_cube(tmp_path / "a.npz", shape=(3, 4)).counts.compute(), counts)
    table = tmp_path / "places.csv"
    lines = [f"{0.5 * (index % 4)},{index // 4}" for index in range(12)]
    table.write_text("x_mm,y_mm\n" + "\n".join(lines))
    cube = open_cube(tmp_path / "a.npz", positions=table)
    assert np.array_equal(cube.counts.compute(), counts)
    assert cube.pixel_mm == (1.0, 0.5)
    with pytest.raises(ValueError, match="not both"):
        open_cube(tmp_path / "a.npz", positions=table, shape=(3, 4))
    with pytest.raises(ValueError, match="need the shape"):
        open_cube(tmp_path / "a.npz", snake=True)
