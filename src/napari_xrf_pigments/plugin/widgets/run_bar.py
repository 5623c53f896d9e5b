"""Buttons to run, resume and cancel, a progress bar and a status line."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget


class RunBar(QWidget):
    """Buttons, progress and status of a run.

    Parameters
    ----------
    title : str
        Text of the run button.
    """

    run_requested = Signal()
    resume_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run_button = QPushButton(title)
        self.buttons = QHBoxLayout()
        self.resume_button = QPushButton("Resume")
        self.cancel_button = QPushButton("Cancel")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.buttons.addWidget(self.run_button, 1)
        self.buttons.addWidget(self.resume_button)
        self.buttons.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self.buttons)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        self.run_button.clicked.connect(lambda: self.run_requested.emit())
        self.resume_button.clicked.connect(lambda: self.resume_requested.emit())
        self.cancel_button.clicked.connect(lambda: self.cancel_requested.emit())
        self._running = False
        self._ready = True
        self.set_resumable(None)
        self.set_status("")
        self.set_running(False)

    def set_ready(self, ready: bool, reason: str = "") -> None:
        """Enable the run button, or disable it with a reason as its tooltip."""
        self._ready = ready
        self.run_button.setToolTip(reason)
        self._update()

    def set_resumable(self, share: float | None) -> None:
        """Show the resume button for a run of which this share (0-1) is done; None hides it."""
        self.resume_button.setVisible(share is not None)
        if share is not None:
            self.resume_button.setToolTip(
                f"{100 * share:.0f} % is mapped; continue with the missing tiles"
            )

    def set_running(self, running: bool) -> None:
        """Switch between run and cancel."""
        self._running = running
        self.bar.setVisible(running)
        self.bar.setValue(0)
        self._update()

    def set_progress(self, done: int, total: int) -> None:
        """Show the progress of the run, both numbers in the same unit."""
        self.bar.setValue(round(1000 * done / max(1, total)))

    def set_status(self, text: str) -> None:
        """Show one line of text."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def set_cancelling(self) -> None:
        """Show that the run stops after the present tile."""
        self.cancel_button.setEnabled(False)
        self.set_status("Stopping after this tile ...")

    def _update(self) -> None:
        self.run_button.setEnabled(self._ready and not self._running)
        self.cancel_button.setEnabled(self._running)
