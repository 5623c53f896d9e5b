"""Parse elements and line families that a user typed (no Qt)."""

from __future__ import annotations

import re

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.line_search import main_family, other_families
from napari_xrf_pigments.physics.lines import atomic_number

from ..state.rows import ElementRow


def rows_of_text(text: str, cube: XRFCube) -> list[ElementRow]:
    """Return the rows of a text such as ``"Cr, Pb M"``.

    Raises
    ------
    ValueError
        If an entry is neither an element nor a line family, or none of its lines lies on the
        energy axis.
    """
    conditions = Conditions.of(cube.acquisition)
    axis = cube.energies.kev
    rows = []
    for entry in (part.strip() for part in text.replace(";", ",").split(",")):
        if not entry:
            continue
        match = re.fullmatch(r"([A-Za-z]{1,2})(?:[\s-]*([KLMklm]))?", entry)
        if match is None:
            raise ValueError(f"{entry!r} is neither an element nor a line family such as 'Fe K'.")
        symbol = match[1].capitalize()
        atomic_number(symbol)
        family = f"{symbol} {match[2].upper()}" if match[2] else None
        family = family or main_family(symbol, axis, conditions)
        if family is None:
            raise ValueError(f"No line of {symbol} lies on the energy axis of this scan.")
        rows.append(ElementRow(family, (family, *other_families([family], axis, conditions))))
    return rows
