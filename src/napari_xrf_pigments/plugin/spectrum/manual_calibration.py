"""Manual energy calibration in progress: lines placed on peaks (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.calibration.manual import (
    LinePosition,
    ManualCalibration,
    calibrate_by_lines,
    snap_to_peak,
)
from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.physics.lines import visible_series

#: Share of the emission of its family above which a series is one of the main ones.
MAIN_SHARE = 0.25
#: Families whose main lines are suitable: strong, isolated, and common.
_FAMILIES = tuple(
    "Ca K,Ti K,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Se K,Sr K,Zr K,Cd K,Sn K,Sb K,Ba L,Ba K,"
    "Au L,Hg L,Pb L,S K,Si K,K K,Ar K".split(",")
)


@dataclass(frozen=True)
class PlacedLine:
    """A line of a manual calibration.

    Parameters
    ----------
    key, label : str
        Key, and display name.
    true_kev : float
        Energy of the line, keV.
    channel : float or None
        Channel of the peak that it was placed on; None until it was dragged.
    residual_ev : float or None
        Deviation from the calibrated axis, eV.
    """

    key: str
    label: str
    true_kev: float
    channel: float | None = None
    residual_ev: float | None = None


def line_choices(
    axis: EnergyAxis, anode: str | None = None, tube_kv: float | None = None
) -> list[tuple[str, float]]:
    """Return lines suitable for calibration: name and energy in keV, by energy.

    Parameters
    ----------
    axis : EnergyAxis
        Lines beyond its end are left out.
    anode : str, optional
        Chemical symbol of the anode, whose lines scatter.
    tube_kv : float, optional
        Lines that it does not excite are left out.
    """
    families = [*_FAMILIES, *((f"{anode} K", f"{anode} L") if anode else ())]
    names: dict[str, float] = {}
    for series in visible_series(families, float(axis.kev[-1]), tube_kv):
        if series.strength > MAIN_SHARE and series.kev > 1.2:
            names.setdefault(series.label, series.kev)
    return sorted(names.items(), key=lambda entry: entry[1])


class ManualLines:
    """Lines placed on peaks one after the other, and the axis fitted to them."""

    def __init__(self) -> None:
        self._lines: dict[str, PlacedLine] = {}

    def add(self, label: str, kev: float) -> None:
        """Add a line; it is drawn at its energy until it is moved."""
        self._lines.setdefault(label, PlacedLine(label, label, kev))

    def move(
        self,
        key: str,
        kev: float,
        spectrum: NDArray[np.float64],
        axis: EnergyAxis,
        fwhm_mn_ka_ev: float | None = None,
    ) -> None:
        """Place a line on the peak nearest to an energy (keV)."""
        if key in self._lines:
            channel = snap_to_peak(spectrum, axis, kev, fwhm_mn_ka_ev)
            self._lines[key] = replace(self._lines[key], channel=channel)

    def remove(self, key: str) -> None:
        """Remove a line."""
        self._lines.pop(key, None)

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()

    def solve(self, axis: EnergyAxis) -> ManualCalibration | None:
        """Fit the axis to the lines placed on peaks; None while there is none.

        Raises
        ------
        ValueError
            If the lines define no axis.
        """
        placed = [
            LinePosition(line.label, line.true_kev, line.channel)
            for line in self._lines.values()
            if line.channel is not None
        ]
        return calibrate_by_lines(placed, axis) if placed else None

    def rows(self, calibration: ManualCalibration | None) -> list[PlacedLine]:
        """Return the lines by energy, with their residuals where there is a calibration."""
        residuals: dict[str, float] = {}
        if calibration is not None:
            names = [position.name for position in calibration.positions]
            residuals = dict(zip(names, calibration.residual_ev, strict=True))
        rows = [replace(line, residual_ev=residuals.get(key)) for key, line in self._lines.items()]
        return sorted(rows, key=lambda line: line.true_kev)

    def handles(self, axis: EnergyAxis) -> dict[str, tuple[str, float]]:
        """Return where the lines are drawn on an axis: key to label and keV."""
        return {
            key: (
                line.label,
                line.true_kev
                if line.channel is None
                else axis.offset_kev + axis.gain_kev * line.channel,
            )
            for key, line in self._lines.items()
        }


def to_saved_lines(positions: Iterable[LinePosition]) -> tuple[tuple[str, float, float], ...]:
    """Return lines as they are saved: name, keV and channel each."""
    return tuple((position.name, position.kev, position.channel) for position in positions)
