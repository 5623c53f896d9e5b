"""The state of a scan: which energy axis is in use, and what is said about it."""

from types import SimpleNamespace

import pytest

from napari_xrf_pigments import EnergyAxis
from napari_xrf_pigments.plugin.state.scan import Scan

from ..synthetic import calibrate, make_cube


def untrusted(cube):
    return SimpleNamespace(
        energies=cube.energies,
        trusted=False,
        message="Too few lines.",
        fwhm_mn_ka_ev=None,
        anode=None,
    )


@pytest.fixture
def scan():
    return Scan(make_cube(), "scan")


def test_a_trusted_axis_replaces_that_of_the_file(scan):
    heard = []
    scan.energies_changed.connect(lambda: heard.append(scan.cube.energies.offset_kev))
    scan.set_calibration(calibrate(scan.cube, None))
    assert scan.uses_estimate
    assert heard == [0.005]
    assert scan.axis_sentence() == (
        "Energy axis from the lines of the scan: 20.00 eV per channel, offset +5 eV. "
        "6 lines agree within 4.0 eV."
    )
    assert scan.axis_details() == "Calibrated by 6 lines within 4 eV."
    assert scan.cube.acquisition.detector.fwhm_mn_ka_ev == 140.0


def test_the_user_can_go_back_and_forth(scan):
    scan.set_calibration(calibrate(scan.cube, None))
    scan.use_estimate(False)
    assert scan.cube.energies.offset_kev == 0.0
    assert scan.axis_sentence().startswith("Energy axis from the file: 20.00 eV per channel")
    scan.use_estimate(True)
    assert scan.cube.energies.offset_kev == 0.005


def test_an_untrusted_one_changes_nothing_and_says_why(scan):
    scan.set_calibration(untrusted(scan.cube))
    assert not scan.uses_estimate
    assert not scan.can_estimate
    assert scan.axis_sentence().endswith("Too few lines.")
    assert scan.checked


def test_an_axis_that_the_user_gave_is_kept():
    cube = make_cube()
    scan = Scan(cube.with_energies(EnergyAxis(1000, 0.02, 0.001, "user")), "scan")
    scan.set_calibration(calibrate(cube, None))
    assert scan.cube.energies.offset_kev == 0.001
    assert scan.can_estimate


def test_until_it_is_checked_it_says_so(scan):
    assert "Checking" in scan.axis_sentence()
    scan.set_calibration(None)
    assert "Checking" not in scan.axis_sentence()


def test_places(scan):
    assert scan.measured(0, 0)
    assert not scan.measured(-1, 0)
    assert not scan.measured(24, 0)
    assert scan.millimetres(2, 6) == (1.0, 3.0)
    assert Scan(make_cube(pixel_mm=None), "scan").millimetres(2, 6) is None
