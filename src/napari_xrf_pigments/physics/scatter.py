"""Rayleigh and Compton scatter of the beam by layered samples, in batches.

Single scattering with xraylib's differential cross-sections (form factors and
incoherent scattering functions). Photons that scatter more than once are left to
the simulation of the instrument.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xraylib

from .._typing import FloatArray
from .atomic import AtomicData
from .fluorescence import depth_above, escape_depth
from .layered_samples import Geometry, Stacks
from .tube import Beam

ELECTRON_KEV = 510.99895


def compton_kev(kev: FloatArray, angle_deg: float) -> FloatArray:
    """Return the energy after Compton scattering by a free electron at rest, keV."""
    return np.asarray(kev / (1 + kev / ELECTRON_KEV * (1 - np.cos(np.radians(angle_deg)))))


def compton_width_kev(kev: FloatArray, angle_deg: float) -> FloatArray:
    """Return the standard deviation (keV) of Doppler broadening for paint and canvas.

    The momentum p of the electrons along the scattering vector q shifts the energy by
    about E' |q| p / (m c E) E (impulse approximation); carbon and oxygen have a profile
    whose half width is about 1.2 atomic units, so p / (m c) has a sigma of 1.0 / 137.
    """
    scattered = compton_kev(kev, angle_deg)
    cosine = np.cos(np.radians(angle_deg))
    q = np.sqrt(kev**2 + scattered**2 - 2 * kev * scattered * cosine)
    return np.asarray(q * scattered / kev * (1.0 / 137.036))


@dataclass(frozen=True)
class ScatterTable:
    """Constants for the scatter of one beam at one angle, for a set of elements.

    All tensors have the shape (element, component): attenuation at the beam's and at the
    Compton-shifted energies in cm2/g, differential cross-sections in cm2/g/sr.
    """

    compton_kev: FloatArray
    mu_in: torch.Tensor
    mu_compton: torch.Tensor
    rayleigh: torch.Tensor
    compton: torch.Tensor


def scatter_table(
    z: tuple[int, ...],
    beam: Beam,
    geometry: Geometry,
    data: AtomicData | None = None,
    dtype: torch.dtype = torch.float32,
) -> ScatterTable:
    """Collect the constants for a set of elements, a beam and its angles."""
    source = data or AtomicData()
    theta = np.radians(geometry.scattering_deg)
    shifted = compton_kev(beam.kev, geometry.scattering_deg)

    def differential(function: str) -> torch.Tensor:
        of = getattr(xraylib, function)
        return torch.tensor([[of(n, float(e), theta) for e in beam.kev] for n in z], dtype=dtype)

    return ScatterTable(
        shifted,
        torch.tensor(np.array([source.mass_attenuation(n, beam.kev) for n in z]), dtype=dtype),
        torch.tensor(np.array([source.mass_attenuation(n, shifted) for n in z]), dtype=dtype),
        differential("DCS_Rayl"),
        differential("DCS_Compt"),
    )


def single_scatter(
    stacks: Stacks, beam: Beam, geometry: Geometry, table: ScatterTable
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute Rayleigh and Compton scatter of every component of the beam.

    Returns
    -------
    rayleigh, compton : Tensor, shape (stack, component)
        Photons per photon of the beam and per 4 pi of solid angle, as they leave the
        surface; the Compton ones have the energies ``table.compton_kev``.
    """
    fractions, areal = stacks.fractions, stacks.mass_thickness[..., None]
    flux = torch.as_tensor(beam.flux, dtype=fractions.dtype)
    mu_in = fractions @ table.mu_in
    incoming = mu_in / geometry.sin_in
    arriving = flux * torch.exp(-depth_above(incoming * areal)) / geometry.sin_in
    present = (stacks.mass_thickness > 0)[..., None]

    def leaving(mu: torch.Tensor, cross_section: torch.Tensor) -> torch.Tensor:
        outgoing = mu / geometry.sin_out
        chi = torch.where(present, incoming + outgoing, torch.ones_like(incoming))
        source = (fractions @ cross_section) * escape_depth(chi, areal) * 4 * np.pi
        return (source * arriving * torch.exp(-depth_above(outgoing * areal))).sum(dim=1)

    return leaving(mu_in, table.rayleigh), leaving(fractions @ table.mu_compton, table.compton)
