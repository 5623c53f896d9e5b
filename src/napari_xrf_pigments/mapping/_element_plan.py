"""What to fit in a scan: its line families, and the settings they are fitted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import XRFCube
from ..fitting.conditions import Conditions
from ..fitting.line_search import AIR_FAMILY, Found, main_family, other_families
from ..fitting.linear_fit import LineFit, line_fit
from ..physics.lines import atomic_number
from .survey import Survey, families_in, fit_conditions, survey


@dataclass(frozen=True)
class ElementSearch:
    """What one pass over a scan found.

    Parameters
    ----------
    seen : Survey
        Spectra that stand for the scan.
    conditions : Conditions
        Settings of a fit, estimated where unknown.
    found : Found
        The line families, and how far each stands out.
    """

    seen: Survey
    conditions: Conditions
    found: Found


@dataclass(frozen=True)
class ElementPlan:
    """A fit that is ready for the pixels of a scan.

    Parameters
    ----------
    fit : LineFit
        The fit.
    conditions : Conditions
        Settings it was made with, estimated where unknown.
    lines_found : bool
        Whether the lines were found in the scan rather than named.
    search : ElementSearch
        What the scan showed.
    """

    fit: LineFit
    conditions: Conditions
    lines_found: bool
    search: ElementSearch

    @property
    def significance(self) -> dict[str, float]:
        """Sigma of each family found, at the place where it stands out most, best first."""
        strength = self.search.found.significance
        return dict(sorted(strength.items(), key=lambda entry: -entry[1]))

    @property
    def settings(self) -> dict[str, Any]:
        """The plan for the provenance of maps."""
        return {
            "kind": "elements",
            "lines": "found in the scan" if self.lines_found else "named",
            "fitted_columns": sorted(set(self.fit.labels)),
            "conditions": asdict(self.conditions),
        }


def search_elements(cube: XRFCube) -> ElementSearch:
    """Look for the line families of a scan; reads it once.

    Raises
    ------
    ValueError
        If no pixel was measured, or the scan holds next to nothing.
    """
    seen = survey(cube)
    conditions = fit_conditions(cube, seen)
    return ElementSearch(seen, conditions, families_in(cube, seen, conditions))


def plan_elements(
    cube: XRFCube, lines: Sequence[str] | None = None, *, search: ElementSearch | None = None
) -> ElementPlan:
    """Survey a scan and prepare its fit.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    lines : sequence of str or str, optional
        Elements (``"Fe"``) or line families (``"Fe K"``), or one text with commas between them;
        None: those that the scan shows.
    search : ElementSearch, optional
        A search of the same scan on the same energy axis; without it the scan is read once.

    Raises
    ------
    ValueError
        If a name is not an element or a family, a family cannot be seen in this scan,
        or the scan is empty.
    """
    if isinstance(lines, str):
        lines = [name.strip() for name in lines.split(",")]
    wanted = None if lines is None else [_checked(name) for name in lines]
    search = search or search_elements(cube)
    conditions, found = search.conditions, search.found
    names = list(found.families)
    nuisance = list(found.nuisance)
    if wanted is not None:
        asked = list(dict.fromkeys(_family(name, cube, conditions) for name in wanted))
        axis = cube.energies.kev
        nuisance += [
            *(n for n in names if n not in asked),
            *other_families(asked, axis, conditions),
        ]
        names = asked
    if not names:
        raise ValueError("No line of any element stands out in this scan.")
    nuisance = [n for n in dict.fromkeys(nuisance) if n not in names]
    fit = line_fit(cube.energies.kev, names, _weights(search.seen), conditions, nuisance=nuisance)
    return ElementPlan(fit, conditions, lines is None, search)


def families_of_element(cube: XRFCube, name: str, conditions: Conditions) -> tuple[str, ...]:
    """The K, L and M families of a family's element that this scan can show.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    name : str
        A line family such as ``"Pb L"``; it comes first.
    conditions : Conditions
        Settings of the fit.
    """
    return (name, *other_families([name], cube.energies.kev, conditions))


def _weights(seen: Survey) -> NDArray[np.float64]:
    """Reference spectrum: the mean."""
    return seen.total / seen.pixels


def _checked(name: str) -> str:
    words = name.split()
    if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1] not in ("K", "L", "M")):
        raise ValueError(f"{name!r} is neither an element nor a line family such as 'Fe K'.")
    atomic_number(words[0])
    return " ".join(words)


def _family(name: str, cube: XRFCube, conditions: Conditions) -> str:
    if " " in name:
        return name
    found = AIR_FAMILY if name == "Ar" else main_family(name, cube.energies.kev, conditions)
    if found is None:
        raise ValueError(f"No line of {name} lies on the energy axis of this scan.")
    return found
