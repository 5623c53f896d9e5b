"""Waits until nobody has touched mouse or keyboard for a while."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication

_TOUCHES = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
    }
)


class QuietTime(QObject):
    """Calls something once the user has paused.

    It looks at the program's events only while it waits.

    Parameters
    ----------
    app : QApplication
        With it the waiting ends.
    ms : int
        For how many milliseconds nothing must be touched.
    then : callable
        Called when they are over.
    busy : callable
        Whether the program itself is at work, which is no pause either.
    """

    def __init__(
        self, app: QApplication, ms: int, then: Callable[[], None], busy: Callable[[], bool]
    ) -> None:
        super().__init__(app)
        self._app, self._then, self._busy = app, then, busy
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(ms)
        self._timer.timeout.connect(self._over)

    @property
    def waiting(self) -> bool:
        """Whether the pause is still awaited."""
        return self._timer.isActive()

    def wait(self) -> None:
        """Begin to wait; the pause begins anew if it has begun."""
        if not self.waiting:
            self._app.installEventFilter(self)
        self._timer.start()

    def stop(self) -> None:
        """Wait no more."""
        self._timer.stop()
        self._app.removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt's: every event of the program passes here, and goes on."""
        if event is not None and event.type() in _TOUCHES:
            self._timer.start()
        return False

    def _over(self) -> None:
        if self._busy() or QApplication.mouseButtons():
            self._timer.start()
            return
        self.stop()
        self._then()
