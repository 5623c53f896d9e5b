"""Make a small painting with a missing pixel, and a stand-in for the network."""

from __future__ import annotations

from collections.abc import Callable

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis, PigmentMaps, XRFCube
from napari_xrf_pigments.cube.maps import OPTIONAL_PIGMENT_ARRAYS, PIGMENT_ARRAYS

KEV = -0.02 + 0.03 * np.arange(1000)
RH = Acquisition(anode="Rh", tube_kv=45.0, detector=Detector(fwhm_mn_ka_ev=145.0))


class FakePredictor:
    """A predictor of two pigments: one rises with the counts of channel 100, the other falls."""

    names = ("bright", "dark")
    groups = ("all",)
    weights_hash = "abc123"
    device = "cpu"
    numerics = "float32"
    fields = (*PIGMENT_ARRAYS, *OPTIONAL_PIGMENT_ARRAYS)

    def bind(
        self, energies: EnergyAxis, acquisition: Acquisition
    ) -> Callable[[np.ndarray], PigmentMaps]:
        def predict(counts: np.ndarray) -> PigmentMaps:
            bright = np.clip(counts[:, 100] / 100, 0, 1)
            both = np.stack([bright, 1 - bright])
            return PigmentMaps(
                self.names, both, both / 2, both / 4, self.groups, bright[None], bright / 8,
                signal=100 * bright[None], signal_sigma=10 * np.sqrt(bright)[None],
                unsupported=bright[None] / 16, depth_known=np.round(both),
            )  # fmt: skip

        return predict


@pytest.fixture
def predictor() -> FakePredictor:
    return FakePredictor()


@pytest.fixture(scope="session")
def painting(expected_spectrum: Callable[..., np.ndarray]) -> XRFCube:
    """Simulate lead and calcium everywhere, iron left, copper right, and one missing pixel."""
    base = expected_spectrum(KEV, {"Pb L": 1500, "Ca K": 400}, scatter=400, continuum=1000)
    iron = expected_spectrum(KEV, {"Fe K": 800})
    copper = expected_spectrum(KEV, {"Cu K": 500})
    mean = np.tile(base, (12, 20, 1))
    mean[:, :10] += iron
    mean[:, 10:] += copper
    counts = np.random.default_rng(0).poisson(mean).astype(np.uint16)
    valid = np.ones((12, 20), bool)
    valid[5, 7] = False
    counts[5, 7] = 0
    chunks = da.from_array(counts, chunks=(5, 20, 1000))
    return XRFCube.from_array(
        chunks, gain_kev=0.03, offset_kev=-0.02, acquisition=RH, valid=valid, pixel_mm=(0.5, 0.5)
    )
