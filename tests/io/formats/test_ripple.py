"""Test the Ripple reader: orders, types and byte orders, either file, and lazy reading."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, open_cube, scan_path

from ..conftest import RPL

ORDERS = ["vector", "image", "dont-care"]
TYPES = ["u1", *(f"{order}{kind}" for order in "<>" for kind in ("u2", "i2", "u4", "i4", "f4"))]


@pytest.mark.parametrize("record", ORDERS)
@pytest.mark.parametrize("dtype", [*TYPES, "<u8", ">i8", "<f8", ">f8"])
def test_all_layouts_have_the_same_counts(write_ripple, counts, dtype, record):
    cube = open_cube(write_ripple(dtype, record, offset=7))
    assert np.issubdtype(cube.counts.dtype, np.integer) and cube.counts.dtype.isnative
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.counts.numblocks[2] == 1


def test_signed_bytes_are_read(write_ripple, counts):
    header = write_ripple("u1")
    header.with_suffix(".raw").write_bytes((counts // 2).astype("i1").tobytes())
    header.write_text(header.read_text().replace("unsigned", "signed"))
    cube = open_cube(header)
    assert cube.counts.dtype == np.int8
    np.testing.assert_array_equal(cube.counts.compute(), counts // 2)


@pytest.mark.parametrize("record", ORDERS)
def test_assumptions_are_noted(write_ripple, record):
    notes = open_cube(write_ripple(record=record)).source.notes
    assert any("spectrum by spectrum is assumed" in note for note in notes) == (
        record == "dont-care"
    )


def test_the_header_is_case_insensitive(write_ripple, counts):
    header = write_ripple()
    header.write_text(header.read_text().upper())
    np.testing.assert_array_equal(open_cube(header).counts.compute(), counts)


def test_a_header_that_is_a_broken_link_is_refused(tmp_path):
    (tmp_path / "scan.rpl").symlink_to(tmp_path / "gone.rpl")
    assert not can_open(tmp_path / "scan.rpl")
    with pytest.raises(OSError, match="does not exist"):
        open_cube(tmp_path / "scan.rpl")


def test_a_detector_cannot_be_selected(write_ripple):
    with pytest.raises(ValueError, match="one detector only"):
        open_cube(write_ripple(), detector="det2")


def test_integers_keep_their_data_type(write_ripple):
    assert open_cube(write_ripple(">u2")).counts.dtype == np.uint16


def test_the_energy_axis_of_an_m6_header_is_read(write_ripple):
    axis = open_cube(write_ripple()).energies
    assert (axis.gain_kev, axis.offset_kev, axis.source) == (0.010002, -0.956, "file")


@pytest.mark.parametrize("suffix", [".raw", ".RAW"])
def test_either_file_of_the_pair_opens_the_scan(write_ripple, counts, suffix):
    header = write_ripple()
    raw = header.with_suffix(".raw").rename(header.with_suffix(suffix))
    for half in (header, raw):
        assert can_open(half)
        assert scan_path(half) == header
        cube = open_cube(half)
        assert cube.source.path == header
        np.testing.assert_array_equal(cube.counts.compute(), counts)


def test_the_lazy_counts_can_be_pickled_without_an_open_file(write_ripple, counts):
    graph = pickle.loads(pickle.dumps(open_cube(write_ripple()).counts))
    np.testing.assert_array_equal(graph[1:2, 2].compute(), counts[1:2, 2])


def test_a_scan_of_many_gigabytes_opens_without_reading_it(write_ripple):
    text = RPL.replace("{x}", "1662").replace("{y}", "1273").replace("{n}", "4096")
    header = write_ripple(template=text)
    with header.with_suffix(".raw").open("wb") as file:
        file.truncate(1662 * 1273 * 4096 * 2)  # sparse: occupies no disk space
    cube = open_cube(header)
    assert cube.shape == (1273, 1662, 4096)
    assert max(np.prod(chunk) for chunk in [cube.counts.chunksize]) * 2 <= 64 * 2**20
    assert cube.counts[1272, 1600:].sum().compute() == 0


def test_a_single_file_of_the_pair_is_refused(write_ripple):
    header = write_ripple()
    raw = header.with_suffix(".raw")
    raw.rename(raw.with_name("elsewhere.raw"))
    with pytest.raises(OSError, match=r"scan\.raw with the counts"):
        open_cube(header)
    assert not can_open(raw.with_name("elsewhere.raw"))
    with pytest.raises(ValueError, match=r"elsewhere\.raw is not a scan"):
        open_cube(raw.with_name("elsewhere.raw"))


def test_truncated_counts_are_refused(write_ripple):
    header = write_ripple()
    raw = header.with_suffix(".raw")
    raw.write_bytes(raw.read_bytes()[:-1])
    with pytest.raises(ValueError, match="truncated: it has 3,839 of the 3,840 bytes"):
        open_cube(header)


def test_floats_with_fractions_are_refused(write_ripple, counts):
    header = write_ripple("<f4")
    header.with_suffix(".raw").write_bytes((counts + 0.5).astype("<f4").tobytes())
    with pytest.raises(ValueError, match="fractional"):
        open_cube(header)
