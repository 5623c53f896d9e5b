"""Response of a silicon drift detector, from photons to an expected spectrum.

Peak shape with shelf and tail after XMI-MSIM (its ``xmi_detector_f.F90``):

    X = (E - E0) / (sqrt(2) sigma)
    R = exp(-X^2) / (sqrt(2 pi) sigma) + (0.63 A3 + 15 A4 exp(a (E - E0))) erfc(X)

with A3, A4 and a functions of E0 in keV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._typing import FloatArray
from .atomic import compound_attenuation
from .lines import MN_KA_KEV

if TYPE_CHECKING:
    import torch

SI_KA_KEV = 1.740
FANO = 0.115
PAIR_KEV = 3.85e-3
FWHM_PER_SIGMA = 2.354820045
_SI_YIELD, _SI_K_SHARE = 0.047, 0.92


@dataclass(frozen=True)
class DetectorModel:
    """Response model of a detector.

    Parameters
    ----------
    fwhm_mn_ka_ev : float
        Full width at half maximum at Mn K-alpha (5.895 keV), eV.
    thickness_mm : float
        Thickness of the silicon in mm.
    window_um : float
        Beryllium window in um.
    dead_layer_um : float
        Insensitive silicon in um.
    shelf, tail : float
        Factors on the shelf and the tail of XMI-MSIM.
    escape : float
        Factor on the silicon escape peak.
    """

    fwhm_mn_ka_ev: float = 140.0
    thickness_mm: float = 0.45
    window_um: float = 12.5
    dead_layer_um: float = 0.05
    shelf: float = 1.0
    tail: float = 1.0
    escape: float = 1.0

    def sigma_kev(self, kev: FloatArray) -> FloatArray:
        """Return the standard deviation of peaks in keV, shape of `kev`.

        FWHM^2 = noise^2 + 2.3548^2 F 3.85 eV E, the noise fixed by the FWHM at Mn Ka.
        """
        at_mn = (self.fwhm_mn_ka_ev * 1e-3 / FWHM_PER_SIGMA) ** 2
        return np.sqrt(np.maximum(at_mn + FANO * PAIR_KEV * (kev - MN_KA_KEV), 1e-4))

    def efficiency(self, kev: FloatArray) -> FloatArray:
        """Return the detection efficiency, shape of `kev`."""
        energy = np.maximum(kev, 0.5)
        silicon = compound_attenuation({14: 1.0}, energy) * 2.33
        window = beryllium_depth(energy, self.window_um)
        dead = silicon * self.dead_layer_um * 1e-4
        return np.exp(-window - dead) * -np.expm1(-silicon * self.thickness_mm / 10)

    def escape_share(self, kev: FloatArray) -> FloatArray:
        """Return the ratio of escape peak to peak, shape of `kev`."""
        return self.escape * escape_share(kev)


def beryllium_depth(kev: FloatArray, um: float) -> FloatArray:
    """Return the optical depth of beryllium of a thickness in um, shape of `kev`."""
    return compound_attenuation({4: 1.0}, kev) * 1.848 * um * 1e-4


def escape_share(kev: FloatArray) -> FloatArray:
    """Return the ratio of silicon escape peak to peak, shape of `kev`.

    Reed and Ware 1972 (doi:10.1088/0022-3735/5/6/029) for normal incidence, with the
    K yield 0.047 of silicon and 92 % of its absorption in the K shell.
    """
    at_si = compound_attenuation({14: 1.0}, np.array([SI_KA_KEV]))[0]
    ratio = at_si / compound_attenuation({14: 1.0}, np.maximum(kev, 1.85))
    share = 0.5 * _SI_YIELD * _SI_K_SHARE * (1 - ratio * np.log1p(1 / ratio))
    return np.where(np.asarray(kev) > 1.84, share / (1 - share), 0.0)


def response(
    detector: DetectorModel,
    kev: FloatArray,
    extra_sigma_kev: FloatArray,
    gain_kev: float,
    offset_kev: float,
    n_channels: int,
) -> torch.Tensor:
    """Compute the expected counts in each channel for one photon of each energy.

    Parameters
    ----------
    detector : DetectorModel
        The detector.
    kev : ndarray, shape (component,)
        Energies of the photons in keV.
    extra_sigma_kev : ndarray, shape (component,)
        Width of the component before it is measured (Doppler, natural, a continuum
        bin), added in quadrature; keV.
    gain_kev, offset_kev, n_channels : float, float, int
        The energy axis.

    Returns
    -------
    Tensor, shape (component, channel), float32
    """
    import torch  # the fits use this module too, and need no torch

    centre = torch.as_tensor(kev, dtype=torch.float32)[:, None]
    # A channel integrates over its width: add the variance of a box in quadrature.
    variance = detector.sigma_kev(kev) ** 2 + extra_sigma_kev**2 + gain_kev**2 / 12
    sigma = torch.as_tensor(np.sqrt(variance), dtype=torch.float32)[:, None]
    axis = offset_kev + gain_kev * torch.arange(n_channels, dtype=torch.float32)
    efficiency = torch.as_tensor(detector.efficiency(kev), dtype=torch.float32)[:, None]
    x = (axis - centre) / (2**0.5 * sigma)
    peak = torch.exp(-(x**2)) / ((2 * np.pi) ** 0.5 * sigma)
    a3, a4, slope = (
        torch.as_tensor(v, dtype=torch.float32)[:, None] for v in shelf_and_tail_parameters(kev)
    )
    below = detector.shelf * 0.63 * a3 + detector.tail * 15 * a4 * torch.exp(
        torch.clamp(slope * (axis - centre), -60, 0)
    )
    shape = (peak + below * torch.special.erfc(x)) * (axis > 0)
    shape = shape * gain_kev / torch.clamp((shape * gain_kev).sum(1, keepdim=True), min=1.0)
    share = torch.as_tensor(detector.escape_share(kev), dtype=torch.float32)[:, None]
    x_escape = (axis - (centre - SI_KA_KEV)) / (2**0.5 * sigma)
    escape = share * gain_kev * torch.exp(-(x_escape**2)) / ((2 * np.pi) ** 0.5 * sigma)
    counted: torch.Tensor = (shape * (1 - share) + escape * (axis > 0)) * efficiency
    return counted


def shelf_and_tail_parameters(kev: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return A3, A4 and a (1/keV) of lines, each of the shape of `kev`."""
    energy = np.clip(kev, 1.0, 60.0)
    a3 = 2.73e-3 * np.exp(-0.21 * energy) + 1e-4
    a4 = 1.88e-4 * np.exp(-0.00296 * energy**0.763) + 1.355e-5 * np.exp(0.968 * energy**0.498)
    slope = 1.179 * np.exp(8.6e-4 * energy**1.877) - 7.793 * np.exp(-3.81 * energy**-0.0716)
    return a3, a4, slope


def path_transmission(kev: FloatArray, path_mm: float, atmosphere: str = "air") -> FloatArray:
    """Compute the transmission of the path to the detector, shape of `kev`.

    Parameters
    ----------
    kev : ndarray
        Energies in keV.
    path_mm : float
        Length in mm.
    atmosphere : {"air", "helium", "vacuum"}
        Gas at room temperature and pressure.

    Raises
    ------
    ValueError
        If the gas is none of these.
    """
    if atmosphere not in ("vacuum", *_GASES):
        raise ValueError(f"The atmosphere must be air, helium or vacuum, not {atmosphere!r}.")
    if atmosphere == "vacuum" or path_mm <= 0:
        return np.ones(np.shape(kev))
    fractions, density = _GASES[atmosphere]
    return np.exp(-compound_attenuation(fractions, np.maximum(kev, 0.5)) * density * path_mm / 10)


#: Mass fractions and density in g/cm3 at 20 C.
_GASES = {
    "air": ({7: 0.755, 8: 0.232, 18: 0.013}, 1.205e-3),
    "helium": ({2: 1.0}, 1.66e-4),
}


def pile_up(expected: torch.Tensor, share: torch.Tensor, zero_channel: float) -> torch.Tensor:
    """Add sum peaks: pairs of photons counted as one.

    Parameters
    ----------
    expected : Tensor, shape (spectrum, channel)
        Expected counts.
    share : Tensor, shape (spectrum,)
        Share of the counts that are pairs.
    zero_channel : float
        Channel (may be fractional or negative) of energy zero.

    Returns
    -------
    Tensor, same shape
        Sums beyond the end of the axis are lost.
    """
    import torch

    channels = expected.shape[1]
    total = torch.clamp(expected.sum(1, keepdim=True), min=1e-9)
    shape = expected / total
    spectrum = torch.fft.rfft(shape, n=2 * channels)
    pairs = torch.fft.irfft(spectrum * spectrum, n=2 * channels)
    # Channels i and j sum to i + j - zero, since each carries the offset once.
    shift = round(zero_channel)
    pairs = torch.roll(pairs, -shift, dims=1)
    if shift > 0:
        pairs[:, -shift:] = 0
    elif shift < 0:
        pairs[:, : min(-shift, pairs.shape[1])] = 0
    pairs = torch.clamp(pairs[:, :channels], min=0)
    part = share[:, None]
    return expected * (1 - 2 * part) + total * part * pairs
