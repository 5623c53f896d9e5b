"""Test that a saved scan opens as an equal cube and replaces only scans of this program."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_xrf_pigments import Acquisition, EnergyAxis, XRFCube, open_cube
from napari_xrf_pigments.cube import Detector, Source
from napari_xrf_pigments.cube.acquisition import SUPPORTS
from napari_xrf_pigments.io import save_cube

NAMES = ("scan.zarr", "scan.h5", "scan.rpl")
TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", ">u2", ">i4")

some_names = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
)
known = st.builds(
    Acquisition,
    anode=st.sampled_from([None, "Rh", "Mo"]),
    tube_kv=st.one_of(st.none(), st.floats(1, 200)),
    filter=st.one_of(
        st.none(), st.just(()), st.just((("Al", 0.1),)), st.just((("Al", 0.1), ("Ti", 1.0)))
    ),
    incidence_deg=st.one_of(st.none(), st.floats(1, 90)),
    takeoff_deg=st.one_of(st.none(), st.floats(1, 90)),
    detector=st.one_of(st.none(), st.just(Detector()), st.just(Detector("Ge", 1, 25.0, 150.5))),
    atmosphere=st.sampled_from([None, "air", "helium", "vacuum"]),
    path_mm=st.one_of(st.none(), st.floats(0, 100)),
    instrument=some_names,
    support=st.none() | st.sampled_from(SUPPORTS),
)


@st.composite
def cubes(draw: st.DrawFn) -> XRFCube:
    """Generate cubes of every count type, with and without the optional settings."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(2, 40)))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ends = np.iinfo(dtype)
    # Integers of 8 bytes are refused where their sums would overflow.
    largest = min(ends.max, 2**40)
    counts = rng.integers(
        max(ends.min, -(2**40)), largest, shape, dtype.newbyteorder("="), endpoint=True
    )
    side = st.floats(1e-3, 10)
    times = rng.random(shape[:2])
    return XRFCube(
        da.from_array(counts.astype(dtype), chunks=(2, 3, -1)),
        EnergyAxis(
            shape[2],
            draw(st.floats(1e-3, 0.2)),
            draw(st.floats(-2, 2)),
            draw(st.sampled_from(["file", "estimated", "user"])),
        ),
        draw(known),
        draw(st.one_of(st.none(), st.tuples(side, side))),
        draw(st.sampled_from([None, np.full(shape[:2], 3.25), times, times.astype(np.float32)])),
        draw(st.sampled_from([None, rng.random(shape[:2]) < 0.5])),
    )


def assert_equal(found: XRFCube, cube: XRFCube) -> None:
    assert found.counts.dtype == cube.counts.dtype.newbyteorder("=")
    assert np.array_equal(found.counts.compute(), cube.counts.compute())
    assert found.energies == cube.energies
    assert found.acquisition == cube.acquisition
    assert found.pixel_mm == cube.pixel_mm
    for name in ("live_time_s", "valid"):
        one, other = getattr(found, name), getattr(cube, name)
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cube=cubes())
def test_a_saved_scan_opens_as_an_equal_cube(tmp_path, name, cube):
    assert_equal(open_cube(save_cube(cube, tmp_path / name, overwrite=True)), cube)


@pytest.fixture
def cube(counts) -> XRFCube:
    source = Source(Path("/scans/panel 7"), "folder", 1000, 1.7e9, ("Two pixels are missing.",))
    valid = np.ones((3, 4), bool)
    valid[1, 2] = False
    return XRFCube.from_array(
        counts.astype(np.uint16), gain_kev=0.02, pixel_mm=(0.5, 0.4), valid=valid, source=source
    )


@pytest.mark.parametrize("name", NAMES)
def test_notes_and_origin_are_saved(cube, tmp_path, name):
    path = save_cube(cube, tmp_path / name)
    assert "Two pixels are missing." in open_cube(path).source.notes
    if name.endswith("zarr"):
        text = zarr.open_group(path, mode="r").attrs["napari_xrf_pigments"]["scan"]
    elif name.endswith("h5"):
        with h5py.File(path) as file:
            text = file["entry/xrf_pigments"].asstr()[()]
    else:
        lines = path.read_text().splitlines()
        text = next(line for line in lines if line.startswith(";xrf-pigments")).split(" ", 1)[1]
    made = json.loads(text)["origin"]
    assert made["program"] == "napari-xrf-pigments"
    assert made["source"]["name"] == "panel 7"
    assert "/scans" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_scan_can_be_saved_again(cube, tmp_path, name):
    first = open_cube(save_cube(cube, tmp_path / name))
    (tmp_path / "again").mkdir()
    assert_equal(open_cube(save_cube(first, tmp_path / "again" / name)), cube)


@pytest.mark.parametrize("name", NAMES)
def test_progress_ends_with_all_pixels(cube, tmp_path, name):
    calls = []
    save_cube(cube, tmp_path / name, progress=lambda *call: calls.append(call))
    assert calls[-1] == (12, 12)


@pytest.mark.parametrize("name", NAMES)
def test_a_scan_is_replaced_only_if_allowed(cube, tmp_path, name):
    save_cube(cube, tmp_path / name)
    before = contents(tmp_path)
    other = replace(cube, counts=cube.counts + 1, valid=None)
    with pytest.raises(FileExistsError, match="already exists"):
        save_cube(other, tmp_path / name)
    assert contents(tmp_path) == before
    save_cube(other, tmp_path / name, overwrite=True)
    assert_equal(open_cube(tmp_path / name), other)


@pytest.mark.parametrize("name", NAMES)
def test_foreign_files_are_never_replaced(cube, tmp_path, name):
    target = tmp_path / name
    in_the_way = target.with_suffix(".raw") if name.endswith("rpl") else target
    in_the_way.write_bytes(b"years of work")
    with pytest.raises(FileExistsError):
        save_cube(cube, target, overwrite=True)
    assert contents(tmp_path) == {in_the_way.name: b"years of work"}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_save_leaves_no_files_and_the_previous_scan_intact(cube, tmp_path, name):
    def fail(block):
        raise OSError(28, "No space left on device")

    broken = replace(cube, counts=cube.counts.map_blocks(fail, dtype=np.uint16, meta=np.empty(0)))
    with pytest.raises(OSError, match=r"^panel 7 could not be read to its end: no space"):
        save_cube(broken, tmp_path / name)
    assert contents(tmp_path) == {}
    save_cube(cube, tmp_path / name)
    with pytest.raises(OSError, match="could not be read"):
        save_cube(broken, tmp_path / name, overwrite=True)
    assert_equal(open_cube(tmp_path / name), cube)


@pytest.mark.parametrize("name", NAMES)
def test_the_error_of_a_full_disk_names_the_target(cube, tmp_path, name, monkeypatch):
    def full(done, total):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=r"scan\.\w+ could not be written: no space left"):
        save_cube(cube, tmp_path / name, progress=full)
    assert contents(tmp_path) == {}


def test_a_scan_is_not_written_into_itself(write_ripple, mca_folder):
    header = write_ripple()
    before = contents(header.parent)
    for target in (header, mca_folder / "scan.zarr", mca_folder / "10264" / "scan.rpl"):
        scan = open_cube(header if target == header else mca_folder)
        with pytest.raises(ValueError, match=r"part of the scan|inside the scan"):
            save_cube(scan, target, overwrite=True)
    assert contents(header.parent) == before


@pytest.mark.parametrize("name", ["scan", "scan.tif", "scan.raw"])
def test_an_ambiguous_format_is_refused(cube, tmp_path, name):
    with pytest.raises(ValueError, match="not clear how to save"):
        save_cube(cube, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_named_in_the_error(cube, tmp_path):
    for name in NAMES:
        with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
            save_cube(cube, tmp_path / "nowhere" / name)
