"""Test that saved spectra are read back unchanged, by this program and by others."""

import csv

import numpy as np
import pytest

from napari_xrf_pigments import Acquisition, EnergyAxis, open_cube
from napari_xrf_pigments.cube import Detector
from napari_xrf_pigments.io.spectra import NamedSpectrum, save_spectra_csv, save_spectra_msa

AXIS = EnergyAxis(300, 0.0413, -0.956)
PIXEL = NamedSpectrum("Pixel x 3, y 4", np.random.default_rng(1).poisson(9.0, 300).astype(float))
MEAN = NamedSpectrum("Region 1 (mean)", np.random.default_rng(2).random(300) * 1e4)


def test_a_table_has_a_column_of_energies_and_one_per_spectrum(tmp_path):
    path = save_spectra_csv(tmp_path / "a.csv", [PIXEL, MEAN], AXIS)
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    table = np.array(rows, dtype=float).T
    assert head == ["Energy (keV)", "Pixel x 3, y 4", "Region 1 (mean)"]
    assert table[0] == pytest.approx(AXIS.kev, abs=1e-4)
    assert np.array_equal(table[1], PIXEL.counts)
    assert table[2] == pytest.approx(MEAN.counts, rel=1e-8)


def test_an_msa_file_is_opened_again_with_axis_and_settings(tmp_path):
    known = Acquisition(tube_kv=45.0, takeoff_deg=50.0, detector=Detector(fwhm_mn_ka_ev=141.0))
    (path,) = save_spectra_msa(tmp_path / "a.msa", [PIXEL], AXIS, known)
    cube = open_cube(path)
    assert np.array_equal(cube.spectrum(0, 0), PIXEL.counts)
    assert cube.energies.gain_kev == AXIS.gain_kev
    assert cube.energies.offset_kev == AXIS.offset_kev
    assert (cube.acquisition.tube_kv, cube.acquisition.takeoff_deg) == (45.0, 50.0)
    assert cube.acquisition.detector.fwhm_mn_ka_ev == pytest.approx(141.0)


def test_several_spectra_are_written_to_files_with_their_names(tmp_path):
    twin = NamedSpectrum(PIXEL.name, PIXEL.counts + 1)
    paths = save_spectra_msa(tmp_path / "a.msa", [PIXEL, MEAN, twin], AXIS)
    names = ["a_Pixel-x-3-y-4.msa", "a_Region-1-mean.msa", "a_Pixel-x-3-y-4-2.msa"]
    assert [path.name for path in paths] == names
    assert np.array_equal(open_cube(paths[2]).spectrum(0, 0), twin.counts)


def test_fractions_of_counts_are_written_in_full(tmp_path):
    (path,) = save_spectra_msa(tmp_path / "a.msa", [MEAN], AXIS)
    from napari_xrf_pigments.io.formats.msa import parse_msa

    assert parse_msa(path.read_text()).values == pytest.approx(MEAN.counts, rel=1e-8)


def test_names_of_any_script_are_written(tmp_path):
    odd = NamedSpectrum("Gebiet „Übermalung“ 蓝", PIXEL.counts)
    (path,) = save_spectra_msa(tmp_path / "a.msa", [odd], AXIS)
    path.read_bytes().decode("ascii")
    table = save_spectra_csv(tmp_path / "a.csv", [odd], AXIS)
    assert "Übermalung" in table.read_text(encoding="utf-8")


@pytest.mark.parametrize("save", [save_spectra_csv, save_spectra_msa])
def test_a_foreign_file_is_not_replaced(tmp_path, save):
    path = tmp_path / "a.msa"
    path.write_text("my notes")
    with pytest.raises(FileExistsError, match="left as it"):
        save(path, [PIXEL], AXIS)
    assert path.read_text() == "my notes"
    path.unlink()
    for _ in range(2):  # a file of this program is replaced
        save(path, [PIXEL], AXIS)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("save", [save_spectra_csv, save_spectra_msa])
def test_invalid_spectra_are_refused_and_nothing_is_written(tmp_path, save):
    with pytest.raises(ValueError, match="no spectrum"):
        save(tmp_path / "a", [], AXIS)
    with pytest.raises(ValueError, match="channels"):
        save(tmp_path / "a", [NamedSpectrum("short", np.zeros(4))], AXIS)
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "none" / "a", [PIXEL], AXIS)
    assert not list(tmp_path.iterdir())
