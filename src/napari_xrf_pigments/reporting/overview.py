"""One picture of all that was found in a scan, to look at without any viewer.

Deciding what counts as found belongs here; names and colours of pigments do not: the
caller hands them in.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..cube import ElementMaps, PigmentMaps
from ._page import Panel, Section, draw_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# A member that is likely in more than this share of its group's pixels stands for the group.
DECIDED = 0.8


@dataclass(frozen=True)
class Found:
    """A map that shows something.

    Parameters
    ----------
    name : str
        Line family, pigment id or ambiguity group.
    share : float
        Share, 0-1, of the measured pixels where it stands out.
    """

    name: str
    share: float


def found_elements(maps: ElementMaps, min_sigma: float = 5.0) -> tuple[Found, ...]:
    """The line families that stand over their noise somewhere, in the order of the maps.

    Parameters
    ----------
    maps : ElementMaps
        Elemental maps.
    min_sigma : float
        Net counts over standard deviation from which a pixel speaks for an element.
    """
    found = []
    for index, name in enumerate(maps.names):
        counts, sigma = np.asarray(maps.counts[index]), np.asarray(maps.sigma[index])
        measured = np.isfinite(counts)
        over = measured & (counts > min_sigma * np.maximum(np.nan_to_num(sigma), 1e-9))
        if over.any():
            found.append(Found(name, float(over.sum() / measured.sum())))
    return tuple(found)


def found_pigments(
    maps: PigmentMaps, threshold: float = 0.5, min_share: float = 0.002
) -> tuple[Found, ...]:
    """The pigments that are likely in some part of the scan, the most widespread first.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    threshold : float
        Probability over which a pixel counts.
    min_share : float
        Share, 0-1, of the measured pixels that must count.
    """
    return _likely(maps.names, maps.probability, threshold, min_share)


def found_groups(
    maps: PigmentMaps, threshold: float = 0.5, min_share: float = 0.002
) -> tuple[Found, ...]:
    """The ambiguity groups of which one member is likely there; see `found_pigments`."""
    return _likely(maps.groups, maps.group_probability, threshold, min_share)


def undecided_groups(
    maps: PigmentMaps, members: Mapping[str, tuple[str, ...]]
) -> tuple[Found, ...]:
    """The groups that are found far more widely than any single member of them.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    members : mapping of str to tuple of str
        Pigment ids of each group.
    """
    shares = {entry.name: entry.share for entry in found_pigments(maps, min_share=0.0)}
    return tuple(
        group
        for group in found_groups(maps)
        if len(ids := members.get(group.name, ())) > 1
        and max(shares.get(name, 0.0) for name in ids) <= DECIDED * group.share
    )


def _likely(
    names: tuple[str, ...], images: Any, threshold: float, min_share: float
) -> tuple[Found, ...]:
    found = []
    for index, name in enumerate(names):
        image = np.asarray(images[index])
        measured = np.isfinite(image)
        share = float((image > threshold).sum() / max(1, measured.sum()))
        if share > 0 and share >= min_share:
            found.append(Found(name, share))
    return tuple(sorted(found, key=lambda entry: -entry.share))


def save_overview(
    path: str | Path,
    elements: ElementMaps | None = None,
    pigments: PigmentMaps | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    members: Mapping[str, tuple[str, ...]] | None = None,
    title: str = "",
    at_most: int = 20,
) -> Path:
    """Draw the maps of what was found into one PNG file.

    Parameters
    ----------
    path : str or Path
        The file to write; it appears only when it is complete.
    elements, pigments : ElementMaps, PigmentMaps, optional
        Maps of one scan.
    labels, colours : mapping of str to str, optional
        Display name and ``"#rrggbb"`` of pigment ids.
    members : mapping of str to tuple of str, optional
        Pigment ids of ambiguity groups: a group whose members cannot be told apart gets
        a map of its own.
    title : str
        A line at the top.
    at_most : int
        Number of maps of each kind.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no maps at all.
    """
    sections = []
    if elements is not None:
        sections.append(_element_section(elements, at_most))
    if pigments is not None:
        sections.append(_pigment_section(pigments, at_most, labels or {}, colours or {}))
        undecided = _group_section(pigments, at_most, labels or {}, members or {})
        if undecided.panels:
            sections.append(undecided)
    if not sections:
        raise ValueError("There are no maps to draw.")
    return _write(draw_page(title, sections), Path(path))


def _element_section(maps: ElementMaps, at_most: int) -> Section:
    panels = tuple(
        Panel(entry.name, np.asarray(maps.counts[maps.names.index(entry.name)]))
        for entry in found_elements(maps)[:at_most]
    )
    note = "net counts; the brightest grey is the 99.5th percentile of each map"
    return Section("Elements", note, "gray", panels, maps.pixel_mm)


def _pigment_section(
    maps: PigmentMaps, at_most: int, labels: Mapping[str, str], colours: Mapping[str, str]
) -> Section:
    panels = tuple(
        Panel(
            labels.get(entry.name, entry.name),
            np.asarray(maps.probability[maps.names.index(entry.name)]),
            1.0,
            colours.get(entry.name),
        )
        for entry in found_pigments(maps)[:at_most]
    )
    note = "probability of being in any layer, the ground included"
    return Section("Pigments", note, "magma", panels, maps.pixel_mm)


def _group_section(
    maps: PigmentMaps,
    at_most: int,
    labels: Mapping[str, str],
    members: Mapping[str, tuple[str, ...]],
) -> Section:
    panels = []
    for entry in undecided_groups(maps, members)[:at_most]:
        image = np.asarray(maps.group_probability[maps.groups.index(entry.name)])
        names = " / ".join(labels.get(name, name) for name in members[entry.name])
        panels.append(
            Panel(
                textwrap.shorten(names, 32, placeholder=" ...").replace("/ ...", "..."), image, 1.0
            )
        )
    note = "probability that at least one of them is there; they are not told apart everywhere"
    return Section("One of several", note, "magma", tuple(panels), maps.pixel_mm)


def _write(figure: Figure, path: Path) -> Path:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        FigureCanvasAgg(figure).print_png(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
