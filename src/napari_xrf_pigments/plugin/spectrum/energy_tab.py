"""The Spectrum dock's energy axis: automatic, by hand, from a file; anode and voltage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from .. import dialogs as notices
from ..state.scan import ScanSettings as Settings
from .acquisition_form import ScanSettings
from .calibration_panel import HINT, CalibrationPanel
from .manual_calibration import HandCalibrating, as_saved, line_choices
from .rows import DrawnCurve

if TYPE_CHECKING:
    from .dock import SpectrumDock


class AxisBar(QWidget):
    """A sentence and a switch between the given and the estimated axis."""

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
        """Show a sentence; offer the other axis where there is one."""
        self._estimated = estimated
        self.sentence.setText(sentence)
        self.sentence.setToolTip(details)
        self.button.setText("Use the file's calibration" if estimated else "Use the estimated axis")
        self.button.setVisible(can_switch)


_FILTER = "Energy calibration (*.json)"
_OUTDATED = "Existing maps were computed with a previous energy calibration; map again to update."


class EnergyPart:
    """Changes the axis and the settings of the scan.

    Parameters
    ----------
    dock : SpectrumDock
        The dock.
    """

    def __init__(self, dock: SpectrumDock) -> None:
        self.dock = dock
        self.axis_bar = AxisBar()
        self.settings = ScanSettings()
        self.panel = CalibrationPanel()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(2, 4, 4, 0)
        column.addWidget(self.axis_bar)
        column.addWidget(self.settings)
        column.addWidget(self.panel, 1)
        self.view = QScrollArea()
        self.view.setWidgetResizable(True)
        self.view.setFrameShape(QScrollArea.Shape.NoFrame)
        self.view.setWidget(inside)
        self.hand = HandCalibrating()
        self._found: Any = None
        self._placed: dict[int, Any] = {}
        self._message = ""
        self.axis_bar.estimate_requested.connect(self._use_estimate)
        self.settings.tube_changed.connect(self._set_tube)
        self.settings.axis_changed.connect(self._set_axis)
        self.panel.line_added.connect(self.add_line)
        self.panel.line_removed.connect(self._remove_line)
        self.panel.apply_requested.connect(self.apply)
        self.panel.clear_requested.connect(self.clear)
        self.panel.undo_requested.connect(self.undo)
        self.panel.save_requested.connect(self._ask_and_save)
        self.panel.load_requested.connect(self._ask_and_load)
        dock.plot.handle_moved.connect(self._moved)

    def reset(self) -> None:
        """Begin again with another scan."""
        self.hand.clear()
        self._found, self._message = None, ""
        self.dock.plot.set_handles({})

    def refresh(self) -> None:
        """Show the axis and settings in use."""
        scan = self.dock.scan
        if scan is None:
            self.axis_bar.set_axis("", estimated=False, can_switch=False)
            self.panel.set_state((), HINT, can_apply=False, can_undo=False, has_scan=False)
            self.settings.setEnabled(False)
            return
        self.settings.setEnabled(True)
        self.axis_bar.set_axis(
            scan.axis_sentence(),
            estimated=scan.uses_estimate,
            can_switch=scan.can_estimate,
            details=scan.axis_details(),
        )
        axis, known = scan.cube.energies, scan.cube.acquisition
        self.settings.set_settings(known.anode, known.tube_kv, axis.gain_kev, axis.offset_kev)
        self.panel.set_choices(line_choices(axis, known.anode, known.tube_kv))
        self._show()

    def add_line(self, label: str, kev: float) -> None:
        """Put a line in the plot, to be dragged onto its peak."""
        self.hand.add(label, kev)
        self._message = ""
        self.dock.plot.show_near(kev, kev)
        self._solve()

    def preview(self) -> list[DrawnCurve]:
        """The main spectrum as it will be, while lines are being placed."""
        main = self.dock.curves_part.main()
        if self._found is None or main is None:
            return []
        kev = self._found.energies.kev
        return [DrawnCurve("after", "After calibration", "#ff9f40", kev, main.counts, True)]

    def apply(self) -> None:
        """Use the axis that the lines give."""
        scan, found = self.dock.scan, self._found
        if scan is None or found is None:
            return
        count = len(found.positions)
        lines = "1 line" if count == 1 else f"{count} lines"
        # Gain and offset are two numbers, so two lines always agree.
        agreement = lines if count < 3 else f"{lines}, within {found.rms_ev:.1f} eV"
        self._message = f"Applied ({agreement}). {_OUTDATED}"
        self.hand.clear()
        self._found = None
        self._placed[id(scan)] = found
        self.dock.plot.set_handles({})
        scan.change(Settings(found.energies, scan.cube.acquisition, "set by hand"))

    def clear(self) -> None:
        """Take the lines away."""
        self.hand.clear()
        self._message = ""
        self._solve()

    def undo(self) -> None:
        """Take back the last change."""
        if self.dock.scan is not None:
            self._message = "Undid the last change."
            self.dock.scan.undo()

    def save(self, path: Path) -> None:
        """Save axis, anode and voltage."""
        from napari_xrf_pigments.io.calibration_file import SavedCalibration, save_calibration

        scan = self.dock.scan
        if scan is None:
            return
        found = self._placed.get(id(scan))
        fits = found is not None and found.energies == scan.cube.energies
        lines = as_saved(found.positions) if fits else ()
        path = path if path.suffix else path.with_suffix(".json")
        try:
            saved = save_calibration(path, SavedCalibration.of(scan.cube, lines))
        except (OSError, ValueError) as error:
            self.dock.tell(str(error))
        else:
            notices.info(f"Saved {saved.name}.")

    def load(self, path: Path) -> None:
        """Use a saved calibration."""
        from napari_xrf_pigments.io.calibration_file import load_calibration

        scan = self.dock.scan
        if scan is None:
            return
        try:
            saved = load_calibration(path)
            cube = saved.applied(scan.cube)
        except (OSError, ValueError) as error:
            self.dock.tell(str(error))
            return
        self._message = f"Loaded {path.name}. {_OUTDATED}"
        if not saved.made_on(scan.cube):
            self._message = (
                f"Loaded {path.name}, made on {(saved.source or {}).get('name')}. {_OUTDATED}"
            )
        scan.change(Settings(cube.energies, cube.acquisition, f"from {path.name}"))

    def _ask_and_save(self) -> None:
        path = self.dock.ask_where("json", _FILTER)
        if path:
            self.save(Path(path))

    def _ask_and_load(self) -> None:
        path = self.dock.ask_which(_FILTER)
        if path:
            self.load(Path(path))

    def _use_estimate(self, estimate: bool) -> None:
        if self.dock.scan is not None:
            self.dock.scan.use_estimate(estimate)

    def _set_tube(self, anode: str | None, tube_kv: float | None) -> None:
        scan = self.dock.scan
        if scan is not None:
            self._message = ""
            known = replace(scan.cube.acquisition, anode=anode, tube_kv=tube_kv)
            scan.change(replace(scan.settings, acquisition=known))

    def _set_axis(self, gain_kev: float, offset_kev: float) -> None:
        scan = self.dock.scan
        if scan is not None:
            self._message = ""
            axis = scan.cube.energies.recalibrated(gain_kev, offset_kev)
            scan.change(Settings(axis, scan.cube.acquisition, "set by hand"))

    def _remove_line(self, key: str) -> None:
        self.hand.remove(key)
        self._solve()

    def _moved(self, key: str, kev: float) -> None:
        scan, main = self.dock.scan, self.dock.curves_part.main()
        if scan is None or main is None:
            return
        detector = scan.cube.acquisition.detector
        fwhm = None if detector is None else detector.fwhm_mn_ka_ev
        self.hand.move(key, kev, main.counts, scan.cube.energies, fwhm)
        self._solve()

    def _solve(self) -> None:
        scan = self.dock.scan
        if scan is None:
            return
        try:
            self._found = self.hand.solve(scan.cube.energies)
            self._message = self._message_of()
        except ValueError as error:
            self._found, self._message = None, str(error)
        self.dock.plot.set_handles(self.hand.handles(scan.cube.energies))
        self._show()
        self.dock.curves_part.draw()

    def _message_of(self) -> str:
        found = self._found
        if found is None:
            return ""
        axis = found.energies
        text = f"Gain {1000 * axis.gain_kev:.4f} eV, offset {1000 * axis.offset_kev:+.1f} eV"
        if len(found.positions) == 1:
            return f"{text}: one line moves the offset alone; a second one sets the gain."
        if len(found.positions) == 2:
            return f"{text}: two lines always fit; a third one tells how well (dashed: after)."
        return f"{text}; the lines are met within {found.rms_ev:.1f} eV (dashed: after)."

    def _show(self) -> None:
        scan = self.dock.scan
        self.panel.set_state(
            self.hand.rows(self._found),
            self._message,
            can_apply=self._found is not None,
            can_undo=scan is not None and scan.can_undo,
            has_scan=scan is not None,
        )


def ask_which(dock: Any, pattern: str) -> str | None:
    """Let the user choose a file to be read."""
    path, _ = QFileDialog.getOpenFileName(dock, "Load calibration", "", pattern)
    return path or None
