"""Test the warning for lines that do not fit the energy axis, also if there are few of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, simulate_scan
from napari_xrf_pigments.calibration.automatic import MAX_RMS_EV, calibrate
from napari_xrf_pigments.calibration.check import axis_warning
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
