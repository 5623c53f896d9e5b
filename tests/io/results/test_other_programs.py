"""Test that other programs open saved results: names, colours, sizes and values."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cube import ElementMaps
from napari_xrf_pigments.io import save_results

from ..made_results import make


@pytest.fixture
def store(tmp_path: Path) -> Path:
    elements, pigments = make(pixel_mm=(0.5, 0.25))
    # Vermilion is present, red lead is nowhere likely.
    probability = pigments.probability.copy()
    probability[0, 0, 0], probability[1] = 0.9, 0.1
    pigments = replace(pigments, probability=probability)
    return save_results(tmp_path / "maps.zarr", elements=elements, pigments=pigments)


def ome_nodes(path: Path) -> list:
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    return list(Reader(parse_url(path))())


def test_ome_zarr_py_opens_the_store_itself_as_the_pigments(store):
    (node,) = ome_nodes(store)
    names = node.metadata["channel_names"]
    assert names == ["vermilion", "red lead", "azurite"]
    assert node.metadata["contrast_limits"] == [[0, 1]] * 3
    assert node.metadata["visible"][:2] == [True, False]
    red, green, blue = node.metadata["colormap"][names.index("vermilion")][1]
    assert red > 0.6 > green + blue
    red, green, blue = node.metadata["colormap"][names.index("azurite")][1]
    assert blue > green > red
    assert node.metadata["coordinateTransformations"] == [
        [{"type": "scale", "scale": [1, 0.5, 0.25]}]
    ]
    (image,) = ome_nodes(store / "pigments")
    np.testing.assert_array_equal(node.data[0], image.data[0])


def test_maps_without_pigments_open_as_the_elements(tmp_path):
    elements, _ = make()
    (node,) = ome_nodes(save_results(tmp_path / "maps.zarr", elements=elements))
    assert node.metadata["channel_names"] == ["Fe K", "Pb L"]
    limits = np.array(node.metadata["contrast_limits"])
    np.testing.assert_allclose(limits[:, 1], elements.counts.max(axis=(1, 2)))


@pytest.mark.parametrize(("size", "levels"), [(2047, 1), (2050, 4)])
def test_large_maps_have_several_resolutions(tmp_path, size, levels):
    counts = np.random.default_rng(0).random((2, size, 5), np.float32)
    counts[0, :2, :2] = np.nan
    counts[0, 2, :2] = np.nan
    maps = ElementMaps(("Fe K", "Pb L"), counts, counts, (0.5, 0.25))
    (node,) = ome_nodes(save_results(tmp_path / "maps.zarr", elements=maps))
    assert len(node.data) == levels
    if levels == 1:
        return
    half = np.asarray(node.data[1])
    assert half.shape == (2, 1025, 3)
    np.testing.assert_allclose(half[1, 7, 1], counts[1, 14:16, 2:4].mean(), rtol=1e-6)
    np.testing.assert_allclose(half[1, 7, 2], counts[1, 14:16, 4].mean(), rtol=1e-6)
    # Pixels that were not measured are left out of the mean.
    assert np.isnan(half[0, 0, 0])
    np.testing.assert_allclose(half[0, 1, 0], counts[0, 3, :2].mean(), rtol=1e-6)
    assert node.metadata["coordinateTransformations"][1] == [
        {"type": "scale", "scale": [1, 1, 0.5]},
        {"type": "translation", "translation": [0, 0.25, 0.125]},
    ]


def test_the_readers_of_napari_and_of_the_metadata_model_accept_the_store(store):
    models = pytest.importorskip("ome_zarr_models")
    zarr = pytest.importorskip("zarr")
    for image in ("", "pigments", "elements", "groups"):
        opened = models.open_ome_zarr(zarr.open_group(store / image, mode="r"))
        assert "Image" in type(opened).__name__


def test_xarray_opens_an_image(store):
    xarray = pytest.importorskip("xarray")
    with xarray.open_zarr(str(store), group="elements", consolidated=False) as opened:
        assert opened["0"].dims == ("c", "y", "x")
        np.testing.assert_array_equal(opened["0"], make()[0].counts)


def test_silx_draws_the_pigments_when_it_opens_the_file(tmp_path):
    silx_io = pytest.importorskip("silx.io")
    from silx.io import nxdata

    elements, pigments = make(pixel_mm=(0.5, 0.25))
    path = save_results(tmp_path / "maps.h5", elements=elements, pigments=pigments)
    with silx_io.open(str(path)) as file:
        drawn = nxdata.get_default(file)
        assert drawn is not None and drawn.is_valid
        assert drawn.title == "Probability in any layer" and drawn.interpretation == "image"
        np.testing.assert_array_equal(drawn.signal, pigments.probability)
        _, y, x = drawn.axes
        np.testing.assert_allclose(y[()], 0.5 * np.arange(5))
        np.testing.assert_allclose(x[()], 0.25 * np.arange(7))
        assert drawn.axes_names[1:] == ["y (mm)", "x (mm)"]
        counts = nxdata.NXdata(file["entry/elements"])
        assert counts.is_valid
        np.testing.assert_array_equal(counts.signal, elements.counts)


def test_pymca_finds_the_maps_of_a_file(tmp_path):
    tools = pytest.importorskip("PyMca5.PyMcaCore.NexusTools")
    import h5py

    path = save_results(tmp_path / "maps.h5", pigments=make()[1])
    with h5py.File(path) as file:
        groups = tools.getNXClassGroups(file, "/entry", ["NXdata", b"NXdata"], single=False)
        assert [Path(group.name).name for group in groups] == ["pigments"]


def test_rasterio_places_and_names_each_map(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    elements, _ = make(pixel_mm=(0.5, 0.25))
    out = save_results(tmp_path / "maps", elements=elements, format="tiff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with rasterio.open(out / "element_Pb_L.tif") as opened:
            assert opened.descriptions == ("Pb L",)
            np.testing.assert_array_equal(opened.read(1), elements.counts[1])
            # The centre of the upper left pixel is the origin; y points upwards.
            assert opened.xy(0, 0) == (0, 0)
            assert opened.xy(1, 2) == pytest.approx((0.5, -0.5))


def test_the_reader_of_imagej_files_finds_name_and_size(tmp_path):
    import tifffile

    elements, _ = make(pixel_mm=(0.5, 0.25))
    out = save_results(tmp_path / "maps", elements=elements, format="tiff")
    with tifffile.TiffFile(out / "element_Fe_K.tif") as opened:
        assert opened.imagej_metadata["Labels"] == "Fe K"
        assert opened.imagej_metadata["unit"] == "cm"
        np.testing.assert_array_equal(opened.asarray(), elements.counts[0])
