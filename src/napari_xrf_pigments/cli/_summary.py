"""What a run found, as lines for people and as plain values for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._console import echo

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps


def summary_of(
    elements: ElementMaps | None, pigments: PigmentMaps | None, threshold: float = 0.5
) -> dict[str, Any]:
    """Return elements, pigments and warnings as plain values.

    Parameters
    ----------
    elements, pigments : ElementMaps or None, PigmentMaps or None
        The maps.
    threshold : float
        Probability above which a pixel counts, 0-1.

    Returns
    -------
    dict
        ``"elements"``: name and share of the pixels of each line family above 5 sigma;
        ``"pigments"``: ids, group and share of each finding; ``"threshold"``; ``"warnings"``.
    """
    from ..pigments.display import catalogue_naming
    from ..reporting.detection import detected_elements, find_pigments

    found: dict[str, Any] = {"threshold": threshold}
    if elements is not None:
        found["elements"] = [
            {"name": entry.name, "share": entry.share} for entry in detected_elements(elements)
        ]
    if pigments is not None:
        found["pigments"] = [
            {"pigments": list(entry.pigments), "group": entry.group, "share": entry.share}
            for entry in find_pigments(pigments, catalogue_naming().members, threshold)
        ]
        found["hidden"] = dict(pigments.provenance.get("hidden", {}))
    provenances = [maps.provenance for maps in (elements, pigments) if maps is not None]
    texts = [text for provenance in provenances for text in provenance.get("warnings", ())]
    return {**found, "warnings": list(dict.fromkeys(texts))}


def print_summary(
    elements: ElementMaps | None, pigments: PigmentMaps | None, threshold: float = 0.5
) -> None:
    """Print the elements and pigments that are present, and the warnings of the run."""
    from ..pigments.display import catalogue_naming

    found = summary_of(elements, pigments, threshold)
    if elements is not None:
        names = ", ".join(entry["name"] for entry in found["elements"])
        echo(f"Elements above 5 sigma in at least one pixel: {names or 'none'}.")
    if pigments is not None:
        naming = catalogue_naming()
        echo(f"Pigments with a probability above {threshold:g}, and their share of the pixels:")
        for entry in found["pigments"]:
            names = " / ".join(map(naming.pigment, entry["pigments"]))
            together = " (indistinguishable in some pixels)" if entry["group"] else ""
            echo(f"  {names}{together}: {format_share(entry['share'])}")
        if not found["pigments"]:
            echo("  none")
        if found["hidden"]:
            names = ", ".join(map(naming.pigment, found["hidden"]))
            echo(f"Hidden by the palette: {names}.")
    for text in found["warnings"]:
        echo(f"Warning: {text}")


def format_share(share: float) -> str:
    """Format a share of 0-1 as a percentage."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
