"""Test the layouts of saved results with the readers of other programs."""

from __future__ import annotations

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from napari_xrf_pigments.io import save_results

from ..made_results import make


def test_hdf5_results_have_the_documented_layout(tmp_path):
    elements, pigments = make()
    save_results(tmp_path / "out.h5", elements=elements, pigments=pigments)
    with h5py.File(tmp_path / "out.h5") as file:
        assert set(file) == {"elements", "pigments", "unexplained", "entry"}
        assert set(file["elements"]) == {"names", "counts", "sigma", "y", "x"}
        assert set(file["pigments"]) == {
            "names", "probability", "top", "below", "groups", "group_probability", "y", "x",
        }  # fmt: skip
        assert file["entry/pigments/probability"] == file["pigments/probability"]
        assert file["elements/names"].asstr()[()].tolist() == ["Fe K", "Pb L"]
        assert file["pigments/groups"].asstr()[()].tolist() == ["mercury", "copper"]
        assert file["elements/counts"].dtype == np.float32
        np.testing.assert_array_equal(file["unexplained"], pigments.unexplained)
        np.testing.assert_array_equal(file["elements"].attrs["pixel_mm"], [0.5, 0.25])
        assert json.loads(file["pigments"].attrs["provenance"])["weights"] == "ab12"


def test_optional_maps_have_their_place_in_every_layout(tmp_path):
    _, pigments = make(optional=True)
    names = ["signal", "signal_sigma", "unsupported", "depth_known"]
    save_results(tmp_path / "out.h5", pigments=pigments)
    with h5py.File(tmp_path / "out.h5") as file:
        assert set(names) <= set(file["pigments"])
    save_results(tmp_path / "out.zarr", pigments=pigments)
    root = zarr.open_group(tmp_path / "out.zarr", mode="r")
    assert root.attrs["napari_xrf_pigments"]["images"][-4:] == names
    signal, share = (root[name].attrs["ome"]["omero"] for name in ("signal", "unsupported"))
    assert signal["channels"][0]["window"]["max"] == pytest.approx(pigments.signal[0].max())
    assert share["channels"][0]["window"]["max"] == 1
    out = save_results(tmp_path / "out", pigments=pigments, format="tiff")
    assert {
        "group-signal_copper.tif", "group-signal-sigma_copper.tif",
        "group-unsupported_mercury.tif", "pigment-depth-known_azurite.tif",
    } <= {path.name for path in out.iterdir()}  # fmt: skip


def test_long_provenance_is_saved_in_hdf5(tmp_path):
    elements = replace(make()[0], provenance={"log": "x" * 100_000})
    from napari_xrf_pigments.io import load_results

    save_results(tmp_path / "out.h5", elements=elements)
    assert load_results(tmp_path / "out.h5")[0].provenance == {"log": "x" * 100_000}


def test_zarr_images_are_valid_ome_zarr(tmp_path):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    elements, pigments = make()
    save_results(tmp_path / "out.zarr", elements=elements, pigments=pigments)
    for image, names, data in (
        ("elements", elements.names, elements.counts),
        ("pigments", pigments.names, pigments.probability),
        ("groups", pigments.groups, pigments.group_probability),
    ):
        (node,) = list(Reader(parse_url(tmp_path / "out.zarr" / image))())
        assert [axis["name"] for axis in node.metadata["axes"]] == ["c", "y", "x"]
        assert node.metadata["axes"][1]["unit"] == "millimeter"
        assert node.metadata["coordinateTransformations"][0][0]["scale"] == [1, 0.5, 0.25]
        assert node.metadata["channel_names"] == list(names)
        np.testing.assert_array_equal(node.data[0].compute(), data)


def test_the_zarr_root_lists_all_images_and_the_provenance(tmp_path):
    elements, pigments = make()
    save_results(tmp_path / "out.zarr", elements=elements, pigments=pigments)
    root = zarr.open_group(tmp_path / "out.zarr", mode="r")
    made = root.attrs["napari_xrf_pigments"]
    images = ["elements", "sigma", "pigments", "top", "below", "groups", "unexplained"]
    assert made["images"] == images
    assert all(f"{image}/0" in root for image in images)
    assert made["pigments"]["provenance"]["weights"] == "ab12"
    assert root["elements/0"].metadata.dimension_names == ("c", "y", "x")


def test_the_contrast_limits_in_zarr_ignore_missing_pixels(tmp_path):
    elements = make()[0]
    counts = elements.counts.copy()
    counts[0, 0, 0] = np.nan
    counts[1] = np.nan
    save_results(tmp_path / "out.zarr", elements=replace(elements, counts=counts))
    attributes = json.loads((tmp_path / "out.zarr" / "elements" / "zarr.json").read_text())
    first, second = attributes["attributes"]["ome"]["omero"]["channels"]
    assert first["window"]["max"] == pytest.approx(np.nanmax(counts[0]))
    assert second["window"]["max"] == 1.0


def test_tiff_results_are_one_calibrated_image_per_map(tmp_path):
    elements, pigments = make()
    out = save_results(tmp_path / "out", elements=elements, pigments=pigments, format="tiff")
    names = sorted(path.name for path in out.glob("*.tif"))
    assert len(names) == 2 * 2 + 3 * 3 + 2 + 1
    assert {"element_Fe_K.tif", "pigment-top_red_lead.tif", "unexplained.tif"} <= set(names)
    with tifffile.TiffFile(out / "element_Pb_L.tif") as tiff:
        page = tiff.pages[0]
        np.testing.assert_array_equal(page.asarray(), elements.counts[1])
        assert page.dtype == np.float32
        x_per_cm, y_per_cm = (page.tags[name].value for name in ("XResolution", "YResolution"))
        assert x_per_cm[0] / x_per_cm[1] == pytest.approx(40)
        assert y_per_cm[0] / y_per_cm[1] == pytest.approx(20)
        assert page.tags["ResolutionUnit"].value == 3  # centimetre
        assert tiff.imagej_metadata["unit"] == "cm"
        facts = json.loads(tiff.imagej_metadata["Info"])
        assert facts["map"] == "Pb L" and facts["provenance"]["version"] == "1.2"
    index = json.loads((out / "provenance.json").read_text(encoding="utf-8"))
    assert index["files"]["pigment_azurite.tif"] == {"field": "probability", "map": "azurite"}


def test_tiff_names_are_safe_and_unique(tmp_path):
    elements = replace(make()[0], names=("../a b", "../A_b"))
    out = save_results(tmp_path / "out", elements=elements, format="tiff")
    names = {path.name for path in out.glob("element_*.tif")}
    assert len(names) == 2 and all("/" not in name and " " not in name for name in names)
    assert sorted(child.name for child in tmp_path.iterdir()) == ["out"]


def test_without_a_pixel_size_no_scale_is_stated(tmp_path):
    elements = make(pixel_mm=None)[0]
    save_results(tmp_path / "out.zarr", elements=elements)
    text = (tmp_path / "out.zarr" / "elements" / "zarr.json").read_text()
    assert "millimeter" not in text
    out = save_results(tmp_path / "out", elements=elements, format="tiff")
    with tifffile.TiffFile(out / "element_Fe_K.tif") as tiff:
        assert tiff.imagej_metadata["unit"] == "pixel"
