"""A run that was broken off goes on with the tiles that are missing."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.mapping import iter_pigment_tiles, map_elements, map_pigments
from napari_xrf_pigments.mapping import pigments as module
from napari_xrf_pigments.mapping._journal import Journal, forget, is_journal, keeps_tiles


class Broken(Exception):
    """Somebody pulled the plug."""


@pytest.fixture
def broken_off(painting: XRFCube, predictor: Any, tmp_path: Path) -> Path:
    """The tiles of a run that ended after its first tile."""

    def stop(done: int, total: int) -> None:
        raise Broken

    folder = tmp_path / "unfinished"
    with pytest.raises(Broken):
        map_pigments(painting, predictor=predictor, unfinished=folder, progress=stop)
    assert len(list(folder.glob("*.npz"))) == 1
    return folder


def test_only_the_missing_tiles_are_made(
    painting: XRFCube, predictor: Any, broken_off: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[slice] = []
    real = module.predicted_tile

    def count(tile: Any, *rest: Any) -> Any:
        made.append(tile.rows)
        return real(tile, *rest)

    monkeypatch.setattr(module, "predicted_tile", count)
    said: list[tuple[int, int]] = []
    maps = map_pigments(
        painting,
        predictor=predictor,
        unfinished=broken_off,
        progress=lambda *step: said.append(step),
    )
    all_rows = [tile.rows for tile in iter_pigment_tiles(painting, predictor=predictor)]
    assert made[: len(all_rows) - 1] == all_rows[1:]
    assert said[-1] == (240, 240)
    monkeypatch.undo()
    whole = map_pigments(painting, predictor=predictor)
    for field in ("probability", "top", "below", "group_probability", "unexplained"):
        assert np.array_equal(getattr(maps, field), getattr(whole, field), equal_nan=True)


def test_elements_go_on_too(painting: XRFCube, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise Broken

    with pytest.raises(Broken):
        map_elements(painting, ["Pb"], unfinished=tmp_path / "u", progress=stop)
    maps = map_elements(painting, ["Pb"], unfinished=tmp_path / "u", normalise="total")
    whole = map_elements(painting, ["Pb"], normalise="total")
    assert np.array_equal(maps.counts, whole.counts, equal_nan=True)
    assert np.array_equal(maps.sigma, whole.sigma, equal_nan=True)


def test_tiles_of_another_axis_are_not_mixed_in(
    painting: XRFCube, predictor: Any, broken_off: Path
) -> None:
    moved = painting.with_energies(painting.energies.recalibrated(0.03, 0.05))
    with pytest.raises(ValueError, match="calibration"):
        map_pigments(moved, predictor=predictor, unfinished=broken_off)
    smaller = replace(painting, counts=painting.counts[:6], valid=painting.valid[:6])
    with pytest.raises(ValueError, match="shape"):
        map_pigments(smaller, predictor=predictor, unfinished=broken_off)


def test_other_weights_are_another_run_and_another_device_is_not(
    painting: XRFCube, predictor: Any, broken_off: Path
) -> None:
    predictor.device = "cuda:0"
    map_pigments(painting, predictor=predictor, unfinished=broken_off)
    predictor.weights_hash = "other"
    with pytest.raises(ValueError, match="weights_hash"):
        map_pigments(painting, predictor=predictor, unfinished=broken_off)


def test_a_damaged_tile_is_made_again(painting: XRFCube, predictor: Any, broken_off: Path) -> None:
    (tile,) = broken_off.glob("*.npz")
    tile.write_bytes(tile.read_bytes()[:100])
    maps = map_pigments(painting, predictor=predictor, unfinished=broken_off)
    assert np.array_equal(np.isfinite(maps.unexplained), painting.valid)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear Theo")
    with pytest.raises(ValueError, match="something else"):
        Journal(tmp_path / "letters", {})
    forget(tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").exists()
    assert not is_journal(tmp_path / "letters")


def test_a_finished_journal_is_forgotten(broken_off: Path) -> None:
    assert is_journal(broken_off)
    assert is_journal(broken_off.parent)
    forget(broken_off)
    assert not broken_off.exists()


def test_a_full_disk_is_said_with_the_place(
    painting: XRFCube, predictor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **values: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    folder = tmp_path / "unfinished"
    with pytest.raises(OSError, match=r"kept in .*unfinished: no space left on device"):
        map_pigments(painting, predictor=predictor, unfinished=folder)
    assert not keeps_tiles(folder)
