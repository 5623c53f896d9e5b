"""Test the ENVI reader: interleaves, types and byte orders, either file, and bad headers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.io import can_open, open_cube, scan_path
from napari_xrf_pigments.io.formats.envi import parse_header, read_keys

HEADER = """ENVI
description = {a scan,
  of a panel}
samples = 4
lines   = 3
bands   = 160
header offset = 7
file type = ENVI Standard
data type = 12
interleave = bil
byte order = 0
wavelength units = eV
wavelength = {
WAVES}
pixel size = {0.25, 0.5, units=Millimeters}
"""
WAVES = ",\n".join(str(-100 + 20 * channel) for channel in range(160))
CODES = {
    1: "u1",
    2: "i2",
    3: "i4",
    4: "f4",
    5: "f8",
    12: "u2",
    13: "u4",
    14: "i8",
    15: "u8",
}
ORDERS = {"bil": (0, 2, 1), "bip": (0, 1, 2), "bsq": (2, 0, 1)}


@pytest.fixture
def write_envi(tmp_path, counts):
    def write(interleave="bil", code=12, order=0, name="scan.img", text=HEADER):
        text = text.replace("= bil", f"= {interleave}").replace("= 12", f"= {code}")
        text = text.replace("byte order = 0", f"byte order = {order}").replace("WAVES", WAVES)
        header = tmp_path / "scan.hdr"
        header.write_text(text)
        data = counts.transpose(ORDERS[interleave]).astype("<>"[order] + CODES[code])
        (tmp_path / name).write_bytes(b"\xff" * 7 + data.tobytes())
        return header

    return write


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("interleave", ORDERS)
def test_all_layouts_have_the_same_counts(write_envi, counts, interleave, code, order):
    cube = open_cube(write_envi(interleave, code, order))
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.dtype.kind in "ui" and cube.counts.numblocks[2] == 1


def test_energies_and_pixel_size_are_read_from_the_header(write_envi):
    cube = open_cube(write_envi())
    axis = cube.energies
    assert (axis.gain_kev, axis.offset_kev) == pytest.approx((0.02, -0.1))
    assert axis.source == "file"
    assert cube.pixel_mm == (0.5, 0.25)


@pytest.mark.parametrize("name", ["scan", "scan.IMG", "scan.dat", "scan.raw", "scan.bsq"])
def test_either_file_of_the_pair_opens_the_scan(write_envi, counts, name):
    header = write_envi(name=name)
    for half in (header, header.with_name(name)):
        assert can_open(half)
        assert scan_path(half) == header
        np.testing.assert_array_equal(open_cube(half).counts.compute(), counts)


def test_a_header_with_the_full_name_of_the_data_file_is_found(write_envi, counts):
    header = write_envi()
    header = header.rename(header.with_name("scan.img.hdr"))
    assert scan_path(header.with_name("scan.img")) == header
    np.testing.assert_array_equal(open_cube(header).counts.compute(), counts)


def test_a_header_with_a_wrong_suffix_opens(write_envi, counts):
    header = write_envi()
    header = header.rename(header.with_name("scan.txt"))
    np.testing.assert_array_equal(open_cube(header).counts.compute(), counts)


def test_hyperspectral_images_of_light_are_refused(write_envi):
    header = write_envi(text=HEADER.replace("units = eV", "units = Nanometers"))
    assert not can_open(header) and not can_open(header.with_name("scan.img"))
    with pytest.raises(ValueError, match="spectra of light, as a camera sees them, not of X-rays"):
        open_cube(header)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("samples = 4", "samples = 100000000", "larger than any scan"),
        ("samples = 4", "samples = -4", "at least 1"),
        ("samples = 4", "samples = four", "no whole number"),
        ("samples = 4", "", "does not state samples"),
        ("bands   = 160", "bands = 1", "describes an image"),
        ("header offset = 7", "header offset = -7", "negative offset"),
        ("header offset = 7", "header offset = 800000000", "truncated"),
        ("type = 12", "type = 6", "data type 6"),
        ("= bil", "= bqq", "interleave as 'bqq'"),
        ("byte order = 0", "byte order = 7", "byte order"),
        ("file type", "file compression = 1\nfile type", "compressed"),
    ],
)
def test_impossible_headers_are_refused_in_one_sentence(write_envi, old, new, sentence):
    header = write_envi()
    header.write_text(header.read_text().replace(old, new))
    with pytest.raises(ValueError, match=sentence) as caught:
        open_cube(header)
    assert str(caught.value).count("\n") == 0 and "scan" in str(caught.value)


def test_truncated_data_or_a_single_file_of_the_pair_is_refused(write_envi):
    header = write_envi()
    data = header.with_name("scan.img")
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(ValueError, match="truncated: it has 3,846 of the 3,847 bytes"):
        open_cube(header)
    data.unlink()
    with pytest.raises(FileNotFoundError, match=r"scan\.hdr has no file with the counts"):
        open_cube(header)


def test_data_without_a_header_do_not_open(write_envi):
    header = write_envi()
    header.unlink()
    assert not can_open(header.with_name("scan.img"))


def test_an_unclosed_brace_ends_with_the_file():
    assert read_keys("ENVI\nlines = 3\nwavelength = {1, 2\n3")["wavelength"] == "1, 2 3"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_text_is_a_header_or_refused_in_one_sentence(text):
    try:
        parse_header("ENVI\nsamples = 2\nlines=2\nbands=2\n" + text, "a.hdr")
    except ValueError as error:
        assert "a.hdr" in str(error) and "\n" not in str(error)
