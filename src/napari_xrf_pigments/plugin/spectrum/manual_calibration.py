"""A calibration by hand while it is being made (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.calibration.manual import (
    LinePosition,
    ManualCalibration,
    calibrate_by_lines,
    snap_to_peak,
)
from napari_xrf_pigments.cube import EnergyAxis

from .marks import marked_lines
from .rows import PlacedLine

#: Families whose main lines are good marks: strong, alone, and common.
_MARKS = tuple(
    "Ca K,Ti K,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Se K,Sr K,Zr K,Cd K,Sn K,Sb K,Ba L,Ba K,"
    "Au L,Hg L,Pb L,S K,Si K,K K,Ar K".split(",")
)


def line_choices(
    axis: EnergyAxis, anode: str | None = None, tube_kv: float | None = None
) -> list[tuple[str, float]]:
    """Lines to calibrate by: name and energy in keV, by energy.

    Parameters
    ----------
    axis : EnergyAxis
        Lines beyond its end are left out.
    anode : str, optional
        Chemical symbol of the anode, whose lines scatter.
    tube_kv : float, optional
        Lines that it does not excite are left out.
    """
    families = [*_MARKS, *((f"{anode} K", f"{anode} L") if anode else ())]
    names: dict[str, float] = {}
    for mark in marked_lines(families, axis, tube_kv):
        if mark.main and mark.kev > 1.2:
            names.setdefault(mark.label, mark.kev)
    return sorted(names.items(), key=lambda entry: entry[1])


class HandCalibrating:
    """Lines that are put on peaks one after the other, and the axis that they give."""

    def __init__(self) -> None:
        self._lines: dict[str, PlacedLine] = {}

    @property
    def begun(self) -> bool:
        """Whether there is a line at all."""
        return bool(self._lines)

    def add(self, label: str, kev: float) -> None:
        """Take a line into use; it lies at its energy until it is moved."""
        self._lines.setdefault(label, PlacedLine(label, label, kev))

    def move(
        self,
        key: str,
        kev: float,
        spectrum: NDArray[np.float64],
        axis: EnergyAxis,
        fwhm_mn_ka_ev: float | None = None,
    ) -> None:
        """Put a line on the peak near an energy (keV)."""
        if key in self._lines:
            channel = snap_to_peak(spectrum, axis, kev, fwhm_mn_ka_ev)
            self._lines[key] = replace(self._lines[key], channel=channel)

    def remove(self, key: str) -> None:
        """Take a line away."""
        self._lines.pop(key, None)

    def clear(self) -> None:
        """Take all lines away."""
        self._lines.clear()

    def solve(self, axis: EnergyAxis) -> ManualCalibration | None:
        """The axis by the lines that lie on peaks; None while there is none.

        Raises
        ------
        ValueError
            If they do not give an axis.
        """
        placed = [
            LinePosition(line.label, line.true_kev, line.channel)
            for line in self._lines.values()
            if line.channel is not None
        ]
        return calibrate_by_lines(placed, axis) if placed else None

    def rows(self, found: ManualCalibration | None) -> list[PlacedLine]:
        """The lines with what the axis found leaves of each, by energy."""
        missed: dict[str, float] = {}
        if found is not None:
            names = [place.name for place in found.positions]
            missed = dict(zip(names, found.residual_ev, strict=True))
        rows = [replace(line, residual_ev=missed.get(key)) for key, line in self._lines.items()]
        return sorted(rows, key=lambda line: line.true_kev)

    def handles(self, axis: EnergyAxis) -> dict[str, tuple[str, float]]:
        """Where each line is drawn on an axis: key to label and keV."""
        return {
            key: (
                line.label,
                line.true_kev
                if line.channel is None
                else axis.offset_kev + axis.gain_kev * line.channel,
            )
            for key, line in self._lines.items()
        }


def as_saved(places: Iterable[LinePosition]) -> tuple[tuple[str, float, float], ...]:
    """Lines as a calibration file holds them."""
    return tuple((place.name, place.kev, place.channel) for place in places)
