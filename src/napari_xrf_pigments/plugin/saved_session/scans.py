"""A scan and what was made of it as plain values, and back (no Qt, no napari)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps, XRFCube
from napari_xrf_pigments.io.results.fields import to_json_types
from napari_xrf_pigments.io.scans.metadata import from_json, metadata_of, to_json
from napari_xrf_pigments.mapping.analysis.map_algebra import Combined
from napari_xrf_pigments.mapping.run_warnings import SpectraTally
from napari_xrf_pigments.pigments.selection import Palette

from ..state.results import ElementResults, ElementView, PigmentResults, Results
from ..state.rows import ElementRow
from ..state.scan import Scan, ScanSettings
from ..state.totals import TotalCounts
from .container import ArrayShelf, SavedSession

SAMPLE = "hidden_layer"
_STACKS = {
    "elements": ("counts", "sigma"),
    "pigments": ("probability", "top", "below", "group_probability"),
}
_IMAGES = {
    "elements": ("total", "scatter", "scatter_sigma", "done"),
    "pigments": ("unexplained", "done"),
}


@dataclass(frozen=True)
class Place:
    """Where a scan lies, and how it is known again.

    Parameters
    ----------
    path, beside : str
        Its path, and the path seen from the session's folder.
    format : str
        Name of its format.
    size : int
        Bytes.
    """

    path: str
    beside: str
    format: str
    size: int

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        return Path(self.path).name

    def candidates(self, folder: Path) -> list[Path]:
        """Where to look: the old place, the same place seen from the session, beside it."""
        found = [Path(self.path)]
        if self.beside:
            found.append(folder / self.beside)
        return [*found, folder / self.name]


def scan_state(scan: Scan, shelf: ArrayShelf, folder: Path, sample: bool) -> dict[str, Any]:
    """A scan as plain values, its results on a shelf.

    Parameters
    ----------
    scan : Scan
        The scan.
    shelf : ArrayShelf
        Takes the arrays.
    folder : Path
        Where the session is saved.
    sample : bool
        Whether it is the simulated painting.
    """
    state: dict[str, Any] = {
        "name": scan.name,
        "sample": SAMPLE if sample else None,
        "place": None,
        "shape": list(scan.cube.shape),
        "facts": to_json(metadata_of(scan.cube)),
        "origin": scan.settings.origin,
        "palette": scan.palette.settings,
        "view": asdict(scan.element_view),
        "elements found": [asdict(row) for row in scan.element_rows],
        "curves": scan.curves.state(),
        "pixel": scan.pixel,
        "totals": shelf.add(scan.totals.image),
        "derived": {
            name: {"values": shelf.add(made.values), "sigma": shelf.add(made.sigma)}
            for name, made in scan.derived.items()
        },
    }
    source = scan.cube.source
    if source is not None:
        state["place"] = asdict(
            Place(str(source.path), _beside(source.path, folder), source.format, source.size)
        )
    for kind in ("elements", "pigments"):
        results = getattr(scan, kind)
        state[kind] = None if results is None else _results_state(kind, results, shelf)
    return state


def _results_state(kind: str, results: Results, shelf: ArrayShelf) -> dict[str, Any]:
    arrays = {name: shelf.add(getattr(results, name), maps=True) for name in _STACKS[kind]}
    arrays.update({name: shelf.add(getattr(results, name)) for name in _IMAGES[kind]})
    total = None if results.tally.total is None else shelf.add(results.tally.total)
    state = {
        "arrays": arrays,
        "names": results.names,
        "provenance": to_json_types(results.provenance),
        # A run that goes on tells of the earlier tiles' spectra, too.
        "seen": {"numbers": list(results.tally.numbers), "total": total},
    }
    if isinstance(results, PigmentResults):
        return {**state, "groups": results.groups}
    return {**state, "normalisation": getattr(results, "normalisation", None)}


def place_of(state: dict[str, Any]) -> Place | None:
    """Where the scan of a state lies; None where it came from no file."""
    told = state.get("place")
    if told is None:
        return None
    return Place(str(told["path"]), str(told["beside"]), str(told["format"]), int(told["size"]))


def find(place: Place, folder: Path) -> Path | None:
    """The file or folder of a scan, where it was or where it moved with the session.

    A session that somebody sent must not make this computer talk to a server: places on a
    network are only looked at where the session itself lies on one.
    """
    near = _on_network(str(folder))
    return next(
        (
            path
            for path in place.candidates(folder)
            if (near or not _on_network(str(path))) and path.exists()
        ),
        None,
    )


def _on_network(path: str) -> bool:
    return path.startswith(("\\\\", "//"))


def opened(state: dict[str, Any], path: Path, open_cube: Callable[[Path], XRFCube]) -> XRFCube:
    """Open the scan of a state, with its axis and settings.

    Raises
    ------
    ValueError
        If it is another scan, or none.
    OSError
        If it cannot be read.
    """
    cube = open_cube(path)
    if list(cube.shape) != list(state["shape"]):
        raise ValueError(f"{path.name} is another scan than that of the session: its size differs.")
    return cube


def changed(state: dict[str, Any], cube: XRFCube) -> bool:
    """Whether the file of a scan is another one than when the session was saved."""
    place = place_of(state)
    return place is not None and cube.source is not None and cube.source.size != place.size


def restored_scan(state: dict[str, Any], saved: SavedSession, cube: XRFCube) -> Scan:
    """The scan of a state with its results, axis, settings and palette.

    Raises
    ------
    ValueError
        If the state is damaged.
    """
    try:
        facts = from_json(state["facts"], saved.path.name)
        totals = TotalCounts(cube)
        image = saved.array(state["totals"])
        if image.shape != cube.shape[:2] or facts.energies.n_channels != cube.shape[2]:
            raise ValueError(f"{saved.path.name} is damaged: the sizes in it disagree.")
        totals.image[:] = image
        scan = Scan(cube, str(state["name"]), totals)
        origin = str(state["origin"]) or "from the saved session"
        scan.change(ScanSettings(facts.energies, facts.acquisition, origin))
        scan.palette = Palette.of(state["palette"])
        scan.element_view = ElementView(**state["view"])
        # Sessions of earlier versions have none of these.
        scan.element_rows = _element_rows(state.get("elements found"))
        scan.curves.restore(state.get("curves"))
        scan.pixel = _pixel(state.get("pixel"), scan)
        for name, made in state["derived"].items():
            values = Combined(name, saved.array(made["values"]), saved.array(made["sigma"]))
            scan.derived[str(name)] = values
        for kind in ("elements", "pigments"):
            if state[kind] is not None:
                setattr(scan, kind, _results(kind, state[kind], saved, scan.cube))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{saved.path.name} is damaged: what it says of a scan is wrong."
        ) from error
    return scan


def _element_rows(told: Any) -> tuple[ElementRow, ...]:
    """Rows of the list of elements; those that are none are left out."""
    rows = []
    for row in told if isinstance(told, list) else []:
        family, families, strength = (row.get(name) for name in ("family", "families", "strength"))
        number = strength if isinstance(strength, int | float) else None
        rows.append(ElementRow(str(family), tuple(map(str, families)), number))
    return tuple(rows)


def _pixel(place: Any, scan: Scan) -> tuple[int, int] | None:
    whole = isinstance(place, list) and len(place) == 2 and all(type(v) is int for v in place)
    return (place[0], place[1]) if whole and scan.measured(*place) else None


def _results(kind: str, state: dict[str, Any], saved: SavedSession, cube: XRFCube) -> Results:
    arrays = {name: saved.array(place) for name, place in state["arrays"].items()}
    names = tuple(str(name) for name in state["names"])
    results: Any
    if kind == "elements":
        maps = ElementMaps(names, arrays["counts"], arrays["sigma"], None, state["provenance"])
        _check(maps.counts, len(names), cube, saved)
        _check(maps.sigma, len(names), cube, saved)
        results = ElementResults.from_maps(maps)
        results.cube = cube
        results.normalisation = state["normalisation"]
    else:
        groups = tuple(str(name) for name in state["groups"])
        for field in _STACKS[kind]:
            count = len(groups) if field == "group_probability" else len(names)
            _check(arrays[field], count, cube, saved)
        results = PigmentResults.from_maps(
            PigmentMaps(
                names,
                arrays["probability"],
                arrays["top"],
                arrays["below"],
                groups,
                arrays["group_probability"],
                arrays["unexplained"],
                None,
                state["provenance"],
            )
        )
    for name in _IMAGES[kind]:
        if arrays[name].shape == cube.shape[:2]:
            setattr(results, name, arrays[name])
    results.done = np.asarray(results.done, dtype=bool)
    results.energies = cube.energies
    results.tally = _seen(state.get("seen"), saved, cube)
    return results


def _seen(state: Any, saved: SavedSession, cube: XRFCube) -> SpectraTally:
    """What was counted in the spectra of the finished pixels; earlier versions did not say."""
    if state is None:
        return SpectraTally()
    numbers = np.asarray(state["numbers"])
    total = None if state["total"] is None else saved.array(state["total"])
    sizes = () if total is None else total.shape
    if numbers.dtype.kind != "i" or numbers.shape != (6,) or sizes not in ((), cube.shape[2:]):
        raise ValueError(f"{saved.path.name} is damaged: what it says of its spectra is wrong.")
    return replace(SpectraTally.from_numbers(numbers), total=total)


def _check(maps: Any, count: int, cube: XRFCube, saved: SavedSession) -> None:
    if maps.shape != (count, *cube.shape[:2]):
        raise ValueError(f"{saved.path.name} is damaged: the sizes in it disagree.")


def _beside(path: Path, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive
        return ""
