"""Test the engine against measured spectra of pure elements, on one absolute scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.physics.layered_samples import Geometry

from .nist_spectrometer import (
    Spectrometer,
    band_counts,
    net_area,
    read_sample,
    simulate,
)

#: The five parameters that were fitted for docs/physics/nist.md.
INSTRUMENT = Spectrometer(
    optics_cut_kev=12.66,
    optics_soft_kev=4.98,
    line_ratio=1.136,
    scale=1.507e6,
    multiple=0.2,
    blank_um=5419.0,
)


@pytest.mark.parametrize(
    ("name", "kev"),
    [
        ("S", 2.31), ("Si", 1.74), ("Ti", 4.51), ("Cr", 5.41), ("Fe", 6.40), ("Fe", 7.06),
        ("Ni", 7.47), ("Cu", 8.05), ("Cu", 8.90), ("Zr", 15.75), ("Sn", 25.2),
    ],
)  # fmt: skip
def test_k_lines_of_pure_elements_agree_within_12_percent_on_one_absolute_scale(
    real_data: Path, name: str, kev: float
) -> None:
    sample = read_sample(real_data / "nist" / f"{name}_50kv_50_ma_Rh_vac_D1.msa", name)
    half = 0.16 if kev < 14 else 0.3
    simulated = net_area(sample.kev, simulate(INSTRUMENT, sample)[0], kev, half)
    assert simulated == pytest.approx(net_area(sample.kev, sample.counts, kev, half), rel=0.12)


@pytest.mark.parametrize("kev", [4.5, 7.0, 9.0, 12.0, 15.0, 18.9, 20.2, 24.0, 28.0])
def test_scatter_of_acrylic_agrees_within_12_percent(real_data: Path, kev: float) -> None:
    sample = read_sample(real_data / "nist" / "Acrylic_50kv_50_ma_Rh_vac_D1_600s.msa", "Acrylic")
    simulated = band_counts(sample.kev, simulate(INSTRUMENT, sample)[0], kev)
    assert simulated == pytest.approx(band_counts(sample.kev, sample.counts, kev), rel=0.12)


def test_the_scattering_angle_depends_on_the_azimuth() -> None:
    assert Geometry(50.0, 50.0, 180.0).scattering_deg == pytest.approx(100.0)
    assert Geometry(50.0, 50.0, 90.0).scattering_deg == pytest.approx(125.93, abs=0.01)
    assert Geometry(90.0, 45.0, 37.0).scattering_deg == pytest.approx(135.0)


def test_the_net_area_does_not_depend_on_a_linear_background() -> None:
    kev = np.arange(0.0, 10.0, 0.01)
    peak = 500.0 * np.exp(-0.5 * ((kev - 5.0) / 0.05) ** 2)
    area = net_area(kev, peak + 20.0 - 1.5 * kev, 5.0, 0.25)
    assert area == pytest.approx(peak.sum(), rel=1e-3)
