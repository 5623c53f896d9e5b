"""The provenance of maps as text, in one line or in full (no Qt)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Units at the end of keys, and how they are written.
_UNITS = {"kev": "keV", "ev": "eV", "kv": "kV", "ua": "uA", "mm": "mm", "deg": "degrees"}
#: Titles of keys that are not words.
_TITLES = {"fwhm_mn_ka_ev": "Resolution at Mn K alpha (eV)"}


def provenance_line(made: Mapping[str, Any]) -> str:
    """Summarise the provenance in one line; empty if nothing is known."""
    if not made:
        return ""
    parts = []
    if "made" in made:
        parts.append(f"Made {str(made['made']).replace('T', ' ')[:16]}")
    if "version" in made:
        parts.append(f"version {made['version']}")
    if "weights_hash" in made:
        parts.append(f"weights {str(made['weights_hash'])[:8]}")
    settings = made.get("settings")
    if isinstance(settings, Mapping) and settings.get("context") is True:
        parts.append("smoothed with similar neighbours")
    return ", ".join(parts)


def provenance_text(made: Mapping[str, Any]) -> str:
    """List the complete provenance, one entry per line, with indented sub-entries."""
    return "\n".join(_lines(made, ""))


def _lines(entries: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in entries.items():
        if isinstance(value, Mapping):
            inner = _lines(value, indent + "  ")
            lines += [f"{indent}{_title(key)}:", *inner] if inner else []
        elif value is not None and value != [] and value != "":
            lines.append(f"{indent}{_title(key)}: {_text(value)}")
    return lines


def _title(key: str) -> str:
    """Return the title of a key, with its unit in brackets."""
    if key in _TITLES:
        return _TITLES[key]
    words = str(key).split("_")
    unit = f" ({_UNITS[words.pop()]})" if len(words) > 1 and words[-1] in _UNITS else ""
    title = " ".join(words)
    return f"{title[:1].upper()}{title[1:]}{unit}"


def _text(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return str(value)
    if all(item is None for item in value):
        return "not set"
    return ", ".join("not set" if item is None else str(item) for item in value)
