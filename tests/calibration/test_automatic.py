"""Test the automatic calibration of the energy axis by the lines of the summed spectrum."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.calibration import automatic as axis_fit
from napari_xrf_pigments.calibration.automatic import calibrate, calibrated
from napari_xrf_pigments.calibration.check import axis_warning
from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis, XRFCube

Maker = Callable[..., np.ndarray]
TRUE = EnergyAxis(1024, 0.0292, -0.0155, "file")
PAINT = {
    "Ca K": 3e6,
    "Ti K": 5e5,
    "Mn K": 1e5,
    "Fe K": 2e6,
    "Cu K": 1e6,
    "Zn K": 6e5,
    "Hg L": 2e6,
    "Pb L": 8e6,
    "Pb M": 1e6,
    "Ar K": 3e5,
}


def _sum(make: Maker, amounts: dict[str, float], axis: EnergyAxis = TRUE, **more) -> np.ndarray:
    mean = make(axis.kev, amounts, **{"scatter": 3e6, "continuum": 8e6, **more})
    return np.random.default_rng(0).poisson(mean)


def _off_ev(axis: EnergyAxis, true: EnergyAxis = TRUE) -> float:
    inside = (true.kev > 2) & (true.kev < 25)
    return 1e3 * float(np.abs(axis.kev - true.kev)[inside].max())


@pytest.mark.parametrize(
    ("gain", "offset"), [(0.0292, -0.0155), (0.02916, -0.08), (0.0310, 0.12), (0.0275, -0.2)]
)
def test_a_wrong_scale_in_a_file_is_corrected(
    expected_spectrum: Maker, gain: float, offset: float
) -> None:
    found = calibrate(
        _sum(expected_spectrum, PAINT),
        EnergyAxis(1024, gain, offset, "file"),
        Acquisition(anode="Rh"),
    )
    assert found.trusted
    assert found.energies.source == "estimated"
    assert _off_ev(found.energies) < 5
    assert found.rms_ev < 5
    assert found.fwhm_mn_ka_ev == pytest.approx(145, abs=4)
    assert len(found.lines) >= 5


@pytest.mark.slow
def test_a_scan_without_a_scale_is_calibrated(expected_spectrum: Maker) -> None:
    placeholder = EnergyAxis(1024, 0.02, 0.0, "estimated")
    found = calibrate(_sum(expected_spectrum, PAINT), placeholder)
    assert found.trusted
    assert _off_ev(found.energies) < 5


def test_a_scan_with_an_unknown_anode_is_calibrated(expected_spectrum: Maker) -> None:
    spectrum = _sum(expected_spectrum, PAINT, anode="Ag")
    found = calibrate(spectrum, EnergyAxis(1024, 0.0291, -0.07, "file"))
    assert found.trusted
    assert _off_ev(found.energies) < 6


def test_a_fine_axis_with_a_zero_peak_is_calibrated(expected_spectrum: Maker) -> None:
    true = EnergyAxis(4096, 0.010, -0.956, "file")
    spectrum = _sum(expected_spectrum, PAINT, true)
    spectrum = spectrum + np.random.default_rng(1).poisson(
        2e5 * np.exp(-((true.kev / 0.04) ** 2) / 2)
    )
    found = calibrate(spectrum, EnergyAxis(4096, 0.01003, -0.982, "file"), Acquisition(anode="Rh"))
    assert found.trusted
    assert found.energies.n_channels == 4096
    assert _off_ev(found.energies, true) < 5


def test_one_element_is_not_enough_for_a_calibration(expected_spectrum: Maker) -> None:
    given = EnergyAxis(1024, 0.0295, 0.05, "file")
    found = calibrate(_sum(expected_spectrum, {"Fe K": 1e6}, anode=None, scatter=0.0), given)
    assert not found.trusted
    assert found.energies == given
    assert found.message.endswith("kept.")


def test_noise_gives_no_calibration() -> None:
    given = EnergyAxis(1024, 0.03, 0.0, "file")
    noise = np.random.default_rng(2).poisson(50, 1024)
    found = calibrate(noise, given)
    assert not found.trusted
    assert found.energies == given


def test_a_spectrum_and_an_axis_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="1024 channels"):
        calibrate(np.zeros(10), EnergyAxis(1024, 0.03))


def _cube(make: Maker, source: str) -> XRFCube:
    mean = make(TRUE.kev, {k: v / 24 for k, v in PAINT.items()}, scatter=1e5, continuum=3e5)
    counts = np.random.default_rng(3).poisson(mean, (4, 6, 1024))
    return XRFCube.from_array(
        counts, gain_kev=0.02916, offset_kev=-0.08, anode="Rh", energy_source=source
    )


def test_the_calibrated_cube_has_the_fitted_axis_and_resolution(expected_spectrum: Maker) -> None:
    cube, found = calibrated(_cube(expected_spectrum, "file"))
    assert found.trusted
    assert cube.energies == found.energies
    assert _off_ev(cube.energies) < 6
    assert cube.acquisition.detector is not None
    assert cube.acquisition.detector.fwhm_mn_ka_ev == pytest.approx(145, abs=5)


def test_a_known_resolution_is_not_changed(expected_spectrum: Maker) -> None:
    before = _cube(expected_spectrum, "file")
    known = Acquisition(anode="Rh", detector=Detector(fwhm_mn_ka_ev=150.0))
    cube, _ = calibrated(before.with_acquisition(known))
    assert cube.acquisition == known


def test_an_axis_set_by_hand_is_not_changed(expected_spectrum: Maker) -> None:
    before = _cube(expected_spectrum, "user")
    cube, found = calibrated(before)
    assert cube is before
    assert not found.trusted
    assert "by the user" in found.message


@pytest.mark.parametrize("anode", ["Rh", None])
@pytest.mark.parametrize("sample", ["Steel", "Sn", "Cu", "Zr", "Acrylic"])
def test_the_correct_axis_of_a_real_spectrum_is_not_changed(
    real_data: Path, sample: str, anode: str
) -> None:
    text = (real_data / "nist" / f"{sample}_50kv_50_ma_Rh_vac_D1.msa").read_text()
    body = text.split("#SPECTRUM")[1].split("\n", 1)[1].split("#ENDOFDATA")[0]
    counts = np.array([float(word) for word in re.split(r"[,\s]+", body.strip()) if word])
    given = EnergyAxis(counts.size, 0.009999, -0.9553045, "file")
    found = calibrate(counts, given, Acquisition(anode=anode))
    assert _off_ev(found.energies, given) < 10


def test_the_fit_of_a_spectrum_is_cached(
    expected_spectrum: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    spectrum, known = _sum(expected_spectrum, PAINT), Acquisition(anode="Rh")
    axis = EnergyAxis(1024, 0.0292, -0.155, "user")
    first = calibrate(spectrum, axis, known)
    monkeypatch.setattr(axis_fit, "refine", None)
    assert calibrate(spectrum, axis, known) == first
    assert "eV off the energy axis" in (axis_warning(spectrum, axis, known) or "")
    assert not calibrate(spectrum, axis, known, max_rms_ev=1e-6).trusted
    with pytest.raises(TypeError):
        calibrate(spectrum, axis, Acquisition(anode="Mo"))
    with pytest.raises(TypeError):
        calibrate(spectrum + 1, axis, known)
