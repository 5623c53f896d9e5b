"""Numbers and provenance of a report as plain rows, without drawing or HTML."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..cube import ElementMaps, PigmentMaps
from ..io.provenance import named_rows
from ..io.results.fields import provenance, to_json
from ..pigments.display import Naming
from .detection import Finding, find_pigments, unresolved_groups

_PACKAGES = ("numpy", "torch", "xraylib", "dask", "scipy")


@dataclass(frozen=True)
class PigmentRow:
    """A pigment that is present, or several of which it is not known which.

    Parameters
    ----------
    name, colour : str
        Display name; ``"#rrggbb"``.
    lines : str
        Its diagnostic line families.
    share, top, below : float
        Shares of the measured pixels above the threshold, 0-1: in any layer, in the top
        layer, below it.
    certainty : float
        Mean probability in the pixels above the threshold.
    mistaken_for : str
        Other pigments of its group, with the same elements.
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
class ConfidenceSummary:
    """How far the maps can be trusted.

    Parameters
    ----------
    pixels : int
        Measured pixels.
    nothing : float
        Share of them with neither a pigment nor a group above the threshold.
    group_only : float
        Share of them with a group above the threshold, but no pigment of it.
    unresolved : tuple of (str, str, float)
        Groups whose members cannot be distinguished: name, members, share.
    unexplained_median, unexplained_high : float
        Median and 95th percentile of the unexplained share of the counts.
    """

    pixels: int
    nothing: float
    group_only: float
    unresolved: tuple[tuple[str, str, float], ...]
    unexplained_median: float
    unexplained_high: float


def pigment_rows(maps: PigmentMaps, naming: Naming, threshold: float) -> list[PigmentRow]:
    """Return a row for each finding of :func:`find_pigments`, the most widespread first."""
    found = find_pigments(maps, naming.members, threshold)
    return [_pigment_row(maps, naming, threshold, finding) for finding in found]


def _pigment_row(
    maps: PigmentMaps, naming: Naming, threshold: float, finding: Finding
) -> PigmentRow:
    """Return the row of a pigment, or of several that rival each other."""
    indices = [maps.names.index(name) for name in finding.pigments]
    if finding.group is None:
        image = np.asarray(maps.probability[indices[0]])
    else:
        image = np.asarray(maps.group_probability[maps.groups.index(finding.group)])
    measured = max(1, int(np.isfinite(image).sum()))
    over = image[image > threshold]

    def share(stack: Any) -> float:
        counted = np.any([np.asarray(stack[index]) > threshold for index in indices], axis=0)
        return float(counted.sum()) / measured

    first = finding.pigments[0]
    group = next((ids for ids in naming.members.values() if first in ids), ())
    others = [name for name in group if name not in finding.pigments and name in maps.names]
    lines = dict.fromkeys(line for name in finding.pigments for line in naming.lines.get(name, ()))
    return PigmentRow(
        " or ".join(map(naming.pigment, finding.pigments)),
        naming.colour(first) or "#b0b0b0",
        ", ".join(lines),
        finding.share,
        share(maps.top),
        share(maps.below),
        float(over.mean()) if over.size else 0.0,
        ", ".join(map(naming.pigment, others)),
    )


def confidence_summary(maps: PigmentMaps, naming: Naming, threshold: float) -> ConfidenceSummary:
    """Summarise in how many pixels the maps give no answer, or only a group."""
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
    unresolved = tuple(
        (naming.group(entry.name), naming.members_of(entry.name), entry.share)
        for entry in unresolved_groups(maps, naming.members)
    )
    return ConfidenceSummary(
        pixels=int(measured.sum()),
        nothing=float((~some & measured).sum()) / pixels,
        group_only=float((alone & measured).sum()) / pixels,
        unresolved=unresolved,
        unexplained_median=float(np.median(values)) if values.size else 0.0,
        unexplained_high=float(np.percentile(values, 95)) if values.size else 0.0,
    )


def provenance_rows(maps: ElementMaps | PigmentMaps) -> list[tuple[str, str]]:
    """Return the provenance of maps as names and values."""
    made = provenance(maps)
    rows = named_rows(made)
    if maps.pixel_mm is not None:
        dy, dx = maps.pixel_mm
        rows.append(("Pixel", f"{dx:g} × {dy:g} mm"))
    rows.append(("Made with", ", ".join(_packages())))
    return rows


def provenance_text(maps: ElementMaps | PigmentMaps) -> str:
    """Return the complete provenance of maps as JSON."""
    return to_json(provenance(maps))


def _packages() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found
