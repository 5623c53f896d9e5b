"""Test that maps are complete for any order of tiles, and that a stopped run is continued."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.cube.maps import OPTIONAL_PIGMENT_ARRAYS, PIGMENT_ARRAYS
from napari_xrf_pigments.mapping import (
    _store,
    has_tiles,
    is_unfinished,
    iter_pigment_tiles,
    map_elements,
    map_pigments,
    remove_unfinished,
)
from napari_xrf_pigments.mapping import pigments as module
from napari_xrf_pigments.mapping._store import BAND_BYTES, MapStore, band_rows
from napari_xrf_pigments.mapping.run_warnings import SpectraTally

FIELDS = (*PIGMENT_ARRAYS, *OPTIONAL_PIGMENT_ARRAYS)


class CountedArray:
    """An array that counts the writes and reads of each row."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.values = np.full(shape, np.nan, np.float32)
        self.shape = shape
        self.writes = 0
        self.reads = 0

    def __setitem__(self, key: Any, values: np.ndarray) -> None:
        self.writes += 1
        self.values[key] = values

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads += 1
        return self.values[key]


@dataclass
class OneMapTile:
    rows: slice
    columns: slice
    counts: np.ndarray
    warnings: tuple[str, ...] = ()
    tally: SpectraTally = field(default_factory=SpectraTally)


def cut(image: np.ndarray, height: int, width: int) -> list[OneMapTile]:
    """Cut an image into tiles, smaller ones at its end."""
    rows, columns = image.shape[-2:]
    places = [
        (slice(y, min(y + height, rows)), slice(x, min(x + width, columns)))
        for y in range(0, rows, height)
        for x in range(0, columns, width)
    ]
    return [OneMapTile(*place, image[(..., *place)]) for place in places]


def store_of(array: CountedArray, band: int) -> MapStore:
    return MapStore({"counts": array}, (array.shape[-2], array.shape[-1]), [], band)


sizes = st.integers(1, 9)


class TestBands:
    @given(st.data(), st.tuples(st.integers(1, 2), sizes, sizes), sizes, sizes, sizes)
    def test_tiles_in_any_order_give_the_same_array(self, data, shape, height, width, band):
        expected = np.random.default_rng(0).random(shape).astype(np.float32)
        array = CountedArray(shape)
        store = store_of(array, band)
        for tile in data.draw(st.permutations(cut(expected, height, width))):
            store.write(tile)
        store.flush()
        assert np.array_equal(array.values, expected)
        assert store.finished.all()

    @given(st.tuples(sizes, sizes), sizes, sizes, sizes)
    def test_tiles_in_row_order_write_each_band_once_and_read_nothing(
        self, shape, height, width, band
    ):
        array = CountedArray(shape)
        store = store_of(array, band)
        for tile in cut(np.ones(shape, np.float32), height, width):
            store.write(tile)
        store.flush()
        if height <= band:
            assert array.writes == -(-shape[0] // band)
            assert array.reads == 0
        assert (array.values == 1).all()

    def test_pixels_without_a_tile_remain_nan(self):
        array = CountedArray((1, 6, 4))
        store = store_of(array, 4)
        store.write(OneMapTile(slice(1, 3), slice(0, 4), np.ones((1, 2, 4), np.float32)))
        store.flush()
        expected = [False, True, True, False, False, False]
        assert np.array_equal(np.isfinite(array.values[0, :, 0]), expected)
        assert np.array_equal(store.finished[:, 0], expected)

    @given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 5000))
    def test_a_band_of_all_maps_is_bounded_in_size(self, stacks, columns):
        shapes = {str(i): (n, 10_000, columns) for i, n in enumerate(stacks)}
        rows = band_rows(shapes | {"one": (9, columns)})
        row = 4 * columns * (sum(stacks) + 1)
        assert 1 <= rows <= 256
        assert rows * row <= BAND_BYTES or rows == 1


class Stopped(Exception):
    """Raised to stop a run."""


def stop(done: int, total: int) -> None:
    raise Stopped


@pytest.fixture
def stopped(painting: XRFCube, predictor: Any, tmp_path: Path) -> Path:
    """Return the unfinished maps of a run that was stopped after its first tile."""
    folder = tmp_path / "unfinished"
    with pytest.raises(Stopped):
        map_pigments(painting, predictor=predictor, unfinished=folder, progress=stop)
    assert has_tiles(folder)
    return folder


def same_maps(one: Any, other: Any, fields: tuple[str, ...] = FIELDS) -> bool:
    return all(
        np.array_equal(np.asarray(getattr(one, f)), np.asarray(getattr(other, f)), equal_nan=True)
        for f in fields
    )


def made_rows(monkeypatch: pytest.MonkeyPatch) -> list[slice]:
    """Record the rows of the tiles that the network predicts."""
    rows: list[slice] = []
    real = module.pigment_tile

    def count(tile: Any, *rest: Any) -> Any:
        rows.append(tile.rows)
        return real(tile, *rest)

    monkeypatch.setattr(module, "pigment_tile", count)
    return rows


class TestContinuing:
    def test_only_the_remaining_tiles_are_computed(
        self, painting: XRFCube, predictor: Any, stopped: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        all_rows = [tile.rows for tile in iter_pigment_tiles(painting, predictor=predictor)]
        rows = made_rows(monkeypatch)
        steps: list[tuple[int, int]] = []
        maps = map_pigments(
            painting,
            predictor=predictor,
            unfinished=stopped,
            progress=lambda *step: steps.append(step),
        )
        assert rows == all_rows[1:]
        assert steps[0][0] == 20 * all_rows[0].stop
        assert steps[-1] == (240, 240)
        assert same_maps(maps, map_pigments(painting, predictor=predictor))

    def test_a_finished_run_is_not_repeated(
        self, painting: XRFCube, predictor: Any, stopped: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = map_pigments(painting, predictor=predictor, unfinished=stopped)
        rows = made_rows(monkeypatch)
        assert same_maps(first, map_pigments(painting, predictor=predictor, unfinished=stopped))
        assert rows == []

    @pytest.mark.parametrize("normalise", [None, "total"])
    def test_element_maps_are_continued(
        self, painting: XRFCube, tmp_path: Path, normalise: Any
    ) -> None:
        folder = tmp_path / "unfinished"
        with pytest.raises(Stopped):
            map_elements(painting, ["Pb"], unfinished=folder, progress=stop)
        whole = map_elements(painting, ["Pb"], normalise=normalise)
        for _ in range(2):  # the second time, all pixels are finished
            maps = map_elements(painting, ["Pb"], unfinished=folder, normalise=normalise)
            assert same_maps(maps, whole, ("counts", "sigma"))

    def test_large_maps_remain_on_disk(
        self, painting: XRFCube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_store, "_SMALL_BYTES", 0)
        folder = tmp_path / "unfinished"
        maps = map_elements(painting, ["Pb"], unfinished=folder, normalise="total")
        assert isinstance(maps.counts, zarr.Array)
        whole = map_elements(painting, ["Pb"], normalise="total")
        assert same_maps(maps, whole, ("counts", "sigma"))

    def test_tiles_of_another_axis_are_refused(
        self, painting: XRFCube, predictor: Any, stopped: Path
    ) -> None:
        moved = painting.with_energies(painting.energies.recalibrated(0.03, 0.05))
        with pytest.raises(ValueError, match="calibration"):
            map_pigments(moved, predictor=predictor, unfinished=stopped)
        smaller = replace(painting, counts=painting.counts[:6], valid=painting.valid[:6])
        with pytest.raises(ValueError, match="shape"):
            map_pigments(smaller, predictor=predictor, unfinished=stopped)

    def test_another_order_of_lines_is_refused(self, painting: XRFCube, tmp_path: Path) -> None:
        with pytest.raises(Stopped):
            map_elements(painting, ["Pb", "Fe"], unfinished=tmp_path / "u", progress=stop)
        with pytest.raises(ValueError, match="names"):
            map_elements(painting, ["Fe", "Pb"], unfinished=tmp_path / "u")

    def test_a_run_is_continued_on_another_device_but_not_with_other_weights(
        self, painting: XRFCube, predictor: Any, stopped: Path
    ) -> None:
        predictor.device = "cuda:0"
        map_pigments(painting, predictor=predictor, unfinished=stopped)
        predictor.weights_hash = "other"
        with pytest.raises(ValueError, match="weights_hash"):
            map_pigments(painting, predictor=predictor, unfinished=stopped)

    def test_a_run_is_not_continued_with_another_precision(
        self, painting: XRFCube, predictor: Any, stopped: Path
    ) -> None:
        predictor.numerics = "int8"
        with pytest.raises(ValueError, match="settings"):
            map_pigments(painting, predictor=predictor, unfinished=stopped)

    @pytest.mark.parametrize("name", ["probability", "finished"])
    def test_a_damaged_band_is_computed_again(
        self, painting: XRFCube, predictor: Any, stopped: Path, name: str
    ) -> None:
        chunks = [path for path in (stopped / "pigments" / name / "c").rglob("*") if path.is_file()]
        for chunk in chunks:
            chunk.write_bytes(chunk.read_bytes()[:10])
        maps = map_pigments(painting, predictor=predictor, unfinished=stopped)
        assert same_maps(maps, map_pigments(painting, predictor=predictor))

    def test_a_full_disk_is_reported_with_the_folder(
        self,
        painting: XRFCube,
        predictor: Any,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        folder = tmp_path / "unfinished"
        monkeypatch.setattr(zarr.Array, "__setitem__", full)
        with pytest.raises(OSError, match=r"written to .*unfinished.*: no space left on device"):
            map_pigments(painting, predictor=predictor, unfinished=folder)
        assert not has_tiles(folder)


class TestFolder:
    def test_a_foreign_folder_is_refused_and_not_changed(
        self, painting: XRFCube, predictor: Any, tmp_path: Path
    ) -> None:
        letters = tmp_path / "letters"
        letters.mkdir()
        (letters / "dear.txt").write_text("Dear Theo")
        with pytest.raises(ValueError, match="something else"):
            map_pigments(painting, predictor=predictor, unfinished=letters)
        remove_unfinished(letters)
        assert [path.name for path in letters.iterdir()] == ["dear.txt"]
        assert not is_unfinished(letters)

    def test_unfinished_maps_are_removed(self, stopped: Path) -> None:
        assert is_unfinished(stopped)
        remove_unfinished(stopped)
        assert not stopped.exists()
