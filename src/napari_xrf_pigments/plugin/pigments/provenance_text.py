"""How maps were made, in one line and at length (no Qt)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def provenance_line(made: Mapping[str, Any]) -> str:
    """Summarise the provenance in one line; empty where nothing is known."""
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
        parts.append("like neighbours counted too")
    return ", ".join(parts)


def provenance_text(made: Mapping[str, Any]) -> str:
    """All of it, one fact a line, the facts of facts indented."""
    return "\n".join(_lines(made, ""))


def _lines(facts: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, value in facts.items():
        title = str(key).replace("_", " ")
        if isinstance(value, Mapping):
            inner = _lines(value, indent + "  ")
            lines += [f"{indent}{title}:", *inner] if inner else []
        elif value is not None and value != [] and value != "":
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            lines.append(f"{indent}{title}: {text}")
    return lines
