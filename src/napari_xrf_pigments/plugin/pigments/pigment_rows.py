"""Rows of the pigment tree, and the sentence on hidden pigments; without Qt."""

from __future__ import annotations

from dataclasses import dataclass

from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.catalogue import pigment
from napari_xrf_pigments.pigments.selection import years
from napari_xrf_pigments.reporting.composite import MIN_SHARE

from ..layers.specs import PigmentView, covers_enough, is_ambiguous
from ..state.results import PigmentResults

_WHY = {"period": "not in use in the period", "excluded": "excluded by you"}


@dataclass(frozen=True)
class PigmentRow:
    """One row of the pigment tree: a group with its members, or a single pigment.

    Parameters
    ----------
    kind : str
        ``"group"`` or ``"pigment"``.
    name, title : str
        Id, and name for people.
    colour : str
        ``"#rrggbb"``.
    share : float
        Share of the painting over the threshold, 0-1.
    found : bool
        Whether that is enough for a layer.
    members : tuple of PigmentRow
        The pigments of a group.
    certainty : float or None
        Mean probability where it is over the threshold.
    note : str
        Restrictions of the row, such as a threshold of its own.
    details : str
        Formula, diagnostic lines and years of use of a pigment.
    alternatives : str
        The pigments that a group may be, in words.
    """

    kind: str
    name: str
    title: str
    colour: str
    share: float
    found: bool
    members: tuple[PigmentRow, ...] = ()
    certainty: float | None = None
    note: str = ""
    details: str = ""
    alternatives: str = ""


def percent(share: float) -> str:
    """Format a share."""
    if share <= 0:
        return "-"
    return "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def pigment_rows(results: PigmentResults, view: PigmentView) -> list[PigmentRow]:
    """Return groups with their members, and single pigments, by decreasing area.

    Pigments that the view hides are left out; where it reveals them they say why they would
    be hidden.

    Parameters
    ----------
    results : PigmentResults
        The maps.
    view : PigmentView
        Thresholds, depth, and what is hidden.  Groups are only known for any layer.
    """
    reasons = view.palette.hidden(results.names)
    hidden = view.hidden(results.names)
    colours = {(item.kind, item.name): item.colour for item in view.items(results)}
    group_shares = results.group_shares(view.palette.threshold)
    rows = []
    for group in results.groups:
        members = [name for name in display.group_members(group) if name in results.names]
        shown = [name for name in members if name not in hidden]
        pigments = sorted(
            (
                _pigment_row(results, view, name, reasons.get(name), colours.get(("pigment", name)))
                for name in shown
            ),
            key=lambda row: -row.share,
        )
        if len(members) == 1:
            rows += pigments
        elif pigments:
            inside = max(row.share for row in pigments)
            any_layer = view.depth == "probability"
            share = group_shares[group] if any_layer else inside
            certainty = results.group_certainty(group, view.palette.threshold)
            vague = any_layer and is_ambiguous(results, view, group)
            rows.append(
                PigmentRow(
                    "group",
                    group,
                    display.group_title(group),
                    colours.get(("group", group)) or display.group_colour(group),
                    share,
                    share >= MIN_SHARE or any(row.found for row in pigments),
                    tuple(pigments),
                    certainty if any_layer else None,
                    _group_note(members, shown, vague),
                    alternatives=display.one_of([row.name for row in pigments]),
                )
            )
    return sorted(rows, key=lambda row: -row.share)


def hidden_sentence(results: PigmentResults, view: PigmentView) -> str:
    """Count the pigments that the palette hides, and name those of them in the result."""
    reasons = view.palette.hidden(results.names)
    if not reasons:
        return ""
    found = []
    for name in reasons:
        share = results.share(name, view.palette.threshold_of(name), view.depth)
        if share >= MIN_SHARE:
            found.append((share, name))
    named = [
        f"{display.pigment_title(name)} {percent(share)} ({_why(name, reasons[name])})"
        for share, name in sorted(found, reverse=True)
    ]
    verb = "Hidden, now shown" if view.reveal else "Hidden"
    count = f"{verb}: {len(reasons)} pigment{'s' if len(reasons) > 1 else ''}"
    if not named:
        return f"{count}, none of them found."
    return f"{count}, {len(named)} of them found: {', '.join(named)}."


def _why(name: str, reason: str) -> str:
    return "excluded" if reason == "excluded" else years(name)


def _group_note(members: list[str], shown: list[str], vague: bool) -> str:
    notes = []
    if vague:
        titles = ", ".join(display.pigment_title(name) for name in members)
        notes.append(f"Cannot be told apart: {titles}")
    if len(shown) < len(members):
        away = ", ".join(display.pigment_title(n) for n in members if n not in shown)
        notes.append(f"The group counts its hidden members too: {away}")
    return ". ".join(notes)


def _pigment_row(
    results: PigmentResults,
    view: PigmentView,
    name: str,
    reason: str | None,
    colour: str | None,
) -> PigmentRow:
    threshold = view.palette.threshold_of(name)
    notes = [_WHY[reason]] if reason else []
    if name in view.palette.thresholds:
        notes.append(f"separate threshold {threshold:.2f}")
    if name in view.palette.added:
        notes.append("kept visible")
    return PigmentRow(
        "pigment",
        name,
        display.pigment_title(name),
        colour or display.pigment_colour(name),
        results.share(name, threshold, view.depth),
        covers_enough(results, view, name, view.depth),
        (),
        results.certainty(name, threshold, view.depth),
        ", ".join(notes),
        pigment_details(name),
    )


def pigment_details(name: str) -> str:
    """Describe formula, diagnostic lines and years of use of a pigment, one per line."""
    try:
        entry = pigment(name)
    except ValueError:  # predicted by fine-tuned weights, but not in the catalogue
        return ""
    in_use = years(name)
    diagnostic = ", ".join(entry.diagnostic) or "none"
    lines = [f"Formula: {entry.formula}", f"Diagnostic lines: {diagnostic}"]
    return "\n".join([*lines, f"In use: {in_use}"] if in_use else lines)
