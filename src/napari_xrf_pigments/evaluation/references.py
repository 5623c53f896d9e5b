"""Scores on real spectra of known pigments, thinned to the counts of scans and mixed.

A label names pigments (several ids mean any of them) or ``none`` where nothing can be found. A
claim of another group is judged by the spectrum itself: an impurity shows its own lines.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._typing import BoolArray, FloatArray
from ..cube import Acquisition, EnergyAxis
from ..io.point_spectra import PointSpectra
from ..physics.lines import line_family
from ..pigments.catalogue import ambiguity_groups, pigment, pigment_catalogue
from .metrics import THRESHOLD, calibration_error

#: Counts that spectra are thinned to.
COUNTS = (3_000, 10_000, 30_000)
#: Label of a spectrum in which no pigment can be found.
NOTHING = "none"
#: Significance of a line over its shoulders from which a claim has a line of its own.
OWN_LINE_SIGMA = 2.5
_LOW_KEV = 0.8
_FWHM_NOISE_KEV, _FWHM_SLOPE = 0.06, 2.3548**2 * 3.85e-3 * 0.118


def read_labels(path: Path) -> dict[str, tuple[str, ...]]:
    """Read the pigments of reference spectra from a table with the columns file and pigments.

    Parameters
    ----------
    path : Path
        CSV file; several ids in a cell are joined by ``|``, ``none`` stands for no pigment.

    Returns
    -------
    dict of str to tuple of str
        Pigment ids by name of the spectrum; empty where there is nothing to find.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read, lacks a column, or names an unknown pigment.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"file", "pigments"} <= set(reader.fieldnames or ()):
            raise ValueError(f"{path.name} needs the columns file and pigments.")
        rows = [(row["file"].strip(), row["pigments"].strip()) for row in reader]
    known = {entry.id for entry in pigment_catalogue()}
    labels = {}
    for name, cell in rows:
        ids = () if cell == NOTHING else tuple(part.strip() for part in cell.split("|"))
        unknown = [each for each in ids if each not in known]
        if unknown:
            raise ValueError(
                f"{path.name} names the pigment {unknown[0]!r} for {name}; there is none of that "
                "id. docs/pigments lists all ids."
            )
        labels[name] = ids
    return labels


@dataclass(frozen=True)
class Tally:
    """Outcomes of the spectra of one label or of one kind.

    Parameters
    ----------
    name : str
        What was counted.
    products : int
        Number of different spectra before thinning.
    found, likeliest : float
        Share of the thinned spectra in which a labelled group is claimed, and is the likeliest.
    others, bare : float
        Groups claimed per spectrum that are not labelled, and those of them without a line of
        their own.
    found_interval : (float, float)
        95 % interval of `found` from resampling the products.
    """

    name: str
    products: int
    found: float
    likeliest: float
    others: float
    bare: float
    found_interval: tuple[float, float]


@dataclass(frozen=True)
class ReferenceReport:
    """Result of :func:`score_references`; ``str(report)`` is its text.

    Parameters
    ----------
    by_counts, by_pigment : tuple of Tally
        All labelled spectra by counts, and by label at all counts.
    nothing : Tally
        Spectra in which nothing can be found.
    bare_share : float
        Share of all claims without a line of their own.
    calibration : float
        Expected calibration error over labelled groups and groups without a line.
    mixtures : dict of int to float
        Macro-F1 of mixtures, by number of spectra in a mixture.
    """

    by_counts: tuple[Tally, ...]
    by_pigment: tuple[Tally, ...]
    nothing: Tally
    bare_share: float
    calibration: float
    mixtures: Mapping[int, float]

    def __str__(self) -> str:
        head = "| {} | spectra | found | 95 % | likeliest | other groups | without a line |"
        rule = "|---|---|---|---|---|---|---|"
        lines = [head.format("counts"), rule, *map(_row, (*self.by_counts, self.nothing))]
        lines += ["", head.format("label"), rule, *map(_row, self.by_pigment)]
        lines += ["", f"Claims without a line of their own: {self.bare_share:.1%}."]
        lines += [f"Expected calibration error: {self.calibration:.3f}."]
        lines += [
            f"Mixtures of {number} spectra: macro-F1 {value:.3f}."
            for number, value in self.mixtures.items()
        ]
        return "\n".join(lines)


def _row(tally: Tally) -> str:
    low, high = tally.found_interval
    found = "-" if np.isnan(tally.found) else f"{tally.found:.3f} | {low:.2f}-{high:.2f}"
    found = f"{found} | {tally.likeliest:.3f}" if found != "-" else "- | - | -"
    return f"| {tally.name} | {tally.products} | {found} | {tally.others:.2f} | {tally.bare:.2f} |"


@dataclass(frozen=True)
class _Sample:
    """Thinned spectra of one axis with their predictions, labels and own lines."""

    product: NDArray[np.int64]
    counts: NDArray[np.int64]
    probability: FloatArray
    labelled: BoolArray
    own_line: BoolArray


def score_references(
    predictor: Any,
    points: PointSpectra,
    labels: Mapping[str, tuple[str, ...]],
    *,
    counts: Sequence[int] = COUNTS,
    draws: int = 4,
    mixtures: int = 300,
    seed: int = 0,
    acquisition: Acquisition | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReferenceReport:
    """Score a network on real spectra of known pigments.

    Parameters
    ----------
    predictor : Predictor
        The network.
    points : PointSpectra
        The spectra.
    labels : mapping of str to tuple of str
        From :func:`read_labels`; spectra without a label are left out.
    counts : sequence of int
        Counts above 0.8 keV that each spectrum is thinned to, where it has more.
    draws : int
        Thinned spectra for each number of counts.
    mixtures : int
        Mixtures of two and of three spectra, each.
    seed : int
        Seed of thinning and mixing.
    acquisition : Acquisition, optional
        Settings that replace those of the files.
    progress : callable, optional
        Called with (spectra done, spectra in all).

    Raises
    ------
    ValueError
        If no spectrum has a label.
    """
    chosen = [(i, labels[p.name]) for i, p in enumerate(points) if p.name in labels]
    if not chosen:
        raise ValueError("No spectrum has the name of a row of the labels.")
    rng = np.random.default_rng(seed)
    samples = []
    for done, (index, ids) in enumerate(chosen):
        point = points[index]
        settings = acquisition or point.acquisition
        thinned = np.concatenate(
            [_thin(rng, point.counts, point.energies, n, draws) for n in counts]
        )
        samples.append(
            _sample(
                predictor, thinned, point.energies, settings, ids, done, np.repeat(counts, draws)
            )
        )
        if progress is not None:
            progress(done + 1, len(chosen))
    merged = _merge(samples)
    pairs = [(points[index], ids) for index, ids in chosen if ids]
    return ReferenceReport(
        by_counts=tuple(_tally(f"{n:,}", merged, _labelled_at(merged, n)) for n in counts),
        by_pigment=tuple(
            _tally(label, merged, np.isin(merged.product, rows))
            for label, rows in _rows_by_label(chosen).items()
        ),
        nothing=_tally("nothing to find", merged, np.asarray(~merged.labelled.any(1))),
        bare_share=_bare_share(merged),
        calibration=_calibration(merged),
        mixtures={
            number: _mixture_score(predictor, rng, pairs, number, mixtures, acquisition)
            for number in (2, 3)
        },
    )


def _thin(
    rng: np.random.Generator, counts: NDArray[Any], energies: EnergyAxis, wanted: int, draws: int
) -> NDArray[np.int64]:
    """Thin a spectrum binomially to a number of counts above 0.8 keV."""
    whole = np.where(energies.kev > _LOW_KEV, counts, 0).astype(np.int64)
    share = min(1.0, wanted / max(int(whole.sum()), 1))
    return rng.binomial(whole, share, size=(draws, len(whole)))


def _sample(
    predictor: Any,
    thinned: NDArray[np.int64],
    energies: EnergyAxis,
    settings: Acquisition,
    ids: tuple[str, ...],
    product: int,
    counts: NDArray[np.int64],
) -> _Sample:
    groups = tuple(ambiguity_groups())
    maps = predictor.bind(energies, settings)(thinned)
    probability = np.asarray(maps.group_probability, np.float64).T
    wanted = {pigment(name).group for name in ids}
    labelled = np.array([group in wanted for group in groups])
    return _Sample(
        np.full(len(thinned), product),
        counts,
        probability,
        np.broadcast_to(labelled, probability.shape),
        own_lines(thinned, energies),
    )


def own_lines(counts: NDArray[Any], energies: EnergyAxis) -> BoolArray:
    """Decide where a member of a group shows all its diagnostic lines over their shoulders.

    The check shares nothing with the network or the fits: the main line of a family in a window of
    1.2 times its width at half maximum, over the mean of the shoulders on both sides.

    Parameters
    ----------
    counts : ndarray, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis
        Their axis.

    Returns
    -------
    ndarray of bool, shape (spectrum, group)
    """
    families = {f for entry in pigment_catalogue() for f in entry.diagnostic}
    shows = {name: _over_shoulders(counts, energies, name) for name in families}
    columns = [
        np.any([np.all([shows[f] for f in pigment(m).diagnostic], axis=0) for m in members], axis=0)
        for members in ambiguity_groups().values()
    ]
    return np.stack(columns, axis=1)


def _over_shoulders(counts: NDArray[Any], energies: EnergyAxis, family: str) -> BoolArray:
    kev = line_family(family, 60.0).main.kev
    width = float(np.sqrt(_FWHM_NOISE_KEV**2 + _FWHM_SLOPE * kev))
    off = np.abs(energies.kev - kev)
    peak, shoulder = off < 0.6 * width, (off > 1.1 * width) & (off < 1.8 * width)
    if not peak.any() or not shoulder.any() or kev + 1.8 * width > energies.kev[-1]:
        return np.zeros(len(counts), bool)
    ratio = peak.sum() / shoulder.sum()
    inside, beside = counts[:, peak].sum(1), counts[:, shoulder].sum(1)
    noise = np.sqrt(np.maximum(inside + beside * ratio**2, 1.0))
    return np.asarray((inside - beside * ratio) / noise > OWN_LINE_SIGMA)


def _merge(samples: Sequence[_Sample]) -> _Sample:
    names = ("product", "counts", "probability", "labelled", "own_line")
    return _Sample(*(np.concatenate([getattr(s, name) for s in samples]) for name in names))


def _labelled_at(sample: _Sample, counts: int) -> BoolArray:
    """Flag the spectra of a number of counts in which something can be found."""
    return np.asarray((sample.counts == counts) & sample.labelled.any(1))


def _rows_by_label(chosen: Sequence[tuple[int, tuple[str, ...]]]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for number, (_, ids) in enumerate(chosen):
        if ids:
            rows.setdefault(" or ".join(ids), []).append(number)
    return dict(sorted(rows.items()))


def _tally(name: str, sample: _Sample, rows: BoolArray) -> Tally:
    claimed = sample.probability[rows] > THRESHOLD
    labelled, own = sample.labelled[rows], sample.own_line[rows]
    found = np.asarray((claimed & labelled).any(1))
    best = labelled[np.arange(len(labelled)), sample.probability[rows].argmax(1)]
    others = claimed & ~labelled
    products = sample.product[rows]
    some = bool(labelled.any())
    return Tally(
        name,
        len(np.unique(products)),
        float(found.mean()) if some else float("nan"),
        float(best.mean()) if some else float("nan"),
        float(others.sum(1).mean()) if len(others) else 0.0,
        float((others & ~own).sum(1).mean()) if len(others) else 0.0,
        _interval(found, products) if some else (float("nan"), float("nan")),
    )


def _interval(found: BoolArray, products: NDArray[np.int64]) -> tuple[float, float]:
    """Compute the 95 % interval of a mean by resampling whole products."""
    means = np.array([found[products == one].mean() for one in np.unique(products)])
    drawn = np.random.default_rng(0).choice(means, (1000, len(means))).mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _bare_share(sample: _Sample) -> float:
    claimed = sample.probability > THRESHOLD
    return float((claimed & ~sample.own_line).sum() / max(int(claimed.sum()), 1))


def _calibration(sample: _Sample) -> float:
    """Compute the expected calibration error where the truth is known.

    A labelled group is present; one without a line of its own that is not labelled is absent; of
    the others, impurities among them, nothing is known.
    """
    known = sample.labelled | ~sample.own_line
    return calibration_error(sample.labelled[known], sample.probability[known])


def _mixture_score(
    predictor: Any,
    rng: np.random.Generator,
    pairs: Sequence[tuple[Any, tuple[str, ...]]],
    number: int,
    mixtures: int,
    acquisition: Acquisition | None,
) -> float:
    """Compute the macro-F1 of mixtures of spectra with different labels on nearly equal axes."""
    groups = tuple(ambiguity_groups())
    hits: dict[str, list[int]] = {}
    for counts, energies, settings, labels in _mix(rng, pairs, number, mixtures):
        maps = predictor.bind(energies, acquisition or settings)(counts[None])
        claimed = np.asarray(maps.group_probability)[:, 0] > THRESHOLD
        own = own_lines(counts[None], energies)[0]
        for group, yes, shown in zip(groups, claimed, own, strict=True):
            if group in labels or not shown:
                row = hits.setdefault(group, [0, 0, 0])
                row[0] += int(yes and group in labels)
                row[1] += int(yes and group not in labels)
                row[2] += int(group in labels)
    scores = [2 * tp / (tp + fp + n) for tp, fp, n in hits.values() if n]
    return float(np.mean(scores)) if scores else float("nan")


def _mix(
    rng: np.random.Generator,
    pairs: Sequence[tuple[Any, tuple[str, ...]]],
    number: int,
    mixtures: int,
) -> Iterator[tuple[NDArray[np.int64], EnergyAxis, Acquisition, set[str]]]:
    """Draw mixtures of spectra of different groups, whose channels agree, with their groups."""
    single = [(point, pigment(ids[0]).group) for point, ids in pairs if len(ids) == 1]
    for _ in range(mixtures):
        order = rng.permutation(len(single))
        first = single[order[0]][0]
        parts: dict[str, Any] = {}
        for index in order:
            point, group = single[index]
            same = point.energies.n_channels == first.energies.n_channels
            close = abs(point.energies.gain_kev / first.energies.gain_kev - 1) < 1e-3
            if group not in parts and same and close:
                parts[group] = point
            if len(parts) == number:
                break
        if len(parts) < number:
            continue
        total = float(10 ** rng.uniform(3.5, 4.5))
        shares = rng.dirichlet(np.full(number, 4.0))
        counts = sum(
            _thin(rng, point.counts, point.energies, int(total * share), 1)[0]
            for point, share in zip(parts.values(), shares, strict=True)
        )
        yield np.asarray(counts), first.energies, first.acquisition, set(parts)
