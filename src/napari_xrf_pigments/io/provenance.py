"""Which program made a file, when, and from which scan, as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..cube import Source

PROGRAM = "napari-xrf-pigments"


def origin(source: Source | None) -> dict[str, Any]:
    """Program, version, time, and the scan that something was made from.

    Parameters
    ----------
    source : Source or None
        Where the scan was read from.

    Returns
    -------
    dict
        Of strings, numbers and dicts alone. Of the source only its name is kept, not the
        folders above it.
    """
    made: dict[str, Any] = {
        "program": PROGRAM,
        "version": program_version(),
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


def program_version() -> str:
    """Version of this package; "unknown" where it is not installed."""
    try:
        return version(PROGRAM)
    except PackageNotFoundError:
        return "unknown"
