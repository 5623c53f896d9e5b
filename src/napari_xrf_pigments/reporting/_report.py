"""What a report says of a scan: its maps, and spectra of the whole and of regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps, XRFCube
from ..mapping.region_spectra import region_sums
from ..mapping.tiles import Progress
from ..physics.lines import line_family
from ..pigments.display_names import catalogue_naming
from .overview import found_elements, found_pigments
from .report import RegionSpectrum, Report

#: The whole scan, as a region of its own.
WHOLE = "Whole scan"
#: Spectra of the pixels of so many pigments, the most widespread, at most.
_MOST_PIGMENTS = 12
_GREEK = {"a": "α", "b": "β"}


def scan_report(
    title: str,
    elements: ElementMaps | None,
    pigments: PigmentMaps | None,
    cube: XRFCube | None = None,
    regions: Mapping[str, NDArray[np.bool_]] | None = None,
    *,
    threshold: float = 0.5,
    remarks: str = "",
    progress: Progress | None = None,
) -> Report:
    """Gather a report.

    Parameters
    ----------
    title : str
        Of the page.
    elements, pigments : ElementMaps, PigmentMaps or None
        Maps of the scan.
    cube : XRFCube, optional
        The scan; without it there are no spectra.
    regions : mapping of str to ndarray of bool, shape (y, x), optional
        Regions by name. None: those where each pigment was found.
    threshold : float
        Probability over which a pigment counts as found in a pixel, 0-1.
    remarks : str
        A text of the user, in paragraphs.
    progress : callable, optional
        Called with the pixels read and the pixels in all.
    """
    spectra: tuple[RegionSpectrum, ...] = ()
    if cube is not None:
        if regions is None:
            regions = _where_found(pigments, threshold)
        masks = {WHOLE: np.ones(cube.shape[:2], bool), **regions}
        spectra = tuple(_spectra(cube, masks, elements, progress))
    naming = catalogue_naming()
    return Report(title, elements, pigments, naming, spectra, threshold, remarks)


def _where_found(pigments: PigmentMaps | None, threshold: float) -> dict[str, NDArray[np.bool_]]:
    if pigments is None:
        return {}
    naming = catalogue_naming()
    return {
        f"Where {naming.pigment(entry.name)} was found": np.asarray(
            pigments.probability[pigments.names.index(entry.name)]
        )
        > threshold
        for entry in found_pigments(pigments, threshold)[:_MOST_PIGMENTS]
    }


def _spectra(
    cube: XRFCube,
    masks: Mapping[str, NDArray[np.bool_]],
    elements: ElementMaps | None,
    progress: Progress | None,
) -> Iterable[RegionSpectrum]:
    names = [entry.name for entry in found_elements(elements)] if elements is not None else []
    for name, sums in region_sums(cube, masks, progress).items():
        if not sums.pixels:
            continue
        there = names if elements is None else _present(elements, names, masks[name])
        yield RegionSpectrum(
            name,
            cube.energies.kev,
            sums.mean,
            sums.pixels,
            sums.maximum,
            main_lines(there, cube.acquisition.tube_kv or float(cube.energies.kev[-1])),
        )


def _present(
    elements: ElementMaps, names: Iterable[str], mask: NDArray[np.bool_], sigmas: float = 5.0
) -> list[str]:
    """The line families whose sum over a region stands over its noise."""
    found = []
    for name in names:
        index = elements.names.index(name)
        counts, sigma = np.asarray(elements.counts[index]), np.asarray(elements.sigma[index])
        chosen = mask & np.isfinite(counts)
        noise = float(np.sqrt(np.square(sigma[chosen], dtype=np.float64).sum()))
        if counts[chosen].sum(dtype=np.float64) > sigmas * max(noise, 1e-9):
            found.append(name)
    return found


def main_lines(families: Iterable[str], tube_kv: float) -> tuple[tuple[str, float], ...]:
    """The strongest line of each line family: label and energy in keV.

    Parameters
    ----------
    families : iterable of str
        Such as ``"Fe K"``.
    tube_kv : float
        Voltage of the tube: what it does not excite has no lines.
    """
    found: list[tuple[str, float]] = []
    for name in families:
        try:
            family = line_family(name, tube_kv)
        except ValueError:
            continue
        strengths = np.asarray(family.strength)
        line = family.lines[int(strengths.argmax())]
        kind = line.siegbahn[:2]
        found.append((f"{line.symbol} {kind[0]}{_GREEK.get(kind[1:], kind[1:])}", line.kev))
    return tuple(found)
