"""Instruments and spectra of simple paint for tests of fits."""

from __future__ import annotations

import numpy as np
import torch

from napari_xrf_pigments._typing import FloatArray
from napari_xrf_pigments.cube import Acquisition, EnergyAxis
from napari_xrf_pigments.inversion.instrument import FittedInstrument
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.spectra import emit, measure
from napari_xrf_pigments.simulation.stratigraphy import Stratigraphy, paint_layer, plain_layer
from napari_xrf_pigments.simulation.stratigraphy_batch import pool_of

#: Settings that the file of the instrument states.
ACQUISITION = Acquisition(
    anode="Rh", tube_kv=40.0, incidence_deg=90.0, takeoff_deg=45.0, atmosphere="air"
)
#: The axis in the file.
AXIS = EnergyAxis(1024, 0.04, 0.0, "user")
#: The true instrument.
INSTRUMENT = FittedInstrument(
    "Rh", 40.0, 1024, 0.04, 0.0, path_mm=12.0, fwhm_mn_ka_ev=156.0, shelf=2.5, tail=1.2,
    pile_up=2e-3, argon_share=4e-3, background=((4e-3, 200.0), (3e-3, 6.0), (1e-3, -8.0)),
    scatter_factor=1.3,
)  # fmt: skip


def section(*recipes: list[tuple[str, float]], um: float = 25.0) -> Stratigraphy:
    """Make varnish, one paint layer per recipe, a chalk ground and canvas."""
    rng = np.random.default_rng(0)
    paints = [paint_layer(rng, recipe, um, wide=False) for recipe in recipes]
    ground = paint_layer(rng, [("chalk", 1.0)], 100.0, role="ground", binder="glue", wide=False)
    return (
        plain_layer("varnish", "varnish", 15),
        *paints,
        ground,
        plain_layer("canvas", "support", 800),
    )


def spectra(sections: list[Stratigraphy], total: float, seed: int = 0) -> FloatArray:
    """Measure sections with the instrument, counts of shape (section, channel)."""
    emission = emit(pool_of(sections, ELEMENTS), INSTRUMENT.excitation, secondary=True)
    noise = torch.Generator().manual_seed(seed)
    totals = torch.full((len(sections),), float(total))
    return measure(emission, INSTRUMENT.readout, totals, noise).counts.double().numpy()
