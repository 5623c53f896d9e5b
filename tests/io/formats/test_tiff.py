"""Test the TIFF reader: spectrum axis, compression, photographs, and damaged files."""

from __future__ import annotations

import pickle
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.io import can_open, describe, open_cube


def planes_of(counts, dtype=np.uint16):
    return np.moveaxis(counts, 2, 0).astype(dtype)


@pytest.fixture
def counts():
    return numbered_counts(5, 6)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.tif"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32])
def test_pages_are_read_as_channels(path, counts, dtype, order):
    tifffile.imwrite(path, planes_of(counts, dtype), photometric="minisblack", byteorder=order)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts.astype(dtype))
    assert cube.counts.dtype.kind in "ui" and cube.energies.source == "estimated"
    assert any("160 pages were taken" in note for note in cube.source.notes)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"compression": "zlib", "predictor": 2, "rowsperstrip": 3},
        {"tile": (16, 32)},
        {"tile": (16, 16), "compression": "zlib"},
        {"rowsperstrip": 3},
        {"bigtiff": True},
    ],
)
def test_pages_in_strips_or_tiles_are_read_compressed_or_not(path, options):
    counts = np.random.default_rng(1).integers(0, 900, (21, 37, 130))
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", **options)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    graph = pickle.loads(pickle.dumps(cube.counts))
    np.testing.assert_array_equal(graph[7:20, 30].compute(), counts[7:20, 30])


@pytest.mark.parametrize("compression", ["packbits", "tiff_adobe_deflate"])
def test_pages_compressed_by_pillow_are_read(path, counts, compression):
    from PIL import Image

    first, *others = (Image.fromarray(plane) for plane in planes_of(counts))
    first.save(path, save_all=True, append_images=others, compression=compression)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


WITHOUT_IMAGECODECS = """
import sys
sys.modules["imagecodecs"] = None
from napari_xrf_pigments import open_cube
try:
    open_cube(sys.argv[1])
except ValueError as error:
    print(error)
"""


def test_a_missing_decoder_is_named_in_the_error(path, counts):
    from PIL import Image

    first, *others = (Image.fromarray(plane) for plane in planes_of(counts))
    first.save(path, save_all=True, append_images=others, compression="tiff_lzw")
    command = [sys.executable, "-c", WITHOUT_IMAGECODECS, str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "needs the package imagecodecs" in printed


def test_compressions_of_unknown_unpacked_size_are_refused(path, counts):
    pytest.importorskip("imagecodecs")
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", compression="zstd")
    with pytest.raises(ValueError, match="compressed in a way that is not read"):
        open_cube(path)


def test_named_axes_have_priority_over_a_guess(path):
    counts = np.arange(300 * 4 * 140).reshape(300, 4, 140) % 251
    tifffile.imwrite(
        path, counts.astype(np.uint8), photometric="minisblack", metadata={"axes": "YXC"}
    )
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("calls its axis 3 (140) the channels" in note for note in cube.source.notes)


def test_the_channel_axis_of_a_plain_array_is_found_by_its_length(path):
    counts = np.arange(30 * 20 * 512).reshape(30, 20, 512) % 65521
    tifffile.imwrite(path, counts.astype(np.uint16), photometric="minisblack", metadata=None)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("columns of a page, 512" in note for note in cube.source.notes)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_samples_of_a_pixel_are_read_as_channels(path, counts, planar):
    data = counts if planar == "contig" else np.moveaxis(counts, 2, 0)
    tifffile.imwrite(
        path, data.astype(np.uint16), photometric="minisblack", planarconfig=planar, metadata=None
    )
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_ome_metadata_give_axis_and_pixel_size(tmp_path, counts):
    path = tmp_path / "scan.ome.tif"
    about = {"axes": "CYX", "PhysicalSizeX": 250, "PhysicalSizeY": 500}
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", metadata=about)
    cube = open_cube(path)
    assert cube.pixel_mm == (0.5, 0.25)
    assert any("160 channels of OME's axis C" in note for note in cube.source.notes)


def test_an_imagej_stack_is_read(path, counts):
    tifffile.imwrite(path, planes_of(counts), imagej=True, metadata={"axes": "ZYX"})
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_energies_in_the_metadata_of_tifffile_are_read(path, counts):
    about = {"gain_kev": 0.02, "offset_kev": -0.1, "anode": "Rh"}
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", metadata=about)
    cube = open_cube(path)
    assert (cube.energies.gain_kev, cube.energies.source) == (0.02, "file")
    assert cube.acquisition.anode == "Rh"


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (np.zeros((40, 50, 3), np.uint8), {"photometric": "rgb"}),
        (np.zeros((40, 50, 4), np.uint8), {"photometric": "rgb", "extrasamples": [1]}),
        (np.zeros((40, 50), np.uint8), {}),
        (np.zeros((40, 50), np.uint16), {"compression": "zlib"}),
        (np.zeros((12, 40, 50), np.uint16), {"photometric": "minisblack"}),
        (np.full((200, 7, 5), 0.5, np.float32), {"photometric": "minisblack"}),
    ],
)
def test_photographs_and_small_stacks_do_not_open_as_a_scan(path, image, options):
    tifffile.imwrite(path, image, **options)
    assert not can_open(path)
    with pytest.raises(ValueError, match=r"^scan\.tif .*(image|fractional)"):
        open_cube(path)


def test_several_long_axes_are_refused(tmp_path):
    path = tmp_path / "scan.ome.tif"
    tifffile.imwrite(
        path,
        np.zeros((2, 150, 4, 5), np.uint8),
        photometric="minisblack",
        metadata={"axes": "CZYX"},
    )
    with pytest.raises(ValueError, match="4 axes, but a scan has three"):
        open_cube(path)


@pytest.mark.parametrize("keep", [3, 8, 200, 2000, -1])
def test_truncated_files_are_refused_in_one_sentence(path, counts, keep):
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", compression="zlib")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"scan\.tif") as caught:
        open_cube(path).counts.compute()
    assert "\n" not in str(caught.value)


def test_pages_longer_than_declared_are_not_unpacked(path, counts):
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", compression="zlib")
    bomb = zlib.compress(bytes(200_000), 9)
    end = path.stat().st_size
    with path.open("ab") as file:
        file.write(bomb)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[0].tags["StripOffsets"].overwrite(end)
        tif.pages[0].tags["StripByteCounts"].overwrite(len(bomb))
    with pytest.raises(ValueError, match="longer when unpacked"):
        open_cube(path).counts.compute()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('SizeC="160"', 'SizeC="100000000"'),
        ('SizeC="160"', 'SizeC="-5"'),
        ('SizeC="160"', 'SizeC="x"'),
        ("<Pixels", "<Pixel"),
    ],
)
def test_a_description_that_contradicts_the_data_is_not_used(tmp_path, counts, old, new):
    path = tmp_path / "scan.ome.tif"
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack", metadata={"axes": "CYX"})
    with tifffile.TiffFile(path) as tif:
        text = tif.pages[0].description
    assert old in text
    tifffile.tiffcomment(path, text.replace(old, new))
    try:
        assert open_cube(path).shape == counts.shape
    except ValueError as error:
        assert "scan.ome.tif" in str(error)


def test_pages_in_a_circle_are_refused(path, counts):
    tifffile.imwrite(path, planes_of(counts)[:2], photometric="minisblack")
    with tifffile.TiffFile(path) as tif:
        first, second = (page.offset for page in tif.pages)
    data = path.read_bytes().replace(second.to_bytes(4, "little"), first.to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"scan\.tif"):
        open_cube(path)


def test_the_description_states_the_axis_of_the_channels(path, counts):
    tifffile.imwrite(path, planes_of(counts), photometric="minisblack")
    assert "pages were taken as the channels" in describe(path)
