"""Test the forward model and the fit of layers to a spectrum."""

import numpy as np
import pytest
import torch

from napari_xrf_pigments.inversion.alternatives import allowed_composition
from napari_xrf_pigments.inversion.fit import fit_layers
from napari_xrf_pigments.inversion.model import ForwardModel, log_likelihood
from napari_xrf_pigments.physics.detector import DetectorModel
from napari_xrf_pigments.physics.layered_samples import Geometry
from napari_xrf_pigments.physics.tube import tube_beam
from napari_xrf_pigments.pigments.catalogue import pigment
from napari_xrf_pigments.simulation.instruments import Excitation, Readout
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.spectra import emit, measure
from napari_xrf_pigments.simulation.stratigraphy import random_stratigraphy
from napari_xrf_pigments.simulation.stratigraphy_batch import pool_of

from .sections import make_section

EXCITATION = Excitation("Rh", 50.0, (), Geometry(90.0, 45.0), tube_beam("Rh", 50.0))
READOUT = Readout(DetectorModel(140.0), "air", 10.0, 2200, 0.02, 0.0)


@pytest.fixture(scope="module")
def model():
    return ForwardModel(EXCITATION, READOUT)


def simulate(pool, total, seed):
    """Simulate spectra of a pool of stacks with the simulation of the training."""
    noise = torch.Generator().manual_seed(seed)
    return measure(emit(pool, EXCITATION), READOUT, total, noise).counts


def test_the_forward_model_agrees_with_the_simulation(model):
    rng = np.random.default_rng(3)
    pool = pool_of([random_stratigraphy(rng, 0.5, 0.3) for _ in range(12)], ELEMENTS)
    counts = simulate(pool, torch.full((12,), 1e7), seed=0)
    expected = 1e7 * model(pool.stacks.fractions, pool.stacks.mass_thickness)
    enough = expected > 50
    pulls = ((counts - expected) / expected.sqrt())[enough]
    assert float(pulls.std()) == pytest.approx(1, abs=0.05)
    assert float(pulls.abs().max()) < 6


@pytest.mark.slow
def test_the_fit_is_as_likely_as_the_truth(model):
    section = make_section([("azurite", 1.0), ("lead_white", 0.5)])
    pool = pool_of([section], ELEMENTS)
    counts = simulate(pool, torch.tensor([1e4]), seed=1)
    group = pigment("azurite").group
    allowed = allowed_composition(section, group, without=False, depth=len(section))
    stacks = pool.stacks
    fit = fit_layers(counts, [allowed], stacks.mass_thickness, model, steps=250)
    truth = log_likelihood(counts, model(stacks.fractions, stacks.mass_thickness))
    assert float(fit.log_likelihood[0] - truth[0]) > -1
