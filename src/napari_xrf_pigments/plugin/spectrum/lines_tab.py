"""The Spectrum dock's lines: a periodic table, and what a clicked peak could be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from napari_xrf_pigments.fitting.conditions import Conditions

from ..layers.colours import element_colour
from ..tasks import LatestOnly
from .marks import families_of, marked_lines
from .periodic_table import PeriodicTable
from .rows import MarkedLine, PeakRow

if TYPE_CHECKING:
    from .dock import SpectrumDock

HINT = "Click a peak in the plot: what could it be?"


class PeakList(QWidget):
    """Answers to choose from.

    Signals
    -------
    chosen : int
        Number of the answer that was clicked.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(HINT)
        self.title.setWordWrap(True)
        self.items = QListWidget()
        self.items.setMinimumHeight(60)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.items, 1)
        self.items.currentRowChanged.connect(self._on_row)

    def set_rows(self, title: str, rows: Sequence[PeakRow]) -> None:
        """Show answers."""
        self.title.setText(title or HINT)
        self.items.blockSignals(True)
        self.items.clear()
        for row in rows:
            item = QListWidgetItem(f"{row.label}  ·  {row.kev:.2f} keV  ·  {_words(row.share)}")
            item.setToolTip(row.reason)
            self.items.addItem(item)
        self.items.blockSignals(False)

    def _on_row(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(row)


def _words(share: float) -> str:
    return "fits" if share > 0.6 else "possible" if share > 0.25 else "unlikely"


#: Net counts over their sigma from which on an element is there.
_PRESENT = 5.0


class LinesPart:
    """Marks lines in the plot.

    Parameters
    ----------
    dock : SpectrumDock
        The dock.
    """

    def __init__(self, dock: SpectrumDock) -> None:
        self.dock = dock
        self.table = PeriodicTable()
        self.peaks = PeakList()
        self.view = QWidget()
        column = QVBoxLayout(self.view)
        column.setContentsMargins(2, 4, 2, 0)
        column.setSpacing(4)
        column.addWidget(self.table)
        column.addWidget(self.peaks, 1)
        self._answers: tuple[Any, ...] = ()
        self._guess: MarkedLine | None = None
        self._guess_family = ""
        self._naming = LatestOnly(self._take_names, dock.tell)
        self.table.ticked_changed.connect(lambda symbols: self.draw())
        self.peaks.chosen.connect(self._choose)
        dock.plot.peak_clicked.connect(self.name)

    def close(self) -> None:
        """Take no answer any more."""
        self._naming.cancel()

    def reset(self) -> None:
        """Begin again with another scan."""
        self._answers, self._guess, self._guess_family = (), None, ""
        self.peaks.set_rows("", ())
        self.table.set_present(())

    def name(self, kev: float) -> None:
        """Ask what the peak at an energy could be."""
        scan, main = self.dock.scan, self.dock.curves_part.main()
        if scan is None or main is None:
            return
        counts, axis = main.counts, scan.cube.energies.kev
        conditions = Conditions.of(scan.cube.acquisition)

        def compute() -> tuple[Any, Any]:
            from napari_xrf_pigments.fitting.peak_identification import measure_peak, name_peak

            peak = measure_peak(kev, counts, axis, conditions)
            return peak, name_peak(kev, counts, axis, conditions)

        self.dock.show_part(self)
        self.peaks.set_rows(f"What is at {kev:.2f} keV? ...", ())
        self._naming.submit(compute)

    def present(self, fit: Any) -> None:
        """Show in the table which elements a fit holds."""
        symbols = {name.split()[0] for name in fit.names if _stands_out(fit, name)}
        self.table.set_present(symbols)

    def draw(self) -> None:
        """Mark the lines of mapped, predicted, ticked and guessed elements."""
        scan = self.dock.scan
        if scan is None:
            self.dock.plot.set_lines(())
            return
        axis, voltage = scan.cube.energies, scan.cube.acquisition.tube_kv
        families: list[str] = []
        pixel, maps = self.dock.pixel_part.place_of, self.dock.pixel_part.maps
        if pixel is not None and scan.elements is not None:
            families += scan.elements.significant(pixel[0], pixel[1])
        if pixel is not None and maps is not None:
            families += families_of(maps)
        families += [f"{symbol} {shell}" for symbol in self.table.ticked() for shell in "KLM"]
        if self._guess_family:
            families.append(self._guess_family)
        lines = marked_lines(families, axis, voltage)
        guess = self._guess
        if guess is not None and all(abs(line.kev - guess.kev) > 0.02 for line in lines):
            lines.append(guess)
        self.dock.plot.set_lines(lines)

    def _take_names(self, answer: tuple[Any, Any]) -> None:
        (kev, net, noise), names = answer
        self._answers = tuple(names)
        best = max((name.score for name in names), default=1.0) or 1.0
        rows = [
            PeakRow(n.label, n.kev, n.reason, n.score / max(best, 0.2), n.family) for n in names
        ]
        title = f"The peak at {kev:.2f} keV ({net:,.0f} ± {noise:,.0f} counts) could be:"
        if net < _PRESENT * noise:
            title = f"No clear peak at {kev:.2f} keV; lines that lie there:"
        self.peaks.set_rows(title if rows else f"Nothing known at {kev:.2f} keV.", rows)
        self._guess, self._guess_family = None, ""
        self.draw()

    def _choose(self, row: int) -> None:
        answer = self._answers[row]
        self._guess_family = answer.family
        colour = element_colour(answer.family) if answer.family else "#c0c0c0"
        self._guess = MarkedLine(answer.label, answer.kev, colour)
        self.draw()
        self.dock.plot.show_near(answer.kev, answer.kev)


def _stands_out(fit: Any, name: str) -> bool:
    if not fit.family(name).any():
        return False
    net, sigma = fit.net(name)
    return bool(net > _PRESENT * sigma)
