"""An opened scan and what was made of it (no Qt, no napari)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..cube import Detector, EnergyAxis, XRFCube
from .results import ElementResults, PigmentResults
from .totals import TotalCounts


class Scan:
    """The state that all layers of one scan share.

    Parameters
    ----------
    cube : XRFCube
        As it was opened.
    name : str
        For people.
    totals : TotalCounts, optional
        Its sums, if they were begun already.
    """

    energies_changed = Signal()
    results_changed = Signal(str)

    def __init__(self, cube: XRFCube, name: str, totals: TotalCounts | None = None) -> None:
        self.cube = cube
        self.name = name
        self.totals = totals or TotalCounts(cube)
        self.calibration: Any = None
        self.checked = False
        self.elements: ElementResults | None = None
        self.pigments: PigmentResults | None = None
        self._given: EnergyAxis = cube.energies

    @property
    def given_energies(self) -> EnergyAxis:
        """The axis that the scan was opened with."""
        return self._given

    @property
    def uses_estimate(self) -> bool:
        """Whether the axis found from the lines is in use."""
        return self.cube.energies is not self._given

    @property
    def can_estimate(self) -> bool:
        """Whether a trusted estimate of the axis exists."""
        return self.calibration is not None and bool(self.calibration.trusted)

    def set_calibration(self, calibration: Any) -> None:
        """Take the result of the check; a trusted one replaces an axis read from a file."""
        self.calibration = calibration
        self.checked = True
        self._take_settings()
        if self.can_estimate and self._given.source != "user":
            self.use_estimate(True)
        else:
            self.energies_changed.emit()

    def _take_settings(self) -> None:
        """Fill in the detector's resolution and the anode where the spectrum told them."""
        fwhm = self.calibration.fwhm_mn_ka_ev if self.can_estimate else None
        detector = self.cube.acquisition.detector or Detector()
        if fwhm is not None and detector.fwhm_mn_ka_ev is None:
            detector = replace(detector, fwhm_mn_ka_ev=fwhm)
            settings = replace(self.cube.acquisition, detector=detector)
            self.cube = self.cube.with_acquisition(settings)
        if self.calibration is not None and self.calibration.anode is not None:
            settings = self.cube.acquisition.updated(anode=self.calibration.anode)
            self.cube = self.cube.with_acquisition(settings)

    def use_estimate(self, estimate: bool) -> None:
        """Use the estimated axis, or the one that the scan was opened with."""
        axis = self.calibration.energies if estimate and self.can_estimate else self._given
        self.cube = self.cube.with_energies(axis)
        self.energies_changed.emit()

    def axis_sentence(self) -> str:
        """Which energy axis is in use, in one sentence."""
        axis = self.cube.energies
        origin = {
            "file": "from the file",
            "user": "as given",
            "estimated": "assumed, since the file has none",
        }
        source = "from the lines of the scan" if self.uses_estimate else origin[axis.source]
        text = (
            f"Energy axis {source}: {axis.gain_kev * 1000:.2f} eV a channel, "
            f"offset {axis.offset_kev * 1000:+.0f} eV."
        )
        if self.checked and self.uses_estimate:
            return text + (
                f" {len(self.calibration.lines)} lines meet their places within "
                f"{self.calibration.rms_ev:.1f} eV."
            )
        if not self.checked:
            return f"{text} Checking it against the lines of the scan ..."
        refused = self.calibration is not None and not self.can_estimate
        return f"{text} {self.calibration.message}" if refused else text

    def axis_details(self) -> str:
        """What the check of the energy axis found, at length."""
        return str(self.calibration.message) if self.calibration is not None else ""

    def spectrum(self, y: int, x: int) -> NDArray[np.float64]:
        """Counts of a pixel, shape (channel,)."""
        return self.cube.spectrum(y, x)

    def measured(self, y: int, x: int) -> bool:
        """Whether a pixel lies inside the scan and was measured."""
        rows, columns, _ = self.cube.shape
        if not (0 <= y < rows and 0 <= x < columns):
            return False
        return self.cube.valid is None or bool(self.cube.valid[y, x])

    def millimetres(self, y: int, x: int) -> tuple[float, float] | None:
        """Place (y, x) of a pixel's centre in mm from the first pixel's centre."""
        if self.cube.pixel_mm is None:
            return None
        return y * self.cube.pixel_mm[0], x * self.cube.pixel_mm[1]
