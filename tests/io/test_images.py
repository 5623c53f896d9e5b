"""Test reading of images that are registered with a scan."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_xrf_pigments.io.images import read_picture

RNG = np.random.default_rng(0)
COLOURS = RNG.integers(0, 255, (20, 30, 3), dtype=np.uint8)
GREY = RNG.integers(0, 60_000, (20, 30), dtype=np.uint16)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp"])
def test_colours_are_read_unchanged(tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(COLOURS).save(path)
    assert np.array_equal(read_picture(path), COLOURS)


def test_the_orientation_of_a_photograph_is_applied(tmp_path):
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    Image.fromarray(COLOURS).save(path, exif=exif, quality=95)
    assert read_picture(path).shape == (30, 20, 3)


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_sixteen_bits_of_a_radiograph_are_preserved(tmp_path, suffix):
    path = tmp_path / f"xray{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, GREY)
    else:
        Image.fromarray(GREY).save(path)
    assert np.array_equal(read_picture(path), GREY)


def test_the_first_page_is_read_and_separate_planes_are_joined(tmp_path):
    path = tmp_path / "planes.tif"
    tifffile.imwrite(path, np.moveaxis(COLOURS, -1, 0), photometric="rgb", planarconfig="separate")
    assert np.array_equal(read_picture(path), COLOURS)


def test_palette_indices_are_converted_to_colours(tmp_path):
    path = tmp_path / "few.png"
    Image.fromarray(COLOURS).quantize(16).save(path)
    assert read_picture(path).shape == (20, 30, 3)


def test_a_stack_is_refused_as_an_image(tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros((7, 20, 30), np.uint8), photometric="minisblack")
    with pytest.raises(ValueError, match=r"stack\.tif is not one flat picture\."):
        read_picture(path)


OME = """<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{own}">
<Image ID="Image:0"><Pixels DimensionOrder="XYCZT" ID="Pixels:0" SizeC="1" SizeT="1" SizeX="30"
SizeY="20" SizeZ="1" Type="uint16"><TiffData FirstC="0" FirstT="0" FirstZ="0" IFD="0"
PlaneCount="1"><UUID FileName="other.ome.tif">urn:uuid:{other}</UUID></TiffData></Pixels></Image>
</OME>"""


def test_another_file_named_in_a_description_is_not_opened(tmp_path):
    own, other = "11111111-0000-0000-0000-000000000000", "22222222-0000-0000-0000-000000000000"
    for name, uuid, pixels in (("other", other, GREY + 1), ("photo", own, GREY)):
        description = OME.format(own=uuid, other=other)
        file = tmp_path / f"{name}.ome.tif"
        tifffile.imwrite(file, pixels, description=description, metadata=None, compression="zlib")
    assert np.array_equal(read_picture(tmp_path / "photo.ome.tif"), GREY)


def test_a_size_in_a_description_is_ignored(tmp_path):
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, GREY, description='{"shape": [1000000, 20, 30]}', metadata=None)
    assert np.array_equal(read_picture(path), GREY)


def test_the_first_of_several_resolutions_is_read(tmp_path):
    path = tmp_path / "pyramid.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(COLOURS, photometric="rgb", metadata=None)
        file.write(COLOURS[::2, ::2], photometric="rgb", metadata=None)
    assert np.array_equal(read_picture(path), COLOURS)


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png"])
@pytest.mark.parametrize("content", [b"", b"no picture", b"II*\x00\xff\xff\xff\xff"])
def test_non_images_raise_one_sentence(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^broken\.\w+ is not a picture that can be read\.$"):
        read_picture(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="does not exist"):
        read_picture(tmp_path / "none.png")
