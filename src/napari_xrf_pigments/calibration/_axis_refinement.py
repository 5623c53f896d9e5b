"""Refinement of energy axis and resolution by a fit of a whole spectrum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import maximum_filter1d

from .._typing import FloatArray
from ..fitting.artefacts import scatter_shapes
from ..fitting.background import smooth_terms, snip
from ..fitting.conditions import Conditions
from ..fitting.design_matrix import excited_family, line_columns, pile_up_columns, vstack_columns
from ..fitting.least_squares import expected_variance, positive_fit, weighted_solver
from ..fitting.linear_fit import fit_window
from ..fitting.lineshape import family_shape, fwhm_kev
from ..physics.detector import FWHM_PER_SIGMA

#: Families that are fitted; those without counts are dropped.
FAMILIES = tuple(
    "Si K,S K,Cl K,Ar K,K K,Ca K,Ti K,Ba L,Cr K,Mn K,Fe K,Co K,Ni K,Cu K,Zn K,As K,Se K,Sr K,"
    "Zr K,Mo K,Cd K,Sn K,Sn L,Sb K,Ba K,Au L,Hg L,Pb L,Pb M,Hg M".split(",")
)
#: Softer lines overlap too much for a calibration, keV.
_MIN_LINE_KEV = 2.9
_SHAPE_ERROR, _WING_ERROR = 0.02, 0.003
#: Lines weaker than this share of the strongest one may be its artefacts.
_LEAST_SHARE = 0.004


@dataclass(frozen=True)
class State:
    """An energy axis with a resolution, and the misfit of a spectrum on it.

    Parameters
    ----------
    gain_kev, offset_kev : float
        Width of a channel and energy of channel 0, keV.
    fwhm_ev : float
        Resolution at Mn K-alpha, eV.
    misfit : float
        Mean squared residual in units of its variance, including a 2 % uncertainty of shapes.
    lines : tuple of (str, float, float, float)
        Name, true and fitted energy (keV), and standard error (keV) of strong lines.
    """

    gain_kev: float
    offset_kev: float
    fwhm_ev: float
    misfit: float = np.inf
    lines: tuple[tuple[str, float, float, float], ...] = ()

    def kev(self, n_channels: int) -> FloatArray:
        """Return the channel centres in keV, shape (channel,)."""
        return self.offset_kev + self.gain_kev * np.arange(n_channels, dtype=np.float64)


def misfit(spectrum: FloatArray, state: State, conditions: Conditions) -> float:
    """Return the misfit of the common line families on an axis."""
    fit = _Fit(spectrum, state, conditions, FAMILIES)
    residual = fit.counts - fit.amplitude @ fit.columns
    return float((residual**2 / fit.variance).mean())


def refine(
    spectrum: FloatArray,
    state: State,
    conditions: Conditions,
    zero_channel: float | None = None,
    rounds: int = 8,
) -> State:
    """Refine gain, offset and resolution by Gauss-Newton steps with all amplitudes free.

    Parameters
    ----------
    spectrum : ndarray, shape (channel,)
        Counts.
    state : State
        Starting point, within about 60 eV over the axis.
    conditions : Conditions
        Anode, voltage, air path.
    zero_channel : float or None
        Channel of the zero-energy peak.
    rounds : int
        Maximum number of steps.
    """
    families: Sequence[str] = FAMILIES
    for step in range(rounds):
        fit = _Fit(spectrum, state, conditions, families)
        families = fit.used()
        change = fit.step(zero_channel, free_width=step > 1)
        gain = state.gain_kev * (1 + np.clip(change[1], -0.02, 0.02))
        offset = state.offset_kev + np.clip(change[0], -0.06, 0.06)
        offset -= state.gain_kev * np.clip(change[1], -0.02, 0.02) * fit.pivot
        fwhm = float(np.clip(state.fwhm_ev * (1 + np.clip(change[2], -0.1, 0.1)), 100, 350))
        state = State(float(gain), float(offset), fwhm)
        if step > 2 and np.abs(change).max() < 2e-5:
            break
    final = _Fit(spectrum, state, conditions, families)
    residual = final.counts - final.amplitude @ final.columns
    fine = float((residual**2 / final.variance).mean())
    return replace(state, misfit=fine, lines=final.positions())


class _Fit:
    """Amplitudes of the families on one axis, and the derivatives of the axis."""

    def __init__(
        self, spectrum: FloatArray, state: State, conditions: Conditions, families: Sequence[str]
    ) -> None:
        axis = state.kev(spectrum.size)
        settings = replace(conditions, fwhm_mn_ka_ev=state.fwhm_ev)
        window = fit_window(axis, spectrum)
        self.channels = np.arange(spectrum.size)[window]
        self.axis, self.counts, self.state = axis[window], spectrum[window], state
        self.settings = settings
        self.names, shapes = [], []
        for name in families:
            try:
                columns = line_columns(self.axis, name, settings, uncertainties=False)
            except ValueError:
                continue
            centre = excited_family(name, settings).main.kev
            if self.axis[0] + 0.05 < centre < self.axis[-1] - 0.1:
                shapes.append(columns.shapes)
                self.names += [name] * len(columns.shapes)
        self.lines = vstack_columns(shapes)
        scatter = scatter_shapes(self.axis, settings)
        # A Rayleigh line is as good a marker as a fluorescence line.
        rayleigh = [s for s in scatter if s.kind == "Rayleigh" and s.kev > _MIN_LINE_KEV]
        self.marks = vstack_columns([self.lines, np.array([s.shape for s in rayleigh])])
        self.rayleigh = rayleigh
        rest = [s.shape for s in scatter if s.kind == "Compton" or s.kev <= _MIN_LINE_KEV]
        base = snip(self.counts, self.axis, state.fwhm_ev) + 1e-3 * self.counts.mean()
        smooth = expected_variance(self.axis, self.counts, settings)
        # The wings of a strong peak are uncertain by a share of its height, not of their own.
        wide = int(0.6 / state.gain_kev) | 1
        height = maximum_filter1d(smooth, wide)
        self.variance = smooth + (_SHAPE_ERROR * smooth) ** 2 + (_WING_ERROR * height) ** 2
        self.columns = vstack_columns([self.marks, np.array(rest), smooth_terms(self.axis) * base])
        first = positive_fit(self.columns, self.counts, self.variance)
        sums = pile_up_columns(self.axis, self.lines, first[: len(self.lines)], 2)
        self.columns = vstack_columns([self.columns, sums])
        self.amplitude = positive_fit(self.columns, self.counts, self.variance)
        middle = self.amplitude[: len(self.marks)] @ self.marks
        self.pivot = float(self.channels @ middle / max(middle.sum(), 1e-9))

    def used(self) -> tuple[str, ...]:
        """Return the families with more than a trace of the counts."""
        size = self.amplitude[: len(self.names)]
        least = 5e-4 * size.sum()
        return tuple(dict.fromkeys(n for n, a in zip(self.names, size, strict=True) if a > least))

    def step(self, zero_channel: float | None, free_width: bool) -> FloatArray:
        """Return the changes of offset at the pivot (keV), of gain and of resolution (relative)."""
        positive = self.amplitude > 0
        peaks = self.amplitude[: len(self.marks)] @ self.marks
        slope = -np.gradient(peaks, self.state.gain_kev)
        bend = np.gradient(np.gradient(peaks, self.state.gain_kev), self.state.gain_kev)
        wider = bend * (self.state.fwhm_ev * 1e-3 / FWHM_PER_SIGMA) ** 2
        # A larger gain raises the energies of channels, so lines move the other way.
        moves = [-slope, -slope * self.state.gain_kev * (self.channels - self.pivot)]
        extra = np.array([*moves, wider] if free_width else moves)
        both = vstack_columns([self.columns[positive], extra])
        solver = weighted_solver(both, 1 / self.variance)
        found = (solver @ self.counts)[int(positive.sum()) :]
        change = np.zeros(3)
        change[: len(found)] = found
        if zero_channel is not None:
            change = self._anchored(change, solver[int(positive.sum()) :], zero_channel)
        return change

    def _anchored(self, change: FloatArray, solver: FloatArray, zero_channel: float) -> FloatArray:
        """Constrain a step so that a channel lies at zero energy within 3 eV."""
        size = len(solver)
        covariance = (solver * self.variance) @ solver.T
        lever = np.zeros(size)
        lever[0], lever[1] = 1.0, self.state.gain_kev * (zero_channel - self.pivot)
        now = self.state.offset_kev + self.state.gain_kev * zero_channel
        wrong = now + lever @ change[:size]
        gain = covariance @ lever / (lever @ covariance @ lever + 0.003**2)
        anchored = change.copy()
        anchored[:size] -= gain * wrong
        return anchored

    def positions(self) -> tuple[tuple[str, float, float, float], ...]:
        """Fit the position of each strong line with all others fixed."""
        model = self.amplitude @ self.columns
        residual = self.counts - model
        least = _LEAST_SHARE * self.amplitude[: len(self.marks)].max(initial=0.0)
        found = []
        for label, kev, shape in self._groups():
            near = np.abs(self.axis - kev) < 0.7 * fwhm_kev(self.axis, self.state.fwhm_ev)
            # The line must dominate its window, or errors of others would appear as a shift.
            if near.sum() < 3 or shape.sum() < least or shape[near].sum() < 0.5 * model[near].sum():
                continue
            slope = -np.gradient(shape, self.state.gain_kev)[near]
            weight = 1 / self.variance[near]
            power = float(slope**2 @ weight)
            shift, error = float(slope @ (weight * residual[near])) / power, power**-0.5
            if error < 0.01 and kev > _MIN_LINE_KEV:
                found.append((label, kev, kev + shift, error))
        return tuple(sorted(found, key=lambda line: line[1]))

    def _groups(self) -> Iterator[tuple[str, float, FloatArray]]:
        """Yield alpha and beta lines and Rayleigh peaks: label, energy in keV, fitted counts."""
        for name in dict.fromkeys(self.names):
            rows = [i for i, n in enumerate(self.names) if n == name]
            size = self.amplitude[: len(self.names)][rows].sum()
            if size == 0:
                continue
            family = excited_family(name, self.settings)
            for letter in "ab":
                chosen = np.array([line.siegbahn[1] == letter for line in family.lines])
                share = float((family.strength * chosen).sum())
                if share < 0.05:
                    continue
                top = family.lines[int(np.argmax(family.strength * chosen))]
                shape = family_shape(self.axis, family, chosen * 1.0, self.state.fwhm_ev)
                yield f"{top.symbol} {top.siegbahn}", top.kev, size * share * shape
        for row, part in enumerate(self.rayleigh, start=len(self.names)):
            yield part.name, part.kev, self.amplitude[row] * part.shape
