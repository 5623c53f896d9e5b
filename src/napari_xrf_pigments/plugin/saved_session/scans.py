"""Scans and their results as JSON values and arrays, and back (no Qt, no napari)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.io.scans.metadata import from_json, metadata_of, to_json
from napari_xrf_pigments.mapping.analysis.map_algebra import Combined
from napari_xrf_pigments.mapping.run_warnings import SpectraTally
from napari_xrf_pigments.pigments.selection import Palette

from ..state.results import ElementResults, ElementView, PigmentResults, Results
from ..state.rows import ElementRow
from ..state.scan import Scan, ScanSettings
from ..state.totals import TotalCounts
from .container import ArrayStore, SavedSession

#: Images of results that are saved beside the maps, by part.
_IMAGES = {"elements": ("total", "scatter", "scatter_sigma", "done"), "pigments": ("done",)}


def scan_state(scan: Scan, store: ArrayStore, folder: Path, sample: str) -> dict[str, Any]:
    """Return a scan as JSON values.

    Parameters
    ----------
    scan : Scan
        The scan.
    store : ArrayStore
        Receives its results and arrays.
    folder : Path
        Folder of the session.
    sample : str
        Name of the sample data, if the scan is one; empty otherwise.
    """
    source, pixel_mm = scan.cube.source, scan.cube.pixel_mm
    state: dict[str, Any] = {
        "name": scan.name,
        "sample": sample,
        "location": None,
        "shape": scan.cube.shape,
        "metadata": json.loads(to_json(metadata_of(scan.cube))),
        "origin": scan.settings.origin,
        "palette": scan.palette.settings,
        "element_view": asdict(scan.element_view),
        "element_rows": [asdict(row) for row in scan.element_rows],
        "curves": scan.curves.state(),
        "pixel": scan.pixel,
        "results": None,
        "elements": None,
        "pigments": None,
    }
    if source is not None:
        path, relative = str(source.path), _relative(source.path, folder)
        state["location"] = {"path": path, "relative": relative, "size": source.size}
        if len(source.opened) == 1:
            state["location"]["detector"] = source.opened[0]
    elements, pigments = scan.elements, scan.pigments
    if elements is not None or pigments is not None:
        state["results"] = store.add_results(
            None if elements is None else elements.net_counts(pixel_mm),
            None if pigments is None else pigments.maps(pixel_mm),
        )
    if elements is not None:
        state["elements"] = _run_state("elements", elements, store)
        state["elements"]["normalisation"] = elements.normalisation
    if pigments is not None:
        state["pigments"] = _run_state("pigments", pigments, store)
    state["totals"] = store.add(scan.totals.image)
    state["derived"] = {
        name: [store.add(made.values), store.add(made.sigma)] for name, made in scan.derived.items()
    }
    return state


def _run_state(part: str, results: Results, store: ArrayStore) -> dict[str, Any]:
    """Return the state from which a run is resumed: finished pixels and tally of spectra."""
    total = results.tally.total
    return {
        "images": {name: store.add(getattr(results, name)) for name in _IMAGES[part]},
        "tally": results.tally.numbers,
        "sum": None if total is None else store.add(total),
    }


def _relative(path: Path, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive
        return ""


def find_scan(location: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the present path of a scan, which may have moved together with the session.

    Paths on a network are tried only if the session itself is on one, so that a session from
    somebody else cannot make this computer connect to a server.

    Parameters
    ----------
    location : mapping
        The location in the state of the scan.
    folder : Path
        Folder of the session.
    """
    path = Path(location["path"])
    candidates = [path, folder / location["relative"], folder / path.name]
    local = not _on_network(folder)
    tried = [each for each in candidates if not (local and _on_network(each))]
    return next((each for each in tried if each.exists()), None)


def _on_network(path: Path) -> bool:
    return str(path).startswith(("\\\\", "//"))


def restored_scan(state: Mapping[str, Any], session: SavedSession, cube: XRFCube) -> Scan:
    """Return the scan of a state with its results, axis, settings and palette.

    Raises
    ------
    ValueError
        If the state is damaged.
    """
    try:
        metadata = from_json(json.dumps(state["metadata"]), session.path.name)
        if metadata.pixel_mm is not None:
            cube = replace(cube, pixel_mm=metadata.pixel_mm)
        totals = TotalCounts(cube)
        totals.image[:] = _image(session, state["totals"], cube)
        scan = Scan(cube, str(state["name"]), totals)
        origin = str(state["origin"]) or "from the saved session"
        if metadata.energies.n_channels != cube.shape[2]:
            raise ValueError("The energy axis has another number of channels than the scan.")
        scan.change(ScanSettings(metadata.energies, metadata.acquisition, origin))
        scan.palette = Palette.of(state["palette"])
        scan.element_view = ElementView(**state["element_view"])
        scan.element_rows = tuple(
            ElementRow(str(row["family"]), tuple(map(str, row["families"])), row["strength"])
            for row in state["element_rows"]
        )
        scan.curves.restore(state["curves"])
        scan.pixel = _pixel(state["pixel"], scan)
        for name, keys in state["derived"].items():
            values, sigma = (_image(session, key, cube) for key in keys)
            scan.derived[str(name)] = Combined(str(name), values, sigma)
        _restore_results(scan, state, session)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise session.damaged("the description of a scan in it cannot be read") from error
    return scan


def _restore_results(scan: Scan, state: Mapping[str, Any], session: SavedSession) -> None:
    key = state["results"]
    elements, pigments = (None, None) if key is None else session.results[key]
    if (elements is None, pigments is None) != (
        state["elements"] is None,
        state["pigments"] is None,
    ):
        raise ValueError("The results do not match their description.")
    if elements is not None:
        element_results = ElementResults.from_maps(elements)
        element_results.cube = scan.cube
        element_results.normalisation = state["elements"]["normalisation"]
        _restore_run("elements", element_results, state["elements"], session, scan.cube)
        scan.elements = element_results
    if pigments is not None:
        pigment_results = PigmentResults.from_maps(pigments)
        _restore_run("pigments", pigment_results, state["pigments"], session, scan.cube)
        scan.pigments = pigment_results


def _restore_run(
    part: str, results: Any, state: Mapping[str, Any], session: SavedSession, cube: XRFCube
) -> None:
    if results.done.shape != cube.shape[:2]:
        raise ValueError("The size of the maps differs from that of the scan.")
    for name in _IMAGES[part]:
        setattr(results, name, _image(session, state["images"][name], cube))
    results.done = results.done.astype(bool)
    total = None if state["sum"] is None else session.arrays[state["sum"]]
    if total is not None and total.shape != cube.shape[2:]:
        raise ValueError("The sum of the spectra has another number of channels than the scan.")
    numbers = np.array([int(number) for number in state["tally"]])
    results.tally = replace(SpectraTally.from_numbers(numbers), total=total)
    results.energies = cube.energies


def _image(session: SavedSession, key: str, cube: XRFCube) -> Any:
    image = session.arrays[key]
    if image.shape != cube.shape[:2]:
        raise ValueError("The size of an image differs from that of the scan.")
    return image


def _pixel(yx: Any, scan: Scan) -> tuple[int, int] | None:
    valid = isinstance(yx, list) and len(yx) == 2 and all(type(value) is int for value in yx)
    return (yx[0], yx[1]) if valid and scan.measured(*yx) else None
