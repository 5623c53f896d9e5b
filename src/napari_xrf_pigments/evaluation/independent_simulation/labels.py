"""Labels of one spectrum from its layers and the emission of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from napari_xrf_pigments._typing import BoolArray, FloatArray
from napari_xrf_pigments.physics.lines import atomic_number

from .catalogue import set_groups, set_pigments
from .stratigraphy import Strata
from .truth import COVERED, GROUND, SUPPORT, TOP

_SHARED_SIGMA = 2.0


@dataclass(frozen=True)
class Window:
    """Counts of a diagnostic line family in the window of its main line.

    Parameters
    ----------
    layers : ndarray, shape (layer,)
        Counts from each layer.
    other : float
        Counts of the same family from the air and the instrument.
    total : float
        Expected counts of the whole spectrum.
    """

    layers: FloatArray
    other: float
    total: float

    def sigma(self, counts: float) -> float:
        """Compute the significance of a number of counts in the window."""
        return counts / float(np.sqrt(max(self.total, 1.0)))


@lru_cache
def diagnostic_families() -> tuple[str, ...]:
    """List all line families that are diagnostic for a pigment."""
    return tuple(sorted({family for entry in set_pigments() for family in entry.diagnostic}))


def window_share(kev: FloatArray, sigma: FloatArray, low: float, high: float) -> FloatArray:
    """Compute the share of Gaussian peaks between two energies."""
    root = np.sqrt(2.0) * sigma
    return np.asarray(0.5 * (erf((high - kev) / root) - erf((low - kev) / root)))


@dataclass(frozen=True)
class Label:
    """Labels of one spectrum; the fields are those of `Truth`."""

    where: NDArray[np.uint8]
    sigma: FloatArray
    shared: BoolArray
    blind: BoolArray
    cover_um: FloatArray
    weight: FloatArray


def _layer_bits(strata: Strata) -> list[int]:
    """Return the bit of `Truth.where` of every layer; 0 for varnish."""
    bits, covered = [], False
    for layer in strata.layers:
        if layer.role == "paint":
            bits.append(COVERED if covered else TOP)
            covered = True
        else:
            bits.append({"ground": GROUND, "support": SUPPORT}.get(layer.role, 0))
    return bits


def label_spectrum(strata: Strata, windows: dict[str, Window], anode: str) -> Label:
    """Label one spectrum.

    Parameters
    ----------
    strata : Strata
        Its layers.
    windows : dict of str to Window
        Windows of all diagnostic families that are excited.
    anode : str
        Anode of the tube.
    """
    entries = set_pigments()
    n = len(entries)
    bits = _layer_bits(strata)
    where = np.zeros(n, np.uint8)
    cover, weight, sigma = np.full(n, np.nan), np.zeros(n), np.zeros(n)
    depth = np.cumsum([0.0, *(layer.thickness_um for layer in strata.layers)])
    for i, entry in enumerate(entries):
        holds = np.array([entry.id in layer.pigments for layer in strata.layers])
        if not holds.any():
            continue
        for bit, present in zip(bits, holds, strict=True):
            where[i] |= bit if present else 0
        cover[i] = depth[int(np.argmax(holds))]
        weight[i] = max(layer.pigments.get(entry.id, 0.0) for layer in strata.layers)
        sigma[i] = _weakest(entry.diagnostic, windows, holds.astype(float))
    groups = set_groups()
    shared = np.array([_shared(ids, windows, strata) for ids in groups.values()])
    return Label(where, sigma, shared, _blind(strata, anode), cover, weight)


def _weakest(diagnostic: tuple[str, ...], windows: dict[str, Window], chosen: FloatArray) -> float:
    if not all(family in windows for family in diagnostic):
        return 0.0
    return min(windows[f].sigma(float(windows[f].layers @ chosen)) for f in diagnostic)


def _share(ids: tuple[str, ...], family: str, strata: Strata) -> FloatArray:
    """Compute the share of an element in each layer that comes from some pigments."""
    z = atomic_number(family.split()[0])
    return np.array(
        [
            sum(layer.supply.get(name, {}).get(z, 0.0) for name in ids)
            / max(layer.elements.get(z, 0.0), 1e-12)
            for layer in strata.layers
        ]
    )


def _shared(ids: tuple[str, ...], windows: dict[str, Window], strata: Strata) -> bool:
    """Return whether other materials supply all diagnostic elements of a member too."""
    by_id = {entry.id: entry for entry in set_pigments()}

    def foreign(family: str) -> bool:
        if family not in windows:
            return False
        window = windows[family]
        counts = window.layers @ (1.0 - np.clip(_share(ids, family, strata), 0.0, 1.0))
        return window.sigma(float(counts) + window.other) >= _SHARED_SIGMA

    return any(all(foreign(family) for family in by_id[name].diagnostic) for name in ids)


def _blind(strata: Strata, anode: str) -> BoolArray:
    by_id = {entry.id: entry for entry in set_pigments()}
    metal = {"copper": "Cu"}.get(strata.support)
    blind = []
    for ids in set_groups().values():
        symbols = {family.split()[0] for name in ids for family in by_id[name].diagnostic}
        single = {
            by_id[name].diagnostic[0].split()[0] for name in ids if len(by_id[name].diagnostic) == 1
        }
        blind.append(anode in symbols or metal in single)
    return np.array(blind)
