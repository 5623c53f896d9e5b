"""Fit of an instrument to the spectra of a scan, together with a section for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from .._parallel import on_one_thread
from .._typing import FloatArray
from ..calibration.anode import estimate_anode
from ..calibration.automatic import calibrate
from ..cube import Acquisition, EnergyAxis
from ..cube.energy import last_counted_kev
from ..fitting.conditions import Conditions
from ..physics.tube import HIGHEST_KV, HIGHEST_KV_TUNGSTEN, LOWEST_KV
from ..physics.tube_library import ANODES
from .candidates import DetectedElements, candidate_layout
from .detection import Bins, Detection, pair_spectrum
from .emission import PaintEmission
from .instrument import FittedInstrument
from .layout import Layout
from .optimise import Data, Solution, fit_sections, negative_log_likelihood
from .section_model import SectionModel
from .starts import even_start

#: Fewest counts of a spectrum that can be fitted.
MIN_COUNTS = 300.0
#: Spectra that an instrument is fitted to.
_MOST_SPECTRA = 6
#: Steps of the sections alone, and of sections and instrument together.
_SECTION_STEPS, _JOINT_STEPS = 20, 6
#: Elements of collimators and housings, with their initial share of the counts, and the number of
#: spectra from which they can be separated from the elements of the paint.
_HOUSING, _TO_SEPARATE = (("Fe", 2e-4), ("Ni", 2e-4), ("Cu", 2e-4), ("Zn", 1e-4)), 4
#: Voltage of a tube whose spectrum does not show it, kV.
_USUAL_KV = 40.0


@dataclass(frozen=True)
class _Parameter:
    """A fitted setting: how a change alters an instrument, and the spread of that change."""

    spread: float
    apply: Callable[[FittedInstrument, float], FittedInstrument]
    tube: bool = False


@on_one_thread()
def fit_instrument(
    spectra: ArrayLike, energies: EnergyAxis | ArrayLike, acquisition: Acquisition | None = None
) -> FittedInstrument:
    """Fit the instrument that measured one or several spectra of a painting.

    Parameters
    ----------
    spectra : array_like, shape (channel,) or (spectrum, channel)
        Counts of pixels, regions or clusters; at most six are used, those with most counts.
    energies : EnergyAxis or array_like, shape (channel,)
        The energy axis, or the channels' centres in keV.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.

    Raises
    ------
    ValueError
        If the spectra hold too few counts, or the anode is neither known nor visible.
    """
    axis = energies if isinstance(energies, EnergyAxis) else EnergyAxis.from_kev(energies)
    counts = checked_counts(spectra, axis)
    counts = counts[np.argsort(-counts.sum(1), kind="stable")[:_MOST_SPECTRA]]
    known = acquisition or Acquisition()
    first = initial_instrument(counts.sum(0), axis, known)
    if len(counts) >= _TO_SEPARATE:
        first = replace(first, housing=_HOUSING)
    return _JointFit(first, counts, _parameters(first, known)).run()


def checked_counts(spectra: ArrayLike, axis: EnergyAxis) -> FloatArray:
    """Return spectra as numbers, shape (spectrum, channel).

    Raises
    ------
    ValueError
        If they do not fit the axis, are not finite, or hold too few counts.
    """
    counts = np.atleast_2d(np.asarray(spectra, dtype=np.float64))
    if counts.ndim != 2 or counts.shape[1] != axis.n_channels:
        raise ValueError(
            f"The spectrum has {counts.shape[-1]} channels and the energy axis {axis.n_channels}; "
            "they must be the same."
        )
    if not np.isfinite(counts).all():
        raise ValueError("The spectrum holds numbers that are not finite, so it cannot be fitted.")
    counts = np.maximum(counts, 0.0)
    usable = counts[:, axis.kev > 1.2].sum(1)
    if usable.min() < MIN_COUNTS:
        raise ValueError(
            f"The spectrum holds {usable.min():,.0f} counts above 1.2 keV, too few to test claims "
            f"by physics; average more pixels, to at least {MIN_COUNTS:,.0f} counts."
        )
    return counts


def initial_instrument(
    summed: FloatArray, axis: EnergyAxis, known: Acquisition
) -> FittedInstrument:
    """Describe an instrument by its known settings, by estimates and by typical values.

    Raises
    ------
    ValueError
        If the anode is neither known nor visible, or there is no model for the tube.
    """
    notes: list[str] = []
    found = None
    if axis.source != "user":
        found = calibrate(summed, axis, known)
        axis = found.energies
    anode, kv = _tube(summed, axis, known, notes)
    for name, value in (("incidence", known.incidence_deg), ("take-off", known.takeoff_deg)):
        if value is None:
            usual = 90 if name == "incidence" else 45
            notes.append(f"The {name} angle is not known; the fit starts at {usual} degrees.")
    fwhm = known.detector.fwhm_mn_ka_ev if known.detector else None
    fwhm = fwhm or (found.fwhm_mn_ka_ev if found and found.trusted else None)
    gas = known.atmosphere or "air"
    return FittedInstrument(
        anode,
        kv,
        axis.n_channels,
        axis.gain_kev,
        axis.offset_kev,
        filters=known.filter or (),
        incidence_deg=known.incidence_deg or 90.0,
        takeoff_deg=known.takeoff_deg or 45.0,
        atmosphere=gas,
        path_mm=known.path_mm if known.path_mm is not None else 10.0,
        fwhm_mn_ka_ev=fwhm or 145.0,
        detector_mm=known.detector.thickness_mm if known.detector else 0.45,
        detector_window_um=known.detector.window_um if known.detector else 12.5,
        threshold_kev=_threshold(summed, axis),
        argon_share=3e-3 if gas == "air" else 1e-6,
        background=((2e-3, 200.0), (2e-3, 6.0), (2e-3, -8.0)),
        notes=tuple(notes),
    )


def _tube(
    summed: FloatArray, axis: EnergyAxis, known: Acquisition, notes: list[str]
) -> tuple[str, float]:
    """Return anode and voltage (kV), and add to the notes what was estimated."""
    anode = known.anode
    if anode is None:
        anode = estimate_anode(summed, axis.kev, Conditions.of(known))
        if anode is None:
            raise ValueError(
                "The anode of the tube is not known, and the spectrum does not show its scattered "
                "lines; state the anode to test claims by physics."
            )
        notes.append(f"The anode {anode} was identified by its scattered lines.")
    if anode not in ANODES:
        raise ValueError(
            f"There is no tube model for the anode {anode}; known are {', '.join(ANODES)}."
        )
    kv = known.tube_kv
    if kv is None:
        kv = _estimated_kv(summed, axis)
        notes.append(f"The tube voltage is not known; {kv:g} kV was assumed.")
    highest = HIGHEST_KV_TUNGSTEN if anode == "W" else HIGHEST_KV
    if not LOWEST_KV <= kv <= highest:
        raise ValueError(
            f"The tube model of {anode} covers {LOWEST_KV:g} to {highest:g} kV, not {kv:g} kV."
        )
    return anode, float(kv)


def _estimated_kv(summed: FloatArray, axis: EnergyAxis) -> float:
    end = last_counted_kev(axis.kev, summed)
    # On an axis that ends below the voltage, the counts end with the axis.
    if end > axis.kev[-1] - 3:
        return max(_USUAL_KV, float(np.ceil(end / 5) * 5))
    return float(np.clip(np.ceil(end / 5) * 5, 20.0, 50.0))


def _threshold(summed: FloatArray, axis: EnergyAxis) -> float:
    """Return the energy below which a spectrum holds no counts, keV."""
    counted = np.flatnonzero((summed > 0) & (axis.kev > 0.2))
    first = float(axis.kev[counted[0]]) if counted.size else 0.0
    return first if 0.3 < first < 3.0 else 0.0


def _log(name: str) -> Callable[[FittedInstrument, float], FittedInstrument]:
    def apply(instrument: FittedInstrument, change: float) -> FittedInstrument:
        value: Any = getattr(instrument, name) * float(np.exp(change))
        return replace(instrument, **{name: value})

    return apply


def _add(name: str, least: float, most: float) -> Callable[..., FittedInstrument]:
    def apply(instrument: FittedInstrument, change: float) -> FittedInstrument:
        value: Any = float(np.clip(getattr(instrument, name) + change, least, most))
        return replace(instrument, **{name: value})

    return apply


def _background(number: int) -> Callable[[FittedInstrument, float], FittedInstrument]:
    def apply(instrument: FittedInstrument, change: float) -> FittedInstrument:
        share, decay = instrument.background[number]
        parts = list(instrument.background)
        parts[number] = (share * float(np.exp(change)), decay)
        return replace(instrument, background=tuple(parts))

    return apply


def _housing(number: int) -> Callable[[FittedInstrument, float], FittedInstrument]:
    def apply(instrument: FittedInstrument, change: float) -> FittedInstrument:
        symbol, share = instrument.housing[number]
        parts = list(instrument.housing)
        parts[number] = (symbol, share * float(np.exp(change)))
        return replace(instrument, housing=tuple(parts))

    return apply


def _optics(instrument: FittedInstrument, change: float) -> FittedInstrument:
    inverse = 1 / instrument.optics_cut_kev if instrument.optics_cut_kev else 0.0
    inverse += change
    return replace(instrument, optics_cut_kev=1 / inverse if inverse > 0.005 else None)


def _gain(instrument: FittedInstrument, change: float) -> FittedInstrument:
    """Stretch the axis about 8 keV, so that gain and offset are independent."""
    gain = instrument.gain_kev * (1 + change)
    offset = instrument.offset_kev - change * (8.0 - instrument.offset_kev)
    return replace(instrument, gain_kev=gain, offset_kev=offset)


def _parameters(first: FittedInstrument, known: Acquisition) -> tuple[_Parameter, ...]:
    found = [
        _Parameter(0.08, _log("fwhm_mn_ka_ev")),
        _Parameter(0.002, _gain),
        _Parameter(0.015, _add("offset_kev", -10.0, 10.0)),
        _Parameter(1.0, _log("shelf")),
        _Parameter(0.8, _log("tail")),
        _Parameter(0.3, _log("escape")),
        _Parameter(1.5, _log("pile_up")),
        _Parameter(0.35, _log("scatter_factor")),
        _Parameter(0.2, _log("rayleigh_factor")),
        _Parameter(0.12, _add("multiple_scatter", 0.0, 0.8)),
        _Parameter(0.3, _log("line_ratio"), tube=True),
        _Parameter(0.5, _log("window_be_mm"), tube=True),
        _Parameter(0.03, _optics, tube=True),
    ]
    if first.atmosphere == "air":
        found.append(_Parameter(0.6 if known.path_mm is None else 0.1, _log("path_mm")))
        found.append(_Parameter(1.5, _log("argon_share")))
    takeoff = 8.0 if known.takeoff_deg is None else 2.0
    found.append(_Parameter(takeoff, _add("takeoff_deg", 15.0, 90.0), tube=True))
    found += [_Parameter(1.5, _background(number)) for number in range(len(first.background))]
    found += [_Parameter(1.5, _housing(number)) for number in range(len(first.housing))]
    return tuple(found)


class _JointFit:
    """Levenberg-Marquardt fit of an instrument and of the section of each spectrum."""

    def __init__(
        self, first: FittedInstrument, counts: FloatArray, parameters: Sequence[_Parameter]
    ) -> None:
        self.first, self.parameters = first, parameters
        elements = DetectedElements.of(counts.sum(0), first)
        self.layout: Layout = candidate_layout(elements, first.anode)
        self.bins = Bins.of(first)
        self.softest = 1.1
        self.data = prepared(counts, first, self.bins)

    def instrument(self, change: FloatArray) -> FittedInstrument:
        """Return the instrument after changes of all parameters."""
        made = self.first
        for parameter, value in zip(self.parameters, change, strict=True):
            made = parameter.apply(made, float(value))
        return made

    def model(self, change: FloatArray, before: SectionModel | None = None) -> SectionModel:
        """Return the model of the sections in front of a changed instrument."""
        made = self.instrument(change)
        excitation = made.excitation
        if before is None or self._beam(change) != _beam_of(before):
            emission = PaintEmission(
                self.layout.elements, excitation.beam, excitation.geometry, self.softest
            )
        else:
            emission = before.emission
        seen = before.detection if before is not None else None
        detection = Detection.of(made, emission, self.bins, seen)
        model = SectionModel(self.layout, emission, detection)
        if before is not None:
            model.share_secondary(before)
        return model

    def _beam(self, change: FloatArray) -> tuple[bytes, float]:
        excitation = self.instrument(change).excitation
        return excitation.beam.flux.tobytes(), excitation.geometry.takeoff_deg

    def run(self) -> FittedInstrument:
        """Fit, and return the instrument."""
        change = np.zeros(len(self.parameters))
        model = self.model(change)
        theta, active = even_start(model, len(self.data.total))
        solution = fit_sections(model, theta, active, self.data, _SECTION_STEPS)
        model.update_secondary(solution.theta, active)
        damping = 1e-2
        value = self._objective(solution.objective, change)
        data = self.data
        for _ in range(_JOINT_STEPS):
            data = replace(self.data, model_error=fitted_model_error(data, solution.expected))
            value = self._value(model, solution, data, change)
            moved, theta = self._step(model, solution, data, change, damping)
            trial = self.model(moved, model)
            fitted = fit_sections(trial, theta, active, data, 3)
            reached = self._objective(fitted.objective, moved)
            if reached < value:
                done = value - reached < 0.1
                change, model, solution = moved, trial, fitted
                damping = max(damping / 5, 1e-4)
                if done:
                    break
            else:
                damping *= 10
                solution = fit_sections(model, solution.theta, active, data, 5)
        error = fitted_model_error(self.data, solution.expected)
        chi2 = float(pearson(self.data, solution.expected).mean())
        return replace(
            self.instrument(change), model_error=error, chi2_per_dof=chi2 / self.bins.count
        )

    def _objective(self, objective: torch.Tensor, change: FloatArray) -> float:
        spread = np.array([parameter.spread for parameter in self.parameters])
        return float(objective.sum()) + 0.5 * float(((change / spread) ** 2).sum())

    def _value(
        self, model: SectionModel, solution: Solution, data: Data, change: FloatArray
    ) -> float:
        residual, _ = model.prior(solution.theta, solution.active)
        likelihood = negative_log_likelihood(data.counts, solution.expected, data.model_error)
        return self._objective(likelihood + 0.5 * (residual**2).sum(1), change)

    def _step(
        self,
        model: SectionModel,
        solution: Solution,
        data: Data,
        change: FloatArray,
        damping: float,
    ) -> tuple[FloatArray, torch.Tensor]:
        """Return the changes and sections after one joint step."""
        theta, active = solution.theta, solution.active
        expected, own = model.expected(theta, active, data.total, data.pairs)
        shared = []
        for number, parameter in enumerate(self.parameters):
            nudged = change.copy()
            nudged[number] += 0.03 * parameter.spread
            other, _ = self.model(nudged, model).expected(theta, active, data.total, data.pairs)
            shared.append((other - expected) / (0.03 * parameter.spread))
        by_instrument = torch.stack(shared, 1)  # (stack, setting, bin)
        residual, slope = model.prior(theta, active)
        mu = expected.clamp(min=1e-6)
        weight = 1 / (mu * (1 + data.model_error**2 * mu))
        rest = (data.counts - mu)[..., None]
        weighted = own * weight[:, None]
        inner = weighted @ own.transpose(1, 2) + slope.transpose(1, 2) @ slope
        gradient = (weighted @ rest)[..., 0] - (residual[:, None] @ slope)[:, 0]
        free = torch.cat([active, torch.ones(len(active), own.shape[1] - active.shape[1]) > 0], 1)
        inner = torch.where(free[:, :, None] & free[:, None, :], inner, 0.0)
        gradient = torch.where(free, gradient, 0.0)
        diagonal = inner.diagonal(dim1=1, dim2=2)
        inner = inner + torch.diag_embed(damping * diagonal + 1e-3 + (~free).double())
        cross = torch.where(free[..., None], weighted @ by_instrument.transpose(1, 2), 0.0)
        precision = torch.tensor([1 / p.spread**2 for p in self.parameters], dtype=torch.float64)
        outer = (by_instrument * weight[:, None]) @ by_instrument.transpose(1, 2)
        outer_sum = outer.sum(0) + torch.diag(precision)
        outer_sum = outer_sum + damping * torch.diag(outer_sum.diagonal())
        pull = ((by_instrument * weight[:, None]) @ rest)[..., 0].sum(0)
        pull = pull - precision * torch.as_tensor(change)
        solved = torch.linalg.solve(inner, torch.cat([cross, gradient[..., None]], 2))
        reduced = outer_sum - (cross.transpose(1, 2) @ solved[..., :-1]).sum(0)
        pull = pull - (cross.transpose(1, 2) @ solved[..., -1:])[..., 0].sum(0)
        spread = precision.rsqrt()
        step = torch.linalg.solve(reduced, pull).clamp(-1.5 * spread, 1.5 * spread)
        inside = solved[..., -1] - solved[..., :-1] @ step
        moved = np.clip(change + step.numpy(), -4 * spread.numpy(), 4 * spread.numpy())
        return moved, theta + torch.where(free, inside.clamp(-1.0, 1.0), 0.0)


def _beam_of(model: SectionModel) -> tuple[bytes, float]:
    """Return the beam and take-off angle of a model's emission."""
    return model.emission.beam.flux.tobytes(), model.emission.geometry.takeoff_deg


def prepared(counts: FloatArray, instrument: FittedInstrument, bins: Bins) -> Data:
    """Fold spectra into bins, with the spectra of their pairs."""
    kev = instrument.energies.kev
    zero = -instrument.offset_kev / instrument.gain_kev
    inside = np.where(kev > 0.6, counts, 0.0)
    pairs = pair_spectrum(inside, zero)
    folded = torch.as_tensor(bins.folded(counts))
    total = torch.as_tensor(inside.sum(1))
    return Data(folded, torch.as_tensor(bins.folded(pairs)), total)


def pearson(data: Data, expected: torch.Tensor) -> torch.Tensor:
    """Compute chi-square of spectra, model error included, shape (stack,)."""
    mu = expected.clamp(min=0.05)
    variance = mu + (data.model_error * mu) ** 2
    return ((data.counts - mu) ** 2 / variance).sum(1)


def fitted_model_error(data: Data, expected: torch.Tensor) -> float:
    """Find the relative error per bin that gives a chi-square of one per bin."""
    low, high = 0.0, 0.5
    bins = float(data.counts.numel())

    def excess(error: float) -> float:
        return float(pearson(replace(data, model_error=error), expected).sum()) - bins

    if excess(low) <= 0:
        return 0.0
    for _ in range(18):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high
