"""Test that known formats which are not read are named, with what converts them."""

from __future__ import annotations

import struct
import zipfile

import pytest

from napari_xrf_pigments.io import can_open, open_cube


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            struct.pack(">fiiii", 1.3, 7, 2, 11, 12) + bytes(2000),
            "MDA file of 11 x 12 points.*no spec",
        ),
        (struct.pack(">fiiiii", 1.4, 7, 3, 5, 6, 2048) + bytes(2000), "MDA file of 5 x 6 x 2048"),
        (b"CDF\x01" + bytes(2000), "NetCDF file.*Larch"),
        (b'<?xml version="1.0"?>\n<TRTProject>' + b" " * 2000, "Artax.*Export its spectra"),
    ],
)
def test_a_known_format_is_named(tmp_path, data, sentence):
    path = tmp_path / "scan.dat"
    path.write_bytes(data)
    assert not can_open(path)
    with pytest.raises(ValueError, match=rf"^scan\.dat is .*{sentence}"):
        open_cube(path)


def test_a_zipped_zarr_store_is_named(tmp_path):
    path = tmp_path / "scan.datastack"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(".zgroup", '{"zarr_format": 2}')
    with pytest.raises(ValueError, match=r"datastack of maxrf4u.*Unzip it"):
        open_cube(path)


@pytest.mark.parametrize("data", [b"", struct.pack(">fiiii", 1.3, 7, 9, 11, 12), bytes(4000)])
def test_other_files_are_not_named(tmp_path, data):
    path = tmp_path / "scan.dat"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"scan\.dat is (empty|not a scan)"):
        open_cube(path)
