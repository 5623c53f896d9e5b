"""The figures and facts of a report, as plain rows (no drawing, no HTML)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..cube import ElementMaps, PigmentMaps
from ..io.results.fields import provenance, to_json
from ..pigments.display_names import Naming
from .overview import found_pigments, undecided_groups

_PACKAGES = ("numpy", "torch", "xraylib", "dask", "scipy")
_NAMES = {
    "program": "Program",
    "version": "Version",
    "made": "Made",
    "weights_hash": "Weights (SHA-256)",
    "settings": "Settings",
    "calibration": "Energy axis",
    "acquisition": "Measured with",
    "shape": "Rows, columns, channels",
    "source": "Scan",
}


@dataclass(frozen=True)
class PigmentRow:
    """A pigment that was found.

    Parameters
    ----------
    name, colour : str
        For people; ``"#rrggbb"``.
    lines : str
        The line families that speak for it.
    share, top, below : float
        Shares, 0-1, of the measured pixels over the threshold: in any layer, in the top
        layer, below it.
    certainty : float
        Mean probability where it is over the threshold.
    mistaken_for : str
        Other pigments of its group that the spectrum cannot tell from it.
    """

    name: str
    colour: str
    lines: str
    share: float
    top: float
    below: float
    certainty: float
    mistaken_for: str


@dataclass(frozen=True)
class Sureness:
    """How far a result can be trusted.

    Parameters
    ----------
    pixels : int
        Measured pixels.
    nothing : float
        Share of them where neither a pigment nor a group is over the threshold.
    group_only : float
        Share where a group is, but no pigment of it: sure, but not which.
    undecided : tuple of (str, str, float)
        Groups not told apart: name, members, share.
    unexplained_median, unexplained_high : float
        Median and 95th percentile of the unexplained share of the counts.
    """

    pixels: int
    nothing: float
    group_only: float
    undecided: tuple[tuple[str, str, float], ...]
    unexplained_median: float
    unexplained_high: float


def pigment_rows(maps: PigmentMaps, naming: Naming, threshold: float) -> list[PigmentRow]:
    """The pigments that were found, the most widespread first."""
    rows = []
    for entry in found_pigments(maps, threshold):
        index = maps.names.index(entry.name)
        image = np.asarray(maps.probability[index])
        measured = max(1, int(np.isfinite(image).sum()))
        over = image[image > threshold]
        others = next((ids for ids in naming.members.values() if entry.name in ids), ())
        rows.append(
            PigmentRow(
                naming.pigment(entry.name),
                naming.colour(entry.name) or "#b0b0b0",
                ", ".join(naming.lines.get(entry.name, ())),
                entry.share,
                float((np.asarray(maps.top[index]) > threshold).sum()) / measured,
                float((np.asarray(maps.below[index]) > threshold).sum()) / measured,
                float(over.mean()) if over.size else 0.0,
                ", ".join(naming.pigment(name) for name in others if name != entry.name),
            )
        )
    return rows


def how_sure(maps: PigmentMaps, naming: Naming, threshold: float) -> Sureness:
    """What the maps leave open."""
    unexplained = np.asarray(maps.unexplained)
    measured = np.isfinite(unexplained)
    some, alone = np.zeros(unexplained.shape, bool), np.zeros(unexplained.shape, bool)
    over = {}
    for index, name in enumerate(maps.names):
        over[name] = np.asarray(maps.probability[index]) > threshold
        some |= over[name]
    for index, group in enumerate(maps.groups):
        image = np.asarray(maps.group_probability[index]) > threshold
        members = [over[name] for name in naming.members.get(group, ()) if name in over]
        alone |= image & ~np.any(members, axis=0) if members else image
        some |= image
    values = unexplained[measured]
    pixels = max(1, int(measured.sum()))
    undecided = tuple(
        (naming.group(entry.name), naming.members_of(entry.name), entry.share)
        for entry in undecided_groups(maps, naming.members)
    )
    return Sureness(
        pixels=int(measured.sum()),
        nothing=float((~some & measured).sum()) / pixels,
        group_only=float((alone & measured).sum()) / pixels,
        undecided=undecided,
        unexplained_median=float(np.median(values)) if values.size else 0.0,
        unexplained_high=float(np.percentile(values, 95)) if values.size else 0.0,
    )


def provenance_rows(maps: ElementMaps | PigmentMaps) -> list[tuple[str, str]]:
    """How maps were made, in words: name and value."""
    made = provenance(maps)
    rows = [(name, _words(made[key])) for key, name in _NAMES.items() if key in made]
    if maps.pixel_mm is not None:
        dy, dx = maps.pixel_mm
        rows.append(("Pixel", f"{dx:g} × {dy:g} mm"))
    rows.append(("Made with", ", ".join(_packages())))
    return rows


def provenance_text(maps: ElementMaps | PigmentMaps) -> str:
    """All that is known of how maps were made, as JSON."""
    return to_json(provenance(maps))


def _packages() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _words(value: Any) -> str:
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if item not in (None, [], {})}
        return "; ".join(f"{key.replace('_', ' ')}: {_words(item)}" for key, item in known.items())
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
