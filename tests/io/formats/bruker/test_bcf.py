"""Test the reader of Bruker hypermaps: packings, detectors, times, and hostile containers."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from napari_xrf_pigments.io import SLOW_FORMAT, can_open, open_cube
from napari_xrf_pigments.io.formats.bruker._hypermap import decode_rows

from . import bcf_maker

PACKINGS = [
    bcf_maker.pulses16,
    bcf_maker.pulses12,
    bcf_maker.packed,
    bcf_maker.wide,
    bcf_maker.narrow,
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "map.bcf"


@pytest.mark.parametrize("squeeze", [False, True])
@pytest.mark.parametrize("pack", PACKINGS)
def test_counts_energies_pixel_size_and_tube_settings_are_read(path, counts, pack, squeeze):
    bcf_maker.write(path, [counts], pack, squeeze)
    assert can_open(path)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    np.testing.assert_array_equal(cube.counts[1:3, 2].compute(), counts[1:3, 2])
    np.testing.assert_array_equal(cube.counts[::-2].compute(), counts[::-2])
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.02, 0.0)
    assert cube.pixel_mm == pytest.approx((0.2505, 0.5))
    assert (cube.acquisition.anode, cube.acquisition.tube_kv) == ("Rh", 50)


@pytest.mark.parametrize("squeeze", [False, True])
def test_pixels_may_have_different_packings(path, squeeze):
    rng = np.random.default_rng(3)
    counts = rng.poisson(4 * rng.random((7, 9, 1)), (7, 9, 333))
    bcf_maker.write(path, [counts], lambda spectrum: PACKINGS[rng.integers(5)](spectrum), squeeze)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_pixels_that_are_not_stored_have_no_counts(counts):
    rows = bcf_maker.map_data(counts[:, :2])[0x1A0:]
    decoded = decode_rows(rows, counts.shape)
    np.testing.assert_array_equal(decoded[:, :2], counts[:, :2])
    assert not decoded[:, 2:].any()


def test_a_bright_pixel_among_dark_ones_does_not_overflow(path):
    counts = np.zeros((30, 30, 160), np.int64)
    counts[4, 5, 60] = 70_000
    bcf_maker.write(path, [counts], bcf_maker.wide)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts)


def test_the_lazy_counts_can_be_pickled(path, counts):
    bcf_maker.write(path, [counts], squeeze=True)
    graph = pickle.loads(pickle.dumps(open_cube(path).counts))
    np.testing.assert_array_equal(graph.compute(), counts)


def test_a_changed_file_is_read_again(path, counts):
    bcf_maker.write(path, [counts])
    open_cube(path).counts.compute()
    bcf_maker.write(path, [counts[:, ::-1]], bcf_maker.packed)
    np.testing.assert_array_equal(open_cube(path).counts.compute(), counts[:, ::-1])


def test_dwell_time_replaces_unknown_live_time(path, counts):
    cube = open_cube(bcf_maker.write(path, [counts]))
    np.testing.assert_allclose(cube.live_time_s, 3 * 2 * 1e-3)
    assert any("dwell time" in note for note in cube.source.notes)


def test_live_time_of_the_map_is_divided_among_its_pixels(path, counts):
    cube = open_cube(bcf_maker.write(path, [counts], times="<LifeTime>12000</LifeTime>"))
    np.testing.assert_allclose(cube.live_time_s, 1.0)
    assert cube.source.notes == (SLOW_FORMAT,)


def test_rows_of_an_interrupted_scan_are_missing(path, counts):
    cube = open_cube(bcf_maker.write(path, [counts], rows=2))
    np.testing.assert_array_equal(cube.valid[:, 0], [True, True, False])
    assert any("1 of 3 rows were not measured" in note for note in cube.source.notes)


def test_detectors_are_summed_or_selected(path, counts):
    bcf_maker.write(path, [counts, counts + 1])
    np.testing.assert_array_equal(open_cube(path).counts.compute(), 2 * counts + 1)
    np.testing.assert_array_equal(open_cube(path, detector=1).counts.compute(), counts + 1)
    with pytest.raises(ValueError, match="no detector 2"):
        open_cube(path, detector=2)


def test_detectors_with_different_energies_are_not_summed(path, counts):
    bcf_maker.write(path, [counts, counts + 1], offsets=(0.0, 1.0))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert any("would blur" in note for note in cube.source.notes)


def refuses(path, sentence="truncated or damaged"):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=sentence) as caught:
            open_cube(path).counts.compute()
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [8, 0x100, 0x148, 5000, 10_000, 20_000])
def test_a_truncated_file_is_refused(path, counts, keep):
    bcf_maker.write(path, [counts])
    path.write_bytes(path.read_bytes()[:keep])
    refuses(path)


@pytest.mark.parametrize(
    ("at", "value"),
    [(0x128, 0), (0x128, 2**31), (0x140, 2**31), (0x144, 0), (0x144, 2**31), (0x144, 4000)],
)
def test_an_impossible_container_header_is_refused(path, counts, at, value):
    data = bytearray(bcf_maker.write(path, [counts]).read_bytes())
    struct.pack_into("<I", data, at, value)
    path.write_bytes(data)
    refuses(path)


@pytest.mark.parametrize("parent", [1, 2, 77, -5])
def test_a_circle_of_folders_is_refused(path, counts, parent):
    files = {"HeaderData": bcf_maker.header(counts), "SpectrumData0": bcf_maker.map_data(counts)}
    path.write_bytes(bcf_maker.container(files, parent))
    refuses(path)


def test_a_pixel_outside_the_map_is_refused(path, counts):
    data = bytearray(bcf_maker.map_data(counts))
    struct.pack_into("<I", data, 0x1A4, 10**6)
    files = {"HeaderData": bcf_maker.header(counts), "SpectrumData0": bytes(data)}
    path.write_bytes(bcf_maker.container(files))
    refuses(path)


def test_more_pulses_than_bytes_are_refused(path, counts):
    data = bytearray(bcf_maker.map_data(counts))
    struct.pack_into("<H", data, 0x1A4 + 16, 0xFFFF)
    files = {"HeaderData": bcf_maker.header(counts), "SpectrumData0": bytes(data)}
    path.write_bytes(bcf_maker.container(files))
    refuses(path)


@pytest.mark.parametrize("size", [(10**8, 10**8), (2**31, 1), (0, 5)])
def test_an_impossible_size_is_refused(path, counts, size):
    data = bytearray(bcf_maker.map_data(counts))
    struct.pack_into("<II", data, 0, *size)
    files = {"HeaderData": bcf_maker.header(counts), "SpectrumData0": bytes(data)}
    path.write_bytes(bcf_maker.container(files))
    refuses(path, "at least 1|larger than any scan")


def test_a_decompression_bomb_is_refused(path, counts):
    bomb = zlib.compress(bytes(200 * 2**20), 9)
    block = struct.pack("<4sIII", b"AACS", 2**20, 0, 1).ljust(0x80, b"\0")
    files = {
        "HeaderData": block + struct.pack("<I12x", len(bomb)) + bomb,
        "SpectrumData0": bcf_maker.compressed(bcf_maker.map_data(counts)),
    }
    path.write_bytes(bcf_maker.container(files))
    refuses(path, "header that|damaged")


def test_a_header_with_entities_is_refused(path, counts):
    text = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + bcf_maker.header(counts)[80:]
    files = {"HeaderData": text, "SpectrumData0": bcf_maker.map_data(counts)}
    path.write_bytes(bcf_maker.container(files))
    refuses(path, "document type")


def test_a_run_longer_than_its_pixel_is_refused(path, counts):
    data = bytearray(bcf_maker.map_data(counts, bcf_maker.packed))
    data[0x1A4 + 22 + 1] = 255
    files = {"HeaderData": bcf_maker.header(counts), "SpectrumData0": bytes(data)}
    path.write_bytes(bcf_maker.container(files))
    refuses(path)


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("squeeze", [False, True])
def test_damage_at_any_position_never_crashes(path, counts, squeeze, pack):
    whole = bcf_maker.write(path, [counts], pack, squeeze).read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(20):
        broken = bytearray(whole)
        for place in rng.integers(8, len(whole), 20):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        try:
            open_cube(path).counts.compute()
        except (ValueError, OSError) as error:
            assert str(error)
