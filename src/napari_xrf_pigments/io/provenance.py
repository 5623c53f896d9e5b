"""Provenance of a file: the program, the time and the source scan, as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ..cube import Source

PROGRAM = "napari-xrf-pigments"


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
