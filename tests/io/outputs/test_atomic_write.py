"""Test disk errors while a result is written."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from napari_xrf_pigments.io.outputs.atomic_write import GuardedFile

# A limit of 100 kB per file in the other process has the same effect as a full disk.
SCRIPT = """
import resource, signal, sys
import numpy as np
from napari_xrf_pigments.cube import ElementMaps
from napari_xrf_pigments.io import save_results
maps = np.random.default_rng(0).random((3, 300, 400), dtype=np.float32)
elements = ElementMaps(("Fe K", "Pb L", "Hg L"), maps, maps)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_results(sys.argv[1], elements=elements, format=sys.argv[2])
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file sizes cannot be limited on Windows")
@pytest.mark.parametrize("format", ["hdf5", "zarr", "tiff"])
def test_a_full_disk_raises_one_sentence_and_leaves_no_files(tmp_path, format):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "out"), format],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # numpy, which writes the images, does not state the reason.
    reason = "the disk refused it" if format == "tiff" else "file too large"
    assert done.stdout == f"out could not be written: {reason}.\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_first_error_is_recorded_and_raised(tmp_path, monkeypatch):
    file = GuardedFile(tmp_path / "a")

    class Full:
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            raise OSError(errno.EIO, "Input/output error")

    file._file.close()
    monkeypatch.setattr(file, "_file", Full())
    assert file.write(b"abc") == 3
    file.close()
    with pytest.raises(OSError, match="No space left"):
        file.check()


def test_data_written_in_pieces_are_read_back(tmp_path, monkeypatch):
    path = Path(tmp_path / "a")
    with GuardedFile(path) as file:
        whole = file._file.write
        file._file = type("Slow", (), {"write": lambda _, data: whole(data[:2])})()
        assert file.write(b"abcdefg") == 7
        file._file = whole.__self__
        file.seek(0)
        buffer = bytearray(b"zzzzzzzzzz")
        assert file.readinto(buffer) == 10
        file.check()
    assert bytes(buffer) == b"abcdefg\0\0\0"
    assert path.read_bytes() == b"abcdefg"
