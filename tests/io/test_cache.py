"""Copies of slow scans: equal to the scan, never stale or damaged, bounded, elsewhere."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.io import (
    CacheSettings,
    cache_entries,
    cache_settings,
    clear_cache,
    trim_cache,
)
from napari_xrf_pigments.io._cache import FROM_CACHE


@pytest.fixture
def settings(tmp_path) -> CacheSettings:
    return CacheSettings(tmp_path / "elsewhere" / "cache", 1.0)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def is_copy(cube) -> bool:
    return FROM_CACHE in cube.source.notes


def test_the_copy_is_equal_to_the_scan(mca_folder, settings):
    before = contents(mca_folder)
    cube = open_cube(mca_folder)
    for _ in range(2):
        copy = open_cube(mca_folder, cache=settings)
        assert is_copy(copy)
        assert np.array_equal(copy.counts.compute(), cube.counts.compute())
        assert copy.counts.dtype == cube.counts.dtype
        assert (copy.energies, copy.acquisition) == (cube.energies, cube.acquisition)
        assert np.array_equal(copy.live_time_s, cube.live_time_s)
        assert replace(copy.source, notes=()) == replace(cube.source, notes=())
        assert set(cube.source.notes) < set(copy.source.notes)
    assert len(cache_entries(settings)) == 1
    assert contents(mca_folder) == before


def test_without_being_asked_nothing_is_written(mca_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XRF_PIGMENTS_CACHE", str(tmp_path / "cache"))
    open_cube(mca_folder)
    assert not (tmp_path / "cache").exists()
    assert is_copy(open_cube(mca_folder, cache=True))
    assert len(cache_entries(cache_settings())) == 1


def test_a_format_that_is_read_fast_gets_no_copy(write_ripple, settings):
    assert not is_copy(open_cube(write_ripple(), cache=settings))
    assert not settings.folder.exists()


def test_the_second_opening_reads_no_pixel_of_the_scan(mca_folder, settings, monkeypatch):
    open_cube(mca_folder, cache=settings)

    def refuse(*_):
        raise AssertionError("a pixel was read")

    monkeypatch.setattr("napari_xrf_pigments.io.formats.mca.spectrum.parse_counts", refuse)
    cube = open_cube(mca_folder, cache=settings)
    assert cube.counts.sum().compute() > 0


def test_options_of_the_user_go_before_those_of_the_copy(mca_folder, settings):
    open_cube(mca_folder, cache=settings)
    cube = open_cube(mca_folder, cache=settings, gain_kev=0.05, anode="Mo")
    assert (cube.energies.gain_kev, cube.acquisition.anode) == (0.05, "Mo")
    assert len(cache_entries(settings)) == 1


@pytest.mark.parametrize("change", ["content", "date", "removed", "added", "table"])
def test_a_scan_that_changed_is_converted_again(mca_folder, settings, change):
    open_cube(mca_folder, cache=settings)
    pixel = mca_folder / "10264" / "None_3.mca"
    if change == "content":
        lines = pixel.read_text().replace("\n16\n", "\n17\n")
        pixel.write_text(lines)
    elif change == "date":
        os.utime(pixel, (1, 1))
    elif change == "removed":
        pixel.unlink()
    elif change == "added":
        shutil.copy(pixel, pixel.with_name("None_99.mca"))
    else:
        (mca_folder / "colonneXrighe.txt").write_text("righe  4\r\ncolonne  3\r\n")
    copy, cube = open_cube(mca_folder, cache=settings), open_cube(mca_folder)
    assert is_copy(copy)
    assert np.array_equal(copy.counts.compute(), cube.counts.compute())
    assert (copy.valid is None) == (cube.valid is None)
    assert len(cache_entries(settings)) == 1


@pytest.mark.parametrize("damage", ["gone", "cut", "longer", "certificate", "metadata", "flipped"])
def test_a_damaged_copy_is_made_again(mca_folder, settings, damage):
    open_cube(mca_folder, cache=settings)
    (entry,) = cache_entries(settings)
    (shard,) = [path for path in entry.path.rglob("counts/c/**/*") if path.is_file()]
    data = shard.read_bytes()
    if damage == "gone":
        shard.unlink()
    elif damage in ("cut", "longer"):
        shard.write_bytes(data[:-1] if damage == "cut" else data + b"\0")
    elif damage == "certificate":
        (entry.path / "entry.json").write_text('{"identity": ')
    elif damage == "metadata":
        path = entry.path / "scan.zarr" / "zarr.json"
        path.write_text(path.read_text().replace("0.0", "0.1", 1))
    else:
        # A changed byte in the counts is found when they are read, and told once.
        shard.write_bytes(data[:99] + bytes([data[99] ^ 1]) + data[100:])
        with pytest.raises(ValueError, match="copy of panel in the cache is damaged"):
            open_cube(mca_folder, cache=settings).counts.compute()
    copy = open_cube(mca_folder, cache=settings)
    assert is_copy(copy)
    assert np.array_equal(copy.counts.compute(), open_cube(mca_folder).counts.compute())


def test_a_scan_that_changes_while_it_is_copied_is_not_kept(mca_folder, settings):
    def meddle(done, total):
        os.utime(mca_folder / "10264" / "None_3.mca", (1, 1))

    cube = open_cube(mca_folder, cache=settings, progress=meddle)
    assert any("the scan changed meanwhile" in note for note in cube.source.notes)
    assert cache_entries(settings) == ()
    assert os.listdir(settings.folder) == []


def test_a_failure_half_way_leaves_nothing_and_the_scan_opens_anyway(mca_folder, settings):
    def full(done, total):
        raise OSError(28, "No space left on device")

    cube = open_cube(mca_folder, cache=settings, progress=full)
    assert "No copy of it was kept in the cache: no space left on device." in cube.source.notes
    assert cube.counts.sum().compute() > 0
    assert os.listdir(settings.folder) == []


def test_what_is_larger_than_the_limit_is_not_kept(mca_folder, settings):
    cube = open_cube(mca_folder, cache=replace(settings, limit_gb=1e-6))
    assert any("larger than 1e-06 GB" in note for note in cube.source.notes)
    assert os.listdir(settings.folder) == []


def some_scans(mca_folder: Path, settings: CacheSettings, count: int) -> list[Path]:
    """Copies of a scan, opened one after the other, at different times."""
    scans = []
    for number in range(count):
        scan = mca_folder.with_name(f"scan {number}")
        shutil.copytree(mca_folder, scan)
        open_cube(scan, cache=settings)
        newest = cache_entries(settings)[0]
        os.utime(newest.path / "used", (1e9 + number, 1e9 + number))
        scans.append(scan)
    return scans


def sources(settings: CacheSettings) -> set[str]:
    return {Path(entry.source).name for entry in cache_entries(settings)}


def test_what_was_used_least_lately_goes_first(mca_folder, settings):
    scans = some_scans(mca_folder, settings, 3)
    open_cube(scans[0], cache=settings)  # used again
    size = max(entry.size for entry in cache_entries(settings))
    tight = replace(settings, limit_gb=2.5 * size / 1e9)
    removed = trim_cache(tight)
    assert [Path(entry.source).name for entry in removed] == ["scan 1"]
    assert sources(settings) == {"scan 0", "scan 2"}


def test_a_new_copy_makes_room_for_itself(mca_folder, settings):
    some_scans(mca_folder, settings, 3)
    size = max(entry.size for entry in cache_entries(settings))
    tight = replace(settings, limit_gb=2.5 * size / 1e9)
    assert is_copy(open_cube(mca_folder, cache=tight))
    assert sources(settings) == {"scan 2", "panel"}
    assert sum(entry.size for entry in cache_entries(tight)) <= tight.limit_bytes


def test_clearing_removes_copies_and_nothing_else(mca_folder, settings):
    settings.folder.mkdir(parents=True)
    (settings.folder / "thesis.docx").write_text("years of work")
    (settings.folder / "scan-of-mine").mkdir()
    some_scans(mca_folder, settings, 2)
    taken = sum(entry.size for entry in cache_entries(settings))
    assert clear_cache(settings) >= taken > 0
    assert sorted(os.listdir(settings.folder)) == ["scan-of-mine", "thesis.docx"]
    assert clear_cache(settings) == 0


@pytest.mark.parametrize("place", [".", "panel", "panel/10264", "panel/new"])
def test_a_cache_is_never_beside_or_in_a_scan(mca_folder, place):
    before = contents(mca_folder.parent)
    settings = CacheSettings(mca_folder.parent / place)
    with pytest.raises(ValueError, match="beside or in the scan panel"):
        open_cube(mca_folder, cache=settings)
    assert contents(mca_folder.parent) == before


def test_the_place_and_the_limit_come_from_the_environment(tmp_path, monkeypatch):
    for name in ("XRF_PIGMENTS_CACHE", "XRF_PIGMENTS_CACHE_GB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_settings().limit_gb == 50
    if os.name == "posix":
        assert cache_settings().folder.is_relative_to(tmp_path / "xdg")
    monkeypatch.setenv("XRF_PIGMENTS_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("XRF_PIGMENTS_CACHE_GB", "2.5")
    assert cache_settings() == CacheSettings(tmp_path / "here", 2.5)
    assert cache_settings(tmp_path, 7) == CacheSettings(tmp_path, 7)
    for wrong in ("many", "-1", "0", "inf", "nan"):
        monkeypatch.setenv("XRF_PIGMENTS_CACHE_GB", wrong)
        with pytest.raises(ValueError, match="GB"):
            cache_settings()
