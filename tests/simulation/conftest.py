"""Define the beam and the readout that the tests of simulated spectra share."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_xrf_pigments.physics.detector import DetectorModel
from napari_xrf_pigments.physics.layered_samples import Geometry
from napari_xrf_pigments.physics.tube import tube_beam
from napari_xrf_pigments.simulation.instruments import Excitation, Readout


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def excitation() -> Excitation:
    return Excitation("Rh", 40.0, (), Geometry(90.0, 45.0), tube_beam("Rh", 40.0))


@pytest.fixture
def readout() -> Readout:
    return Readout(DetectorModel(140.0), "air", 10.0, 1024, 0.04, 0.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
