"""Test that point measurements are mapped on their own axes and stay in their order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import Acquisition, EnergyAxis, simulate_scan
from napari_xrf_pigments.io import PointSpectra, PointSpectrum
from napari_xrf_pigments.mapping.points import PointSettings, map_points
from napari_xrf_pigments.network import Predictor, predict_spectra
from napari_xrf_pigments.reporting.point_table import point_rows, save_point_table


@pytest.fixture(scope="module")
def points():
    """Make six points of a simulated painting; every second one has another energy axis."""
    cube, _ = simulate_scan(seed=3, shape=(2, 3))
    spectra = np.asarray(cube.counts).reshape(6, -1).astype(np.int64)
    axis = cube.energies
    other = EnergyAxis(axis.n_channels - 10, axis.gain_kev, axis.offset_kev, "file")
    made = []
    for index, counts in enumerate(spectra):
        energies = other if index % 2 else axis
        name = f"P{index}"
        path = Path(f"{name}.msa")
        known = cube.acquisition
        made.append(PointSpectrum(name, counts[: energies.n_channels], energies, known, 2.0, path))
    return PointSpectra(tuple(made), Path("board"))


@pytest.fixture(scope="module")
def maps(points):
    return map_points(points, PointSettings(calibrate=False), predictor=Predictor("cpu"))


def test_answers_equal_those_of_single_spectra_in_their_order(points, maps):
    for index in (0, 1, 4):
        point = points[index]
        single = predict_spectra(point.counts[None], point.energies, point.acquisition)
        answer = maps.pigments.probability[:, index]
        assert answer == pytest.approx(np.asarray(single.probability)[0], abs=1e-3)
    assert maps.pigments.probability.shape == (len(maps.pigments.names), 6)
    assert maps.elements.counts.shape == (len(maps.elements.names), 6)
    assert maps.energies == tuple(point.energies for point in points)


def test_an_axis_given_by_the_user_holds_for_all_points(points):
    settings = PointSettings(gain_kev=0.011, pigments=False, lines=("Ca K", "Fe K"), anode="Rh")
    made = map_points(points, settings)
    assert {axis.gain_kev for axis in made.energies} == {0.011}
    assert made.pigments is None
    assert made.elements.names == ("Ca K", "Fe K")


def test_the_table_has_one_row_per_point(points, maps, tmp_path):
    path = save_point_table(tmp_path / "board.csv", maps)
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    assert head.startswith("name,file,counts,live_s,elements,pigments,unexplained,gain_ev")
    assert [row.split(",")[0] for row in rows] == list(points.names)
    first = next(iter(point_rows(maps)))
    assert first[2] == str(int(points[0].counts.sum()))
    assert "K" in first[4]
    save_point_table(path, maps)
    with pytest.raises(FileExistsError):
        save_point_table(path, maps, overwrite=False)


def test_a_table_never_replaces_another_file(maps, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("my own table")
    with pytest.raises(FileExistsError):
        save_point_table(path, maps)
    assert path.read_text() == "my own table"


def test_points_without_an_anode_get_the_one_that_their_scatter_shows(points):
    unknown = PointSpectra(
        tuple(
            PointSpectrum(p.name, p.counts, p.energies, Acquisition(tube_kv=50), None, p.path)
            for p in points
        ),
        points.path,
    )
    made = map_points(unknown, PointSettings(pigments=False, lines=("Fe K",), calibrate=False))
    assert any("anode" in message for message in made.messages)
