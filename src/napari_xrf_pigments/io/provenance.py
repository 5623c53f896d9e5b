"""Provenance of a file: the program, the time and the source scan, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ..cube import Source

PROGRAM = "napari-xrf-pigments"
#: Entries that people read, and their names.
_NAMES = {
    "program": "Program",
    "version": "Version",
    "made": "Made",
    "weights_hash": "Weights (SHA-256)",
    "settings": "Settings",
    "calibration": "Energy axis",
    "acquisition": "Measured with",
    "shape": "Rows, columns, channels",
    "source": "Scan",
}


def origin(source: Source | None) -> dict[str, Any]:
    """Return program, version, time and source scan.

    Parameters
    ----------
    source : Source or None
        The file of the scan.

    Returns
    -------
    dict
        Strings, numbers and dicts only. Of the source it holds the name, not the folders above
        it.
    """
    made: dict[str, Any] = {
        "program": PROGRAM,
        "version": version(PROGRAM),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if source is not None:
        made["source"] = {
            "name": source.path.name,
            "format": source.format,
            "size": source.size,
            "modified": datetime.fromtimestamp(source.modified, UTC).isoformat(timespec="seconds"),
        }
    return made


def named_rows(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the entries of a provenance that people read, as names and values."""
    return [(name, _words(made[key])) for key, name in _NAMES.items() if key in made]


def _words(value: Any) -> str:
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if item not in (None, [], {})}
        return "; ".join(f"{key.replace('_', ' ')}: {_words(item)}" for key, item in known.items())
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
