"""The session of a viewer: its open scans, the selected scan and the selected pixel."""

from __future__ import annotations

import time
import weakref
from pathlib import Path
from typing import Any

from psygnal import Signal
from qtpy.QtCore import QCoreApplication, QTimer

from napari_xrf_pigments.cube import EnergyAxis

from ..tasks import start_worker
from .scan import Scan
from .services import CORE, Services

#: Time after which the energy axis of a large scan is checked before all of it is summed.
CHECK_AFTER_S = 20.0
#: Interval at which the sums of a scan are shown while it is read.
PROGRESS_MS = 250


class Session:
    """The scans of one viewer, with the selected scan and pixel.

    Parameters
    ----------
    services : Services
        Functions of the core.

    Attributes
    ----------
    scans : list of Scan
        The open scans.
    scan : Scan or None
        The scan that docks work on.
    weights : Path or None
        Fine-tuned weights of the network; None for the bundled weights.
    known_weights : list of Path
        All weights that were used in this session.
    closed : bool
        Whether the viewer was closed.
    """

    scans_changed = Signal()
    scan_changed = Signal(object)
    totals_changed = Signal(object)
    pixel_selected = Signal(object, int, int)
    #: Line family that the user clicked in the list of elements.
    element_selected = Signal(str)
    weights_changed = Signal()
    error_raised = Signal(str)
    warning_raised = Signal(str)

    def __init__(self, services: Services = CORE) -> None:
        self.services = services
        self.scans: list[Scan] = []
        self.scan: Scan | None = None
        self.weights: Path | None = None
        self.known_weights: list[Path] = []
        self.closed = False

    def add_scan(self, scan: Scan) -> None:
        """Add and select a scan; sum its counts and check its energy axis."""
        self.scans.append(scan)
        scan.energies_changed.connect(self._check_given_axes)
        self.scans_changed.emit()
        self.select_scan(scan)
        monitor_scan(self, scan)

    def remove_scan(self, scan: Scan) -> None:
        """Remove a scan, and select another one if it was selected."""
        scan.totals.stop()
        scan.energies_changed.disconnect(self._check_given_axes)
        self.scans.remove(scan)
        self.scans_changed.emit()
        if self.scan is scan:
            self.select_scan(self.scans[-1] if self.scans else None)

    def select_scan(self, scan: Scan | None) -> None:
        """Make a scan the one that docks work on."""
        if scan is not self.scan:
            self.scan = scan
            self.scan_changed.emit(scan)

    def select_pixel(self, scan: Scan, y: int, x: int) -> None:
        """Select a pixel of a scan, if it was measured."""
        if scan.measured(y, x):
            self.select_scan(scan)
            scan.pixel = y, x
            self.pixel_selected.emit(scan, y, x)

    def use_weights(self, weights: Path | None) -> None:
        """Map with fine-tuned weights, or with the bundled ones (None)."""
        if weights is not None and weights not in self.known_weights:
            self.known_weights.append(weights)
        self.weights = weights
        self.services = self.services.with_weights(weights)
        self.weights_changed.emit()

    def show_error(self, sentence: str) -> None:
        """Report an error, as one sentence for the user."""
        self.error_raised.emit(sentence)

    def _check_given_axes(self) -> None:
        """Compare axes that the user gave with the lines of their scans, in a thread."""
        for scan in self.scans:
            if scan.needs_axis_check:
                start_worker(_judge_axis, scan, self.services, returned=self._apply_axis_check)

    def _apply_axis_check(self, result: tuple[Scan, EnergyAxis, Any]) -> None:
        scan, energies, check = result
        if check is None or scan not in self.scans or scan.axis_check is not None:
            return
        if scan.set_axis_check(energies, check) and check.fits is False:
            self.warning_raised.emit(f"{scan.name}: {check.sentence}")

    def close(self) -> None:
        """Stop reading scans, because the viewer was closed."""
        self.closed = True
        for scan in self.scans:
            scan.totals.stop()


def monitor_scan(session: Session, scan: Scan) -> None:
    """Emit the progress of a scan that is being summed; check its energy axis in a thread."""
    timer = QTimer(QCoreApplication.instance())
    begun = time.monotonic()
    # The timer must not keep the session of a closed viewer in memory.
    reference = weakref.ref(session)
    checked = False

    def poll() -> None:
        nonlocal checked
        timer.setInterval(PROGRESS_MS)
        session, ended = reference(), scan.totals.ended
        if session is None or session.closed or scan not in session.scans:
            scan.totals.stop()
            timer.stop()
            timer.deleteLater()
            return
        if not checked and (ended or time.monotonic() - begun > CHECK_AFTER_S):
            checked = True
            start_worker(_check_axis, scan, session.services, returned=_apply_calibration)
        if ended:
            timer.stop()
            timer.deleteLater()
        session.totals_changed.emit(scan)
        if ended and scan.totals.error:
            session.show_error(scan.totals.error)

    timer.timeout.connect(poll)
    scan.totals.start()
    timer.start(0)


def _check_axis(scan: Scan, services: Services) -> tuple[Scan, Any]:
    try:
        return scan, services.calibrate(scan.cube, scan.totals.spectrum.copy())
    except (ValueError, OSError, ImportError):
        # A scan whose axis cannot be checked is used as it is.
        return scan, None


def _judge_axis(scan: Scan, services: Services) -> tuple[Scan, EnergyAxis, Any]:
    cube = scan.cube
    try:
        spectrum = scan.totals.spectrum.copy()
        return scan, cube.energies, services.check_axis(cube, spectrum, scan.calibration)
    except (ValueError, OSError, ImportError):
        # An axis that cannot be checked is used as it is.
        return scan, cube.energies, None


def _apply_calibration(result: tuple[Scan, Any]) -> None:
    scan, calibration = result
    scan.set_calibration(calibration)
