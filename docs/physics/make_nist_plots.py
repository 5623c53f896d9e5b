"""Plots and table of docs/physics/nist.md: NIST's spectra over those of the engine.

    python -m docs.physics.make_nist_plots FOLDER

FOLDER holds NIST's .msa files of pure elements and acrylic.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from scipy.optimize import least_squares
from tests.physics.nist_spectrometer import (
    Sample,
    Spectrometer,
    band_counts,
    net_area,
    read_sample,
    simulate,
)

from napari_xrf_pigments._typing import FloatArray

matplotlib.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
ELEMENTS = ("S", "Si", "Ti", "Cr", "Fe", "Ni", "Cu", "Zr", "Sn", "Steel")
FILES = {name: f"{name}_50kv_50_ma_Rh_vac_D1.msa" for name in ELEMENTS}
FILES["Acrylic"] = "Acrylic_50kv_50_ma_Rh_vac_D1_600s.msa"
PEAKS = {
    "S": {"S Ka": 2.31},
    "Si": {"Si Ka": 1.74},
    "Ti": {"Ti Ka": 4.51, "Ti Kb": 4.93},
    "Cr": {"Cr Ka": 5.41, "Cr Kb": 5.95},
    "Fe": {"Fe Ka": 6.40, "Fe Kb": 7.06},
    "Ni": {"Ni Ka": 7.47, "Ni Kb": 8.26},
    "Cu": {"Cu Ka": 8.05, "Cu Kb": 8.90},
    "Zr": {"Zr L": 2.04, "Zr Ka": 15.75, "Zr Kb": 17.67},
    "Sn": {"Sn La": 3.44, "Sn Ka": 25.2, "Sn Kb": 28.5},
    "Steel": {"Cr Ka": 5.41, "Fe Ka": 6.40, "Ni Ka": 7.47, "Mo Ka": 17.44},
}
#: Half width of the peak windows in keV, below and above 14 keV.
HALF = (0.16, 0.30)
#: Bands of the blank, and main lines of metals, that the instrument is fitted to, keV.
FIT_KEV = (2.75, 4.5, 5.5, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0, 18.9, 20.2, 24.0, 26.0, 29.0)
FIT_LINES = {"Ti": 4.51, "Fe": 6.40, "Cu": 8.05, "Zr": 15.75, "Sn": 25.2}


def fit_spectrometer(spectrometer: Spectrometer, samples: dict[str, Sample]) -> Spectrometer:
    """Fit lens, line ratio, depth of the blank and scale: five parameters for all samples.

    Parameters
    ----------
    spectrometer : Spectrometer
        Initial values.
    samples : dict of str to Sample
        The blank ``"Acrylic"`` and the metals of `FIT_LINES`.
    """
    points = [("Acrylic", e, 0.3) for e in FIT_KEV]
    points += [(name, e, 0.2) for name, e in FIT_LINES.items() if name in samples]

    def logs(spectra: dict[str, FloatArray]) -> FloatArray:
        return np.log(
            [max(band_counts(samples[n].kev, spectra[n], e, half), 1e-9) for n, e, half in points]
        )

    measured = logs({name: sample.counts for name, sample in samples.items()})
    names = {name for name, _, _ in points}

    guess = np.array([11.0, 4.0, 1.0, 6000.0, spectrometer.scale])

    def apply(p: FloatArray) -> Spectrometer:
        cut, soft, ratio, depth, scale = (float(v) for v in guess * np.exp(p - 1.0))
        return replace(
            spectrometer, optics_cut_kev=cut, optics_soft_kev=soft, line_ratio=ratio,
            blank_um=depth, scale=scale,
        )  # fmt: skip

    def residual(p: FloatArray) -> FloatArray:
        instrument = apply(p)
        return logs({n: simulate(instrument, samples[n])[0] for n in names}) - measured

    start = np.ones(5)  # not zero: the step of the derivative is relative to the value
    guess[4] *= np.exp(-residual(start).mean())
    bounds = (start - 1.5, start + 1.5)
    return apply(least_squares(residual, start, bounds=bounds, diff_step=0.02, max_nfev=12).x)


def scale_to_blank(spectrometer: Spectrometer, blank: Sample) -> Spectrometer:
    """Fit only the scale of an instrument, to the counts of a blank from 3 to 39 keV."""
    rows = (blank.kev > 3.0) & (blank.kev < 39.0)
    total = simulate(spectrometer, blank)[0]
    return replace(
        spectrometer, scale=spectrometer.scale * blank.counts[rows].sum() / total[rows].sum()
    )


def peak(sample: Sample, spectrum: np.ndarray, kev: float) -> float:
    """Net counts of a peak."""
    return net_area(sample.kev, spectrum, kev, HALF[kev > 14])


def peak_rows(samples: dict[str, Sample], stages: list[Spectrometer]) -> list[str]:
    """Table of simulated over measured net counts, one column a stage."""
    rows = []
    for name, lines in PEAKS.items():
        sample = samples[name]
        spectra = [simulate(stage, sample)[0] for stage in stages]
        for label, kev in lines.items():
            measured = peak(sample, sample.counts, kev)
            ratios = [f"{peak(sample, spectrum, kev) / measured - 1:+.0%}" for spectrum in spectra]
            rows.append(f"| {name} | {label} | {measured:,.0f} | {' | '.join(ratios)} |")
    return rows


def scatter_rows(samples: dict[str, Sample], stages: list[Spectrometer]) -> list[str]:
    """Return the same for the ratio of scatter (continuum, Compton, Rayleigh) to the main line."""
    bands = {
        "continuum 11.5-12.5 keV": (12.0, 0.5),
        "Compton": (18.9, 0.5),
        "Rayleigh": (20.2, 0.2),
    }
    rows = []
    for name, lines in PEAKS.items():
        sample = samples[name]
        main = next(iter(lines.values())) if name != "Zr" else 15.75
        cells = []
        for centre, half in bands.values():
            measured = band_counts(sample.kev, sample.counts, centre, half)
            measured /= peak(sample, sample.counts, main)
            told = []
            for stage in stages:
                spectrum = simulate(stage, sample)[0]
                found = band_counts(sample.kev, spectrum, centre, half) / peak(
                    sample, spectrum, main
                )
                told.append(f"{found / measured - 1:+.0%}")
            cells.append(", ".join(told))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def plot(
    samples: dict[str, Sample], stage: Spectrometer, names: tuple[str, ...], out: Path
) -> None:
    """Measured and simulated spectra in a log scale."""
    figure, axes = plt.subplots(len(names), 1, figsize=(9, 2.6 * len(names)), sharex=True)
    for axis, name in zip(np.atleast_1d(axes), names, strict=True):
        sample = samples[name]
        total, _, scatter = simulate(stage, sample)
        axis.semilogy(sample.kev, sample.counts + 0.3, lw=0.6, color="0.35", label="measured")
        axis.semilogy(sample.kev, total + 0.3, lw=0.9, color="C3", label="simulated")
        axis.semilogy(sample.kev, scatter + 0.3, lw=0.7, color="C0", ls="--", label="scatter alone")
        axis.set(xlim=(0.8, 40), ylim=(0.5, sample.counts.max() * 2), ylabel="counts")
        axis.set_title(name, loc="left", fontsize=9)
    np.atleast_1d(axes)[0].legend(fontsize=7)
    np.atleast_1d(axes)[-1].set_xlabel("energy (keV)")
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    plt.close(figure)


def main(folder: Path) -> None:
    """Fit, plot, print the tables."""
    samples = {name: read_sample(folder / file, name) for name, file in FILES.items()}
    plain = Spectrometer()
    before = scale_to_blank(plain, samples["Acrylic"])
    after = fit_spectrometer(Spectrometer(multiple=0.2), samples)
    own = replace(after, detector=replace(after.detector, shelf=0.3, tail=0.5))
    print(after)
    stages = [before, own]
    print("\n".join(peak_rows(samples, stages)))
    print("\n".join(scatter_rows(samples, stages)))
    images = HERE / "images"
    images.mkdir(exist_ok=True)
    plot(samples, own, ("Acrylic", "S", "Si"), images / "nist_light.png")
    plot(samples, own, ("Ti", "Cr", "Fe", "Ni", "Cu"), images / "nist_metals.png")
    plot(samples, own, ("Zr", "Sn", "Steel"), images / "nist_heavy.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
