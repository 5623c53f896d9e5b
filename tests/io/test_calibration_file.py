"""Test that calibration files are read back unchanged and replace only calibrations."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.io.calibration_file import (
    SavedCalibration,
    is_calibration,
    load_calibration,
    save_calibration,
)


def cube(channels=64):
    return XRFCube.from_array(
        np.ones((2, 3, channels), np.uint16), gain_kev=0.02, energy_source="file"
    )


@given(
    gain=st.floats(1e-4, 1.0),
    offset=st.floats(-5, 5),
    anode=st.sampled_from([None, "Rh", "W"]),
    voltage=st.one_of(st.none(), st.floats(5, 60)),
    lines=st.lists(st.tuples(st.text(max_size=8), st.floats(0.5, 60), st.floats(0, 4000))),
)
def test_a_saved_calibration_is_loaded(tmp_path_factory, gain, offset, anode, voltage, lines):
    path = tmp_path_factory.mktemp("calibration") / "a.json"
    saved = SavedCalibration(64, gain, offset, anode, voltage, tuple(lines))
    save_calibration(path, saved)
    assert load_calibration(path) == saved


def test_an_applied_calibration_sets_axis_anode_and_voltage():
    calibration = SavedCalibration(64, 0.021, -0.05, "Mo", 42.0)
    applied = calibration.applied(cube())
    assert (applied.energies.gain_kev, applied.energies.offset_kev) == (0.021, -0.05)
    assert applied.energies.source == "user"
    assert (applied.acquisition.anode, applied.acquisition.tube_kv) == ("Mo", 42.0)


def test_unknown_settings_do_not_replace_those_of_the_scan():
    known = cube().with_acquisition(cube().acquisition.updated(anode="Rh"))
    assert SavedCalibration(64, 0.021, 0.0).applied(known).acquisition.anode == "Rh"


def test_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="64 channels, but the scan has 32"):
        SavedCalibration(64, 0.021, 0.0).applied(cube(32))


def test_the_name_of_the_scan_is_saved_without_its_folders(tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, np.ones((2, 5, 160), np.uint16))
    from napari_xrf_pigments import open_cube

    opened = open_cube(path, gain_kev=0.02)
    saved = save_calibration(tmp_path / "a.json", SavedCalibration.of(opened))
    found = load_calibration(saved)
    assert found.made_on(opened)
    assert found.source["name"] == "scan.npy"
    assert str(tmp_path) not in saved.read_text()
    np.save(path, np.ones((2, 5, 160), np.uint32))
    assert not found.made_on(open_cube(path, gain_kev=0.02))


def test_only_an_earlier_calibration_is_replaced(tmp_path):
    path = tmp_path / "a.json"
    save_calibration(path, SavedCalibration(64, 0.02, 0.0))
    save_calibration(path, SavedCalibration(64, 0.03, 0.0))
    assert load_calibration(path).gain_kev == 0.03
    path.write_text('{"my": "notes"}')
    with pytest.raises(FileExistsError, match="left as it"):
        save_calibration(path, SavedCalibration(64, 0.02, 0.0))
    assert path.read_text() == '{"my": "notes"}'
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        save_calibration(tmp_path / "none" / "a.json", SavedCalibration(64, 0.02, 0.0))


@pytest.mark.parametrize(
    "change",
    [
        {"gain_kev": -0.02},
        {"gain_kev": "0.02"},
        {"gain_kev": None},
        {"gain_kev": float("nan")},
        {"offset_kev": float("inf")},
        {"channels": 0},
        {"channels": 12.5},
        {"channels": True},
        {"anode": "Xx"},
        {"anode": 45},
        {"tube_kv": 100_000},
        {"lines": [3]},
        {"lines": 7},
        {"made_on": "scan"},
    ],
)
def test_damaged_files_are_refused_in_one_sentence(tmp_path, change):
    path = save_calibration(tmp_path / "a.json", SavedCalibration(64, 0.02, 0.0))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match="damaged"):
        load_calibration(path)


@pytest.mark.parametrize("text", [b"", b"{}", b"[1, 2]", b"\xff\xfe", b"{" * 5000, b"7"])
def test_other_files_are_refused_as_a_calibration(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_bytes(text)
    assert not is_calibration(path)
    with pytest.raises(ValueError, match="not an energy calibration"):
        load_calibration(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_calibration(tmp_path / "a.json")
