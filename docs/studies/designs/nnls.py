"""What people do today: a spectrum as a sum of simulated pigment spectra (NNLS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, PigmentMaps
from napari_xrf_pigments.network.encoding import rebin_counts
from napari_xrf_pigments.network.outputs import group_of_pigment, output_names
from napari_xrf_pigments.physics.detector import DetectorModel
from napari_xrf_pigments.physics.layered_samples import Geometry
from napari_xrf_pigments.physics.tube import tube_beam
from napari_xrf_pigments.pigments.catalogue import pigment_catalogue
from napari_xrf_pigments.simulation.instruments import Excitation, Readout
from napari_xrf_pigments.simulation.pigment_priors import LEAF
from napari_xrf_pigments.simulation.spectra import emit, measure
from napari_xrf_pigments.simulation.stratigraphy import leaf_layer, paint_layer, plain_layer
from napari_xrf_pigments.simulation.stratigraphy_batch import pool_of

_BORDERS = tuple(np.arange(0.8, 45.01, 0.05).tolist())
#: Paint of each pigment, thin and thick, in um.
_THICK_UM = (12.0, 60.0)
#: Supports without paint, for what no pigment explains.
_BARE = ("canvas", "wood", "plaster")


class NnlsLibrary:
    """A pigment is there where its spectra take more than a share of the counts.

    Parameters
    ----------
    share : float
        That share; chosen on simulated spectra of the training's kind.
    """

    device = "cpu"
    weights_hash = ""

    def __init__(self, share: float) -> None:
        self.share = share
        self.names, self.groups = output_names()

    def bind(
        self, energies: EnergyAxis, acquisition: Acquisition
    ) -> Callable[[NDArray[Any]], PigmentMaps]:
        """Return a function from counts (spectrum, channel) to maps (pigment, spectrum)."""
        library, owner = _library(energies, acquisition)

        def predict(counts: NDArray[Any]) -> PigmentMaps:
            bins = rebin_counts(np.maximum(counts, 0), energies, _BORDERS).astype(float)
            shares = np.stack([_shares(one, library, owner) for one in bins], axis=1)
            # One half where the share is the one that was chosen.
            chance = (shares / (shares + self.share)).astype(np.float32)
            member = group_of_pigment().numpy()
            group = np.stack([chance[member == g].max(0) for g in range(len(self.groups))])
            none = np.zeros(len(counts), np.float32)
            return PigmentMaps(self.names, chance, chance, 0 * chance, self.groups, group, none)

        return predict


def _shares(
    bins: NDArray[np.float64], library: NDArray[np.float64], owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of the counts that each pigment takes, shape (pigment,)."""
    weight = 1 / np.sqrt(np.maximum(bins, 1.0))
    amounts, _ = nnls(library * weight[:, None], bins * weight)
    taken = np.bincount(owner + 1, amounts, len(pigment_catalogue()) + 1)[1:]
    return np.asarray(taken / max(float(bins.sum()), 1.0))


def _library(
    energies: EnergyAxis, acquisition: Acquisition
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Spectra (bin, entry) that each sum to 1, and the pigment of each; -1: bare support."""
    rng = np.random.default_rng(0)
    canvas = plain_layer("canvas", "support", 500.0)
    sections, owner = [], []
    for index, entry in enumerate(pigment_catalogue()):
        if any(family.split()[0] == acquisition.anode for family in entry.diagnostic):
            continue  # its lines are the tube's own, scattered
        for thickness in _THICK_UM:
            leaf = entry.id in LEAF
            paint = (
                leaf_layer(rng, entry.id)
                if leaf
                else paint_layer(rng, [(entry.id, 1.0)], thickness, wide=False)
            )
            sections.append((paint, canvas))
            owner.append(index)
    for name in _BARE:
        sections.append((plain_layer(name, "support", 3000.0),))
        owner.append(-1)
    anode, kv = acquisition.anode or "Rh", acquisition.tube_kv or 40.0
    geometry = Geometry(acquisition.incidence_deg or 90.0, acquisition.takeoff_deg or 45.0)
    beam = tube_beam(anode, kv, filters=acquisition.filter or ())
    emission = emit(
        pool_of(sections), Excitation(anode, kv, acquisition.filter or (), geometry, beam)
    )
    detector = acquisition.detector
    resolution = (detector.fwhm_mn_ka_ev if detector else None) or 145.0
    readout = Readout(
        DetectorModel(resolution), acquisition.atmosphere or "air", acquisition.path_mm or 10.0,
        energies.n_channels, energies.gain_kev, energies.offset_kev,
    )  # fmt: skip
    totals = torch.full((len(sections),), 1e6)
    measured = measure(emission, readout, totals, torch.Generator().manual_seed(0))
    spectra = rebin_counts(measured.counts.numpy(), energies, _BORDERS).astype(float)
    return (spectra / spectra.sum(1, keepdims=True)).T, np.array(owner)
