"""Test the description of a scan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments.io import describe, open_cube, save_results
from napari_xrf_pigments.io.describe import describe_cube

from .conftest import RPL, numbered_counts
from .made_results import make


def test_the_description_contains_size_counts_and_energy_axis(mca_folder, counts):
    (mca_folder / "10264" / "None_1.mca").unlink()
    text = describe(mca_folder)
    total = int(counts.reshape(12, -1)[1:].sum())
    for fact in (
        "File: panel",
        "folder of PMCA spectra",
        "3 rows x 4 columns = 12 pixels",
        "Size in mm: not known",
        "Channels: 160",
        "50 eV a channel, channel 0 at 500 eV (stated by the file)",
        "Type of a count: int32",
        f"Total counts: {total:,}",
        f"Mean counts a pixel: {total / 11:,.0f}",
        "Missing pixels: 1",
        "Live time: 3.004 s",
        "Anode: not known",
        "Tube voltage: not known",
        "Note: 1 of 12 pixels are missing",
    ):
        assert fact in text


def test_the_description_contains_settings_and_size_in_mm(tmp_path, counts):
    np.savez(tmp_path / "a.npz", counts=counts, gain_kev=0.02, anode="Rh", pixel_mm=[0.5, 0.25])
    text = describe_cube(open_cube(tmp_path / "a.npz", tube_kv=40))
    assert "Anode: Rh" in text and "Tube voltage: 40 kV" in text
    assert "1.5 x 1 (a pixel is 0.5 x 0.25 mm)" in text


def test_an_assumed_axis_is_described_as_assumed(tmp_path):
    np.save(tmp_path / "a.npy", numbered_counts(5, 6))
    assert "(not known, assumed)" in describe(tmp_path / "a.npy")
    assert "(given by you)" in describe_cube(open_cube(tmp_path / "a.npy", gain_kev=0.02))


def test_only_some_rows_of_a_huge_scan_are_summed(write_ripple):
    text = RPL.replace("{x}", "20").replace("{y}", "30000").replace("{n}", "4096")
    header = write_ripple(template=text)
    with header.with_suffix(".raw").open("wb") as file:
        file.truncate(20 * 30000 * 4096 * 2)  # sparse: occupies no disk space
    assert "(from 24 rows)" in describe(header)


@pytest.mark.parametrize("name", ["maps.zarr", "maps.h5", "maps.csv"])
def test_the_description_of_results_lists_maps_and_provenance(tmp_path, name):
    elements, pigments = make(optional=True)
    made = {"version": "1.2", "weights_hash": "ab12", "warnings": ["3 pixels hold no counts."]}
    save_results(tmp_path / name, elements=elements, pigments=replace(pigments, provenance=made))
    lines = describe(tmp_path / name).splitlines()
    for fact in (
        f"File: {name}",
        "Elements: Fe K, Pb L",
        "Size: 3 maps of 5 x 7 pixels, 2.5 x 1.75 mm",
        "Pigments - Weights (SHA-256): ab12",
        "Warning: 3 pixels hold no counts.",
    ):
        assert fact in lines
    assert any(line.startswith("Arrays: probability,") and "signal" in line for line in lines)
