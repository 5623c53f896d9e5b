"""Test the reader of handheld spectra: both versions, several phases, impossible lengths."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, describe, open_cube

CHANNELS = 1024
SPECTRUM = (np.arange(CHANNELS) * 37 % 1001).astype("<i4")


def version_24(channels=CHANNELS, counts=SPECTRUM, ev=20.0, kv=40.0):
    fields = struct.pack("<h42xd104xff184xf", channels, ev, kv, 6.0, 19.5)
    return struct.pack("<hi", 257, 23) + fields + counts.tobytes()


def record(kind, content, length=None):
    return struct.pack("<HI", kind, len(content) if length is None else length) + content


def text(value):
    return struct.pack("<I", len(value)) + value.encode("utf-16-le")


def phase(counts=SPECTRUM, channels=None, kv=40.0, filters=(0, 0, 0, 0, 0, 0), light="", ev=20.0):
    fields = struct.pack("<5I", 0, 9, 9, 0, 0) + struct.pack("<7f", 1, 1, 1, 1, 5.5, kv, 20.0)
    fields += struct.pack("<6hh", *filters, 2) + struct.pack("<ffifh", -27, 30, -1, ev, 1)
    fields += struct.pack("<f8Hf", 0.2, *range(8), 958.0)
    fields += struct.pack("<3h", counts.size if channels is None else channels, 32, 0)
    return record(3, fields + text(light) + struct.pack("<h", 1) + counts.astype("<i4").tobytes())


def version_25(*phases):
    about = text("800N9100") + text("SG7") + struct.pack("<4B", 45, 45, 45, 65) + bytes(40)
    start = record(25, "pdz25".encode("utf-16-le") + struct.pack("<I", 1))
    return start + record(1, about) + b"".join(phases) + record(138, bytes(24))


@pytest.fixture
def write(tmp_path):
    def written(data):
        path = tmp_path / "spectrum.pdz"
        path.write_bytes(data)
        return path

    return written


def test_a_file_of_version_24_is_read(write):
    path = write(version_24())
    assert can_open(path)
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute()[0, 0], SPECTRUM)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.02, 0.0)
    assert cube.energies.source == "file"
    assert (cube.acquisition.tube_kv, cube.acquisition.tube_ua) == (40, 6)
    assert cube.live_time_s[0, 0] == 19.5


@pytest.mark.parametrize("light", ["", "white LED"])
def test_a_file_of_version_25_is_read(write, light):
    cube = open_cube(write(version_25(phase(light=light, filters=(22, 25, 13, 300, 0, 0)))))
    np.testing.assert_array_equal(cube.counts.compute()[0, 0], SPECTRUM)
    settings = cube.acquisition
    assert (settings.anode, settings.tube_kv) == ("Rh", 40)
    assert (settings.incidence_deg, settings.takeoff_deg) == (45, 65)
    assert settings.filter == (("Ti", 0.025), ("Al", 0.3))
    assert cube.live_time_s[0, 0] == 5.5


def test_phases_are_opened_as_pixels(write):
    path = write(version_25(phase(), phase(SPECTRUM[::-1], kv=15.0)))
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), [[SPECTRUM, SPECTRUM[::-1]]])
    assert cube.acquisition.tube_kv is None
    assert "one of 2 phases of a measurement (40 kV, 15 kV)" in describe(path)


def test_a_phase_with_another_number_of_channels_is_left_out(write):
    cube = open_cube(write(version_25(phase(), phase(SPECTRUM[:512]), phase(ev=10.0))))
    assert cube.shape == (1, 1, CHANNELS)
    assert any("2 phases have other channels" in note for note in cube.source.notes)


@pytest.mark.parametrize(
    "data",
    [
        version_24()[:-1],
        version_24()[:358],
        version_25(phase(channels=-5)),
        version_25(phase(channels=32767)),
        version_25(phase(channels=CHANNELS + 1)),
        version_25(phase())[:3000],
        version_25(phase()) + record(3, b"", 2**32 - 1),
        version_25(record(3, bytes(20))),
        version_25(record(1, struct.pack("<I", 2**31) + bytes(50))),
        version_25()[:19],
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(write, data):
    path = write(data)
    with pytest.raises(ValueError, match=r"spectrum\.pdz is truncated or damaged") as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_spectrum_is_refused(write):
    with pytest.raises(ValueError, match="holds no spectrum"):
        open_cube(write(version_25()))


@pytest.mark.parametrize(
    "data",
    [
        version_24(channels=3),
        version_24(ev=float("nan")),
        version_24(kv=-1.0),
        b"\x01\x01" * 400,
        version_24()[:200],
    ],
)
def test_other_files_do_not_open(write, data):
    assert not can_open(write(data))
