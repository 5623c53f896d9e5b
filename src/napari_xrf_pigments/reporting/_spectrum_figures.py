"""Maps and spectra of a report, drawn as data URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cube.energy import last_counted_kev
from ._page import MapPicture
from .figures import render_map

DPI = 150
MAP_MM = 100.0


@dataclass(frozen=True)
class RegionSpectrum:
    """Spectra of a region, or of the whole scan.

    Parameters
    ----------
    name : str
        Display name.
    kev : ndarray, shape (channel,)
        Energies of the channel centres, keV.
    mean : ndarray, shape (channel,)
        Mean counts per pixel.
    pixels : int
        Number of measured pixels.
    maximum : ndarray, shape (channel,), or None
        Greatest counts of any pixel.
    lines : tuple of (str, float)
        Marked lines: label and energy in keV.
    statistics : tuple of (str, str)
        Further values: name and text.
    """

    name: str
    kev: NDArray[np.float64]
    mean: NDArray[np.float64]
    pixels: int
    maximum: NDArray[np.float64] | None = None
    lines: tuple[tuple[str, float], ...] = ()
    statistics: tuple[tuple[str, str], ...] = ()


def picture_uri(picture: MapPicture) -> str:
    """Draw a map as a PNG."""
    return png_uri(render_map(picture, DPI, MAP_MM, for_print=False))


def png_uri(dots: NDArray[np.uint8]) -> str:
    """Return an image, shape (y, x, 3 or 4), as a PNG."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(dots).save(file, "PNG")
    return _uri("image/png", file.getvalue())


def spectrum_uri(spectrum: RegionSpectrum) -> str:
    """Draw the spectra of a region as an SVG: mean and maximum, logarithmic, with marked lines."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 2.6), layout="constrained")
    axes = figure.add_subplot()
    kev = np.asarray(spectrum.kev)
    shown = kev > 0.5  # without the zero peak
    low = 0.1 / max(1, spectrum.pixels)
    if spectrum.maximum is not None:
        axes.plot(
            kev[shown],
            np.maximum(spectrum.maximum[shown], low),
            lw=0.6,
            color="#b9b9b9",
            label="maximum",
        )
    axes.plot(kev[shown], np.maximum(spectrum.mean[shown], low), lw=0.8, color="#1a4fc4",
              label="mean")  # fmt: skip
    top = float(np.max(spectrum.mean[shown], initial=1e-9))
    if spectrum.maximum is not None:
        top = max(top, float(np.max(spectrum.maximum[shown], initial=1e-9)))
    measured = spectrum.mean[shown & (spectrum.mean > 0)]
    bottom = float(np.percentile(measured, 2)) / 2 if measured.size else top / 1e4
    axes.set_yscale("log")
    axes.set_ylim(bottom, 4 * top)
    right = min(float(kev[-1]), 1.08 * last_counted_kev(kev, spectrum.mean))
    axes.set_xlim(max(0.0, float(kev[0])), right)
    marked = [(label, energy) for label, energy in spectrum.lines if kev[0] < energy < right]
    for number, (label, energy) in enumerate(sorted(marked, key=lambda line: line[1])):
        axes.axvline(energy, color="#c0392b", lw=0.5, ls="--")
        height = 0.98 - 0.075 * (number % 4)
        axes.text(
            energy, height, f" {label}", transform=axes.get_xaxis_transform(), fontsize=7, va="top",
            color="#7b241c", parse_math=False, clip_on=True,
        )  # fmt: skip
    axes.set_xlabel("Energy (keV)", fontsize=8)
    axes.set_ylabel("Counts per pixel", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    file = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    return _uri("image/svg+xml", file.getvalue())


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
