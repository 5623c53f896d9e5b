"""Test opening files by content, overriding their settings, and errors on bad input."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.io import can_open, open_cube

STARTS = [
    b"",
    b"\x93NUMPY\x01\x00",
    b"PK\x03\x04",
    b"\x89HDF\r\n\x1a\n",
    b"#FORMAT      : EMSA/MAS SPECTRAL DATA FILE\n#NPOINTS : 3\n",
    b"<<PMCA SPECTRUM>>\n<<DATA>>\n",
    b"<?xml version='1.0'?><TRTSpectrum>",
    b"ENVI\nsamples = 2\nlines = 2\nbands = 2\ndata type = 1\ninterleave = bsq\n",
    b"{\nByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 256 ;\nDim_2 = 4 ;\n",
    b"II*\0\x08\0\0\0",
    b"MM\0+\0\x08\0\0",
    b"2\n 3 3 1\n",
    b"width 3\nheight 3\ndepth 3\ndata-length 2\ndata-type signed\nrecord-by image\n",
]


@pytest.fixture
def scan(tmp_path, counts):
    path = tmp_path / "scan.npz"
    np.savez(path, counts=counts, gain_kev=0.02, offset_kev=-0.1, anode="Rh", tube_kv=50)
    return path


def test_settings_given_by_the_user_have_priority_over_the_file(scan):
    cube = open_cube(scan, gain_kev=0.03, offset_kev=0.2, anode="Ag", tube_kv=40)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.03, 0.2)
    assert cube.energies.source == "user"
    assert (cube.acquisition.anode, cube.acquisition.tube_kv) == ("Ag", 40)


def test_settings_without_an_override_are_those_of_the_file(scan):
    cube = open_cube(scan, offset_kev=0.2)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.02, 0.2)
    assert cube.energies.source == "user"
    assert open_cube(scan, anode="Ag").energies.source == "file"
    assert open_cube(scan, tube_kv=40).acquisition.anode == "Rh"


def test_a_given_gain_removes_the_note_on_a_missing_axis(tmp_path):
    np.save(tmp_path / "scan.npy", np.ones((5, 6, 160), np.uint8))
    assert open_cube(tmp_path / "scan.npy").source.notes
    assert not open_cube(tmp_path / "scan.npy", gain_kev=0.02).source.notes


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"gain_kev": 0}, "gain"),
        ({"gain_kev": float("nan")}, "gain"),
        ({"anode": "Xx"}, "'Xx' is not the symbol"),
        ({"anode": ""}, "not the symbol"),
        ({"tube_kv": 500}, "500 kV"),
    ],
)
def test_impossible_settings_are_refused(scan, wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_cube(scan, **wrong)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        open_cube(tmp_path / "nothing.rpl")
    assert not can_open(tmp_path / "nothing.rpl")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "scan.npy").touch()
    with pytest.raises(ValueError, match=r"scan\.npy is empty"):
        open_cube(tmp_path / "scan.npy")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all files")
def test_a_file_without_read_permission_is_refused(scan):
    scan.chmod(0)
    with pytest.raises(OSError, match=r"scan\.npz cannot be read: permission denied"):
        open_cube(scan)


@pytest.mark.parametrize("suffix", [".rpl", ".raw", ".h5", ".npy", ".npz", ".msa", ".spx", ".mca"])
def test_a_suffix_alone_does_not_open_a_file(tmp_path, suffix):
    path = tmp_path / f"scan{suffix}"
    path.write_text("Dear colleague, please find the scan attached.")
    if suffix in (".npz", ".h5"):
        assert not can_open(path)
    with pytest.raises(ValueError, match="is not a scan"):
        open_cube(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=200))
def test_any_bytes_give_a_scan_or_one_sentence_and_nothing_is_written(tmp_path, start, rest):
    path = tmp_path / "scan.h5"
    path.write_bytes(start + rest)
    can_open(path)
    try:
        open_cube(path)
    except (ValueError, OSError) as error:
        message = str(error)
        assert "scan.h5" in message and "\n" not in message and message.endswith(".")
    assert [child.name for child in tmp_path.iterdir()] == ["scan.h5"]
    assert path.read_bytes() == start + rest


def test_importing_the_registry_imports_no_format():
    code = (
        "import sys, napari_xrf_pigments.io as io; io.can_open('x'); "
        "heavy = ('h5py', 'zarr', 'tifffile', 'torch', 'qtpy'); "
        "sys.exit(any(name in sys.modules for name in heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
