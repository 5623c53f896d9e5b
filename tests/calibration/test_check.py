"""Test the warning for lines that do not fit the energy axis, also if there are few of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, simulate_scan
from napari_xrf_pigments.calibration.automatic import MAX_RMS_EV, calibrate
from napari_xrf_pigments.calibration.check import axis_warning, check_axis
from napari_xrf_pigments.simulation.paintings import Painting, sample_painting


@pytest.fixture(scope="module")
def sky() -> XRFCube:
    """Simulate lead, copper and few other lines."""
    whole = sample_painting(np.random.default_rng(0), (4, 4))
    plan = np.full((10, 12), whole.names.index("sky"))
    painting = Painting(plan, whole.names, whole.sections)
    cube, _ = simulate_scan(0, plan.shape, painting=painting)
    return cube.with_energies(replace(cube.energies, source="file"))


def _sum(cube: XRFCube) -> np.ndarray:
    return np.asarray(cube.counts).sum((0, 1)).astype(float)


@pytest.mark.parametrize("factor", [0.94, 0.98, 1.02, 1.075])
def test_a_wrong_scale_is_detected_from_a_few_lines(sky: XRFCube, factor: float) -> None:
    axis = replace(sky.energies, gain_kev=sky.energies.gain_kev * factor)
    message = axis_warning(_sum(sky), axis, sky.acquisition)
    assert message is not None
    assert "off the energy axis" in message


@pytest.mark.parametrize("off_kev", [-0.008, 0.0, 0.008])
def test_a_correct_scale_gives_no_warning(sky: XRFCube, off_kev: float) -> None:
    axis = replace(sky.energies, offset_kev=sky.energies.offset_kev + off_kev)
    assert axis_warning(_sum(sky), axis, sky.acquisition) is None


def test_noise_alone_gives_no_warning(sky: XRFCube) -> None:
    flat = np.random.default_rng(1).poisson(50, sky.energies.n_channels).astype(float)
    assert axis_warning(flat, sky.energies, sky.acquisition) is None


def test_lines_too_few_to_calibrate_by_still_give_a_warning(sky: XRFCube) -> None:
    axis = replace(sky.energies, gain_kev=sky.energies.gain_kev * 1.02)
    strict = calibrate(_sum(sky), axis, sky.acquisition)
    loose = calibrate(_sum(sky), axis, sky.acquisition, max_rms_ev=3 * MAX_RMS_EV)
    assert loose.trusted
    assert not strict.trusted or strict.rms_ev <= MAX_RMS_EV
    assert loose.energies.gain_kev == pytest.approx(sky.energies.gain_kev, rel=2e-3)


def test_a_given_axis_is_judged_by_the_lines_however_unusual_its_numbers_are(sky: XRFCube) -> None:
    # The same counts, recorded by an instrument whose channel 0 lies at -956 eV.
    shift = round(0.956 / sky.energies.gain_kev)
    counts = np.concatenate([np.zeros(shift), _sum(sky)[:-shift]])
    offset = sky.energies.offset_kev - shift * sky.energies.gain_kev
    file, right = sky.energies, replace(sky.energies, offset_kev=offset, source="user")
    known = calibrate(counts, file, sky.acquisition)
    good = check_axis(counts, right, sky.acquisition, known)
    assert good.fits
    assert "agree within" in good.sentence


@pytest.mark.parametrize(("gain", "offset_kev"), [(1.3, 0.0), (1.0, -0.956), (1.0, 0.3)])
def test_a_given_axis_that_the_lines_contradict_is_reported(
    sky: XRFCube, gain: float, offset_kev: float
) -> None:
    known = calibrate(_sum(sky), sky.energies, sky.acquisition)
    wrong = sky.energies.recalibrated(
        gain * sky.energies.gain_kev, sky.energies.offset_kev + offset_kev
    )
    check = check_axis(_sum(sky), wrong, sky.acquisition, known)
    assert check.fits is False
    assert "Undo the change" in check.sentence


def test_without_lines_a_given_axis_is_neither_right_nor_wrong(sky: XRFCube) -> None:
    flat = np.random.default_rng(1).poisson(50, sky.energies.n_channels).astype(float)
    assert check_axis(flat, sky.energies, sky.acquisition).fits is None
