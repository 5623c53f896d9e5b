"""Test the estimate of the anode from the scattered lines of a scan."""

from __future__ import annotations

import numpy as np

from napari_xrf_pigments import XRFCube, simulate_scan
from napari_xrf_pigments.calibration.anode import with_estimated_anode
from napari_xrf_pigments.cube import Acquisition


def test_the_anode_is_estimated_from_the_scatter_and_noted() -> None:
    scan, _ = simulate_scan(seed=1, shape=(6, 8), anode="Ag", tube_kv=40.0)
    found, note = with_estimated_anode(scan.with_acquisition(Acquisition()))
    assert found.acquisition.anode == "Ag"
    assert "Ag" in note


def test_a_known_anode_is_not_changed() -> None:
    scan = XRFCube.from_array(np.ones((2, 2, 500), np.uint16), gain_kev=0.04, anode="Mo")
    assert with_estimated_anode(scan) == (scan, "")


def test_an_empty_scan_has_no_anode() -> None:
    scan = XRFCube.from_array(np.zeros((2, 2, 500), np.uint16), gain_kev=0.04)
    found, note = with_estimated_anode(scan)
    assert found.acquisition.anode is None
    assert "does not identify it" in note
