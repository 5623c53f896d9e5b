"""Test the computation of pigment maps in tiles, with a stand-in for the network."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping import iter_pigment_tiles, map_pigments


def _bright(painting: XRFCube) -> np.ndarray:
    bright = np.clip(painting.counts[..., 100].compute() / 100, 0, 1).astype(np.float32)
    bright[~painting.valid] = np.nan
    return bright


def test_maps_contain_the_prediction_of_each_pixel(painting: XRFCube, predictor: Any) -> None:
    maps = map_pigments(painting, predictor=predictor)
    bright = _bright(painting)
    assert maps.names == ("bright", "dark")
    assert maps.groups == ("all",)
    assert maps.probability[0] == pytest.approx(bright, nan_ok=True)
    assert maps.probability[1] == pytest.approx(1 - bright, nan_ok=True)
    assert maps.top[0] == pytest.approx(bright / 2, nan_ok=True)
    assert maps.below[0] == pytest.approx(bright / 4, nan_ok=True)
    assert maps.group_probability[0] == pytest.approx(bright, nan_ok=True)
    assert maps.unexplained == pytest.approx(bright / 8, nan_ok=True)
    assert maps.signal[0] == pytest.approx(100 * bright, nan_ok=True)
    assert maps.signal_sigma[0] == pytest.approx(10 * np.sqrt(bright), nan_ok=True)
    assert maps.unsupported[0] == pytest.approx(bright / 16, nan_ok=True)
    assert maps.depth_known[1] == pytest.approx(np.round(1 - bright), nan_ok=True)
    assert maps.probability.dtype == np.float32
    assert maps.pixel_mm == (0.5, 0.5)


def test_provenance_names_the_weights(painting: XRFCube, predictor: Any) -> None:
    made = map_pigments(painting, predictor=predictor).provenance
    assert made["weights_hash"] == "abc123"
    assert made["settings"] == {
        "kind": "pigments",
        "device": "cpu",
        "numerics": "float32",
        "context": False,
    }


def test_tiles_are_computed_one_by_one_and_can_be_stopped(
    painting: XRFCube, predictor: Any
) -> None:
    tiles = iter_pigment_tiles(painting, predictor=predictor)
    first = next(tiles)
    rows = first.rows.stop - first.rows.start
    assert first.probability.shape == (2, rows, 20)
    assert first.unexplained.shape == (rows, 20)
    tiles.close()


def test_maps_are_written_to_disk(painting: XRFCube, predictor: Any, tmp_path: Path) -> None:
    maps = map_pigments(painting, predictor=predictor, out=tmp_path / "p.zarr")
    assert (tmp_path / "p.zarr").is_dir()
    assert np.asarray(maps.unexplained) == pytest.approx(_bright(painting) / 8, nan_ok=True)
    assert np.asarray(maps.signal)[0] == pytest.approx(100 * _bright(painting), nan_ok=True)
    assert [p.name for p in tmp_path.iterdir()] == ["p.zarr"]


def test_progress_ends_at_the_number_of_pixels(painting: XRFCube, predictor: Any) -> None:
    steps: list[tuple[int, int]] = []
    map_pigments(painting, predictor=predictor, progress=lambda *step: steps.append(step))
    assert steps[-1] == (240, 240)
