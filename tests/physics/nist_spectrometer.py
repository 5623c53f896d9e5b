"""Comparison of the physics with measured spectra of pure materials, on one absolute scale.

The spectra are from NIST (public domain), measured with a benchtop micro-XRF spectrometer: Rh tube
with a polycapillary lens or Mo tube with a collimator, 50 kV, beam and detector at 50 degrees to
the surface and 90 degrees apart in azimuth, 20 mbar of air. The files of the Rh series give these
settings for the acrylic blanks; the metals were measured with the same instrument.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from napari_xrf_pigments._typing import FloatArray
from napari_xrf_pigments.io import open_cube
from napari_xrf_pigments.physics.composition import formula_fractions
from napari_xrf_pigments.physics.detector import DetectorModel, path_transmission, pile_up, response
from napari_xrf_pigments.physics.fluorescence import line_table, primary_fluorescence
from napari_xrf_pigments.physics.layered_samples import Geometry, Stacks
from napari_xrf_pigments.physics.scatter import compton_width_kev, scatter_table, single_scatter
from napari_xrf_pigments.physics.secondary import exciter_table, secondary_share
from napari_xrf_pigments.physics.tube import Beam, tube_beam

#: Pressure in the chamber relative to the atmosphere.
_PRESSURE = 0.02


@dataclass(frozen=True)
class Spectrometer:
    """An instrument with its free parameters.

    Parameters
    ----------
    anode : str
        Anode of the tube.
    filters : tuple of (str, float)
        Elements and thickness in mm.
    tube_angle_deg : float
        Take-off angle of the anode.
    optics_cut_kev : float or None
        Energy of half transmission of the lens, keV, as in `tube_beam`.
    optics_soft_kev : float
        Energy E0 of the loss of soft photons in the lens, transmission 1 - exp(-(E / E0)^2); 0
        for none.
    line_ratio : float
        Factor on the lines of the anode.
    scale : float
        Counts per photon of the simulated fluorescence.
    multiple : float
        Compton counts of twice-scattered photons relative to those scattered once.
    pile_up : float
        Time within which two pulses are counted as one, s.
    blank_um : float
        Depth of the acrylic within the view of the detector, um.
    detector : DetectorModel
        The detector.
    """

    anode: str = "Rh"
    filters: tuple[tuple[str, float], ...] = ()
    tube_angle_deg: float = 12.0
    optics_cut_kev: float | None = None
    optics_soft_kev: float = 0.0
    line_ratio: float = 1.0
    scale: float = 1e9
    multiple: float = 0.0
    pile_up: float = 0.0
    blank_um: float = 12_000.0
    detector: DetectorModel = field(default_factory=lambda: DetectorModel(143.9, 0.45, 13.0, 0.029))

    @property
    def geometry(self) -> Geometry:
        """Angles of the instrument."""
        return Geometry(50.0, 50.0, 90.0)


@dataclass(frozen=True)
class Sample:
    """A measured spectrum.

    Parameters
    ----------
    name : str
        Name of the material.
    kev, counts : ndarray, shape (channel,)
        Energies in keV and counts.
    seconds : float
        Live time.
    """

    name: str
    kev: FloatArray
    counts: FloatArray
    seconds: float


#: Composition by mass, density in g/cm3 and thickness in um (infinite but for acrylic).
MATERIALS: dict[str, tuple[dict[int, float], float, float]] = {
    **{
        name: (formula_fractions(name), density, 3000.0)
        for name, density in {
            "S": 2.0, "Si": 2.33, "Ti": 4.5, "Cr": 7.2, "Fe": 7.87, "Ni": 8.9,
            "Cu": 8.96, "Zr": 6.5, "Sn": 7.3,
        }.items()
    },
    # The nominal composition of AISI 316; the file does not name the stainless steel.
    "Steel": (
        {26: 0.665, 24: 0.17, 28: 0.12, 42: 0.025, 25: 0.015, 14: 0.005}, 7.9, 3000.0
    ),
    "Acrylic": (formula_fractions("C5H8O2"), 1.18, 12_000.0),
}  # fmt: skip


def read_sample(path: Path | str, name: str) -> Sample:
    """Read the spectrum of a file."""
    cube = open_cube(path)
    seconds = float(np.asarray(cube.live_time_s).ravel()[0])
    counts = np.asarray(cube.counts[0, 0]).astype(np.float64)
    return Sample(name, cube.energies.kev, counts, seconds)


@lru_cache(maxsize=64)
def unfiltered_beam(
    anode: str, filters: tuple[tuple[str, float], ...], angle: float, ratio: float
) -> Beam:
    """Compute the beam before the optics."""
    return tube_beam(
        anode, 50.0, filters=filters, window_be_mm=0.1, angle_deg=angle, line_ratio=ratio
    )


@lru_cache(maxsize=256)
def _emission(
    spectrometer: Spectrometer, name: str
) -> tuple[Beam, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Compute lines and scatter per photon of the tube, before the detector."""
    plain = unfiltered_beam(
        spectrometer.anode,
        spectrometer.filters,
        spectrometer.tube_angle_deg,
        spectrometer.line_ratio,
    )
    flux = plain.flux
    if spectrometer.optics_cut_kev is not None:
        flux = flux / (1.0 + (plain.kev / spectrometer.optics_cut_kev) ** 4)
    if spectrometer.optics_soft_kev > 0:
        flux = flux * -np.expm1(-((plain.kev / spectrometer.optics_soft_kev) ** 2))
    beam = replace(plain, flux=flux)
    fractions, density, um = MATERIALS[name]
    if name == "Acrylic":
        um = spectrometer.blank_um
    stacks = Stacks.from_layers([[(fractions, density, um)]])
    lines = line_table(stacks.z, beam)
    exciters = exciter_table(stacks.z, lines, beam)
    secondary = secondary_share(stacks, beam, spectrometer.geometry, lines, exciters)
    primary = primary_fluorescence(stacks, beam, spectrometer.geometry, lines)
    emitted = (primary * (1 + secondary))[0].sum(0)
    scatter = scatter_table(stacks.z, beam, spectrometer.geometry)
    rayleigh, compton = single_scatter(stacks, beam, spectrometer.geometry, scatter)
    return (
        beam, np.array(lines.kev), emitted.double().numpy(),
        scatter.compton_kev, rayleigh[0].double().numpy(), compton[0].double().numpy(),
    )  # fmt: skip


def simulate(
    spectrometer: Spectrometer, sample: Sample
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Simulate the spectrum of a sample.

    Returns
    -------
    total, fluorescence, scatter : ndarray, shape (channel,)
        Counts; the total includes pile-up.
    """
    bare = replace(spectrometer, scale=1.0, multiple=0.0, pile_up=0.0)
    beam, kev, lines, shifted, rayleigh, compton = _emission(bare, sample.name)
    gain = float(sample.kev[1] - sample.kev[0])
    offset, channels = float(sample.kev[0]), len(sample.kev)

    def detected(at: FloatArray, width: FloatArray) -> FloatArray:
        passed = path_transmission(at, 20.0 * _PRESSURE, "air")
        matrix = response(spectrometer.detector, at, width, gain, offset, channels)
        return matrix.double().numpy() * passed[:, None]

    bins = 0.42 * beam.width_kev
    doppler = compton_width_kev(beam.kev, spectrometer.geometry.scattering_deg)
    loss = beam.kev - shifted
    fluorescence = lines @ detected(kev, np.zeros(len(kev)))
    once = compton @ detected(shifted, np.hypot(bins, doppler))
    again = compton @ detected(shifted - 0.45 * loss, np.hypot(bins, doppler + 0.6 * loss))
    scatter = rayleigh @ detected(beam.kev, bins) + once + spectrometer.multiple * again
    factor = spectrometer.scale * sample.seconds
    total = (fluorescence + scatter) * factor
    rate = total.sum() / sample.seconds
    share = torch.tensor([rate * spectrometer.pile_up])
    piled = pile_up(torch.from_numpy(total)[None].float(), share.float(), -offset / gain)
    return piled[0].double().numpy(), fluorescence * factor, scatter * factor


def band_counts(kev: FloatArray, counts: FloatArray, centre: float, half: float = 0.3) -> float:
    """Sum the counts within `half` keV of a central energy in keV."""
    return float(counts[(kev > centre - half) & (kev < centre + half)].sum())


def net_area(kev: FloatArray, counts: FloatArray, centre: float, half: float) -> float:
    """Compute the net counts of a peak above the mean of the bands on either side."""
    inside = (kev > centre - half) & (kev < centre + half)
    left = counts[(kev > centre - 1.5 * half) & (kev <= centre - half)]
    right = counts[(kev >= centre + half) & (kev < centre + 1.5 * half)]
    return float(counts[inside].sum() - inside.sum() * 0.5 * (left.mean() + right.mean()))
