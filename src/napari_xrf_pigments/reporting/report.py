"""A report of the findings in a scan, the methods and the confidence, as HTML."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps, XRFCube
from ..io.outputs.atomic_write import check_output, write_atomically
from ..mapping.region_spectra import region_sums
from ..mapping.tiles import Progress
from ..physics.lines import GREEK, line_family
from ..pigments.display import Naming, catalogue_naming
from ..pigments.selection import Palette
from ._facts import confidence_summary, pigment_rows, provenance_rows, provenance_text
from ._page import MapPicture
from ._spectrum_figures import RegionSpectrum, picture_uri, png_uri, spectrum_uri
from .composite import items_of
from .detection import detected_elements, detected_pigments
from .figures import DEPTHS, all_pigment_pictures, element_pictures
from .overview import composite_picture, render_composite
from .summary import summary

_GENERATOR = "napari-xrf-pigments report"
#: The whole scan, as a region of its own.
WHOLE = "Whole scan"
#: Greatest number of pigments, the most widespread, with a spectrum of their pixels.
_MAX_PIGMENTS = 12


@dataclass(frozen=True)
class Subject:
    """The object that was scanned.

    Parameters
    ----------
    object, author, date, inventory : str
        What it is, who made it and when, and its inventory number; empty where not known.
    """

    object: str = ""
    author: str = ""
    date: str = ""
    inventory: str = ""

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Names and values of what is known."""
        names = {"object": "Object", "author": "Author", "date": "Date"}
        names["inventory"] = "Inventory number"
        return [(title, value) for key, title in names.items() if (value := getattr(self, key))]


@dataclass(frozen=True)
class Report:
    """Content of a report.

    Parameters
    ----------
    title : str
        Title of the page.
    elements, pigments : ElementMaps, PigmentMaps or None
        Maps of one scan; at least one kind.
    naming : Naming
        Names, colours, groups and diagnostic lines of the pigments.
    spectra : tuple of RegionSpectrum
        Spectra of regions.
    threshold : float
        Probability above which a pigment counts as present, 0-1.
    remarks : str
        Text of the user, in paragraphs.
    subject : Subject
        The object that was scanned.
    """

    title: str
    elements: ElementMaps | None = None
    pigments: PigmentMaps | None = None
    naming: Naming = field(default_factory=Naming)
    spectra: tuple[RegionSpectrum, ...] = ()
    threshold: float = 0.5
    remarks: str = ""
    subject: Subject = field(default_factory=Subject)

    @property
    def palette(self) -> Palette:
        """The threshold, as a palette without hidden pigments."""
        return Palette(threshold=self.threshold)


def scan_report(
    title: str,
    elements: ElementMaps | None,
    pigments: PigmentMaps | None,
    cube: XRFCube | None = None,
    regions: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    threshold: float = 0.5,
    remarks: str = "",
    subject: Subject | None = None,
    progress: Progress | None = None,
) -> Report:
    """Gather the content of a report.

    Parameters
    ----------
    title : str
        Title of the page.
    elements, pigments : ElementMaps, PigmentMaps or None
        Maps of the scan.
    cube : XRFCube, optional
        The scan; without it the report has no spectra.
    regions : mapping of str to ndarray of bool, shape (y, x), optional
        Regions by name; None: the pixels of each pigment that is present.
    threshold : float
        Probability above which a pigment counts as present, 0-1.
    remarks : str
        Text of the user, in paragraphs.
    subject : Subject, optional
        The object that was scanned.
    progress : callable, optional
        Called with the number of pixels read and their total.
    """
    spectra: tuple[RegionSpectrum, ...] = ()
    if cube is not None:
        if regions is None:
            regions = _pigment_regions(pigments, threshold)
        masks = {WHOLE: np.ones(cube.shape[:2], bool), **regions}
        spectra = tuple(_spectra(cube, masks, elements, progress))
    naming = catalogue_naming()
    known = subject or Subject()
    return Report(title, elements, pigments, naming, spectra, threshold, remarks, known)


def _pigment_regions(
    pigments: PigmentMaps | None, threshold: float
) -> dict[str, NDArray[np.bool_]]:
    if pigments is None:
        return {}
    naming = catalogue_naming()
    return {
        f"Pixels with {naming.pigment(entry.name)}": np.asarray(
            pigments.probability[pigments.names.index(entry.name)]
        )
        > threshold
        for entry in detected_pigments(pigments, threshold)[:_MAX_PIGMENTS]
    }


def _spectra(
    cube: XRFCube,
    masks: Mapping[str, NDArray[np.bool_]],
    elements: ElementMaps | None,
    progress: Progress | None,
) -> Iterable[RegionSpectrum]:
    names = [entry.name for entry in detected_elements(elements)] if elements is not None else []
    for name, sums in region_sums(cube, masks, progress).items():
        if not sums.pixels:
            continue
        present = names if elements is None else _present(elements, names, masks[name])
        yield RegionSpectrum(
            name,
            cube.energies.kev,
            sums.mean,
            sums.pixels,
            sums.maximum,
            main_lines(present, cube.acquisition.tube_kv or float(cube.energies.kev[-1])),
        )


def _present(
    elements: ElementMaps, names: Iterable[str], mask: NDArray[np.bool_], sigmas: float = 5.0
) -> list[str]:
    """Return the line families whose sum over a region is significant."""
    present = []
    for name in names:
        index = elements.names.index(name)
        counts, sigma = np.asarray(elements.counts[index]), np.asarray(elements.sigma[index])
        measured = mask & np.isfinite(counts)
        noise = float(np.sqrt(np.square(sigma[measured], dtype=np.float64).sum()))
        if counts[measured].sum(dtype=np.float64) > sigmas * max(noise, 1e-9):
            present.append(name)
    return present


def main_lines(families: Iterable[str], tube_kv: float) -> tuple[tuple[str, float], ...]:
    """Return the strongest line of each line family: label and energy in keV.

    Parameters
    ----------
    families : iterable of str
        Such as ``"Fe K"``.
    tube_kv : float
        Voltage of the tube, kV: lines that it does not excite are left out.
    """
    lines: list[tuple[str, float]] = []
    for name in families:
        try:
            family = line_family(name, tube_kv)
        except ValueError:
            continue
        strengths = np.asarray(family.strength)
        line = family.lines[int(strengths.argmax())]
        kind = line.siegbahn[:2]
        lines.append((f"{line.symbol} {kind[0]}{GREEK.get(kind[1:], kind[1:])}", line.kev))
    return tuple(lines)


#: Called with the number of pictures drawn; return True to stop.
Watch = Callable[[int], bool]


def save_report(out: str | os.PathLike[str], report: Report, watch: Watch | None = None) -> Path:
    """Write a report as one HTML file, without scripts or anything from the network.

    Parameters
    ----------
    out : path_like
        File to write.
    report : Report
        Content of the report.
    watch : callable, optional
        Called before each picture. If it returns True to stop, the page states that maps are
        missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no maps, or the name does not end in ``.html``.
    OSError
        If `out` exists and is not a report of this program, or cannot be written.
    """
    target = Path(out).absolute()
    if report.elements is None and report.pigments is None:
        raise ValueError("There are no maps to report on.")
    check_report(target)
    page = render(report, watch)
    write_atomically(target, lambda part: part.write_text(page, encoding="utf-8"), is_report)
    return target


def check_report(path: Path, *, overwrite: bool = True, scan: Path | None = None) -> None:
    """Check before the work that a report can be written.

    Raises
    ------
    ValueError
        If its name does not end in ``.html``, or it is part of the scan.
    OSError
        If something else is there, or its folder does not exist.
    """
    suffixes = (".html", ".htm")
    check_output(path, is_report, overwrite=overwrite, scan=scan, suffixes=suffixes)


def is_report(path: Path) -> bool:
    """Return whether a file is a report that this program wrote."""
    try:
        with path.open("rb") as file:
            return f'content="{_GENERATOR}'.encode() in file.read(2000)
    except OSError:
        return False


def render(report: Report, watch: Watch | None = None) -> str:
    """Return the HTML of a report."""
    from jinja2 import Environment, StrictUndefined

    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    text = files(__package__).joinpath("data/report.html.j2").read_text(encoding="utf-8")
    return pages.from_string(text).render(**_content(report, watch))


def _content(report: Report, watch: Watch | None) -> dict[str, Any]:
    drawn = _Drawing(watch)
    elements, pigments, naming = report.elements, report.pigments, report.naming
    items = () if pigments is None else items_of(pigments, report.palette)
    composite = None
    if pigments is not None:
        composite = composite_picture(pigments, report.palette)
    facts = [
        (kind, provenance_rows(maps), provenance_text(maps))
        for kind, maps in (("Pigment maps", pigments), ("Elemental maps", elements))
        if maps is not None
    ]
    pigment_maps = element_maps = []
    if pigments is not None:
        pictures = all_pigment_pictures(pigments, naming, report.threshold, tuple(DEPTHS))
        pigment_maps = drawn.uris(pictures)
    if elements is not None:
        element_maps = drawn.uris(element_pictures(elements))
    return {
        "subject": report.subject.rows,
        "composite": None
        if composite is None
        else (png_uri(render_composite(composite)), png_uri(composite.legend)),
        "summary": "" if pigments is None else summary(pigments, items, report.palette),
        "generator": f"{_GENERATOR} {version('napari-xrf-pigments')}",
        "title": report.title,
        "made": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "remarks": [part.strip() for part in report.remarks.split("\n\n") if part.strip()],
        "threshold": report.threshold,
        "rows": pigment_rows(pigments, naming, report.threshold) if pigments is not None else [],
        "confidence": confidence_summary(pigments, naming, report.threshold)
        if pigments is not None
        else None,
        "pigment_maps": pigment_maps,
        "element_maps": element_maps,
        "spectra": [(spectrum, spectrum_uri(spectrum)) for spectrum in report.spectra],
        "facts": facts,
        "stopped": drawn.stopped,
    }


class _Drawing:
    """Draw pictures one after the other until the callback stops it."""

    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch
        self._done = 0
        self.stopped = False

    def uris(self, pictures: Iterable[tuple[str, MapPicture]]) -> list[tuple[str, str]]:
        uris = []
        for _, picture in pictures:
            self.stopped = self.stopped or (self._watch is not None and self._watch(self._done))
            if self.stopped:
                break
            uris.append((f"{picture.title}: {picture.note}", picture_uri(picture)))
            self._done += 1
        return uris
