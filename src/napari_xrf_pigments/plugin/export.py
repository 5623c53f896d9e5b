"""Save the maps and the report of a scan from the viewer (no Qt)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..pigments.display import Naming
from ..pigments.selection import select_pigments
from .state.scan import Scan

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps
    from .tasks import ProgressCallback


@dataclass(frozen=True)
class Format:
    """A format in which maps can be saved.

    Parameters
    ----------
    key : str
        Name on the command line.
    title : str
        Title in the dialog.
    suffix : str
        Suffix of the file; empty for a folder.
    """

    key: str
    title: str
    suffix: str = ""


FORMATS = (
    Format("pictures", "Figures to print: TIFF at 600 dpi with scale bar and colour bar"),
    Format("tiff", "Data as TIFF: one calibrated map per file, for image and GIS programs"),
    Format("zarr", "OME-Zarr: all results, can be opened again", ".zarr"),
    Format("hdf5", "HDF5: all results, can be opened again", ".h5"),
    Format("csv", "CSV: one table with one line per pixel", ".csv"),
    Format("csv-maps", "CSV: one matrix per map"),
)


def maps_of(scan: Scan) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Return the element maps and the pigment maps of a scan.

    Raises
    ------
    ValueError
        If the scan has no maps.
    """
    pixel = scan.cube.pixel_mm
    elements = scan.elements.maps(pixel) if scan.elements is not None else None
    pigments = scan.pigments.maps(pixel) if scan.pigments is not None else None
    if elements is None and pigments is None:
        raise ValueError(f"{scan.name} has no maps yet; map elements or pigments first.")
    return elements, pigments


def shown_pigments(scan: Scan, pigments: PigmentMaps | None) -> PigmentMaps | None:
    """Return the pigment maps without the hidden pigments, which the provenance lists."""
    return None if pigments is None else select_pigments(pigments, scan.palette)


def export(scan: Scan, key: str, path: Path, progress: ProgressCallback) -> Path:
    """Save the maps of a scan in a format.

    Parameters
    ----------
    scan : Scan
        The scan.
    key : str
        Key of one of :data:`FORMATS`.
    path : Path
        File or folder.
    progress : callable
        Called with the progress; returns True to stop, and finished figures stay.

    Raises
    ------
    ValueError, OSError
        With a message for the user, if the maps cannot be written.
    """
    from ..io import save_results
    from ..pigments.display import catalogue_naming
    from ..reporting.tiff_figures import save_pictures

    elements, pigments = maps_of(scan)
    if key != "pictures":
        return save_results(path, elements=elements, pigments=pigments, format=key)  # type: ignore[arg-type]
    shown = shown_pigments(scan, pigments)
    naming: Naming = catalogue_naming()
    count = len(elements.names if elements else ()) + len(shown.names if shown else ()) // 4

    def on_figure(done: int, title: str) -> bool:
        return progress(done, max(done + 1, count))

    threshold = scan.palette.threshold
    return save_pictures(path, elements, shown, naming, threshold=threshold, watch=on_figure)


def export_report(
    scan: Scan,
    path: Path,
    regions: Mapping[str, NDArray[np.bool_]],
    title: str,
    remarks: str,
    progress: ProgressCallback,
) -> Path:
    """Write the report of a scan.

    Parameters
    ----------
    scan : Scan
        The scan.
    path : Path
        The file, ``.html``.
    regions : mapping of str to ndarray of bool, shape (y, x)
        Regions that the user drew; without any, the report selects regions with pigments.
    title, remarks : str
        Title and remarks of the report.
    progress : callable
        Called with the progress; returns True to stop.

    Raises
    ------
    ValueError, OSError
        With a message for the user, if the report cannot be written.
    """
    from ..reporting.report import save_report, scan_report

    elements, pigments = maps_of(scan)
    shown = shown_pigments(scan, pigments)

    def on_block(done: int, total: int) -> None:
        progress(done, 2 * total)

    report = scan_report(
        title,
        elements,
        shown,
        scan.cube,
        regions or None,
        threshold=scan.palette.threshold,
        remarks=_with_hidden(shown, remarks),
        progress=on_block,
    )
    return save_report(path, report, lambda done: progress(40 + done, 80 + done))


def _with_hidden(pigments: Any, remarks: str) -> str:
    """Add the hidden pigments, by reason, to the remarks of a report."""
    from napari_xrf_pigments.pigments.display import pigment_title

    hidden = dict(pigments.provenance.get("hidden", {})) if pigments is not None else {}
    if not hidden:
        return remarks
    why = {"period": "not in use in the period of the painting", "excluded": "excluded by the user"}
    names: dict[str, list[str]] = {}
    for name, reason in hidden.items():
        names.setdefault(str(why.get(reason, reason)), []).append(pigment_title(name))
    parts = "; ".join(f"{', '.join(titles)} ({reason})" for reason, titles in names.items())
    return f"{remarks}\n\nNot shown in this report: {parts}.".strip()
