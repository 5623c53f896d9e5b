"""Estimate of the anode of a tube from its scattered lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from .._typing import FloatArray
from ..cube.cube import XRFCube
from ..fitting.artefacts import Scatter, scatter_shapes
from ..fitting.background import smooth_terms, snip
from ..fitting.conditions import Conditions
from ..fitting.design_matrix import excited_family, line_columns, vstack_columns
from ..fitting.least_squares import model_variance, positive_fit
from ..fitting.linear_fit import fit_window
from ..physics.tube_library import ANODES

#: Families whose lines overlap with scattered lines of an anode.
_RIVALS = tuple(
    "Ar K,K K,Ca K,Ti K,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Se K,Br K,Rb K,Sr K,Y K,Zr K,Nb K,"
    "Mo K,Ag K,Cd K,Sn K,Sb K,Sn L,Ba L,W L,Au L,Hg L,Pb L".split(",")
)
#: Significance, in sigma, of both the Rayleigh and the Compton peaks.
_SIGMAS = 8.0
_LOW_KEV = 4.0
#: With a smaller Compton peak a Rayleigh peak is the tail of a fluorescence line.
_LEAST_COMPTON = 0.25


def estimate_anode(
    spectrum: ArrayLike, axis_kev: FloatArray, conditions: Conditions | None = None
) -> str | None:
    """Estimate the anode whose scattered lines a spectrum shows; None where none is certain.

    The scatter of every anode is fitted to the whole spectrum, together with the lines of all
    elements that could stand there. The best anode is accepted if both its Rayleigh peaks and its
    Compton peaks improve the fit significantly.

    Parameters
    ----------
    spectrum : array_like, shape (channel,)
        Sum or mean spectrum.
    axis_kev : ndarray, shape (channel,)
        Evenly spaced channel centres, keV.
    conditions : Conditions, optional
        Resolution and voltage.

    Raises
    ------
    ValueError
        If the spectrum holds too few counts.
    """
    base = conditions or Conditions()
    counts = np.asarray(spectrum, dtype=np.float64)
    window = fit_window(axis_kev, counts)
    hard = slice(max(window.start, int(np.searchsorted(axis_kev, _LOW_KEV))), window.stop)
    if hard.stop - hard.start < 50:
        return None
    trial = _Trial(axis_kev[hard], counts[hard], base)
    for anode in sorted(ANODES, key=trial.misfit):
        # Soft anodes are metals of paints as well, so their Compton peaks must be clear.
        if trial.compton_share(anode) > _LEAST_COMPTON and trial.certainty(anode) > _SIGMAS:
            return anode
    return None


class _Trial:
    """Fits of one spectrum with the scatter of different anodes."""

    def __init__(self, axis: FloatArray, counts: FloatArray, conditions: Conditions) -> None:
        self.axis, self.counts, self.conditions = axis, counts, conditions
        self.variance = model_variance(axis, counts, conditions)
        continuum = snip(counts, axis, conditions.fwhm_mn_ka_ev, width=4.0)
        self.continuum = smooth_terms(axis) * np.maximum(continuum, 1e-3 * counts.mean())
        self.lines: dict[str, FloatArray] = {}
        for name in _RIVALS:
            try:
                centre = excited_family(name, conditions).main.kev
                if axis[0] + 0.1 < centre < axis[-1] - 0.1:
                    columns = line_columns(axis, name, conditions, uncertainties=False)
                    self.lines[name] = columns.shapes
            except ValueError:
                continue

    def scatter(self, anode: str) -> list[Scatter]:
        """Return the scatter peaks of an anode on the axis."""
        settings = replace(self.conditions, anode=anode)
        return [part for part in scatter_shapes(self.axis, settings) if part.kev > _LOW_KEV]

    def misfit(self, anode: str, without: str = "") -> float:
        """Return chi-square of the best fit, without one kind of scatter if named."""
        parts = [part for part in self.scatter(anode) if part.kind != without]
        columns, amplitude = self._fit(anode, parts)
        return float((((self.counts - amplitude @ columns) ** 2) / self.variance).sum())

    def compton_share(self, anode: str) -> float:
        """Return the ratio of Compton to Rayleigh counts."""
        parts = self.scatter(anode)
        size = self._fit(anode, parts)[1][: len(parts)]
        compton = sum(a for a, part in zip(size, parts, strict=True) if part.kind == "Compton")
        return float(compton / max(size.sum() - compton, 1e-9))

    def _fit(self, anode: str, parts: list[Scatter]) -> tuple[FloatArray, FloatArray]:
        rivals = [s for name, s in self.lines.items() if name.split()[0] != anode]
        columns = vstack_columns(
            [np.array([part.shape for part in parts]), *rivals, self.continuum]
        )
        return columns, positive_fit(columns, self.counts, self.variance)

    def certainty(self, anode: str) -> float:
        """Return the significance, in sigma, of the weaker of Rayleigh and Compton peaks."""
        if not self.scatter(anode):
            return 0.0
        whole = self.misfit(anode)
        losses = [self.misfit(anode, kind) - whole for kind in ("Rayleigh", "Compton")]
        return float(np.sqrt(max(min(losses), 0.0)))


def with_estimated_anode(cube: XRFCube, spectrum: FloatArray | None = None) -> tuple[XRFCube, str]:
    """Return a cube with its anode estimated from the summed spectrum, where unknown.

    Parameters
    ----------
    cube : XRFCube
        The scan, on a calibrated energy axis.
    spectrum : ndarray, shape (channel,), optional
        Its summed spectrum; by default it is computed.

    Returns
    -------
    XRFCube, str
        The cube, changed only where an unknown anode was identified, and the result in one
        sentence; empty where the anode was known.
    """
    if cube.acquisition.anode is not None:
        return cube, ""
    summed = cube.sum_spectrum() if spectrum is None else spectrum
    try:
        anode = estimate_anode(summed, cube.energies.kev, Conditions.of(cube.acquisition))
    except ValueError:  # too few counts
        anode = None
    if anode is None:
        return cube, "The file does not name the anode, and the scatter does not identify it."
    note = f"The file does not name the anode; the scattered lines are those of {anode}."
    return cube.with_acquisition(cube.acquisition.updated(anode=anode)), note
