"""Which elements, pigments and groups are present in the maps of a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cube import ElementMaps, PigmentMaps

#: A member present in more than this share of the pixels of its group resolves the group.
RESOLVED_SHARE = 0.8
#: A partner with more than this part of a pigment's probability, on average, rivals it.
RIVAL_RATIO = 0.4


@dataclass(frozen=True)
class Detection:
    """An element, pigment or group that is present in a scan.

    Parameters
    ----------
    name : str
        Line family, pigment id or ambiguity group.
    share : float
        Share of the measured pixels in which it is present, 0-1.
    """

    name: str
    share: float


def detected_elements(maps: ElementMaps, min_sigma: float = 5.0) -> tuple[Detection, ...]:
    """Return the line families that are significant in at least one pixel.

    Parameters
    ----------
    maps : ElementMaps
        Elemental maps.
    min_sigma : float
        Net counts, in standard deviations, above which a pixel counts.

    Returns
    -------
    tuple of Detection
        In the order of the maps.
    """
    detections = []
    for index, name in enumerate(maps.names):
        counts, sigma = np.asarray(maps.counts[index]), np.asarray(maps.sigma[index])
        measured = np.isfinite(counts)
        above = measured & (counts > min_sigma * np.maximum(np.nan_to_num(sigma), 1e-9))
        if above.any():
            detections.append(Detection(name, float(above.sum() / measured.sum())))
    return tuple(detections)


def detected_pigments(
    maps: PigmentMaps, threshold: float = 0.5, min_share: float = 0.002
) -> tuple[Detection, ...]:
    """Return the pigments that are present, the most widespread first.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    threshold : float
        Probability above which a pixel counts, 0-1.
    min_share : float
        Smallest share of the measured pixels that must count, 0-1.
    """
    return _above(maps.names, maps.probability, threshold, min_share)


def detected_groups(
    maps: PigmentMaps, threshold: float = 0.5, min_share: float = 0.002
) -> tuple[Detection, ...]:
    """Return the ambiguity groups with a member present; see :func:`detected_pigments`."""
    return _above(maps.groups, maps.group_probability, threshold, min_share)


def unresolved_groups(
    maps: PigmentMaps, members: Mapping[str, tuple[str, ...]]
) -> tuple[Detection, ...]:
    """Return the groups that are present in many more pixels than any single member.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    members : mapping of str to tuple of str
        Pigment ids of each group.
    """
    shares = {entry.name: entry.share for entry in detected_pigments(maps, min_share=0.0)}
    return tuple(
        group
        for group in detected_groups(maps)
        if len(ids := members.get(group.name, ())) > 1
        and max(shares.get(name, 0.0) for name in ids) <= RESOLVED_SHARE * group.share
    )


@dataclass(frozen=True)
class Finding:
    """A pigment that is present, or several of a group of which it is not known which.

    Parameters
    ----------
    pigments : tuple of str
        One id, or those of the pigments that rival each other.
    group : str or None
        Their ambiguity group, where there are several.
    share : float
        Share of the measured pixels, 0-1: of several, where at least one of the group is present.
    """

    pigments: tuple[str, ...]
    group: str | None
    share: float


def find_pigments(
    maps: PigmentMaps,
    members: Mapping[str, tuple[str, ...]],
    threshold: float = 0.5,
    min_share: float = 0.002,
) -> tuple[Finding, ...]:
    """Summarise the pigments that are present; rivals of a group get one share together.

    A partner of its group rivals a pigment if, where the pigment counts, the partner has more than
    :data:`RIVAL_RATIO` of its probability on average. A percentage for either alone would then
    claim what the spectrum cannot decide. Where a group is present in many more pixels than its
    members, they share one entry as well.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps, without the pigments that cannot be there (:func:`select_pigments`).
    members : mapping of str to tuple of str
        Pigment ids of each ambiguity group.
    threshold : float
        Probability above which a pixel counts, 0-1.
    min_share : float
        Smallest share of the measured pixels that must count, 0-1.

    Returns
    -------
    tuple of Finding
        The most widespread first.
    """
    present = {entry.name: entry.share for entry in detected_pigments(maps, threshold, min_share)}
    groups = {entry.name: entry.share for entry in detected_groups(maps, threshold, min_share)}
    findings: list[Finding] = []
    together: set[str] = set()
    for group, share in groups.items():
        ids = [name for name in members.get(group, ()) if name in maps.names]
        rivals = _rivals(maps, ids, [name for name in ids if name in present], threshold)
        if not rivals and len(ids) > 1:
            rivals = set() if _covers(maps, ids, threshold, RESOLVED_SHARE * share) else set(ids)
        if rivals - together:
            findings.append(Finding(tuple(name for name in ids if name in rivals), group, share))
            together |= rivals
    alone = [
        Finding((name,), None, share) for name, share in present.items() if name not in together
    ]
    return tuple(sorted([*findings, *alone], key=lambda finding: -finding.share))


def _covers(maps: PigmentMaps, ids: list[str], threshold: float, share: float) -> bool:
    """Return whether some member is present in more than a share of the measured pixels."""
    images = [np.asarray(maps.probability[maps.names.index(name)]) for name in ids]
    measured = np.isfinite(images[0]).sum()
    counted = np.any([image > threshold for image in images], axis=0)
    return bool(counted.sum() > share * max(1, measured))


def _rivals(maps: PigmentMaps, ids: list[str], present: list[str], threshold: float) -> set[str]:
    """Return the members of a group that rival each other."""
    rivals: set[str] = set()
    for name in present:
        own = np.asarray(maps.probability[maps.names.index(name)])
        counted = own > threshold
        for partner in ids:
            if partner != name:
                other = np.asarray(maps.probability[maps.names.index(partner)])
                if np.mean(other[counted] / own[counted]) > RIVAL_RATIO:
                    rivals |= {name, partner}
    return rivals


def _above(
    names: tuple[str, ...], images: Any, threshold: float, min_share: float
) -> tuple[Detection, ...]:
    detections = []
    for index, name in enumerate(names):
        image = np.asarray(images[index])
        measured = np.isfinite(image)
        share = float((image > threshold).sum() / max(1, measured.sum()))
        if share > 0 and share >= min_share:
            detections.append(Detection(name, share))
    return tuple(sorted(detections, key=lambda entry: -entry.share))
