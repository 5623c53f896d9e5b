"""A scroll area that asks for the size of its content, but needs little height."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget


class ScrolledContent(QScrollArea):
    """A widget that can be scrolled vertically where it does not fit.

    Its width is never cut. Docks and tabs in it do not set the height of the window.

    Parameters
    ----------
    content : QWidget
        The widget.
    least_height : int
        Height to which the area can be reduced, pixels.
    """

    def __init__(
        self, content: QWidget, least_height: int = 110, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._least_height = least_height
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        """Return the size of the content."""
        content = self.widget()
        return super().sizeHint() if content is None else content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the width of the content, with its scroll bar, and a small height."""
        content, bar = self.widget(), self.verticalScrollBar()
        if content is None or bar is None:
            return super().minimumSizeHint()
        least = content.minimumSizeHint()
        width = least.width() + bar.sizeHint().width()
        return QSize(width, min(least.height(), self._least_height))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take over the size of the content when it changes."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def scroll_to_top(self) -> None:
        """Show the top of the content."""
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setValue(0)
