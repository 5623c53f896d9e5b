"""Test maps as figures to print: resolution, sizes, and the pixels of the map."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from napari_xrf_pigments.pigments.display import Naming
from napari_xrf_pigments.reporting._page import MM_PER_INCH, MapPicture
from napari_xrf_pigments.reporting.figures import render_map
from napari_xrf_pigments.reporting.tiff_figures import is_pictures, save_pictures

from ..io.made_results import make

CHECKS = np.indices((6, 9)).sum(axis=0) % 2 * 1.0


def picture(image=CHECKS, pixel_mm=(0.5, 0.5), **changes):
    return MapPicture("Fe K", "net counts", image, (0.0, 1.0), pixel_mm, **changes)


def size_of_blue_area(dots):
    """Return height and width of a map without measured pixels, on its page."""
    blue = np.array([0x4A, 0x6F, 0xA5])
    ys, xs = np.nonzero(np.abs(dots.astype(int) - blue).max(axis=-1) <= 1)
    return np.ptp(ys) + 1, np.ptp(xs) + 1


@pytest.mark.parametrize("dpi", [100, 300])
def test_every_pixel_is_a_block_of_the_same_number_of_dots(dpi):
    image = np.full((4, 7), np.nan)
    image[:, 2], image[:, 5] = 0.0, 1.0
    dots = render_map(picture(image), dpi)
    blue = np.array([0x4A, 0x6F, 0xA5])
    is_blue = np.abs(dots.astype(int) - blue).max(axis=-1) <= 1
    row = is_blue[np.flatnonzero(is_blue.any(axis=1))[0]]
    edges = np.flatnonzero(np.diff(row.astype(int)))
    lengths = np.diff(edges)
    side = lengths[1]  # of the black column
    assert list(lengths) == [2 * side, side, 2 * side, side, side]
    assert side * 7 <= 160 / MM_PER_INCH * dpi


def test_pixels_that_are_not_square_keep_their_shape():
    empty = np.full((5, 5), np.nan)
    for pixel_mm, expected in (((0.5, 0.5), 1.0), ((1.0, 0.5), 2.0)):
        height, width = size_of_blue_area(render_map(picture(empty, pixel_mm), 100))
        assert height / width == pytest.approx(expected, rel=0.01)


def test_more_pixels_than_dots_are_averaged_not_dropped():
    fine = np.zeros((40, 4000))
    fine[:, ::2] = 1.0
    dots = render_map(picture(fine), 60)
    grey = (dots[..., 0] > 100) & (dots[..., 0] < 155)
    assert grey.any(axis=0).sum() > 300


def test_a_tiff_states_its_resolution_its_size_and_how_it_was_made(tmp_path):
    elements, pigments = make(y=12, x=8)
    naming = Naming({"vermilion": "Vermilion"}, {"vermilion": "#e34234"})
    folder = save_pictures(tmp_path / "print", elements, pigments, naming, dpi=120)
    with tifffile.TiffFile(folder / "pigment_vermilion.tif") as file:
        page = file.pages[0]
        tags = {tag.name: tag.value for tag in page.tags}
        height, width = page.shape[:2]
    assert tags["XResolution"] == (120, 1) and tags["YResolution"] == (120, 1)
    assert tags["ResolutionUnit"] == 2, "inch"
    facts = json.loads(tags["ImageDescription"])
    assert facts["map"] == "Vermilion"
    assert facts["map_size"] == [2.0, 6.0, "mm"]
    assert facts["page_mm"][0] == pytest.approx(width / 120 * MM_PER_INCH, abs=0.01)
    assert facts["page_mm"][1] == pytest.approx(height / 120 * MM_PER_INCH, abs=0.01)
    assert facts["provenance"]["pigments"]["weights"] == "ab12"


def test_every_detected_element_and_pigment_has_an_image(tmp_path):
    elements, pigments = make(y=6, x=6)
    watched = []

    def watch(done, name):
        watched.append((done, name))
        return False

    folder = save_pictures(tmp_path / "p", elements, pigments, dpi=50, watch=watch)
    names = {entry.stem for entry in folder.glob("*.tif")}
    assert {"element_Fe_K", "element_Pb_L", "pigment_azurite", "unexplained"} <= names
    assert [done for done, _ in watched] == list(range(len(names)))
    assert is_pictures(folder)


def test_stopping_keeps_the_finished_images(tmp_path):
    elements, pigments = make(y=6, x=6)
    folder = save_pictures(
        tmp_path / "p", elements, pigments, dpi=50, watch=lambda done, name: done == 2
    )
    assert len(list(folder.glob("*.tif"))) == 2
    assert is_pictures(folder)


def test_a_folder_with_other_files_is_not_replaced(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "thesis.txt").write_text("years of work")
    elements, _ = make(y=6, x=6)
    with pytest.raises(OSError, match="was left"):
        save_pictures(tmp_path / "p", elements, dpi=50)
    assert [entry.name for entry in (tmp_path / "p").iterdir()] == ["thesis.txt"]


def test_an_export_without_maps_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no maps"):
        save_pictures(tmp_path / "p")
