"""Test the check of output paths, progress bars, and error messages."""

from __future__ import annotations

import errno
import io
import time
from pathlib import Path

import pytest

from napari_xrf_pigments.cli._console import (
    BAR_DELAY_S,
    check_can_write,
    error_sentence,
    progress_bar,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


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
        check_can_write(scan_folder / out, overwrite=True, scan=scan_folder)


@pytest.mark.parametrize("out", ["scan.rpl", "scan.raw"])
def test_neither_file_of_a_scan_pair_is_replaced(scan_file, out):
    with pytest.raises(ValueError, match="part of the scan"):
        check_can_write(scan_file.with_name(out), overwrite=True, scan=scan_file)


def test_an_output_that_links_to_the_scan_is_refused(scan_file, tmp_path):
    link = tmp_path / "elsewhere.h5"
    link.symlink_to(scan_file)
    with pytest.raises(ValueError, match="part of the scan"):
        check_can_write(link, overwrite=True, scan=scan_file)


def test_an_output_outside_the_scan_is_accepted(scan_folder, scan_file, tmp_path):
    check_can_write(tmp_path / "maps.zarr", overwrite=False, scan=scan_folder)
    check_can_write(tmp_path / "scan.zarr", overwrite=False, scan=scan_file)


def test_an_existing_output_is_replaced_only_with_overwrite(tmp_path, scan_folder):
    out = tmp_path / "maps.h5"
    out.write_text("earlier")
    with pytest.raises(FileExistsError, match="--overwrite"):
        check_can_write(out, overwrite=False, scan=scan_folder)
    check_can_write(out, overwrite=True, scan=scan_folder)


def test_the_folder_of_the_output_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        check_can_write(tmp_path / "nowhere" / "maps.h5", overwrite=True)


def test_a_name_without_a_folder_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_can_write(Path("maps.h5"), overwrite=False)


def test_a_progress_bar_is_drawn_on_a_terminal(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress_bar("Elements") as progress:
        time.sleep(3 * BAR_DELAY_S)
        progress(3, 10)
        progress(10, 10)
    assert "Elements: 100%" in terminal.getvalue()
    assert "10/10" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_no_progress_bar_is_drawn_into_a_pipe(capsys):
    with progress_bar("Elements") as progress:
        progress(10, 10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("The file is\n  truncated"), "The file is truncated."),
        (OSError(errno.ENOENT, "No such file or directory", "a.h5"), "a.h5: No such file"),
        (OSError("Cannot read a.h5."), "Cannot read a.h5."),
        (ModuleNotFoundError("No module named 'fisx'", name="fisx"), "the package fisx"),
        (ValueError(), "ValueError."),
    ],
)
def test_an_error_is_one_sentence(error, message):
    text = error_sentence(error)
    assert message in text
    assert text.endswith(".")
    assert "\n" not in text
