"""Test that only outputs of this program are replaced, and nothing inside them is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.evaluation import Report
from napari_xrf_pigments.io import load_results, save_cube, save_results
from napari_xrf_pigments.io.outputs.atomic_write import check_output
from napari_xrf_pigments.reporting.overview import save_overview
from napari_xrf_pigments.reporting.tiff_figures import save_pictures

from ..made_results import make


def cube() -> XRFCube:
    return XRFCube.from_array(np.ones((4, 5, 256), np.uint16), gain_kev=0.04)


SAVERS = {
    "zarr": lambda path: save_results(path, elements=make()[0], format="zarr"),
    "tiff": lambda path: save_results(path, elements=make()[0], format="tiff"),
    "csv-maps": lambda path: save_results(path, elements=make()[0], format="csv-maps"),
    "pictures": lambda path: save_pictures(path, make()[0], dpi=30),
    "scan": lambda path: save_cube(cube(), path, format="zarr", overwrite=True),
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("kind", SAVERS)
def test_a_folder_with_notes_in_it_is_not_replaced(tmp_path, kind):
    folder = tmp_path / "maps.zarr"
    SAVERS[kind](folder)
    SAVERS[kind](folder)  # its own output is replaced
    (folder / "notes.txt").write_text("the sky is azurite")
    before = contents(folder)
    with pytest.raises(FileExistsError, match=r"notes\.txt"):
        SAVERS[kind](folder)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["maps.zarr"]


def test_files_of_the_system_do_not_stop_a_replacement(tmp_path):
    for kind, saver in SAVERS.items():
        saver(tmp_path / kind)
        (tmp_path / kind / ".DS_Store").write_bytes(b"\0")
        saver(tmp_path / kind)


@pytest.mark.parametrize(
    "place", ["labels/zarr.json", "elements/notes.txt", "elements/0/c/0/a.txt"]
)
def test_files_anywhere_in_a_store_are_noticed(tmp_path, place):
    store = tmp_path / "maps.zarr"
    SAVERS["zarr"](store)
    added = store / place
    added.parent.mkdir(exist_ok=True, parents=True)
    added.write_text("{}")
    with pytest.raises(FileExistsError, match=place.split("/")[0]):
        SAVERS["zarr"](store)
    assert added.read_text() == "{}"
    assert load_results(store)[0].names == make()[0].names  # it still opens


def test_a_scan_is_not_replaced_by_maps_nor_maps_by_a_scan(tmp_path):
    save_cube(cube(), tmp_path / "scan.h5")
    with pytest.raises(FileExistsError, match="not a result"):
        save_results(tmp_path / "scan.h5", elements=make()[0])
    save_results(tmp_path / "maps.h5", elements=make()[0])
    with pytest.raises(FileExistsError, match="not a result"):
        save_cube(cube(), tmp_path / "maps.h5", overwrite=True)


def test_pictures_and_figures_of_others_are_not_replaced(tmp_path):
    image, scores = tmp_path / "painting.png", tmp_path / "scores.json"
    image.write_bytes(b"\x89PNG\r\n\x1a\n and the photograph of a painting")
    scores.write_text('{"A: all counts": 3}')
    with pytest.raises(FileExistsError, match="not a result"):
        save_overview(image, make()[0])
    with pytest.raises(FileExistsError, match="not a result"):
        Report(()).save(scores)
    with pytest.raises(ValueError, match=r"must end in \.png"):
        save_overview(tmp_path / "overview.jpg", make()[0])
    with pytest.raises(ValueError, match=r"must end in \.json"):
        Report(()).save(tmp_path / "scores.txt")
    own = save_overview(tmp_path / "overview.png", make()[0])
    save_overview(own, make()[0])
    assert scores.read_text() == '{"A: all counts": 3}'


def test_an_existing_output_needs_permission(tmp_path):
    own = tmp_path / "maps.h5"
    own.write_text("maps")
    check_output(own, lambda _: True)
    with pytest.raises(FileExistsError, match="--overwrite"):
        check_output(own, lambda _: True, overwrite=False)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        check_output(tmp_path / "nowhere" / "maps.h5", lambda _: True)
