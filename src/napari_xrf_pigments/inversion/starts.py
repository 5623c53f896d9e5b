"""Initial sections of fits: layers that hold all candidates, or each its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .layout import BELOW, LAYER_MASS, ROLES, TOP, Layout
from .section_model import SectionModel

#: Initial mass of impurities and foreign compounds relative to their layer.
_TRACE = 1e-3
#: Mass of pigments in the layer that a start assigns to others, relative to their own layer.
_ELSEWHERE = 0.02


def even_start(model: SectionModel, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a section whose layers hold all candidates in equal parts, `count` times."""
    masses = even_masses(model.layout)
    return stacked(model, [masses] * count), torch.ones(count, len(masses), dtype=torch.bool)


def even_masses(layout: Layout) -> torch.Tensor:
    """Return logarithms of masses (g/cm2) with all candidates in equal parts."""
    masses = torch.full((len(layout.unknowns),), -12.0, dtype=torch.float64)
    limits = {row for prior in layout.priors if prior.limit for row in prior.above}
    for layer, role in enumerate(ROLES):
        total = LAYER_MASS[role][0]
        rows = layout.layer_rows(layer)
        solid = [row for row in rows if row not in limits and _takes_binder(layout, row)]
        oil = sum(_oil(layout, row) for row in solid) / max(len(solid), 1)
        for row in rows:
            if row in limits or (role in ("paint", "ground") and row not in solid):
                masses[row] = np.log(total * _TRACE)
            if row in solid:
                masses[row] = np.log(total / (1 + oil) / len(solid))
            if layout.components[layout.unknowns[row][1]].name == "linseed_oil":
                masses[row] = np.log(total * max(oil, 0.05) / (1 + oil))
            if role in ("varnish", "support"):
                masses[row] = np.log(total)
    return masses


def split_start(layout: Layout, top: Sequence[str]) -> torch.Tensor:
    """Return a section whose top paint holds some groups and whose lower paint the others."""
    masses = even_masses(layout)
    for layer in (TOP, BELOW):
        for row in layout.layer_rows(layer):
            component = layout.components[layout.unknowns[row][1]]
            if component.group and (component.group in top) != (layer == TOP):
                masses[row] += np.log(_ELSEWHERE)
    return masses


def stacked(model: SectionModel, masses: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return parameters from logarithms of masses, with all others at their means."""
    theta = torch.zeros(len(masses), model.parameters, dtype=torch.float64)
    theta[:, : model.masses] = torch.stack(list(masses))
    theta[:, model.masses + 1 :] = model.nuisance.mean[1:]
    return theta


def _takes_binder(layout: Layout, row: int) -> bool:
    return layout.components[layout.unknowns[row][1]].oil > 0


def _oil(layout: Layout, row: int) -> float:
    return layout.components[layout.unknowns[row][1]].oil
