"""Test the overview, one image of everything that is detected."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest

from napari_xrf_pigments.pigments.display import Naming
from napari_xrf_pigments.reporting._page import MapPicture
from napari_xrf_pigments.reporting.overview import Section, save_overview

from .made_maps import elements, patch, pigments


def test_the_overview_is_a_png_and_no_other_file_remains(tmp_path):
    path = save_overview(
        tmp_path / "new" / "overview.png",
        elements(Fe=patch(51)),
        pigments({"azurite": patch(0.9), "malachite": 0.1}),
        Naming({"azurite": "Azurite"}, {"azurite": "#2f6ca8"}),
        title="Test",
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["overview.png"]
    assert matplotlib.image.imread(path).shape[1] == 1800


def height(path):
    return matplotlib.image.imread(path).shape[0]


def test_an_unresolved_group_has_a_map(tmp_path):
    naming = Naming(members={"copper": ("a", "b")})
    maps = pigments({"a": 0.4, "b": 0.4}, {"copper": 0.9})
    without = save_overview(tmp_path / "without.png", pigments=maps)
    with_group = save_overview(tmp_path / "with.png", pigments=maps, naming=naming)
    assert height(with_group) > height(without) + 150

    resolved = pigments({"a": 0.9, "b": 0.4}, {"copper": 0.9})
    one = save_overview(tmp_path / "one.png", pigments=resolved)
    same = save_overview(tmp_path / "same.png", pigments=resolved, naming=naming)
    assert height(one) == height(same)


def test_an_overview_without_detections_is_drawn(tmp_path):
    assert save_overview(tmp_path / "a.png", elements(Fe=0.0), pigments({"a": 0.0})).is_file()


def test_an_overview_without_maps_is_refused_and_not_written(tmp_path):
    with pytest.raises(ValueError, match="no maps"):
        save_overview(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(10, 400), (400, 10), (64, 64)])
def test_a_map_has_the_aspect_ratio_of_the_painting(shape):
    picture = MapPicture("Fe K", "", np.zeros(shape), (0.0, 1.0), (0.2, 0.4))
    width, height = Section("", "", (picture,)).map_mm
    assert height / width == pytest.approx(shape[0] * 0.2 / (shape[1] * 0.4))
    assert height <= 178 + 1e-9
