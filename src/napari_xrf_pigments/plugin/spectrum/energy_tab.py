"""The Energy tab: energy axis (automatic, manual or from a file), anode and voltage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from .. import dialogs
from ..state.scan import ScanSettings
from ..widgets.pixel_size import PixelSizeForm
from .acquisition_form import AcquisitionForm
from .calibration_panel import HINT, CalibrationPanel
from .manual_calibration import ManualLines, line_choices, to_saved_lines

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_xrf_pigments.calibration.manual import ManualCalibration

    from ..state.scan import Scan
    from ..state.session import Session
    from .plot import SpectrumPlot


class AxisBar(QWidget):
    """The energy axis in use, and a button to switch between the given and the estimated one."""

    estimate_requested = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.button = QPushButton()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sentence, 1)
        layout.addWidget(self.button)
        self._estimated = False
        self.button.clicked.connect(lambda: self.estimate_requested.emit(not self._estimated))
        self.set_axis("", estimated=False, can_switch=False)

    def set_axis(
        self, sentence: str, *, estimated: bool, can_switch: bool, details: str = ""
    ) -> None:
        """Describe the axis in use, and offer the other one where there is one."""
        self._estimated = estimated
        self.sentence.setText(sentence)
        self.sentence.setToolTip(details)
        self.button.setText("Use the file's calibration" if estimated else "Use the estimated axis")
        self.button.setVisible(can_switch)


_FILTER = "Energy calibration (*.json)"
_OUTDATED = "Existing maps were computed with previous settings; map again to update."


class EnergyTab(QObject):
    """Changes energy axis, anode and voltage of the scan.

    Parameters
    ----------
    session : Session
        Receives errors.
    plot : SpectrumPlot
        The lines of a manual calibration are drawn there.

    Signals
    -------
    preview_changed : EnergyAxis or None
        The axis fitted to the lines placed so far.
    """

    preview_changed = Signal(object)

    def __init__(self, session: Session, plot: SpectrumPlot) -> None:
        super().__init__()
        self._session, self._plot = session, plot
        self.scan: Scan | None = None
        self.axis_bar = AxisBar()
        self.form = AcquisitionForm()
        self.pixel_form = PixelSizeForm()
        pixel_row = QHBoxLayout()
        pixel_row.addWidget(QLabel("Pixel"))
        pixel_row.addWidget(self.pixel_form, 1)
        self.panel = CalibrationPanel()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 4, 0)
        column.addWidget(self.axis_bar)
        column.addWidget(self.form)
        column.addLayout(pixel_row)
        column.addWidget(self.panel, 1)
        self.view = QScrollArea()
        self.view.setWidgetResizable(True)
        self.view.setFrameShape(QScrollArea.Shape.NoFrame)
        self.view.setWidget(inside)
        self._lines = ManualLines()
        self._fitted: ManualCalibration | None = None
        #: The manual calibration applied last to each scan, whose lines are saved.
        self._applied: WeakKeyDictionary[Scan, ManualCalibration] = WeakKeyDictionary()
        self._message = ""
        self.axis_bar.estimate_requested.connect(self._use_estimate)
        self.form.tube_changed.connect(self._set_tube)
        self.form.axis_changed.connect(self._set_axis)
        self.pixel_form.size_changed.connect(self._set_pixel_size)
        self.panel.line_added.connect(self.add_line)
        self.panel.line_removed.connect(self._remove_line)
        self.panel.apply_requested.connect(self.apply)
        self.panel.clear_requested.connect(self.clear)
        self.panel.undo_requested.connect(self.undo)
        self.panel.save_requested.connect(self._save_as)
        self.panel.load_requested.connect(self._load_from)

    def set_scan(self, scan: Scan | None) -> None:
        """Discard the lines placed in another scan."""
        self.scan = scan
        self._lines.clear()
        self._message = ""
        self._set_fitted(None)
        self._plot.set_handles({})

    def refresh(self) -> None:
        """Show the axis and settings in use."""
        scan = self.scan
        if scan is None:
            self.axis_bar.set_axis("", estimated=False, can_switch=False)
            self.panel.set_state((), HINT, can_apply=False, can_undo=False, has_scan=False)
            self.form.setEnabled(False)
            self.pixel_form.setEnabled(False)
            return
        self.form.setEnabled(True)
        self.pixel_form.setEnabled(True)
        self.pixel_form.set_size(scan.cube.pixel_mm)
        self.axis_bar.set_axis(
            scan.axis_sentence(),
            estimated=scan.uses_estimate,
            can_switch=scan.can_estimate,
            details=scan.axis_details(),
        )
        axis, known = scan.cube.energies, scan.cube.acquisition
        self.form.set_settings(known.anode, known.tube_kv, axis.gain_kev, axis.offset_kev)
        self.panel.set_choices(line_choices(axis, known.anode, known.tube_kv))
        self._show()

    def add_line(self, label: str, kev: float) -> None:
        """Add a line to the plot, to be dragged onto its peak."""
        self._lines.add(label, kev)
        self._message = ""
        self._plot.show_near(kev, kev)
        self._solve()

    def move_line(self, key: str, kev: float, counts: NDArray[np.float64]) -> None:
        """Place a line on the peak of a spectrum nearest to an energy (keV)."""
        scan = self.scan
        if scan is None:
            return
        detector = scan.cube.acquisition.detector
        fwhm = None if detector is None else detector.fwhm_mn_ka_ev
        self._lines.move(key, kev, counts, scan.cube.energies, fwhm)
        self._solve()

    def apply(self) -> None:
        """Use the axis fitted to the lines."""
        scan, fitted = self.scan, self._fitted
        if scan is None or fitted is None:
            return
        count = len(fitted.positions)
        lines = "1 line" if count == 1 else f"{count} lines"
        # Gain and offset are two numbers, so two lines always agree.
        agreement = lines if count < 3 else f"{lines}, within {fitted.rms_ev:.1f} eV"
        self._message = f"Applied ({agreement})."
        self._lines.clear()
        self._set_fitted(None)
        self._applied[scan] = fitted
        self._plot.set_handles({})
        scan.change(ScanSettings(fitted.energies, scan.cube.acquisition, "set by hand"))

    def clear(self) -> None:
        """Remove the lines."""
        self._lines.clear()
        self._message = ""
        self._solve()

    def undo(self) -> None:
        """Undo the last change."""
        if self.scan is not None:
            self._message = "Undid the last change."
            self.scan.undo()

    def save(self, path: Path) -> None:
        """Save axis, anode and voltage."""
        from napari_xrf_pigments.io.calibration_file import SavedCalibration, save_calibration

        scan = self.scan
        if scan is None:
            return
        applied = self._applied.get(scan)
        in_use = applied is not None and applied.energies == scan.cube.energies
        lines = to_saved_lines(applied.positions) if applied is not None and in_use else ()
        path = path if path.suffix else path.with_suffix(".json")
        try:
            saved = save_calibration(path, SavedCalibration.of(scan.cube, lines))
        except (OSError, ValueError) as error:
            self._session.show_error(str(error))
        else:
            dialogs.info(f"{dialogs.saved_as(saved)}.")

    def load(self, path: Path) -> None:
        """Use a saved calibration."""
        from napari_xrf_pigments.io.calibration_file import load_calibration

        scan = self.scan
        if scan is None:
            return
        try:
            saved = load_calibration(path)
            cube = saved.applied(scan.cube)
        except (OSError, ValueError) as error:
            self._session.show_error(str(error))
            return
        self._message = f"Loaded {path.name}."
        if not saved.made_on(scan.cube):
            self._message = f"Loaded {path.name}, made on {(saved.source or {}).get('name')}."
        scan.change(ScanSettings(cube.energies, cube.acquisition, f"from {path.name}"))

    def choose_save_path(self) -> str:
        """Open the dialog for a calibration file to save."""
        name = "calibration.json"
        return QFileDialog.getSaveFileName(self.view, "Save calibration", name, _FILTER)[0]

    def choose_load_path(self) -> str:
        """Open the dialog for a calibration file to load."""
        return QFileDialog.getOpenFileName(self.view, "Load calibration", "", _FILTER)[0]

    def _save_as(self) -> None:
        path = self.choose_save_path()
        if path:
            self.save(Path(path))

    def _load_from(self) -> None:
        path = self.choose_load_path()
        if path:
            self.load(Path(path))

    def _use_estimate(self, estimate: bool) -> None:
        if self.scan is not None:
            self._message = ""
            self.scan.use_estimate(estimate)

    def _set_tube(self, anode: str | None, tube_kv: float | None) -> None:
        scan = self.scan
        if scan is not None:
            self._message = ""
            known = replace(scan.cube.acquisition, anode=anode, tube_kv=tube_kv)
            scan.change(replace(scan.settings, acquisition=known))

    def _set_axis(self, gain_kev: float, offset_kev: float) -> None:
        scan = self.scan
        if scan is not None:
            self._message = ""
            axis = scan.cube.energies.recalibrated(gain_kev, offset_kev)
            scan.change(ScanSettings(axis, scan.cube.acquisition, "set by hand"))

    def _set_pixel_size(self, dy: float, dx: float) -> None:
        if self.scan is not None:
            self.scan.set_pixel_mm((dy, dx))

    def _remove_line(self, key: str) -> None:
        self._lines.remove(key)
        self._solve()

    def _solve(self) -> None:
        scan = self.scan
        if scan is None:
            return
        try:
            fitted = self._lines.solve(scan.cube.energies)
            self._message = "" if fitted is None else fit_message(fitted)
        except ValueError as error:
            fitted, self._message = None, str(error)
        self._plot.set_handles(self._lines.handles(scan.cube.energies))
        self._set_fitted(fitted)
        self._show()

    def _set_fitted(self, fitted: ManualCalibration | None) -> None:
        self._fitted = fitted
        self.preview_changed.emit(None if fitted is None else fitted.energies)

    def _show(self) -> None:
        scan = self.scan
        stale = scan is not None and any(map(scan.stale_reason_of, ("elements", "pigments")))
        self.panel.set_state(
            self._lines.rows(self._fitted),
            f"{self._message} {_OUTDATED}".strip() if stale else self._message,
            can_apply=self._fitted is not None,
            can_undo=scan is not None and scan.can_undo,
            has_scan=scan is not None,
        )


def fit_message(fitted: ManualCalibration) -> str:
    """Describe the axis fitted to the lines of a manual calibration."""
    axis = fitted.energies
    text = f"Gain {1000 * axis.gain_kev:.4f} eV, offset {1000 * axis.offset_kev:+.1f} eV"
    if len(fitted.positions) == 1:
        return f"{text}: one line changes the offset only; add a second one to set the gain."
    if len(fitted.positions) == 2:
        return f"{text}: two lines always fit; add a third one to check them (dashed: preview)."
    return f"{text}; the lines agree within {fitted.rms_ev:.1f} eV (dashed: preview)."
