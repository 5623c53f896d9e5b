"""Plain values that the widgets of the Spectrum dock show (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bar:
    """One bar.

    Parameters
    ----------
    title : str
        Name for people.
    colour : str
        ``"#rrggbb"``.
    value : float
        Probability that it is there, 0-1.
    top, below : float or None
        Probabilities that it is in the top layer and below it; None for groups.
    kind, name : str
        ``"group"`` or ``"pigment"``, and the id.
    """

    title: str
    colour: str
    value: float
    top: float | None = None
    below: float | None = None
    kind: str = ""
    name: str = ""

    @property
    def place(self) -> str:
        """Where it most likely is, in words."""
        if self.top is None or self.below is None:
            return ""
        words = [word for word, p in (("top", self.top), ("below", self.below)) if p >= 0.5]
        return " + ".join(words)


@dataclass(frozen=True)
class MarkedLine:
    """A line to be marked on the spectrum.

    Parameters
    ----------
    label : str
        Such as ``"Fe Ka"``.
    kev : float
        Energy, keV.
    colour : str
        ``"#rrggbb"``.
    main : bool
        Whether it gets its label; minor lines are ticks only.
    """

    label: str
    kev: float
    colour: str
    main: bool = True


@dataclass(frozen=True)
class Band:
    """A stretch of the energy axis to be highlighted.

    Parameters
    ----------
    low, high : float
        Its ends, keV.
    colour : str
        ``"#rrggbb"``.
    """

    low: float
    high: float
    colour: str


@dataclass(frozen=True)
class DrawnCurve:
    """A spectrum as it is drawn.

    Parameters
    ----------
    key, name : str
        What it is called by the program, and by people.
    colour : str
        ``"#rrggbb"``; empty for the plot's own.
    kev, counts : ndarray, shape (channel,)
        Channel centres in keV, and counts.
    dashed : bool
        Whether its line is broken.
    """

    key: str
    name: str
    colour: str
    kev: NDArray[np.float64]
    counts: NDArray[np.float64]
    dashed: bool = False


@dataclass(frozen=True)
class FitCurves:
    """A fit as it is drawn; all arrays (channel,).

    Parameters
    ----------
    kev : ndarray
        Energies, keV.
    model, continuum : ndarray
        Fitted counts, and those of the continuum alone.
    residual : ndarray
        Counts minus model, in standard deviations.
    """

    kev: NDArray[np.float64]
    model: NDArray[np.float64]
    continuum: NDArray[np.float64]
    residual: NDArray[np.float64]


@dataclass(frozen=True)
class PeakRow:
    """An answer to what a peak is.

    Parameters
    ----------
    label : str
        Such as ``"Fe Kα"``.
    kev : float
        Where it should be, keV.
    reason : str
        What speaks for or against it.
    share : float
        How well it fits compared with the best, 0-1.
    family : str
        Line family, for lines; else empty.
    """

    label: str
    kev: float
    reason: str
    share: float
    family: str = ""


@dataclass(frozen=True)
class CurveRow:
    """A curve in the list of curves.

    Parameters
    ----------
    key, name : str
        What it is called by the program, and by people.
    colour : str
        ``"#rrggbb"``.
    shown, removable : bool
        Whether it is drawn, and whether it may be taken away.
    """

    key: str
    name: str
    colour: str
    shown: bool
    removable: bool


@dataclass(frozen=True)
class PlacedLine:
    """A line of a calibration by hand.

    Parameters
    ----------
    key, label : str
        Its family and series, and its name for people.
    true_kev : float
        Energy of the line, keV.
    channel : float or None
        Channel of the peak that it was put on; None until it was dragged.
    residual_ev : float or None
        How far the calibration misses it, eV.
    """

    key: str
    label: str
    true_kev: float
    channel: float | None = None
    residual_ev: float | None = None
