"""The Spectrum dock's curves: the whole scan, regions, pinned points, and saving them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from .. import dialogs as notices
from ..layers.region_masks import Region, prepare_regions
from ..state.curves import PIXEL, Curve, Curves, Pin, plot_colour
from ..tasks import LatestOnly
from .curve_list import CurveList
from .rows import CurveRow, DrawnCurve

if TYPE_CHECKING:
    from ..state.scan import Scan
    from .dock import SpectrumDock

_WORDS = {"mean": "mean", "sum": "sum", "max": "maximum"}
_FILTERS = {"csv": "Table (*.csv)", "msa": "EMSA/MAS spectrum (*.msa)"}


class CurvesPart:
    """Fills the list of curves and the plot.

    Parameters
    ----------
    dock : SpectrumDock
        The dock.
    """

    def __init__(self, dock: SpectrumDock) -> None:
        self.dock = dock
        self._no_curves = Curves()
        self.view = CurveList()
        self._statistic = "mean"
        self._regions = LatestOnly(self._take_regions, dock.tell)
        self._pinning = LatestOnly(self._take_pins, dock.tell)
        self._saving = LatestOnly(lambda text: notices.info(text), dock.tell)
        self._soon = QTimer(self.view)
        self._soon.setSingleShot(True)
        self._soon.setInterval(300)
        self._soon.timeout.connect(self.read_regions)
        self._watched: list[tuple[Any, Any]] = []
        self.view.shown_changed.connect(self._show)
        self.view.remove_requested.connect(self._remove)
        self.view.statistic_changed.connect(self._set_statistic)
        self.view.export_requested.connect(self.export)
        layers = dock.viewer.layers.events
        for signal in (layers.inserted, layers.removed):
            signal.connect(self._on_layers)
        self._watched += [(layers.inserted, self._on_layers), (layers.removed, self._on_layers)]
        for layer in dock.viewer.layers:
            self._watch(layer)

    @property
    def curves(self) -> Curves:
        """The curves of the scan."""
        scan = self.dock.scan
        return self._no_curves if scan is None else scan.curves

    def close(self) -> None:
        """Listen to no layer any more."""
        self._regions.cancel()
        self._pinning.cancel()
        for signal, slot in self._watched:
            signal.disconnect(slot)
        self._watched = []

    def reset(self) -> None:
        """Begin again with another scan."""
        self.whole()
        self.read_pins()
        self._soon.start()

    def whole(self) -> None:
        """Bring the spectra of the whole scan up to date."""
        scan = self.dock.scan
        if scan is None:
            return
        totals = scan.totals
        mean = totals.spectrum / max(1, totals.measured)
        begun = self.curves.get(PIXEL) is not None
        for key, name, colour, counts in (
            ("whole:sum", "Whole scan, sum", "#5fd3c6", totals.spectrum),
            ("whole:mean", "Whole scan, mean", "#9aa0a6", mean),
            ("whole:max", "Whole scan, maximum", "#c77dff", totals.maximum),
        ):
            shown = key == "whole:sum" and not begun
            self.curves.upsert(Curve(key, name, colour, counts.copy(), shown))

    def pixel(self, name: str, counts: np.ndarray) -> None:
        """Show the clicked pixel's spectrum; the first one takes the sum off the plot."""
        if self.curves.get(PIXEL) is None and not self.curves.is_pending(PIXEL):
            self.curves.show("whole:sum", False)
        self.curves.upsert(Curve(PIXEL, name, "", counts))

    def pin(self) -> None:
        """Keep the pixel's spectrum."""
        pixel = self.curves.get(PIXEL)
        place = self.dock.pixel_part.place_of
        if pixel is not None and place is not None:
            self._put_pin(Pin(*place), pixel.counts)
            self.draw()

    def _put_pin(self, pin: Pin, counts: np.ndarray) -> None:
        colour = self.curves.free_colour()
        self.curves.upsert(Curve(pin.key, pin.title("Pinned"), colour, counts, True, True))

    def read_pins(self) -> None:
        """Read the spectra of the pinned points of a saved session, in a thread."""
        scan = self.dock.scan
        pins = [] if scan is None else scan.curves.pending_pins()
        if scan is None or not pins:
            return

        def compute() -> tuple[Scan, list[tuple[Pin, np.ndarray]]]:
            there = [pin for pin in pins if scan.measured(pin.y, pin.x)]
            return scan, [(p, scan.cube.spectrum(p.y, p.x, p.radius)) for p in there]

        self._pinning.submit(compute)

    def _take_pins(self, answer: tuple[Scan, list[tuple[Pin, np.ndarray]]]) -> None:
        scan, found = answer
        if scan is self.dock.scan:
            for pin, counts in found:
                self._put_pin(pin, counts)
            self.dock.show_again()

    def main(self) -> Curve | None:
        """The curve that questions are about."""
        shown = self.curves.shown()
        for curve in shown:
            if curve.key == PIXEL:
                return curve
        return shown[0] if shown else None

    def draw(self) -> None:
        """Bring plot and list up to date."""
        scan = self.dock.scan
        main = self.main()
        if scan is None or main is None:
            self.dock.plot.set_curves(())
        else:
            kev = scan.cube.energies.kev
            ordered = [main, *(c for c in self.curves.shown() if c.key != main.key)]
            drawn = [DrawnCurve(c.key, c.name, c.colour, kev, c.counts) for c in ordered]
            self.dock.plot.set_curves([*drawn, *self.dock.energy_part.preview()])
        plot = self.dock.plot
        rows = []
        for c in self.curves:
            # As it is drawn: some colours cannot be told from the background.
            colour = plot.readable(c.colour or plot.own_colour).name()
            rows.append(CurveRow(c.key, c.name, colour, c.shown, c.removable))
        self.view.set_rows(rows)

    def read_regions(self) -> None:
        """Compute the spectra of all drawn regions in a thread."""
        scan = self.dock.scan
        if scan is None or self.dock.session.closed:
            return
        regions, statistic, cube = (
            prepare_regions(self.dock.viewer, scan),
            self._statistic,
            scan.cube,
        )

        def compute() -> tuple[Scan, str, list[tuple[Region, np.ndarray]]]:
            found = []
            for region in regions():
                if cube.valid is None or (region.mask & cube.valid).any():
                    found.append((region, cube.region_spectrum(region.mask, statistic)))
            return scan, statistic, found

        self._regions.submit(compute)

    def export(self, kind: str) -> None:
        """Save the ticked spectra where the user says."""
        scan = self.dock.scan
        path = self.dock.ask_where(kind, _FILTERS[kind]) if scan is not None else None
        if path is not None:
            self.save(Path(path), kind)

    def save(self, path: Path, kind: str) -> None:
        """Save the ticked spectra."""
        from napari_xrf_pigments.io.spectra import save_spectra_csv, save_spectra_msa

        scan, spectra = self.dock.scan, self.curves.spectra()
        if scan is None:
            return
        axis, settings = scan.cube.energies, scan.cube.acquisition
        path = path if path.suffix else path.with_suffix(f".{kind}")

        def write() -> str:
            if kind == "csv":
                return f"Saved {save_spectra_csv(path, spectra, axis).name}."
            paths = save_spectra_msa(path, spectra, axis, settings)
            return f"Saved {', '.join(entry.name for entry in paths)}."

        self._saving.submit(write)

    def _take_regions(self, answer: tuple[Any, str, list[tuple[Region, np.ndarray]]]) -> None:
        scan, statistic, found = answer
        if scan is not self.dock.scan:
            return
        curves = [
            Curve(
                f"region:{r.name}",
                f"{r.name}, {_WORDS[statistic]}",
                plot_colour(r.colour, n),
                counts,
            )
            for n, (r, counts) in enumerate(found)
        ]
        self.curves.replace_group("region:", curves)
        self.draw()

    def _set_statistic(self, statistic: str) -> None:
        self._statistic = statistic
        self.read_regions()

    def _show(self, key: str, shown: bool) -> None:
        self.curves.show(key, shown)
        self.dock.show_again()

    def _remove(self, key: str) -> None:
        self.curves.remove(key)
        self.dock.show_again()

    def _on_layers(self, event: Any) -> None:
        if _holds_regions(event.value):
            self._watch(event.value)
            self._later()

    def _watch(self, layer: Any) -> None:
        if not _holds_regions(layer):
            return
        # Painting tells of itself by other events than drawing does.
        for name in ("data", "labels_update", "paint", "visible", "name", "affine", "scale"):
            signal = getattr(layer.events, name, None)
            if signal is not None and (signal, self._later) not in self._watched:
                signal.connect(self._later)
                self._watched.append((signal, self._later))

    def _later(self, event: Any = None) -> None:
        self._soon.start()


def _holds_regions(layer: Any) -> bool:
    return type(layer).__name__ in ("Shapes", "Labels")


def ask_where(dock: Any, title: str, suffix: str, pattern: str) -> str | None:
    """Let the user choose a file to be written."""
    path, _ = QFileDialog.getSaveFileName(dock, title, f"spectra.{suffix}", pattern)
    return path or None
