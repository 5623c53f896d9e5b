"""Test the readers of spectra with keywords: .spe, GSECARS .mca and SPEC."""

from __future__ import annotations

import numpy as np
import pytest
from tests.made_spectra import gsecars_text, spe_text, spec_text

from napari_xrf_pigments.io import open_cube

COUNTS = 16 * (np.arange(160) % 13) + 3


@pytest.fixture
def write(tmp_path):
    def make(text, name="one.mca"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


def test_an_spe_file_opens_with_axis_and_live_time(write):
    cube = open_cube(write(spe_text(COUNTS), "one.spe"))
    assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
    assert cube.live_time_s.tolist() == [[58.5]]


def test_the_calibration_of_mca_cal_is_preferred_and_its_unit_honoured(write):
    text = spe_text(COUNTS) + "$MCA_CAL:\n3\n-50 25 0 eV\n"
    cube = open_cube(write(text, "one.spe"))
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.025, -0.05))


def test_energies_of_gamma_rays_are_refused(write):
    text = spe_text(COUNTS).replace("-0.1 0.02", "0 12.5")
    with pytest.raises(ValueError, match="no energy axis of an X-ray"):
        open_cube(write(text + "$MCA_CAL:\n2\n0 12.5 keV\n", "one.spe"))


def test_a_truncated_spe_file_is_refused(write):
    text = spe_text(COUNTS).replace("0 159", "0 1023")
    with pytest.raises(ValueError, match="holds 160 of its 1024 channels"):
        open_cube(write(text, "one.spe"))


def test_detectors_of_one_energy_axis_are_summed(write):
    path = write(gsecars_text(COUNTS))
    cube = open_cube(path)
    assert cube.spectrum(0, 0).tolist() == (2 * COUNTS + 1).tolist()
    assert cube.live_time_s.tolist() == [[95.0]]
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.02, -0.01)
    assert open_cube(path, detector="2").spectrum(0, 0).tolist() == (COUNTS + 1).tolist()


def test_of_detectors_with_different_axes_the_first_is_opened(write):
    cube = open_cube(write(gsecars_text(COUNTS, slope=0.021)))
    assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()
    assert any("would blur the lines" in note for note in cube.source.notes)


def test_a_truncated_spectrum_of_several_detectors_is_refused(write):
    text = gsecars_text(COUNTS).replace("CHANNELS:   160", "CHANNELS:   320")
    with pytest.raises(ValueError, match="truncated: it holds 320 of 640 numbers"):
        open_cube(write(text))


def test_the_scans_of_a_spec_file_are_points(write):
    cube = open_cube(write(spec_text(COUNTS)))
    assert cube.shape == (1, 2, 160)
    assert cube.source.points == ("1 azurite", "2 vermilion")
    assert cube.spectrum(0, 1).tolist() == (COUNTS + 1).tolist()
    assert cube.live_time_s.tolist() == [[9.5, 9.0]]
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))


def test_a_spec_file_opens_as_in_silx(write):
    specfile = pytest.importorskip("silx.io.specfile")
    path = write(spec_text(COUNTS))
    scans = specfile.SpecFile(str(path))
    expected = [np.asarray(scan.mca[0]) for scan in scans]
    assert np.array_equal(open_cube(path).counts.compute()[0], expected)


def test_a_curved_axis_is_described(write):
    text = spec_text(COUNTS).replace("#@CALIB -0.1 0.02 0", "#@CALIB -0.1 0.02 1e-5")
    cube = open_cube(write(text))
    assert any("curved" in note for note in cube.source.notes)
    assert cube.energies.gain_kev == pytest.approx(0.02 + 159e-5)
