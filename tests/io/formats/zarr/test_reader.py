"""Test the Zarr reader: versions 2 and 3, NGFF, axis order, foreign arrays, unsafe codecs."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import zarr
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.cube import ElementMaps
from napari_xrf_pigments.io import can_open, open_cube, save_results


@pytest.fixture
def counts():
    return numbered_counts(5, 6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.zarr"


def ngff(path, data, axes, scale=None, version="0.5"):
    """Write an image of one level, with its metadata written by hand."""
    group = zarr.open_group(str(path), mode="w", zarr_format=3 if version == "0.5" else 2)
    group.create_array("0", data=data)
    change = [{"type": "scale", "scale": scale or [1.0] * len(axes)}]
    image = {
        "version": version,
        "axes": axes,
        "datasets": [{"path": "0", "coordinateTransformations": change}],
    }
    about = {"multiscales": [image]}
    group.attrs.update({"ome": {"version": version, **about}} if version == "0.5" else about)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">i4", "f4"])
def test_a_plain_array_is_read_lazily(path, counts, dtype, version):
    data = counts.astype(dtype)
    zarr.create_array(str(path), data=data, chunks=(2, 3, 50), zarr_format=version)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts.astype(dtype))
    graph = pickle.loads(pickle.dumps(cube.counts))
    np.testing.assert_array_equal(graph[1:, 2, 5:9].compute(), data[1:, 2, 5:9])
    assert cube.counts.dtype.kind in "ui" and cube.counts.dtype.isnative


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 2, 1)])
def test_the_order_of_the_axes_is_read_from_the_metadata(path, order):
    counts = np.arange(200 * 150 * 130).reshape(200, 150, 130) % 251
    names = [("y", "x", "energy")[axis] for axis in order]
    data = counts.transpose(order).astype(np.uint8)
    zarr.create_array(str(path), data=data, dimension_names=names, chunks=(50, 50, 50))
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_energies_and_pixel_size_are_read_from_ngff_metadata(path, counts, version):
    axes = [
        {"name": "t", "type": "time"},
        {"name": "energy", "type": "channel", "unit": "eV"},
        {"name": "y", "type": "space", "unit": "millimeter"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    data = np.moveaxis(counts, 2, 0)[None].astype(np.uint16)
    ngff(path, data, axes, [1, 20.0, 0.5, 250.0], version)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.source) == (0.02, "file")
    assert cube.pixel_mm == pytest.approx((0.5, 0.25))
    assert cube.source.format == "OME-Zarr"


def test_an_image_of_a_microscope_does_not_open_as_a_scan(path):
    axes = [{"name": name} for name in "czyx"]
    ngff(path, np.zeros((3, 5, 20, 30), np.uint16), axes)
    assert not can_open(path)
    with pytest.raises(ValueError, match="is not a scan"):
        open_cube(path)


def test_an_image_with_few_channels_is_refused(path):
    ngff(path, np.zeros((3, 20, 30), np.uint16), [{"name": name} for name in "cyx"])
    assert not can_open(path)


def test_results_of_this_program_do_not_open_as_a_scan(path):
    maps = np.ones((200, 3, 4), np.float32)
    names = tuple(f"Fe {number}" for number in range(200))
    save_results(path, elements=ElementMaps(names, maps, maps))
    assert not can_open(path)
    with pytest.raises(ValueError, match="maps that this program has made"):
        open_cube(path)


def test_an_array_can_be_selected(path, counts):
    group = zarr.open_group(str(path), mode="w")
    group.create_array("a/counts", data=counts.astype(np.uint16))
    group.create_array("b/counts", data=counts.astype(np.uint16) + 1)
    cube = open_cube(path)
    assert any("also holds b/counts" in note for note in cube.source.notes)
    np.testing.assert_array_equal(open_cube(path, dataset="b/counts").counts, counts + 1)
    with pytest.raises(ValueError, match="no array c"):
        open_cube(path, dataset="c")


def test_settings_in_attributes_are_read(path, counts):
    array = zarr.create_array(str(path), data=counts.astype(np.uint16))
    array.attrs.update({"gain_kev": 0.02, "anode": "Rh", "tube_kv": 50, "pixel_mm": [0.5, 0.25]})
    cube = open_cube(path)
    assert (cube.energies.gain_kev, cube.acquisition.anode, cube.pixel_mm) == (
        0.02,
        "Rh",
        (0.5, 0.25),
    )


def change(path, name, **new):
    about = json.loads((path / name).read_text())
    (path / name).write_text(json.dumps({**about, **new}))


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ({"shape": [100_000_000, 6, 160]}, "larger than any scan"),
        ({"shape": [-3, 4, 160]}, "not a scan|no array"),
        ({"shape": ["3", 4, 160]}, "not a scan|no array"),
        ({"shape": [3, 4]}, "not a scan|no array"),
        ({"data_type": "string"}, "not a scan|no array"),
        ({"data_type": 7}, "not a scan|no array"),
    ],
)
def test_wrong_metadata_are_refused_in_one_sentence(path, counts, new, sentence):
    zarr.create_array(str(path), data=counts.astype(np.uint16))
    change(path, "zarr.json", **new)
    with pytest.raises(ValueError, match=sentence) as caught:
        open_cube(path)
    assert "scan.zarr" in str(caught.value) and "\n" not in str(caught.value)


def test_huge_chunks_are_refused(path, counts):
    zarr.create_array(str(path), data=counts.astype(np.uint16))
    grid = {"name": "regular", "configuration": {"chunk_shape": [10**4, 10**4, 10**4]}}
    change(path, "zarr.json", chunk_grid=grid)
    with pytest.raises(ValueError, match="pieces that are far too large"):
        open_cube(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_damaged_metadata_are_refused_in_one_sentence(path, text):
    path.mkdir()
    (path / "zarr.json").write_text(text)
    with pytest.raises(ValueError, match=r"scan\.zarr") as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


class Trap:
    """An object whose unpickling fails the test."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize("dtype", ["<u2", "<f4"])
def test_codecs_that_could_run_code_are_refused(path, counts, dtype):
    zarr.create_array(str(path), data=counts.astype(dtype), chunks=(5, 6, 160), zarr_format=2)
    change(path, ".zarray", filters=[{"id": "pickle", "protocol": 5}], compressor=None)
    (path / "0.0.0").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"packed in a way|not a scan|no array"):
        open_cube(path).counts.compute()


def test_a_damaged_chunk_raises_one_sentence(path, counts):
    zarr.create_array(str(path), data=counts.astype(np.uint16), chunks=(5, 6, 160))
    (piece,) = (each for each in (path / "c").rglob("*") if each.is_file())
    piece.write_bytes(piece.read_bytes()[:20])
    with pytest.raises(ValueError, match=r"scan\.zarr is damaged"):
        open_cube(path).counts.compute()
