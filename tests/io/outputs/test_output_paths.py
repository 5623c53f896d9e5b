"""Test where an output may be written."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from napari_xrf_pigments.io.outputs.atomic_write import check_output

#: Whatever is there is an earlier output of this program.
check = partial(check_output, is_own_output=lambda target: True)


@pytest.fixture
def scan_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "scans" / "hands"
    folder.mkdir(parents=True)
    (folder / "hands_1.mca").write_text("x")
    return folder


@pytest.fixture
def scan_file(tmp_path: Path) -> Path:
    (tmp_path / "scan.rpl").write_text("x")
    (tmp_path / "scan.raw").write_text("x")
    return tmp_path / "scan.rpl"


@pytest.mark.parametrize("out", [".", "maps", "sub/maps.zarr", "hands_1.mca", "..", "../.."])
def test_an_output_in_or_around_a_scan_folder_is_refused(scan_folder, out):
    with pytest.raises(ValueError, match=r"choose another|part of the scan"):
        check(scan_folder / out, overwrite=True, scan=scan_folder)


@pytest.mark.parametrize("out", ["scan.rpl", "scan.raw"])
def test_neither_file_of_a_scan_pair_is_replaced(scan_file, out):
    with pytest.raises(ValueError, match="part of the scan"):
        check(scan_file.with_name(out), overwrite=True, scan=scan_file)


def test_an_output_that_links_to_the_scan_is_refused(scan_file, tmp_path):
    link = tmp_path / "elsewhere.h5"
    link.symlink_to(scan_file)
    with pytest.raises(ValueError, match="part of the scan"):
        check(link, overwrite=True, scan=scan_file)


def test_an_output_outside_the_scan_is_accepted(scan_folder, scan_file, tmp_path):
    check(tmp_path / "maps.zarr", overwrite=False, scan=scan_folder)
    check(tmp_path / "scan.zarr", overwrite=False, scan=scan_file)


def test_an_existing_output_is_replaced_only_with_overwrite(tmp_path, scan_folder):
    out = tmp_path / "maps.h5"
    out.write_text("earlier")
    with pytest.raises(FileExistsError, match="--overwrite"):
        check(out, overwrite=False, scan=scan_folder)
    check(out, overwrite=True, scan=scan_folder)


def test_the_folder_of_the_output_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        check(tmp_path / "nowhere" / "maps.h5", overwrite=True)


def test_a_name_without_a_folder_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(Path("maps.h5"), overwrite=False)
