"""PyMca's fast linear fit, as a user of it would run it: what maps are compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.io.pymca_config import FitSettings, write_pymca_cfg

#: Line families of a painting.
FAMILIES = (
    "S K", "K K", "Ca K", "Ti K", "Cr K", "Mn K", "Fe K", "Co K",
    "Ni K", "Cu K", "Zn K", "Sr K", "Sn K", "Ba L", "Hg L", "Pb L",
)  # fmt: skip


class PyMcaFit:
    """Line families over a SNIP background.

    Parameters
    ----------
    folder : Path
        Where the settings are written.
    axis : EnergyAxis
        Axis of the spectra.
    tube_kv : float
        Energy of the exciting photons, keV.
    families : sequence of str
        Line families.
    """

    def __init__(
        self,
        folder: Path,
        axis: EnergyAxis,
        tube_kv: float = 45.0,
        families: tuple[str, ...] = FAMILIES,
    ) -> None:
        from PyMca5.PyMcaIO.ConfigDict import ConfigDict
        from PyMca5.PyMcaPhysics.xrf.FastXRFLinearFit import FastXRFLinearFit

        path = folder / "fit.cfg"
        write_pymca_cfg(
            path, FitSettings(families, axis.gain_kev, axis.offset_kev, 140.0, tube_kv, 0.0)
        )
        self._fit = FastXRFLinearFit()
        self._fit.setFitConfiguration(ConfigDict(filelist=[str(path)]))
        self._channels = np.arange(axis.n_channels, dtype=float)

    def __call__(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Net counts of each family, shape (row, column), of counts (row, column, channel)."""
        made: Any = self._fit.fitMultipleSpectra(x=self._channels, y=counts, save=False)
        names = made.labels("parameters")
        return {
            name.replace("_", " "): np.asarray(image)
            for name, image in zip(names, made["parameters"], strict=True)
        }
