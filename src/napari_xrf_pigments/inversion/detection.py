"""From photons to binned spectra: the detector of a fitted instrument as matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from .._typing import FloatArray
from ..physics.detector import path_transmission, response
from ..physics.lines import atomic_number, line_family
from ..physics.scatter import compton_width_kev
from .emission import PaintEmission
from .instrument import FittedInstrument

#: Width of a bin, keV, and the energy above which peaks are broader and bins twice as wide, keV.
_BIN_KEV, _BROAD_KEV = 0.04, 11.0
#: Softest and hardest energies fitted: the latter relative to the voltage of the tube.
_SOFTEST_KEV, _BEYOND_KV = 1.25, 1.0
#: Centres of the terms by which the scatter may deviate from its model, keV.
_SCATTER_KNOTS = (1.5, 3.5, 6.0, 9.0, 12.0, 15.5, 19.5, 25.0, 33.0, 45.0)


@dataclass(frozen=True)
class Bins:
    """Bins of channels in which spectra are fitted.

    Parameters
    ----------
    first, fold, narrow, wide : int
        First channel, channels per narrow bin, number of narrow bins, and number of bins of twice
        that width which follow them.
    """

    first: int
    fold: int
    narrow: int
    wide: int

    @property
    def count(self) -> int:
        """Number of bins."""
        return self.narrow + self.wide

    @property
    def fine(self) -> int:
        """Number of bins before the last are joined in pairs."""
        return self.narrow + 2 * self.wide

    @classmethod
    def of(cls, instrument: FittedInstrument, softest_kev: float = _SOFTEST_KEV) -> Bins:
        """Choose bins much narrower than a peak, up to the energy of the tube."""
        gain, offset = instrument.gain_kev, instrument.offset_kev
        fold = max(1, round(_BIN_KEV / gain))
        low = max(softest_kev, instrument.threshold_kev + 0.1)
        first = max(0, int(np.ceil((low - offset) / gain)))
        last = int((instrument.tube_kv + _BEYOND_KV - offset) / gain)
        fine = max(0, (min(last, instrument.n_channels) - first) // fold)
        broad = int((_BROAD_KEV - offset) / gain - first) // fold
        narrow = int(np.clip(broad, 0, fine))
        return cls(first, fold, narrow, (fine - narrow) // 2)

    def folded(self, counts: FloatArray) -> FloatArray:
        """Sum counts into bins, shape (..., bin)."""
        inside = counts[..., self.first : self.first + self.fine * self.fold]
        fine = inside.reshape(*inside.shape[:-1], self.fine, self.fold).sum(-1)
        return np.asarray(self.joined(fine))

    def joined(self, values: Any) -> Any:
        """Join the last fine bins in pairs: (..., fine bin) to (..., bin), by sums."""
        pairs = values[..., self.narrow :].reshape(*values.shape[:-1], self.wide, 2).sum(-1)
        concatenate = torch.cat if isinstance(values, torch.Tensor) else np.concatenate
        return concatenate([values[..., : self.narrow], pairs], -1)

    def fine_kev(self, instrument: FittedInstrument) -> FloatArray:
        """Return the centres of the bins before the last are joined, keV."""
        channel = self.first + 0.5 * (self.fold - 1) + self.fold * np.arange(self.fine)
        return np.asarray(instrument.offset_kev + instrument.gain_kev * channel)

    def kev(self, instrument: FittedInstrument) -> FloatArray:
        """Return the centres of the bins, keV."""
        width = np.where(np.arange(self.fine) < self.narrow, 1.0, 0.5)
        return np.asarray(self.joined(self.fine_kev(instrument) * width))


@dataclass(frozen=True)
class UnitResponse:
    """Counts per photon of a detector, before the factors on scatter.

    Parameters
    ----------
    key : tuple
        Everything that the response depends on.
    lines : Tensor, shape (line, bin)
        Of the lines.
    compton, again, rayleigh : Tensor, shape (component of the beam, bin)
        Of photons scattered once, more than once, and without loss of energy.
    """

    key: tuple[object, ...]
    lines: torch.Tensor
    compton: torch.Tensor
    again: torch.Tensor
    rayleigh: torch.Tensor

    @classmethod
    def of(
        cls, instrument: FittedInstrument, emission: PaintEmission, bins: Bins, key: tuple[Any, ...]
    ) -> UnitResponse:
        """Compute the response as :func:`napari_xrf_pigments.simulation.spectra.responses` does."""
        beam = instrument.excitation.beam
        readout, axis = instrument.readout, _axis(instrument, bins)

        def detected(kev: FloatArray, spread: FloatArray) -> torch.Tensor:
            air = path_transmission(kev, readout.path_mm, readout.atmosphere)
            matrix = bins.joined(response(readout.detector, kev, spread, *axis)).double()
            matrix = matrix * torch.as_tensor(air)[:, None]
            return torch.as_tensor(matrix)

        kev = emission.lines.table.kev
        compton_kev = emission.scatter.compton_kev
        width = beam.width_kev * 0.42
        doppler = compton_width_kev(beam.kev, instrument.excitation.geometry.scattering_deg)
        loss = beam.kev - compton_kev
        return cls(
            key,
            detected(kev, np.zeros(len(kev))),
            detected(compton_kev, np.hypot(width, doppler)),
            detected(compton_kev - 0.45 * loss, np.hypot(width, doppler + 0.6 * loss)),
            detected(beam.kev, width),
        )


@dataclass(frozen=True)
class Detection:
    """Response of an instrument to the emission of paint, in bins.

    Parameters
    ----------
    unit : UnitResponse
        Counts per photon.
    compton, rayleigh : Tensor, shape (component of the beam, bin)
        Counts per scattered photon, all factors included.
    own : Tensor, shape (source, bin)
        Spectra of the instrument itself, per count of the whole spectrum: argon, each element of
        the housing, each background.
    knots : Tensor, shape (term, bin)
        Terms by which scatter may deviate from its model; they sum to 1.
    pile_up : float
        Share of counts that are pairs.
    """

    unit: UnitResponse
    compton: torch.Tensor
    rayleigh: torch.Tensor
    own: torch.Tensor
    knots: torch.Tensor
    pile_up: float

    @property
    def lines(self) -> torch.Tensor:
        """Counts per photon of each line, shape (line, bin)."""
        return self.unit.lines

    @classmethod
    def of(
        cls,
        instrument: FittedInstrument,
        emission: PaintEmission,
        bins: Bins,
        before: Detection | None = None,
    ) -> Detection:
        """Compute the response of an instrument in given bins.

        Parameters
        ----------
        instrument : FittedInstrument
            The instrument.
        emission : PaintEmission
            Emission of paint under its beam.
        bins : Bins
            The bins.
        before : Detection, optional
            Response of another instrument to the same lines; parts that are equal are reused.
        """
        detector = instrument.readout.detector
        key = (
            detector, instrument.path_mm, instrument.atmosphere, _axis(instrument, bins),
            instrument.excitation.geometry,
        )  # fmt: skip
        unit = before.unit if before is not None and before.unit.key == key else None
        unit = unit or UnitResponse.of(instrument, emission, bins, key)
        factor, again = instrument.scatter_factor, instrument.multiple_scatter
        return cls(
            unit,
            factor * (unit.compton * (1 - again) + unit.again * again),
            factor * instrument.rayleigh_factor * unit.rayleigh,
            bins.joined(_own_spectra(instrument, bins)),
            _knots(bins.kev(instrument)),
            instrument.pile_up,
        )


def _axis(instrument: FittedInstrument, bins: Bins) -> tuple[float, float, int]:
    """Return width, first centre (keV) and number of the bins before the last are joined."""
    channel = bins.first + 0.5 * (bins.fold - 1)
    offset = instrument.offset_kev + instrument.gain_kev * channel
    return instrument.gain_kev * bins.fold, offset, bins.fine


def _own_spectra(instrument: FittedInstrument, bins: Bins) -> torch.Tensor:
    axis, detector = _axis(instrument, bins), instrument.readout.detector
    kev = axis[1] + axis[0] * torch.arange(axis[2], dtype=torch.float64)
    rows = []
    for symbol, share in (("Ar", instrument.argon_share), *instrument.housing):
        shell = "L" if atomic_number(symbol) > 55 else "K"
        lines = line_family(f"{symbol} {shell}", 40.0)
        shape = response(detector, lines.kev, np.zeros(len(lines.kev)), *axis).double()
        shape = (torch.as_tensor(lines.strength)[:, None] * shape).sum(0)
        rows.append(share * shape / shape.sum().clamp(min=1e-9))
    for share, decay in instrument.background:
        shape = torch.exp(-(kev - kev[-1] / 2) / decay)
        rows.append(share * shape / shape.sum())
    return torch.stack(rows)


def _knots(kev: FloatArray) -> torch.Tensor:
    """Return linear interpolation weights of the scatter's terms on a logarithmic scale."""
    inside = [knot for knot in _SCATTER_KNOTS if knot < kev[-1] + 6]
    position = np.interp(np.log(kev), np.log(inside), np.arange(len(inside)))
    rows = np.arange(len(inside))[:, None]
    return torch.as_tensor(np.maximum(0.0, 1 - np.abs(position - rows)))


def pair_spectrum(counts: FloatArray, zero_channel: float) -> FloatArray:
    """Compute the spectrum of pairs of a measured spectrum's photons, shape (..., channel).

    Parameters
    ----------
    counts : ndarray, shape (..., channel)
        Counts.
    zero_channel : float
        Channel of energy zero; may be fractional or negative.

    Returns
    -------
    ndarray, same shape
        Pairs with the total of the counts; those beyond the axis are lost.
    """
    size = counts.shape[-1]
    total = np.maximum(counts.sum(-1, keepdims=True), 1.0)
    transform = np.fft.rfft(counts / total, 2 * size)
    pairs = np.fft.irfft(transform**2, 2 * size)
    shift = round(zero_channel)
    moved = np.zeros_like(counts, dtype=np.float64)
    source = np.arange(size) + shift
    inside = (source >= 0) & (source < 2 * size)
    moved[..., inside] = pairs[..., source[inside]]
    return np.asarray(np.maximum(moved, 0.0) * total)
