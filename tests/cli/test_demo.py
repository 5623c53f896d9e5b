"""Test the files of ``xrf-pigments demo`` and the conditions for opening napari."""

from __future__ import annotations

import pytest

from napari_xrf_pigments.cli import demo, main
from napari_xrf_pigments.io import load_results


@pytest.mark.parametrize(
    ("platform", "environment", "screen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_opening_a_window_requires_a_screen(platform, environment, screen):
    assert demo.has_screen(platform, environment) is screen


def test_without_a_screen_nothing_is_started(monkeypatch, tmp_path, capsys):
    def refuse(*_, **__):
        raise AssertionError("a program was started")

    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(demo.subprocess, "run", refuse)
    demo.open_viewer(tmp_path / "scan.h5", tmp_path / "maps.zarr")
    assert "no screen" in capsys.readouterr().out


def test_with_a_screen_napari_opens_the_scan_and_its_maps(monkeypatch, tmp_path):
    started = []
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(demo, "find_spec", lambda name: object())
    monkeypatch.setattr(demo.subprocess, "run", lambda command, **_: started.append(command))
    demo.open_viewer(tmp_path / "scan.h5", tmp_path / "maps.zarr")
    (command,) = started
    assert command[1:3] == ["-m", "napari"]
    assert {str(tmp_path / "scan.h5"), str(tmp_path / "maps.zarr")} < set(command)


def test_without_napari_instructions_to_install_it_are_printed(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(demo, "find_spec", lambda name: None)
    demo.open_viewer(tmp_path / "scan.h5", tmp_path / "maps.zarr")
    assert "[all]" in capsys.readouterr().out


def test_a_folder_with_other_files_is_refused(tmp_path, capsys):
    (tmp_path / "thesis.docx").write_text("years of work")
    assert main(["demo", "-o", str(tmp_path)]) == 1
    assert "other files" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.slow
def test_the_demo_can_be_repeated_in_its_folder(tmp_path):
    words = ["demo", "-o", str(tmp_path / "demo"), "--shape", "8x12", "--no-viewer"]
    for _ in range(2):
        assert main([*words, "--device", "cpu"]) == 0
    files = sorted(entry.name for entry in (tmp_path / "demo").iterdir())
    assert files == ["maps.zarr", "overview.png", "scan.h5"]
    elements, pigments = load_results(tmp_path / "demo" / "maps.zarr")
    assert elements is not None and pigments is not None
