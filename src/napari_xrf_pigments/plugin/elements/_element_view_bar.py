"""Counts or their uncertainty, normalised or not."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget

Choices = Sequence[tuple[str, str]]


class ElementViewBar(QWidget):
    """How elemental maps are shown.

    Parameters
    ----------
    quantities, normalisations : sequence of (str, str)
        Pairs of key and label.
    """

    changed = Signal()

    def __init__(
        self, quantities: Choices, normalisations: Choices, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.quantity_box, self.normalise_box = QComboBox(), QComboBox()
        form = QFormLayout(self)
        form.setContentsMargins(4, 4, 4, 4)
        for box, choices, label in (
            (self.quantity_box, quantities, "Show"),
            (self.normalise_box, normalisations, "Divide by"),
        ):
            box.setMinimumContentsLength(8)
            for key, text in choices:
                box.addItem(text, key)
            box.activated.connect(lambda index: self.changed.emit())
            form.addRow(label, box)
        self.normalise_box.setToolTip(
            "Counts for the same dose; what was chosen is said in the names of the layers"
        )

    @property
    def quantity(self) -> str:
        """Key of what is shown."""
        return str(self.quantity_box.currentData())

    @property
    def normalisation(self) -> str:
        """Key of what the maps are divided by; empty for nothing."""
        return str(self.normalise_box.currentData())

    def set_view(self, quantity: str, normalisation: str) -> None:
        """Show what is in use."""
        self.quantity_box.setCurrentIndex(max(0, self.quantity_box.findData(quantity)))
        self.normalise_box.setCurrentIndex(max(0, self.normalise_box.findData(normalisation)))
