"""One HTML file that says what was found in a scan, how, and how sure.

What stands in it is decided here and in ``report_facts``; drawing belongs to
``report_figures``, the page itself to ``data/report.html.j2``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps
from ..io.atomic import write_atomically
from ..pigments.display_names import Naming
from ._facts import how_sure, pigment_rows, provenance_rows, provenance_text
from ._spectrum_figures import picture_uri, spectrum_uri
from .figures import element_pictures, pigment_pictures

_GENERATOR = "napari-xrf-pigments report"


@dataclass(frozen=True)
class RegionSpectrum:
    """The spectra of a region, or of the whole scan.

    Parameters
    ----------
    name : str
        For people.
    kev : ndarray, shape (channel,)
        Centres of the channels, keV.
    mean : ndarray, shape (channel,)
        Mean counts of a pixel.
    pixels : int
        How many pixels were measured in it.
    maximum : ndarray, shape (channel,), or None
        Highest counts of any pixel.
    lines : tuple of (str, float)
        Lines to mark: label and energy in keV.
    statistics : tuple of (str, str)
        What else to say of it: name and value.
    """

    name: str
    kev: NDArray[np.float64]
    mean: NDArray[np.float64]
    pixels: int
    maximum: NDArray[np.float64] | None = None
    lines: tuple[tuple[str, float], ...] = ()
    statistics: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """What a report is made of.

    Parameters
    ----------
    title : str
        Of the page.
    elements, pigments : ElementMaps, PigmentMaps or None
        Maps of one scan; at least one.
    naming : Naming
        Names, colours, groups and lines of the pigments.
    spectra : tuple of RegionSpectrum
        Spectra of regions.
    threshold : float
        Probability over which a pigment counts as found in a pixel, 0-1.
    remarks : str
        A text of the user, in paragraphs.
    """

    title: str
    elements: ElementMaps | None = None
    pigments: PigmentMaps | None = None
    naming: Naming = field(default_factory=Naming)
    spectra: tuple[RegionSpectrum, ...] = ()
    threshold: float = 0.5
    remarks: str = ""


#: Called with the pictures drawn so far; True: stop.
Watch = Callable[[int], bool]


def save_report(out: str | os.PathLike[str], report: Report, watch: Watch | None = None) -> Path:
    """Write a report as one HTML file that needs neither a network nor scripts.

    Parameters
    ----------
    out : path_like
        The file.
    report : Report
        What to say.
    watch : callable, optional
        Told of the progress. Where it asks to stop, the pages says that pictures are missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no maps, or the name does not end in ``.html``.
    OSError
        If something that is no such report is in the way, or the disk fails.
    """
    target = Path(out).absolute()
    if target.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{target.name} must end in .html: a report is a web page.")
    if report.elements is None and report.pigments is None:
        raise ValueError("There are no maps to report on.")
    if target.exists() and not is_report(target):
        raise FileExistsError(
            f"{target.name} exists and is not a report of this program, so it was left as it is."
        )
    page = render(report, watch)
    write_atomically(target, lambda path: _write(path, page), is_report)
    return target


def is_report(path: Path) -> bool:
    """Whether a file is a report that this program wrote."""
    try:
        with path.open("rb") as file:
            return f'content="{_GENERATOR}'.encode() in file.read(2000)
    except OSError:
        return False


def render(report: Report, watch: Watch | None = None) -> str:
    """The page of a report as text."""
    from jinja2 import Environment, StrictUndefined

    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    text = files(__package__).joinpath("data/report.html.j2").read_text(encoding="utf-8")
    return pages.from_string(text).render(**_content(report, watch))


def _content(report: Report, watch: Watch | None) -> dict[str, Any]:
    elements, pigments, naming = report.elements, report.pigments, report.naming
    drawn = _Drawing(watch)
    facts = [
        (kind, provenance_rows(maps), provenance_text(maps))
        for kind, maps in (("Pigment maps", pigments), ("Elemental maps", elements))
        if maps is not None
    ]
    pigment_maps = element_maps = []
    if pigments is not None:
        pictures = pigment_pictures(
            pigments, naming, report.threshold, ("probability", "top", "below")
        )
        pigment_maps = drawn.uris(pictures)
    if elements is not None:
        element_maps = drawn.uris(element_pictures(elements))
    return {
        "generator": f"{_GENERATOR} {version('napari-xrf-pigments')}",
        "title": report.title,
        "made": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "remarks": [part.strip() for part in report.remarks.split("\n\n") if part.strip()],
        "threshold": report.threshold,
        "rows": pigment_rows(pigments, naming, report.threshold) if pigments is not None else [],
        "sure": how_sure(pigments, naming, report.threshold) if pigments is not None else None,
        "pigment_maps": pigment_maps,
        "element_maps": element_maps,
        "spectra": [(spectrum, spectrum_uri(spectrum)) for spectrum in report.spectra],
        "facts": facts,
        "stopped": drawn.stopped,
    }


class _Drawing:
    """Draws pictures one after the other until somebody asks to stop."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self._done = 0
        self.stopped = False

    def uris(self, pictures: Any) -> list[tuple[str, str]]:
        found = []
        for _, picture in pictures:
            self.stopped = self.stopped or (self._watch is not None and self._watch(self._done))
            if self.stopped:
                break
            found.append((f"{picture.title}: {picture.note}", picture_uri(picture)))
            self._done += 1
        return found


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8")
