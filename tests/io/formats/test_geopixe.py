"""Test the reader of GeoPIXE list-mode exports."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from tests.hostile.seeds import COUNTS, geopixe_bytes

from napari_xrf_pigments.io import open_cube


@pytest.fixture
def path(tmp_path):
    (tmp_path / "scan.GeoPIXE").write_bytes(geopixe_bytes())
    return tmp_path / "scan.GeoPIXE"


def test_detectors_are_summed_or_selected(path):
    cube = open_cube(path)
    np.testing.assert_array_equal(cube.counts.compute(), 2 * COUNTS)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(cube.counts))[1:, 2, 5:9], 2 * COUNTS[1:, 2, 5:9]
    )
    np.testing.assert_array_equal(open_cube(path, detector=1).counts.compute(), COUNTS)
    with pytest.raises(ValueError, match="no detector 2"):
        open_cube(path, detector=2)


def test_energies_size_and_tube_are_read(path):
    cube = open_cube(path)
    assert (cube.energies.gain_kev, cube.energies.source) == (0.02, "file")
    assert cube.pixel_mm == (0.25, 0.5)
    assert (cube.acquisition.anode, cube.acquisition.tube_kv) == ("Mo", 50)
    assert cube.acquisition.incidence_deg == 70
    assert cube.live_time_s[0, 0] == pytest.approx(0.1)


def test_a_truncated_file_has_missing_pixels(path):
    path.write_bytes(path.read_bytes()[:-20])
    cube = open_cube(path)
    assert not cube.valid[2, 3] and cube.valid.sum() == 11
    assert any("count as missing: 1" in note for note in cube.source.notes)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'"Dets": 2', b'"Dets": 0', "declares 0 detectors"),
        (b'"Xres": 4', b'"Xres": 1', "is damaged"),
        (b'"Chan": 160', b'"Chan": 100', "out of range"),
        (b'"Chan": 160', b'"Chan": 1e9', "whole number"),
        (b'"Yres": 3', b'"Yres":[3', "header cannot be read"),
        (b"DP", b"XX", "is damaged"),
    ],
)
def test_damage_is_refused_in_one_sentence(path, old, new, sentence):
    path.write_bytes(
        path.read_bytes().replace(old, new.ljust(len(old)) if b"\n" not in new else new)
    )
    with pytest.raises(ValueError, match=sentence) as caught:
        open_cube(path).counts.compute()
    assert "scan.GeoPIXE" in str(caught.value) and "\n" not in str(caught.value)


def test_a_declared_size_larger_than_the_file_is_refused(path):
    text = (
        path.read_bytes()
        .replace(b'"Xres": 4,', b'"Xres":99999,')
        .replace(b'"Yres": 3,', b'"Yres":999,')
    )
    length = int.from_bytes(text[:2], "little") + 4
    path.write_bytes(length.to_bytes(2, "little") + text[2:])
    with pytest.raises(ValueError, match="far too short"):
        open_cube(path)
