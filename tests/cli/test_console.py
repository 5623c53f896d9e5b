"""Where the command line writes: never over, into or around what it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_xrf_pigments.cli._console import free_to_write, progress_bar


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
def test_nothing_is_written_into_or_around_a_folder(scan_folder, out):
    with pytest.raises(ValueError, match=r"choose another place|part of the scan"):
        free_to_write(scan_folder / out, overwrite=True, scan=scan_folder)


@pytest.mark.parametrize("out", ["scan.rpl", "scan.raw"])
def test_neither_half_of_a_scan_is_written_over(scan_file, out):
    with pytest.raises(ValueError, match="part of the scan"):
        free_to_write(scan_file.with_name(out), overwrite=True, scan=scan_file)


def test_a_link_to_the_scan_is_the_scan(scan_file, tmp_path):
    link = tmp_path / "elsewhere.h5"
    link.symlink_to(scan_file)
    with pytest.raises(ValueError, match="part of the scan"):
        free_to_write(link, overwrite=True, scan=scan_file)


def test_another_place_is_fine(scan_folder, scan_file, tmp_path):
    free_to_write(tmp_path / "maps.zarr", overwrite=False, scan=scan_folder)
    free_to_write(tmp_path / "scan.zarr", overwrite=False, scan=scan_file)


def test_what_exists_is_replaced_only_when_allowed(tmp_path, scan_folder):
    out = tmp_path / "maps.h5"
    out.write_text("earlier")
    with pytest.raises(FileExistsError, match="--overwrite"):
        free_to_write(out, overwrite=False, scan=scan_folder)
    free_to_write(out, overwrite=True, scan=scan_folder)


def test_the_folder_of_the_results_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        free_to_write(tmp_path / "nowhere" / "maps.h5", overwrite=True)


def test_a_name_alone_belongs_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    free_to_write(Path("maps.h5"), overwrite=False)


def test_a_progress_bar_goes_to_standard_error(capsys):
    with progress_bar("Elements") as progress:
        progress(3, 10)
        progress(10, 10)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Elements: 100%" in captured.err
    assert "10/10" in captured.err
