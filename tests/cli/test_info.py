"""Test ``xrf-pigments info`` and the selection of a detector."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_xrf_pigments.cli import main


@pytest.fixture
def two_detectors(tmp_path):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        for letter, value in (("a", 1), ("b", 10)):
            file[f"MAPS_RAW/data_{letter}"] = np.full((256, 2, 3), value, np.int16)
    return path


@pytest.mark.parametrize(
    ("detector", "total", "message"),
    [
        (None, 11, "the sum of 2 detectors (data_a, data_b)"),
        ("sum", 11, "the sum of 2 detectors"),
        ("data_b", 10, "detector data_b of 2"),
        ("0", 1, "detector data_a of 2"),
    ],
)
def test_the_opened_detectors_are_named(two_detectors, capsys, detector, total, message):
    main(["info", str(two_detectors), *([] if detector is None else ["--detector", detector])])
    text = capsys.readouterr().out
    assert message in text
    assert f"Total counts: {total * 256 * 6:,}" in text


def test_an_unknown_detector_is_bad_input(two_detectors, capsys):
    assert main(["info", str(two_detectors), "--detector", "data_c"]) == 1
    error = capsys.readouterr().err
    assert "no detector data_c; there are 0 = data_a, 1 = data_b" in error
