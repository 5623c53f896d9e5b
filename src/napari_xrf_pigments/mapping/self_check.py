"""How far the pigments of a scan can be trusted, measured on the scan itself, without labels.

The spectra of a sample of the pixels are changed in ways that change no paint: their counts are
split in two, thinned to a quarter, and passed through a virtual absorber, each photon by chance. A
group that is claimed in one version and not in the other is a claim that depends on the noise or
on the instrument. Other detectors of the same scan are compared in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._typing import BoolArray, FloatArray
from ..cube import PigmentMaps, XRFCube
from ..physics.detector import beryllium_depth
from ..pigments.selection import THRESHOLD

#: Pixels of the sample.
PIXELS = 3000
#: Thickness of the virtual beryllium absorber in mm.
ABSORBER_MM = 1.0
#: Share of the pixels that must claim a group for its agreement to be stated.
_MIN_SHARE = 0.002


@dataclass(frozen=True)
class GroupCheck:
    """Stability of the claims of one group.

    Parameters
    ----------
    group : str
        Ambiguity group.
    share : float
        Share of the pixels that claim it.
    halves, thinned, absorbed : float
        Share of the pixels in which both halves of the counts, a quarter of the counts, and the
        counts behind the absorber agree with each other or with the whole about the group.
    shift : float
        Share behind the absorber minus share without it.
    detectors : tuple of float
        Share of the pixels in which each other detector agrees.
    unsupported : float
        Share of the pixels in which a claim was removed because no line supports it.
    """

    group: str
    share: float
    halves: float
    thinned: float
    absorbed: float
    shift: float
    detectors: tuple[float, ...]
    unsupported: float


@dataclass(frozen=True)
class SelfCheck:
    """Result of :func:`check_scan`; ``str(check)`` is its text.

    Parameters
    ----------
    groups : tuple of GroupCheck
        Groups that are claimed somewhere, the most frequent first.
    pixels : int
        Pixels of the sample.
    unexplained : float
        Share of the pixels with more than a fifth of their counts unexplained.
    detectors : tuple of str
        Names of the other detectors.
    """

    groups: tuple[GroupCheck, ...]
    pixels: int
    unexplained: float
    detectors: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table as text, the head first."""
        head = (
            "group", "claimed in", "halves agree", "a quarter agrees",
            f"{ABSORBER_MM:g} mm Be agrees", "change of share",
            *(f"{name} agrees" for name in self.detectors), "removed without a line",
        )  # fmt: skip
        return [head, *(_cells(each) for each in self.groups)]

    def __str__(self) -> str:
        head, *body = self.rows()
        table = [head, tuple("---" for _ in head), *body]
        lines = ["| " + " | ".join(cells) + " |" for cells in table]
        lines.append("")
        lines.append(
            f"{self.pixels:,} pixels; in {self.unexplained:.1%} of them more than a fifth of the "
            "counts is unexplained."
        )
        return "\n".join(lines)


def _cells(check: GroupCheck) -> tuple[str, ...]:
    shares = (check.share, check.halves, check.thinned, check.absorbed)
    return (
        check.group,
        *(f"{value:.1%}" for value in shares),
        f"{100 * check.shift:+.1f} points",
        *(f"{value:.1%}" for value in check.detectors),
        f"{check.unsupported:.1%}",
    )


def check_scan(
    cube: XRFCube,
    predictor: Any,
    *,
    others: Sequence[tuple[str, XRFCube]] = (),
    pixels: int = PIXELS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> SelfCheck:
    """Measure how stable the pigment groups of a scan are.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    predictor : Predictor
        The network.
    others : sequence of (str, XRFCube)
        Other detectors of the same scan, with their names.
    pixels : int
        Size of the sample.
    seed : int
        Seed of splitting and thinning.
    progress : callable, optional
        Called with (steps done, steps in all).

    Returns
    -------
    SelfCheck

    Raises
    ------
    ValueError
        If no pixel was measured, or another detector has another size.
    """
    for name, other in others:
        if other.counts.shape[:2] != cube.counts.shape[:2]:
            raise ValueError(f"The detector {name} has another number of pixels than the scan.")
    where = _sample(cube, pixels)
    rng = np.random.default_rng(seed)
    counts = _spectra(cube, where)
    half = rng.binomial(counts, 0.5)
    passed = np.broadcast_to(_transmission(cube.energies.kev), counts.shape)
    versions = {
        "whole": counts,
        "first": half,
        "second": counts - half,
        "thinned": rng.binomial(counts, 0.25),
        "absorbed": rng.binomial(counts, passed),
    }
    predict = predictor.bind(cube.energies, cube.acquisition)
    total = len(versions) + len(others)
    claims, whole = {}, None
    for done, (name, spectra) in enumerate(versions.items()):
        maps = predict(spectra)
        whole = whole or maps
        claims[name] = _claims(maps)
        if progress is not None:
            progress(done + 1, total)
    detectors = []
    for done, (_, other) in enumerate(others):
        bound = predictor.bind(other.energies, other.acquisition)
        detectors.append(_claims(bound(_spectra(other, where))))
        if progress is not None:
            progress(len(versions) + done + 1, total)
    assert whole is not None
    return _summary(whole, claims, detectors, tuple(name for name, _ in others))


def _sample(cube: XRFCube, pixels: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose pixels evenly over the scan, in few rows so that little of the file is read."""
    valid = np.ones(cube.counts.shape[:2], bool) if cube.valid is None else np.asarray(cube.valid)
    height, width = valid.shape
    rows = np.unique(np.linspace(0, height - 1, min(height, 48)).round().astype(int))
    step = max(1, len(rows) * width // max(pixels, 1))
    chosen = [
        (row, column)
        for number, row in enumerate(rows)
        for column in range(number % step, width, step)
        if valid[row, column]
    ]
    if not chosen:
        raise ValueError("The scan has no measured pixel, so there is nothing to check.")
    y, x = np.array(chosen, np.int64).T
    return y, x


def _spectra(
    cube: XRFCube, where: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.int64]:
    y, x = where
    rows = np.unique(y)
    parts = [np.asarray(cube.counts[row, x[y == row]]) for row in rows]
    counts: NDArray[np.int64] = np.maximum(np.rint(np.concatenate(parts)), 0).astype(np.int64)
    return counts


def _transmission(kev: FloatArray) -> FloatArray:
    """Return the transmission of the virtual absorber; below 0.5 keV that of 0.5 keV."""
    return np.exp(-beryllium_depth(np.maximum(np.asarray(kev), 0.5), 1000 * ABSORBER_MM))


def _claims(maps: PigmentMaps) -> BoolArray:
    return np.asarray(maps.group_probability) > THRESHOLD


def _summary(
    whole: PigmentMaps,
    claims: dict[str, BoolArray],
    detectors: Sequence[BoolArray],
    names: tuple[str, ...],
) -> SelfCheck:
    first = claims["whole"]
    removed = np.zeros(len(first))
    if whole.unsupported is not None:
        taken = np.asarray(whole.unsupported) + np.asarray(whole.group_probability)
        removed = ((taken > THRESHOLD) & ~first).mean(1)
    checks = []
    for index, group in enumerate(whole.groups):
        share = float(first[index].mean())
        if max(share, float(removed[index])) < _MIN_SHARE:
            continue
        agree = {name: float((first[index] == each[index]).mean()) for name, each in claims.items()}
        checks.append(
            GroupCheck(
                group,
                share,
                halves=float((claims["first"][index] == claims["second"][index]).mean()),
                thinned=agree["thinned"],
                absorbed=agree["absorbed"],
                shift=float(claims["absorbed"][index].mean()) - share,
                detectors=tuple(float((first[index] == each[index]).mean()) for each in detectors),
                unsupported=float(removed[index]),
            )
        )
    checks.sort(key=lambda each: -each.share)
    unexplained = float((np.asarray(whole.unexplained) > 0.2).mean())
    return SelfCheck(tuple(checks), first.shape[1], unexplained, names)
