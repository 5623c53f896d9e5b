"""Test real files, if they are available; they cannot be distributed with the source."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, describe, open_cube

DATA = os.environ.get("XRF_PIGMENTS_REAL_DATA")
pytestmark = pytest.mark.skipif(
    not DATA, reason="XRF_PIGMENTS_REAL_DATA does not name a folder of real files"
)
REAL = Path(DATA or ".")


def test_a_scan_of_a_painting_is_read(tmp_path):
    with zipfile.ZipFile(REAL / "hands" / "aurora-antico1-prova1.zip") as archive:
        archive.extractall(tmp_path)
    assert can_open(tmp_path)
    cube = open_cube(tmp_path)
    assert cube.shape == (60, 120, 1024)
    assert cube.valid is None
    assert float(cube.total_counts().mean().compute()) == pytest.approx(27_000, rel=0.02)
    # In correct row order, vertical neighbours are far more alike than shuffled pixels.
    totals = cube.total_counts().compute().astype(float)
    turned = totals.copy()
    turned[1::2] = turned[1::2, ::-1]
    assert np.abs(np.diff(totals, axis=0)).mean() < 0.6 * np.abs(np.diff(turned, axis=0)).mean()


def test_a_real_m6_header_is_read_with_synthetic_counts(tmp_path):
    shutil.copy(REAL / "rpl" / "m6_dialect.rpl", tmp_path / "m6.rpl")
    counts = np.arange(3 * 3 * 6, dtype="<u2").reshape(3, 3, 6)
    (tmp_path / "m6.raw").write_bytes(counts.tobytes())
    cube = open_cube(tmp_path / "m6.raw")
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert cube.energies.gain_kev == 0.010002 and cube.energies.offset_kev == -0.956


@pytest.mark.parametrize("pattern", ["nist/*.msa", "nist/*.spx", "m6/*.spx"])
def test_the_zero_peak_of_real_spectra_is_at_zero(pattern):
    paths = sorted(REAL.glob(pattern))
    assert paths
    for path in paths:
        cube = open_cube(path)
        assert cube.shape == (1, 1, 4096)
        low = cube.energies.kev < 0.5
        peak = cube.energies.kev[low][np.argmax(cube.spectrum(0, 0)[low])]
        assert abs(peak) < 0.02, path.name


def test_the_tube_settings_of_an_m6_are_read():
    (path,) = (REAL / "m6").glob("*.spx")
    settings = open_cube(path).acquisition
    assert (settings.anode, settings.tube_kv, settings.atmosphere) == ("Rh", 50, "helium")


def test_hdf5_with_the_spectrum_axis_first_is_read():
    (path,) = (REAL / "maps_hdf5").glob("*.h5")
    cube = open_cube(path)
    assert cube.shape == (11, 9, 2048)
    assert cube.live_time_s is not None and cube.live_time_s.min() > 0
    assert "the sum of 4 detectors (data_a, data_b, data_c, data_d)" in describe(path)


@pytest.mark.parametrize("pattern", ["hands/*.zip"])
def test_an_unreadable_file_is_refused_with_a_reason(pattern):
    for path in REAL.glob(pattern):
        assert not can_open(path)
        with pytest.raises(ValueError, match="is not a scan that can be read here"):
            open_cube(path)
