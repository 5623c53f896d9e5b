"""What a saved scan knows beside its counts, as JSON text: written and read back exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis, XRFCube

from .._reader import SLOW_FORMAT
from ..provenance import origin

KIND: Final = "scan"
# Notes of a strange file could go on for pages; a text header has room for some.
_MAX_NOTE, _MAX_NOTES = 300, 30
_MAX_TEXT = 2**20


@dataclass(frozen=True)
class ScanFacts:
    """All of a cube but its counts and its images.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis, with its source.
    acquisition : Acquisition
        Settings of the instrument.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    notes : tuple of str
        What was odd where the scan was first read.
    origin : mapping
        Program, version, time and source of the saved scan.
    """

    energies: EnergyAxis
    acquisition: Acquisition
    pixel_mm: tuple[float, float] | None
    notes: tuple[str, ...]
    origin: Mapping[str, Any]


def facts_of(cube: XRFCube) -> ScanFacts:
    """The facts of a cube that is about to be saved."""
    notes = () if cube.source is None else cube.source.notes
    # The saved copy is fast to read.
    notes = tuple(note for note in notes if note != SLOW_FORMAT)
    kept = tuple(note[:_MAX_NOTE] for note in notes[:_MAX_NOTES])
    return ScanFacts(cube.energies, cube.acquisition, cube.pixel_mm, kept, origin(cube.source))


def to_json(facts: ScanFacts) -> str:
    """The facts in one line of ASCII text; floats keep every bit."""
    axis = facts.energies
    pixel = facts.pixel_mm
    told = {
        "kind": KIND,
        "energies": {
            "channels": int(axis.n_channels),
            "gain_kev": float(axis.gain_kev),
            "offset_kev": float(axis.offset_kev),
            "source": axis.source,
        },
        "acquisition": asdict(facts.acquisition),
        "pixel_mm": None if pixel is None else [float(side) for side in pixel],
        "notes": list(facts.notes),
        "origin": dict(facts.origin),
    }
    return json.dumps(told, default=_plain)


def from_json(text: str, name: str) -> ScanFacts:
    """Read the facts.

    Parameters
    ----------
    text : str
        What :func:`to_json` wrote; the file may have been changed since.
    name : str
        What the error calls the file.

    Raises
    ------
    ValueError
        If the text is not that.
    """
    try:
        if len(text) > _MAX_TEXT:
            raise ValueError
        told = json.loads(text)
        if told["kind"] != KIND:
            raise ValueError
        return ScanFacts(
            _axis(told["energies"]),
            _acquisition(told["acquisition"]),
            _pixel(told["pixel_mm"]),
            tuple(_text(note) for note in told["notes"]),
            dict(told["origin"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ValueError(
            f"{name} is damaged: the description of the scan in it is wrong."
        ) from None


def _axis(told: Any) -> EnergyAxis:
    if told["source"] not in ("file", "estimated", "user"):
        raise ValueError
    gain, offset = _number(told["gain_kev"]), _number(told["offset_kev"])
    return EnergyAxis(int(told["channels"]), gain, offset, told["source"])


def _acquisition(told: Any) -> Acquisition:
    values = {key: value for key, value in told.items() if value is not None}
    for key in ("anode", "atmosphere", "instrument"):
        if key in values:
            _text(values[key])
    for key in ("tube_kv", "incidence_deg", "takeoff_deg", "path_mm", "tube_ua"):
        if key in values:
            _number(values[key])
    if "filter" in values:
        values["filter"] = tuple((_text(a), _number(mm)) for a, mm in values["filter"])
    if "detector" in values:
        values["detector"] = _detector(values["detector"])
    return Acquisition(**values)


def _detector(told: Any) -> Detector:
    if set(told) != {field.name for field in fields(Detector)}:
        raise ValueError
    for key, value in told.items():
        if value is not None or key != "fwhm_mn_ka_ev":
            (_text if key == "material" else _number)(value)
    return Detector(**told)


def _pixel(told: Any) -> tuple[float, float] | None:
    if told is None:
        return None
    height, width = told
    return _number(height), _number(width)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value  # an integer stays one: the cube that comes back is equal


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _plain(value: Any) -> Any:
    """Numbers of numpy, which JSON does not know."""
    return value.item()
