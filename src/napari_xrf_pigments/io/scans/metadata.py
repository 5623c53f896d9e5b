"""Metadata of a saved scan as JSON text, as written into each format and read back exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis, XRFCube

from .._reader import SLOW_FORMAT
from ..provenance import origin

KIND: Final = "scan"
# Notes of a strange file could fill pages; a text header holds some.
_MAX_NOTE, _MAX_NOTES = 300, 30
_MAX_TEXT = 2**20


@dataclass(frozen=True)
class ScanMetadata:
    """The metadata of a cube: all but its counts and its images.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis, with its source.
    acquisition : Acquisition
        Settings of the instrument.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    notes : tuple of str
        Notes from the first reading of the scan.
    origin : mapping
        Program, version, time and source of the saved scan.
    """

    energies: EnergyAxis
    acquisition: Acquisition
    pixel_mm: tuple[float, float] | None
    notes: tuple[str, ...]
    origin: Mapping[str, Any]


def metadata_of(cube: XRFCube) -> ScanMetadata:
    """Collect the metadata of a cube."""
    notes = () if cube.source is None else cube.source.notes
    # The saved copy is fast to read.
    notes = tuple(note for note in notes if note != SLOW_FORMAT)
    kept = tuple(note[:_MAX_NOTE] for note in notes[:_MAX_NOTES])
    return ScanMetadata(cube.energies, cube.acquisition, cube.pixel_mm, kept, origin(cube.source))


def to_json(metadata: ScanMetadata) -> str:
    """Write the metadata as one line of ASCII text; floats keep every bit."""
    axis = metadata.energies
    pixel = metadata.pixel_mm
    content = {
        "kind": KIND,
        "energies": {
            "channels": int(axis.n_channels),
            "gain_kev": float(axis.gain_kev),
            "offset_kev": float(axis.offset_kev),
            "source": axis.source,
        },
        "acquisition": asdict(metadata.acquisition),
        "pixel_mm": None if pixel is None else [float(side) for side in pixel],
        "notes": list(metadata.notes),
        "origin": dict(metadata.origin),
    }
    return json.dumps(content, default=_to_json_type)


def from_json(text: str, name: str) -> ScanMetadata:
    """Read the metadata.

    Parameters
    ----------
    text : str
        The output of :func:`to_json`; the file may have been changed since.
    name : str
        Name of the file in the error.

    Raises
    ------
    ValueError
        If the text is not that.
    """
    try:
        if len(text) > _MAX_TEXT:
            raise ValueError
        content = json.loads(text)
        if content["kind"] != KIND:
            raise ValueError
        return ScanMetadata(
            _axis(content["energies"]),
            _acquisition(content["acquisition"]),
            _pixel(content["pixel_mm"]),
            tuple(_text(note) for note in content["notes"]),
            dict(content["origin"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ValueError(
            f"{name} is damaged: the description of the scan in it is wrong."
        ) from None


def _axis(content: Any) -> EnergyAxis:
    if content["source"] not in ("file", "estimated", "user"):
        raise ValueError
    gain, offset = _number(content["gain_kev"]), _number(content["offset_kev"])
    return EnergyAxis(int(content["channels"]), gain, offset, content["source"])


def _acquisition(content: Any) -> Acquisition:
    values = {key: value for key, value in content.items() if value is not None}
    for key in ("anode", "atmosphere", "instrument", "support"):
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


def _detector(content: Any) -> Detector:
    if set(content) != {field.name for field in fields(Detector)}:
        raise ValueError
    for key, value in content.items():
        if value is not None or key != "fwhm_mn_ka_ev":
            (_text if key == "material" else _number)(value)
    return Detector(**content)


def _pixel(content: Any) -> tuple[float, float] | None:
    if content is None:
        return None
    height, width = content
    return _number(height), _number(width)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value  # an integer stays one: the cube that comes back is equal


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _to_json_type(value: Any) -> Any:
    """Convert numbers of numpy, which JSON does not know."""
    return value.item()
