"""Names of element maps, in files and as names of files."""

from __future__ import annotations

import re
from functools import cache

_LINE = r"(?:[-_ ]?(?P<line>[KLM])(?P<part>a|b|α|β|alpha|beta)?\d?)"
_PARTS = {"α": "a", "β": "b", "alpha": "a", "beta": "b"}


def map_name(text: str) -> str | None:
    """Parse the name of a line or an element, such as ``"Fe K"``, ``"Ca Kb"``, ``"Fe"``.

    The whole of `text` must be such a name; None where it is none.
    """
    match = re.fullmatch(rf"(?P<symbol>[A-Z][a-z]?){_LINE}?", text.strip())
    if match is None or match["symbol"] not in _symbols():
        return None
    return _joined(match)


def name_in(stem: str) -> str | None:
    """Find the line or element in the name of a file; None where there is none.

    A line (``scan_Fe-K_1``) may stand anywhere, an element alone (``scan_Fe``) only at the end,
    since ``In`` and ``As`` are words.
    """
    for match in re.finditer(rf"(?<![A-Za-z])(?P<symbol>[A-Z][a-z]?){_LINE}(?![A-Za-z])", stem):
        if match["symbol"] in _symbols():
            return _joined(match)
    last = re.search(r"(?:^|[^A-Za-z])([A-Z][a-z]?)$", stem)
    return last[1] if last is not None and last[1] in _symbols() else None


def _joined(match: re.Match[str]) -> str:
    line, part = match["line"], match["part"] or ""
    if line is None:
        return match["symbol"]
    return f"{match['symbol']} {line}{_PARTS.get(part, part)}"


@cache
def _symbols() -> frozenset[str]:
    """Return the elements that X-ray fluorescence detects."""
    import xraylib

    return frozenset(xraylib.AtomicNumberToSymbol(z) for z in range(3, 95))
