"""Test that fit settings are read as PyMca reads them, and that PyMca reads written ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.cube import Acquisition
from napari_xrf_pigments.io.pymca_config import (
    FitSettings,
    is_pymca_cfg,
    read_pymca_cfg,
    write_pymca_cfg,
)

TEXT = """
[attenuators]
kapton = 1, Kapton, 1.42, 0.0025
atmosphere = 1, Air, 0.00120479, 2.5
Matrix = 1, MULTILAYER, 0.0, 0.0, 45.0, 45.0
deadlayer = 0, Si1, 2.33, 0.002

[peaks]
Fe = K
Pb = L, M
Hg = L1, L2, L3
Ca = Ka, Kb

[fit]
energy = 17.48, 35.0,
\t40.0
use_limit = 1
continuum = 0
stripflag = 1
hypermetflag = 1

[detector]
zero = -0.0118
gain = 0.0174
noise = 0.1
fano = 0.114

[multilayer]
Layer0 = 0, -, 0.0, 0.0

[materials.Kapton]
Comment = Kapton 100 HN 25 micron density=1.42 g/cm3, 50%% of it
CompoundList = C1, N1, O1
"""


@pytest.fixture
def cfg(tmp_path: Path) -> Path:
    path = tmp_path / "fit.cfg"
    path.write_text(TEXT)
    return path


def test_families_axis_and_conditions_are_read(cfg: Path) -> None:
    found = read_pymca_cfg(cfg)
    assert found.families == ("Fe K", "Pb L", "Pb M", "Hg L", "Ca K")
    assert (found.gain_kev, found.offset_kev) == (0.0174, -0.0118)
    assert found.excitation_kev == 40.0
    assert found.air_mm == pytest.approx(25.0)
    # 0.1 keV of noise and the Fano broadening at 5.9 keV in silicon.
    assert found.fwhm_mn_ka_ev == pytest.approx(156.1, abs=0.3)


def test_unused_settings_are_named_in_one_sentence(cfg: Path) -> None:
    sentence = read_pymca_cfg(cfg).sentence
    assert sentence == (
        "Not used of these settings: the attenuator kapton, the attenuator Matrix, "
        "the fit region and the background."
    )
    assert FitSettings(("Fe K",)).sentence == ""


def test_the_axis_has_the_number_of_channels_of_the_scan(cfg: Path) -> None:
    axis = read_pymca_cfg(cfg).axis(2048)
    assert axis is not None
    assert axis.n_channels == 2048
    assert axis.kev[0] == pytest.approx(-0.0118)
    assert axis.kev[100] == pytest.approx(-0.0118 + 1.74)
    assert FitSettings().axis(10) is None


def test_settings_of_the_scan_have_priority(cfg: Path) -> None:
    found = read_pymca_cfg(cfg)
    unknown = found.acquisition(Acquisition())
    assert (unknown.tube_kv, unknown.path_mm, unknown.atmosphere) == (40.0, 25.0, "air")
    assert unknown.detector.fwhm_mn_ka_ev == pytest.approx(156.1, abs=0.3)
    known = Acquisition(anode="Rh", tube_kv=50.0, atmosphere="helium")
    filled = found.acquisition(known)
    assert (filled.anode, filled.tube_kv, filled.atmosphere) == ("Rh", 50.0, "helium")
    assert filled.path_mm is None


def test_pymca_reads_the_same_values(cfg: Path) -> None:
    oracle = pytest.importorskip("PyMca5.PyMcaIO.ConfigDict").ConfigDict(filelist=[str(cfg)])
    found = read_pymca_cfg(cfg)
    peaks = {
        f"{element} {str(shell)[0]}": None
        for element, shells in oracle["peaks"].items()
        for shell in (shells if isinstance(shells, list) else [shells])
    }
    assert found.families == tuple(peaks)
    assert found.gain_kev == oracle["detector"]["gain"]
    assert found.offset_kev == oracle["detector"]["zero"]
    energies = oracle["fit"]["energy"]
    assert found.excitation_kev == max(np.ravel(np.concatenate([np.ravel(e) for e in energies])))
    assert found.air_mm == 10 * oracle["attenuators"]["atmosphere"][3]


FAMILIES = st.lists(
    st.sampled_from(["Fe K", "Pb L", "Pb M", "Hg L", "Ca K", "Ti K", "Ba L"]), unique=True
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    families=FAMILIES,
    gain=st.floats(0.001, 0.1),
    offset=st.floats(-1, 1),
    fwhm=st.floats(60, 400),
    energy=st.one_of(st.none(), st.floats(5, 60)),
    air=st.floats(0.1, 100),
)
def test_written_settings_are_read_back(
    tmp_path, families, gain, offset, fwhm, energy, air
) -> None:
    path = tmp_path / "again.cfg"
    # The file lists the families of one element together.
    families = sorted(families, key=lambda name: name.split()[0])
    write_pymca_cfg(path, FitSettings(tuple(families), gain, offset, fwhm, energy, air))
    found = read_pymca_cfg(path)
    assert found.families == tuple(families)
    assert found.gain_kev == pytest.approx(gain, rel=1e-9)
    assert found.offset_kev == pytest.approx(offset, rel=1e-9, abs=1e-12)
    assert found.fwhm_mn_ka_ev == pytest.approx(fwhm, rel=1e-6)
    assert found.excitation_kev == (None if energy is None else pytest.approx(energy, rel=1e-9))
    assert found.air_mm == pytest.approx(air, rel=1e-9)


def test_pymca_fits_with_written_settings(tmp_path: Path) -> None:
    theory = pytest.importorskip("PyMca5.PyMcaPhysics.xrf.ClassMcaTheory")
    path = tmp_path / "fit.cfg"
    write_pymca_cfg(path, FitSettings(("Fe K", "Cu K"), 0.02, 0.01, 150.0, 20.0, 10.0))
    fit = theory.McaTheory(str(path))
    kev = 0.01 + 0.02 * np.arange(1000)

    def peak(at: float, area: float) -> np.ndarray:
        return area * 0.02 / (0.066 * 2.5066) * np.exp(-0.5 * ((kev - at) / 0.066) ** 2)

    counts = 5 + peak(6.4, 9000) + peak(7.06, 1100) + peak(8.05, 4500) + peak(8.9, 560)
    fit.setData(np.arange(1000.0), counts)
    fit.estimate()
    _, result = fit.startfit(digest=1)
    assert result["Fe K"]["fitarea"] == pytest.approx(10_100, rel=0.1)
    assert result["Cu K"]["fitarea"] == pytest.approx(5060, rel=0.1)


@pytest.mark.parametrize("text", ["", "no sections", "[fruit]\napple = 1\n", "[a\n"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.cfg"
    path.write_text(text)
    assert not is_pymca_cfg(path)
    with pytest.raises(ValueError, match=r"other\.cfg holds no fit settings of PyMca"):
        read_pymca_cfg(path)


def test_invalid_values_are_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.cfg"
    path.write_text("[peaks]\nFe = K\nXx = K\nCu = S\n[detector]\ngain = wide\n")
    with pytest.raises(ValueError, match="gain of the detector"):
        read_pymca_cfg(path)
    path.write_text("[peaks]\nFe = K\nXx = K\nCu = S\n")
    found = read_pymca_cfg(path)
    assert found.families == ("Fe K",)
    assert found.unused == ("the peak Xx K", "the peak Cu S")


def test_a_file_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Theo")
    with pytest.raises(OSError):
        write_pymca_cfg(path, FitSettings(("Fe K",)))
    assert path.read_text() == "Dear Theo"
    assert [entry.name for entry in tmp_path.iterdir()] == ["letter.txt"]
