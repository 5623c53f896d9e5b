"""Fixtures for all tests; this file must not need torch or Qt."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# No deadline: the time of an example is meaningless on a shared machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real scans, which cannot be distributed with the source."""
    folder = os.environ.get("XRF_PIGMENTS_REAL_DATA")
    if not folder:
        pytest.skip("needs real scans: XRF_PIGMENTS_REAL_DATA names no folder")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"needs real scans: there is no folder {folder}")
    return path


@pytest.fixture(scope="session")
def expected_spectrum() -> Callable[..., np.ndarray]:
    """Return a function that makes noise-free spectra of families, scatter and continuum."""
    from napari_xrf_pigments.fitting.artefacts import scatter_shapes
    from napari_xrf_pigments.fitting.conditions import Conditions
    from napari_xrf_pigments.fitting.design_matrix import line_columns

    def made(
        kev: np.ndarray,
        amounts: Mapping[str, float],
        *,
        anode: str | None = "Rh",
        tube_kv: float = 45.0,
        fwhm_ev: float = 145.0,
        scatter: float = 0.0,
        continuum: float = 0.0,
    ) -> np.ndarray:
        """Return the counts per channel for counts in each family, scatter and the continuum."""
        conditions = Conditions(anode, tube_kv, fwhm_ev)
        spectrum = np.zeros(len(kev))
        for name, counts in amounts.items():
            spectrum += counts * line_columns(kev, name, conditions).shapes.mean(axis=0)
        peaks = [part for part in scatter_shapes(kev, conditions) if part.kev > 4]
        weights = []
        for part in peaks:
            weight = 0.2 if "b " in part.name else 1.0
            if part.kind == "Compton":
                weight *= np.exp(-(((float(part.name.split()[-1]) - 125) / 25) ** 2))
            weights.append(weight)
        for part, weight in zip(peaks, weights, strict=True):
            spectrum += scatter * weight / sum(weights) * part.shape
        hump = np.where(kev > 0.4, np.exp(-(((kev - 12) / 7) ** 2)) + 0.1, 0.0)
        return spectrum + continuum * hump / hump.sum()

    return made
