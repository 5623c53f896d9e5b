"""Test the elemental maps of a small painting."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, Source, XRFCube
from napari_xrf_pigments.mapping import iter_element_tiles, map_elements, plan_elements


def test_elements_are_found_and_mapped_at_their_positions(painting: XRFCube) -> None:
    maps = map_elements(painting)
    assert set(maps.names) == {"Ca K", "Fe K", "Cu K", "Pb L"}
    iron = maps.counts[maps.names.index("Fe K")]
    copper = maps.counts[maps.names.index("Cu K")]
    assert np.nanmean(iron[:, :10]) == pytest.approx(800, rel=0.05)
    assert np.nanmean(copper[:, 10:]) == pytest.approx(500, rel=0.05)
    empty = iron[:, 10:] / maps.sigma[maps.names.index("Fe K")][:, 10:]
    assert abs(np.nanmean(empty)) < 0.5
    assert np.nanmax(empty) < 5
    assert maps.pixel_mm == (0.5, 0.5)


def test_missing_pixels_are_nan(painting: XRFCube) -> None:
    maps = map_elements(painting, ["Fe"])
    missing = np.zeros((12, 20), bool)
    missing[5, 7] = True
    assert np.array_equal(np.isnan(maps.counts[0]), missing)
    assert np.array_equal(np.isnan(maps.sigma[0]), missing)


@pytest.mark.parametrize("names", [["Fe", "Pb"], ["Fe K", "Pb L"], ["Fe", "Fe K", "Pb"]])
def test_named_lines_are_mapped(painting: XRFCube, names: list[str]) -> None:
    maps = map_elements(painting, names)
    assert maps.names == ("Fe K", "Pb L")
    # Other elements that are present are fitted too, so that the counts are the same.
    whole = map_elements(painting)
    assert maps.counts[0] == pytest.approx(
        whole.counts[whole.names.index("Fe K")], abs=3.0, nan_ok=True
    )


def test_an_absent_element_has_an_empty_map(painting: XRFCube) -> None:
    maps = map_elements(painting, ["Cr"])
    assert np.nanmax(maps.counts / maps.sigma) < 5


@pytest.mark.parametrize(
    ("name", "words"),
    [("Xx", "not the symbol"), ("Fe Z", "neither"), ("U K", "excited"), ("H", "No line")],
)
def test_impossible_lines_are_named_in_the_error(painting: XRFCube, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        map_elements(painting, [name])


def test_tiles_add_up_to_the_maps(painting: XRFCube) -> None:
    plan = plan_elements(painting)
    maps = map_elements(painting)
    tiles = list(iter_element_tiles(painting, plan=plan))
    assert len(tiles) > 1
    grown = np.full((len(plan.fit.names), 12, 20), np.nan, np.float32)
    for tile in tiles:
        assert tile.names == maps.names
        grown[:, tile.rows, tile.columns] = tile.counts
    assert grown == pytest.approx(maps.counts, rel=1e-3, abs=0.05, nan_ok=True)


def test_a_run_can_be_cancelled(painting: XRFCube) -> None:
    tiles = iter_element_tiles(painting, ["Fe"])
    assert next(tiles).counts.dtype == np.float32
    tiles.close()
    with pytest.raises(StopIteration):
        next(tiles)


def test_progress_rises_to_the_number_of_pixels(painting: XRFCube) -> None:
    steps: list[tuple[int, int]] = []
    map_elements(painting, ["Fe"], progress=lambda done, whole: steps.append((done, whole)))
    assert steps[-1] == (240, 240)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_maps_on_disk_equal_maps_in_memory(painting: XRFCube, tmp_path: Path) -> None:
    import zarr

    out = tmp_path / "maps.zarr"
    maps = map_elements(painting, out=out)
    expected = map_elements(painting)
    assert np.asarray(maps.counts) == pytest.approx(expected.counts, nan_ok=True)
    group = zarr.open_group(str(out), mode="r")
    assert tuple(group.attrs["names"]) == maps.names
    assert group.attrs["provenance"]["program"] == "napari-xrf-pigments"


def test_an_existing_folder_is_not_changed(painting: XRFCube, tmp_path: Path) -> None:
    (tmp_path / "maps.zarr").mkdir()
    with pytest.raises(OSError, match="exists already"):
        map_elements(painting, ["Fe"], out=tmp_path / "maps.zarr")
    assert list((tmp_path / "maps.zarr").iterdir()) == []


def test_a_failed_run_leaves_no_files(painting: XRFCube, tmp_path: Path) -> None:
    def stop(done: int, whole: int) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        map_elements(painting, ["Fe"], out=tmp_path / "maps.zarr", progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_the_provenance_contains_the_settings_but_no_folder(painting: XRFCube) -> None:
    source = Source(Path("/some/one/secret/scan.rpl"), "Ripple", 1234, 1.0e9)
    made = map_elements(replace(painting, source=source), ["Fe"]).provenance
    assert made["source"]["name"] == "scan.rpl"
    assert made["source"]["size"] == 1234
    assert "secret" not in repr(made)
    assert made["calibration"]["gain_kev"] == 0.03
    assert made["settings"]["lines"] == "named"


def test_an_unknown_anode_is_estimated(painting: XRFCube) -> None:
    plan = plan_elements(painting.with_acquisition(Acquisition()))
    assert plan.conditions.anode == "Rh"
    assert {"Ca K", "Fe K", "Cu K", "Pb L"} <= set(plan.fit.names)


def test_a_scan_without_measured_pixels_is_refused(painting: XRFCube) -> None:
    with pytest.raises(ValueError, match="No pixel"):
        map_elements(replace(painting, valid=np.zeros((12, 20), bool)))


def test_lines_may_be_given_as_one_string(painting: XRFCube) -> None:
    named = map_elements(painting, lines="Pb L, Fe")
    listed = map_elements(painting, lines=["Pb L", "Fe"])
    assert named.names == listed.names
