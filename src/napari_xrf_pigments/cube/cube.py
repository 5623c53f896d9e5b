"""A macro-XRF scan: counts, energy axis and acquisition settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from .._typing import BoolArray, FloatArray
from .acquisition import Acquisition
from .chunks import choose_chunks
from .energy import EnergyAxis, EnergySource

Statistic = Literal["sum", "mean", "max"]

# Each worker holds several chunks; more workers would take too much memory.
_WORKERS = min(6, os.cpu_count() or 1)


@dataclass(frozen=True)
class Source:
    """The file or folder that a cube was read from.

    Parameters
    ----------
    path : Path
        The file or folder.
    format : str
        Name of the format in words, such as ``"Ripple (.rpl/.raw)"``.
    size : int
        Size in bytes when it was opened (for a folder: of all pixel files).
    modified : float
        Time of its last change, seconds since the epoch.
    notes : tuple of str
        Plain sentences on anomalies and missing metadata, collected while reading.
    points : tuple of str
        Names of the pixels, where they are separate measurements in one row; else empty.
    detectors : tuple of str
        Names of the detectors that can be opened, where there are several; else empty.
    opened : tuple of str
        Those whose counts were added up.
    """

    path: Path
    format: str
    size: int = 0
    modified: float = 0.0
    notes: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()


@dataclass(frozen=True)
class XRFCube:
    """A scan: a spectrum at every pixel.

    Parameters
    ----------
    counts : dask.array.Array, shape (y, x, channel), integers
        Lazy counts; channels are never split over chunks.
    energies : EnergyAxis
        The energy of each channel.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    pixel_mm : tuple of float or None
        Height and width of a pixel (dy, dx) in mm.
    live_time_s : ndarray, shape (y, x), or None
        Live time of each pixel in s.
    valid : ndarray of bool, shape (y, x), or None
        Which pixels were measured; None means all of them.
    source : Source or None
        File or folder that the counts were read from.

    Raises
    ------
    ValueError
        If the shapes disagree or the counts are not integers.
    """

    counts: da.Array
    energies: EnergyAxis
    acquisition: Acquisition = Acquisition()
    pixel_mm: tuple[float, float] | None = None
    live_time_s: NDArray[np.floating] | None = None
    valid: BoolArray | None = None
    source: Source | None = None

    def __post_init__(self) -> None:
        if self.counts.ndim != 3:
            raise ValueError(
                f"A cube has the axes (y, x, channel), but the counts have {self.counts.ndim}."
            )
        if not np.issubdtype(self.counts.dtype, np.integer):
            raise ValueError(f"Counts must be integers, not {self.counts.dtype}.")
        if self.counts.shape[2] != self.energies.n_channels:
            raise ValueError(
                f"The counts have {self.counts.shape[2]} channels, "
                f"the energy axis has {self.energies.n_channels}."
            )
        for name in ("live_time_s", "valid"):
            image = getattr(self, name)
            if image is not None and np.shape(image) != self.counts.shape[:2]:
                raise ValueError(f"{name} must have the shape {self.counts.shape[:2]}.")

    @classmethod
    def from_array(
        cls,
        counts: Any,
        *,
        gain_kev: float,
        offset_kev: float = 0.0,
        anode: str | None = None,
        tube_kv: float | None = None,
        acquisition: Acquisition | None = None,
        pixel_mm: tuple[float, float] | None = None,
        live_time_s: NDArray[np.floating] | None = None,
        valid: BoolArray | None = None,
        source: Source | None = None,
        energy_source: EnergySource = "user",
    ) -> XRFCube:
        """Make a cube from an array of counts.

        Parameters
        ----------
        counts : array_like, shape (y, x, channel)
            numpy or dask integers (or floats that are all whole numbers, if numpy).
        gain_kev, offset_kev : float
            Width of a channel and energy of the centre of channel 0, keV.
        anode : str, optional
            Chemical symbol of the tube's anode.
        tube_kv : float, optional
            Tube voltage in kV.
        acquisition : Acquisition, optional
            Further settings; `anode` and `tube_kv` take precedence over it.
        pixel_mm : tuple of float, optional
            Height and width of a pixel in mm.
        live_time_s : ndarray, shape (y, x), optional
            Live time of each pixel in s.
        valid : ndarray of bool, shape (y, x), optional
            Which pixels were measured.
        source : Source, optional
            File or folder that the counts were read from.
        energy_source : {"file", "estimated", "user"}
            Origin of gain and offset.

        Raises
        ------
        ValueError
            If the counts are not three-dimensional whole numbers.
        """
        if not isinstance(counts, da.Array):
            counts = np.asarray(counts)
            if counts.ndim != 3:
                raise ValueError(
                    f"A cube has the axes (y, x, channel), but the counts have {counts.ndim}."
                )
            if np.issubdtype(counts.dtype, np.floating):
                whole = counts.astype(np.int64)
                if not np.array_equal(whole, counts):
                    raise ValueError("Counts must be whole numbers.")
                counts = whole
            counts = da.from_array(counts, chunks=choose_chunks(counts.shape, counts.dtype))
        elif counts.ndim == 3 and counts.numblocks[2] > 1:
            counts = counts.rechunk(choose_chunks(counts.shape, counts.dtype))
        settings = (acquisition or Acquisition()).updated(anode=anode, tube_kv=tube_kv)
        axis = EnergyAxis(counts.shape[-1], gain_kev, offset_kev, energy_source)
        return cls(counts, axis, settings, pixel_mm, live_time_s, valid, source)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of rows, columns and channels."""
        rows, columns, channels = self.counts.shape
        return rows, columns, channels

    def with_energies(self, energies: EnergyAxis) -> XRFCube:
        """Return the same counts on another energy axis."""
        return replace(self, energies=energies)

    def with_acquisition(self, acquisition: Acquisition) -> XRFCube:
        """Return the same counts with other acquisition settings."""
        return replace(self, acquisition=acquisition)

    def total_counts(self) -> da.Array:
        """Return the lazy total counts of each pixel, shape (y, x), int64."""
        total: da.Array = self.counts.sum(axis=2, dtype=np.int64)
        return total

    def spectrum(self, y: int, x: int, radius: int = 0) -> FloatArray:
        """Return the spectrum of a pixel, or the mean over a disc around it, shape (channel,).

        Raises
        ------
        IndexError
            If the pixel lies outside the scan.
        """
        rows, columns, _ = self.shape
        if not (0 <= y < rows and 0 <= x < columns):
            raise IndexError(f"Pixel ({y}, {x}) lies outside the scan of {rows} x {columns}.")
        if radius <= 0:
            # One small read: a thread pool would take longer.
            one = self.counts[y, x].compute(scheduler="synchronous")
            return np.asarray(one, dtype=np.float64)
        return self.region_spectrum(self.disc(y, x, radius), "mean")

    def disc(self, y: int, x: int, radius: int) -> BoolArray:
        """Return the mask of the measured pixels within a radius of a pixel, shape (y, x)."""
        rows, columns, _ = self.shape
        yy, xx = np.ogrid[:rows, :columns]
        inside: BoolArray = (yy - y) ** 2 + (xx - x) ** 2 <= radius**2
        return inside if self.valid is None else inside & self.valid

    def region_spectrum(self, mask: BoolArray, statistic: Statistic = "mean") -> FloatArray:
        """Return the sum, mean or maximum spectrum of the pixels in a mask, shape (channel,).

        Pixels that were not measured do not count.

        Raises
        ------
        ValueError
            If no measured pixel lies in the mask.
        """
        chosen = mask if self.valid is None else mask & self.valid
        ys, xs = np.nonzero(chosen)
        if ys.size == 0:
            raise ValueError("No measured pixel lies in that region.")
        y0, y1, x0, x1 = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
        part = self.counts[y0:y1, x0:x1]
        inside = da.from_array(chosen[y0:y1, x0:x1], chunks=part.chunks[:2])[..., None]
        if statistic == "max":
            largest = da.where(inside, part, 0).max(axis=(0, 1)).compute(num_workers=_WORKERS)
            return np.asarray(largest, np.float64)
        lazy = da.where(inside, part, 0).sum(axis=(0, 1), dtype=np.int64)
        total = lazy.compute(num_workers=_WORKERS)
        scale = ys.size if statistic == "mean" else 1
        return np.asarray(total, dtype=np.float64) / scale

    def sum_spectrum(self) -> FloatArray:
        """Return the sum of the spectra of all measured pixels, shape (channel,)."""
        everywhere = np.ones(self.shape[:2], dtype=bool)
        return self.region_spectrum(everywhere, "sum")
