"""Test the warnings of elemental maps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_xrf_pigments.cube import EnergyAxis, XRFCube
from napari_xrf_pigments.mapping import has_tiles, iter_element_tiles, map_elements, map_pigments

LINES = ["Fe", "Cu", "Pb"]


def warnings_of(cube: XRFCube, **options: Any) -> list[str]:
    return list(map_elements(cube, LINES, **options).provenance["warnings"])


def with_counts(painting: XRFCube, change: Callable[[np.ndarray], None], dtype: Any) -> XRFCube:
    counts = painting.counts.compute(scheduler="synchronous").astype(dtype)
    change(counts)
    return XRFCube(
        da.from_array(counts, chunks=(5, 20, 1000)),
        painting.energies,
        painting.acquisition,
        valid=painting.valid,
    )


def test_a_good_scan_has_no_warnings(painting: XRFCube) -> None:
    assert warnings_of(painting) == []


def test_pixels_without_counts_are_counted_unless_they_were_not_measured(painting: XRFCube) -> None:
    def dead(counts: np.ndarray) -> None:
        counts[0, :3] = 0

    (text,) = warnings_of(with_counts(painting, dead, np.uint16))
    assert text.startswith("3 pixels hold no counts at all")


def test_pixels_with_negative_counts_are_counted_separately(painting: XRFCube) -> None:
    def negative(counts: np.ndarray) -> None:
        counts[2, 2] = 0
        counts[2, 2, 5:7] = 4, -4

    (text,) = warnings_of(with_counts(painting, negative, np.int32))
    assert text.startswith("1 pixel holds negative counts")


def test_pixels_with_saturated_channels_are_counted(painting: XRFCube) -> None:
    def full(counts: np.ndarray) -> None:
        counts[1, 1, 300:303] = 65535

    (text,) = warnings_of(with_counts(painting, full, np.uint16))
    assert text.startswith("1 pixel holds channels at the largest number that can be stored")


@pytest.mark.parametrize("source", ["file", "estimated"])
def test_the_first_tile_has_the_warning_of_an_axis_that_does_not_fit_the_lines(
    painting: XRFCube, source: Any
) -> None:
    wrong = painting.with_energies(EnergyAxis(1000, 0.03, 0.10, source))
    tiles = iter_element_tiles(wrong, LINES)
    (text,) = next(tiles).warnings
    tiles.close()
    assert "eV off the energy axis" in text
    assert warnings_of(wrong) == [text]


def test_only_the_last_tile_has_the_warnings_of_the_whole_scan(painting: XRFCube) -> None:
    def dead(counts: np.ndarray) -> None:
        counts[0, 0] = counts[11, 19] = 0

    tiles = list(iter_element_tiles(with_counts(painting, dead, np.uint16), LINES))
    assert len(tiles) > 1
    assert [bool(tile.warnings) for tile in tiles] == [False] * (len(tiles) - 1) + [True]
    assert tiles[-1].warnings[0].startswith("2 pixels")


def test_maps_on_disk_and_continued_runs_have_the_warnings(
    painting: XRFCube, tmp_path: Path
) -> None:
    wrong = painting.with_energies(EnergyAxis(1000, 0.03, 0.10))
    texts = warnings_of(wrong, out=tmp_path / "e.zarr")
    assert len(texts) == 1
    group = zarr.open_group(str(tmp_path / "e.zarr"), mode="r")
    assert group.attrs["provenance"]["warnings"] == texts
    for _ in range(2):
        assert warnings_of(wrong, unfinished=tmp_path / "unfinished") == texts


@pytest.mark.parametrize("kind", ["elements", "pigments"])
def test_a_continued_run_has_the_warnings_of_its_earlier_tiles(
    painting: XRFCube, predictor: Any, tmp_path: Path, kind: str
) -> None:
    def odd(counts: np.ndarray) -> None:
        counts[0, 0] = counts[11, 19] = 0
        counts[0, 1, 5] = counts[11, 18, 5] = -4

    cube = with_counts(painting, odd, np.int32)

    def run(unfinished: Path, progress: Any = None) -> list[str]:
        options = {"unfinished": unfinished, "progress": progress}
        if kind == "elements":
            return warnings_of(cube, **options)
        return list(map_pigments(cube, predictor=predictor, **options).provenance["warnings"])

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", stop)
    assert has_tiles(tmp_path / "stopped")
    texts = run(tmp_path / "stopped")
    assert texts == run(tmp_path / "new")
    assert [text.split(" pixels")[0] for text in texts] == ["2", "2"]


class TestSource:
    @pytest.fixture
    def scan(self, painting: XRFCube, tmp_path: Path) -> XRFCube:
        from napari_xrf_pigments.io import open_cube

        counts = painting.counts.compute(scheduler="synchronous")
        np.save(tmp_path / "scan.npy", np.tile(counts, (10, 1, 1)))
        return open_cube(
            tmp_path / "scan.npy", gain_kev=0.03, offset_kev=-0.02, anode="Rh", tube_kv=45.0
        )

    def test_a_file_that_grows_during_the_run_gives_a_warning(self, scan: XRFCube) -> None:
        assert scan.source is not None
        tiles = iter_element_tiles(scan, LINES)
        next(tiles)
        with scan.source.path.open("ab") as file:
            file.write(b"more")
        last = list(tiles)[-1]
        assert "scan.npy was changed while it was read: map it again." in last.warnings

    def test_a_file_that_is_removed_during_the_run_is_the_error(self, scan: XRFCube) -> None:
        assert scan.source is not None
        tiles = iter_element_tiles(scan, LINES)
        next(tiles)
        scan.source.path.unlink()
        with pytest.raises(OSError, match=r"^scan\.npy was removed while it was read: .*\.$"):
            list(tiles)

    def test_a_file_changed_after_opening_gives_a_warning(self, scan: XRFCube) -> None:
        assert scan.source is not None
        later = scan.source.modified + 100
        os.utime(scan.source.path, (later, later))
        assert any("changed after it was opened" in text for text in warnings_of(scan))
