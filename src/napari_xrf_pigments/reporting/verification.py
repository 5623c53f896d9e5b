"""Results of claims tested by physics, as sentences, JSON, CSV and a web page."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..inversion.verification import ClaimTest, FittedLayer, Interval, Verification
from ..io.outputs.atomic_write import check_output, write_atomically
from ..pigments.catalogue import ambiguity_groups
from ..pigments.display import (
    group_title,
    pigment_colour,
    pigment_title,
    within_sentence,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Endings of the files that can be written.
SUFFIXES = (".json", ".csv", ".html")
_PROGRAM = "napari-xrf-pigments verify"
_COLUMNS = (
    "spectrum", "group", "pigments", "probability", "log_ratio", "verdict", "alternatives",
    "missed_counts", "line", "chi2_per_dof", "sentence",
)  # fmt: skip


def claim_title(claim: ClaimTest) -> str:
    """Return the name of what was claimed: the pigment where one is named, else its group."""
    members = ambiguity_groups().get(claim.group, ())
    if len(claim.pigments) == 1 or not members:
        return pigment_title(claim.pigments[0]) if claim.pigments else claim.group
    return group_title(claim.group)


def claim_sentence(claim: ClaimTest) -> str:
    """State the verdict on a claim, and what else could be there, in one plain sentence."""
    title = claim_title(claim)
    others = _listed(claim.alternatives)
    if claim.verdict is None:
        return f"{title}: the fit did not converge, so there is no verdict."
    if claim.verdict == "needed":
        if claim.line and claim.missed_counts >= 1:
            lines = f"misses {claim.line} by {claim.missed_counts:,.0f} counts"
        else:
            lines = "is worse"
        return f"{title}: needed; without it the fit {lines}."
    if claim.verdict == "cannot tell":
        if others:
            return f"{title}: cannot tell; {others} would give the same spectrum."
        return f"{title}: cannot tell; the spectrum fits as well without it."
    if others:
        return f"{title}: not needed; {others} explains the spectrum."
    return f"{title}: not needed; the spectrum fits as well without it."


def _listed(names: tuple[str, ...]) -> str:
    groups = ambiguity_groups()
    titles = [within_sentence(group_title(n)) if n in groups else f"traces of {n}" for n in names]
    if len(titles) < 2:
        return "".join(titles)
    return f"{', '.join(titles[:-1])} with {titles[-1]}"


def check_verification_output(
    path: Path, *, overwrite: bool = True, scan: Path | None = None
) -> None:
    """Check before the work that results can be written.

    Raises
    ------
    ValueError
        If the name has another ending than .json, .csv or .html, or is part of the scan.
    OSError
        If something else is there, or its folder does not exist.
    """
    check_output(path, is_verification, overwrite=overwrite, scan=scan, suffixes=SUFFIXES)


def is_verification(path: Path) -> bool:
    """Return whether a file holds results that :func:`save_verifications` wrote."""
    try:
        with path.open("rb") as file:
            head = file.read(2000).decode("utf-8", "replace")
    except OSError:
        return False
    return _PROGRAM in head or head.startswith(",".join(_COLUMNS))


def save_verifications(path: Path, results: Mapping[str, Verification]) -> Path:
    """Write results as JSON (everything), CSV (one row per claim) or a web page.

    Parameters
    ----------
    path : Path
        File to write; its ending decides the format.
    results : mapping of str to Verification
        Results by the name of the spectrum.

    Raises
    ------
    ValueError
        If the name has another ending.
    OSError
        If something else is there, or the file cannot be written.
    """
    target = path.absolute()
    check_verification_output(target)
    make = {".json": _json, ".csv": _csv, ".html": _html}[target.suffix.lower()]
    text = make(results)
    write_atomically(
        target, lambda place: place.write_text(text, encoding="utf-8"), is_verification
    )
    return target


def _json(results: Mapping[str, Verification]) -> str:
    content = {
        "program": _PROGRAM,
        "version": version("napari-xrf-pigments"),
        "results": {name: result.settings for name, result in results.items()},
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _csv(results: Mapping[str, Verification]) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for name, result in results.items():
        for claim in result.claims:
            rows.writerow(
                [
                    name, claim.group, " ".join(claim.pigments), _number(claim.probability, 3),
                    _number(claim.log_ratio, 2), claim.verdict or "no verdict",
                    " ".join(claim.alternatives), round(claim.missed_counts), claim.line,
                    _number(result.chi2_per_dof, 2), claim_sentence(claim),
                ]
            )  # fmt: skip
    return out.getvalue()


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _html(results: Mapping[str, Verification]) -> str:
    from jinja2 import Environment, StrictUndefined

    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    text = files(__package__).joinpath("data/verification.html.j2").read_text(encoding="utf-8")
    content: dict[str, Any] = {
        "generator": f"{_PROGRAM} {version('napari-xrf-pigments')}",
        "made": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "spectra": [
            {
                "name": name,
                "picture": _picture(result),
                "sentences": [claim_sentence(claim) for claim in result.claims],
                "layers": [layer_text(layer) for layer in result.layers],
                "amounts": [
                    (_amount_name(amount.name), interval_text(amount.ug_cm2))
                    for amount in result.amounts
                    if amount.ug_cm2.constrained
                ],
                "chi2": f"{result.chi2_per_dof:.2f}",
                "notes": result.notes,
                "instrument": json.dumps(result.instrument.settings),
            }
            for name, result in results.items()
        ],
    }
    return pages.from_string(text).render(**content)


def _amount_name(name: str) -> str:
    return pigment_title(name) if len(name) > 2 else name


def interval_text(interval: Interval, digits: int = 3) -> str:
    """Write a value with its interval, such as ``"25 (21 to 30)"``."""
    if not interval.constrained:
        return "not constrained"
    return f"{interval.value:.{digits}g} ({interval.low:.{digits}g} to {interval.high:.{digits}g})"


def layer_text(layer: FittedLayer) -> tuple[str, str, str]:
    """Return role, thickness in um and pigments of a layer as texts."""
    parts = [
        f"{pigment_title(name)} {100 * share.value:.0f} %"
        + ("" if share.constrained else " (not constrained)")
        for name, share in layer.pigments
    ]
    return layer.role, interval_text(layer.thickness_um, 2), ", ".join(parts)


def _picture(result: Verification) -> str:
    """Draw spectrum, fit, residual and section as an SVG in a data URI."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplot_mosaic(
        [["spectrum", "section"], ["residual", "section"]], width_ratios=[5, 1],
        height_ratios=[3, 1],
    )  # fmt: skip
    spectrum, residual = axes["spectrum"], axes["residual"]
    spectrum.step(result.energies, result.counts, where="mid", color="0.35", lw=0.8,
                  label="measured")  # fmt: skip
    spectrum.plot(result.energies, result.expected, color="C3", lw=0.9, label="fitted")
    spectrum.set_yscale("symlog", linthresh=5)
    spectrum.set_ylabel("counts")
    spectrum.legend(frameon=False)
    residual.plot(result.energies, result.residual_sigma, color="0.35", lw=0.6)
    residual.axhline(0, color="C3", lw=0.8)
    residual.set(xlabel="energy (keV)", ylabel="residual (sigma)", ylim=(-6, 6))
    draw_section(axes["section"], result.layers)
    out = io.BytesIO()
    figure.savefig(out, format="svg")
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def draw_section(axes: Axes, layers: tuple[FittedLayer, ...]) -> None:
    """Draw a section to scale, with its uncertainty; hatched where not constrained.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Axes to draw in; the depth in um increases downwards.
    layers : tuple of FittedLayer
        Layers from the top; the support is cut off.
    """
    depth = 0.0
    for layer in layers:
        thickness = layer.thickness_um
        height = min(thickness.value, 30.0) if layer.role == "support" else thickness.value
        colour = pigment_colour(layer.pigments[0][0]) if layer.pigments else "#e8e0cc"
        axes.bar(0, height, 1, depth, color=colour, edgecolor="0.3", linewidth=0.6,
                 hatch=None if thickness.constrained else "///")  # fmt: skip
        if thickness.constrained and layer.role != "support":
            error = np.abs([[thickness.value - thickness.low], [thickness.high - thickness.value]])
            axes.errorbar(0.35, depth + height, error, color="0.1", lw=1, capsize=2)
        axes.text(0, depth + height / 2, layer.role, ha="center", va="center", fontsize=7)
        depth += height
    axes.set(xlim=(-0.5, 0.5), ylim=(max(depth, 1.0), 0), xticks=[], ylabel="depth (um)")
