"""Test EDAX's spectrum images, which RosettaSciIO reads."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.io import open_cube

HEADER = np.dtype([
    ("tag", "S16"), ("version", "<i4"), ("nSpectra", "<i4"), ("nPoints", "<i4"), ("nLines", "<u4"),
    ("nChannels", "<u4"), ("countBytes", "<u4"), ("dataOffset", "<u4"), ("nFrames", "<u4"),
    ("fName", "S120"), ("filler", "V900"),
])  # fmt: skip


def edax_bytes(counts, **changes):
    rows, columns, channels = counts.shape
    header = np.zeros(1, HEADER)
    values = {
        "tag": b"MAPSPECTRA_DATA", "version": 70, "nSpectra": rows * columns, "nPoints": columns,
        "nLines": rows, "nChannels": channels, "countBytes": counts.itemsize,
        "dataOffset": HEADER.itemsize, "fName": b"scan.bmp", **changes,
    }  # fmt: skip
    for name, value in values.items():
        header[name] = value
    return header.tobytes() + counts.tobytes()


@pytest.fixture
def write(tmp_path):
    def make(counts, energies=True, **changes):
        (tmp_path / "scan.spd").write_bytes(edax_bytes(counts, **changes))
        if energies:
            spc = bytearray(20740 + 4000)
            spc[:4] = np.float32(0.61).tobytes()
            spc[384:388] = np.int32(20).tobytes()
            spc[448:452] = np.float32(-0.1).tobytes()
            (tmp_path / "scan.spc").write_bytes(spc)
        return tmp_path / "scan.spd"

    return make


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<u4"])
def test_a_map_is_read_with_its_energies(write, dtype):
    pytest.importorskip("rsciio")
    counts = numbered_counts(3, 4).astype(dtype)
    cube = open_cube(write(counts))
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
    assert cube.energies.source == "file"


def test_without_the_spectrum_beside_it_the_axis_is_estimated(write):
    pytest.importorskip("rsciio")
    assert (
        open_cube(write(numbered_counts(3, 4).astype("u2"), False)).energies.source == "estimated"
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"nLines": 4000}, "truncated"),
        ({"nChannels": 2**31}, "larger than any scan|truncated"),
        ({"nPoints": 0}, "at least 1|damaged"),
        ({"countBytes": 3}, "damaged"),
    ],
)
def test_damage_is_refused_in_one_sentence(write, changes, sentence):
    pytest.importorskip("rsciio")
    with pytest.raises(ValueError, match=sentence) as caught:
        open_cube(write(numbered_counts(3, 4).astype("u2"), **changes))
    assert "scan.spd" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["scan.spd", "scan.pts"])
def test_a_missing_package_is_named(write, tmp_path, monkeypatch, name):
    path = write(numbered_counts(3, 4).astype("u2"))
    if name == "scan.pts":
        path = tmp_path / name
        path.write_bytes((304).to_bytes(4, "little") + bytes(100))
    for module in ("rsciio", "rsciio.edax", "rsciio.jeol"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match="needs the package rosettasciio"):
        open_cube(path)


def test_damaged_maps_of_jeol_are_refused_in_one_sentence(tmp_path):
    pytest.importorskip("rsciio")
    pytest.importorskip("numba", reason="RosettaSciIO needs it for .pts")
    (tmp_path / "scan.pts").write_bytes((304).to_bytes(4, "little") + bytes(1000))
    with pytest.raises(ValueError, match=r"scan\.pts is truncated or damaged"):
        open_cube(tmp_path / "scan.pts")
