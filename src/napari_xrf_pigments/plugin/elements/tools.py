"""Tools for elemental maps: quantity and normalisation, composites, combined maps, histogram."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from napari.utils.theme import get_theme
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import qdebounced

from napari_xrf_pigments.mapping.analysis.map_algebra import (
    NORMALISATIONS,
    OPERATIONS,
    Operation,
    combined,
)

from ..layers.metadata import LayerInfo, map_layers
from ..layers.specs import ELEMENT_KINDS, PIGMENT_KINDS, MapSpec, derived_specs
from ..layers.sync import show_maps
from ..layers.visibility import show_only
from ..state.results import QUANTITIES, ElementResults, ElementView
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import is_number, select_key, select_tab, select_text, tab_title
from .composite import composite_spec
from .composite_bar import CompositeBar
from .histogram import Histogram, HistogramView, histogram_of

if TYPE_CHECKING:
    from napari.viewer import Viewer


class CombineBar(QWidget):
    """Select two maps and the operation that combines them.

    Parameters
    ----------
    operations : sequence of (str, str)
        Pairs of key and sign.
    """

    #: Operation, first and second map.
    requested = Signal(str, str, str)

    def __init__(
        self, operations: Sequence[tuple[str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.first, self.sign, self.second = QComboBox(), QComboBox(), QComboBox()
        for key, text in operations:
            self.sign.addItem(text, key)
        self.button = QPushButton("Add this map")
        self.hint = QLabel(
            "Uncertainties are propagated. A ratio is empty where its divisor is under 3 sigma."
        )
        self.hint.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.first, 1)
        row.addWidget(self.sign)
        row.addWidget(self.second, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(row)
        layout.addWidget(self.button)
        layout.addWidget(self.hint)
        layout.addStretch(1)
        self.button.clicked.connect(self._request)
        self.set_names(())

    def set_names(self, names: Sequence[str]) -> None:
        """List the maps to choose from; the selection stays."""
        for index, box in enumerate((self.first, self.second)):
            chosen = box.currentText()
            if [box.itemText(i) for i in range(box.count())] == list(names):
                continue
            box.clear()
            box.addItems(list(names))
            default = min(index, len(names) - 1)
            box.setCurrentIndex(names.index(chosen) if chosen in names else default)
        self.button.setEnabled(len(names) > 1)
        self.button.setToolTip("" if len(names) > 1 else "Map at least two elements first")

    def _request(self) -> None:
        self.requested.emit(
            str(self.sign.currentData()), self.first.currentText(), self.second.currentText()
        )


Choices = Sequence[tuple[str, str]]


class ElementViewBar(QWidget):
    """Select the quantity and the normalisation of elemental maps.

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
            "Normalise to the same dose; the layer names state the divisor"
        )

    @property
    def quantity(self) -> str:
        """Key of the quantity."""
        return str(self.quantity_box.currentData())

    @property
    def normalisation(self) -> str:
        """Key of the normalisation; empty for none."""
        return str(self.normalise_box.currentData())

    def set_view(self, quantity: str, normalisation: str) -> None:
        """Show a quantity and a normalisation."""
        self.quantity_box.setCurrentIndex(max(0, self.quantity_box.findData(quantity)))
        self.normalise_box.setCurrentIndex(max(0, self.normalise_box.findData(normalisation)))


_TITLES = {"live time": "Live time", "scatter": "Scatter of the anode", "total": "Total counts"}


class ElementTools(QTabWidget):
    """Tools for the elemental maps of the selected scan.

    Parameters
    ----------
    viewer : Viewer
        The viewer; only a weak reference to it is kept.
    session : Session
        The session of the viewer.
    refresh : callable
        Updates the layers of the maps.
    """

    def __init__(self, viewer: Viewer, session: Session, refresh: Callable[[], None]) -> None:
        super().__init__()
        self._viewer = weakref.ref(viewer)
        self.session = session
        self._refresh = refresh
        self.view_bar = ElementViewBar(
            tuple(QUANTITIES.items()),
            (("", "Nothing"), *((name, _TITLES[name]) for name in NORMALISATIONS)),
        )
        self.composite_bar = CompositeBar()
        self.combine_bar = CombineBar(tuple(OPERATIONS.items()))
        self.histogram = HistogramView()
        for widget, title in (
            (self.view_bar, "Show"),
            (self.composite_bar, "Composite"),
            (self.combine_bar, "Combine"),
            (self.histogram, "Histogram"),
        ):
            self.addTab(widget, title)
        self.setUsesScrollButtons(True)
        self._number = 1
        self._combined_name = ""
        self._layer: Any = None
        self._composite_task = LatestOnly(self._show_composite, session.show_error)
        self._histogram_task = LatestOnly(self._show_histogram)
        self._update_later = qdebounced(self.update_composite, timeout=120, parent=self)
        self._pending: Future[None] | None = None
        self.view_bar.changed.connect(self._view_changed)
        self.composite_bar.changed.connect(self._update_after_pause)
        self.composite_bar.keep_requested.connect(self._start_new_composite)
        self.combine_bar.requested.connect(self.combine)
        self.histogram.limits_changed.connect(self._set_limits)
        self.currentChanged.connect(lambda index: self.update_histogram())
        viewer.layers.selection.events.active.connect(self._on_active)
        viewer.events.theme.connect(self._theme)
        self._theme()
        # The Python object outlives the widget.
        tasks = self._composite_task, self._histogram_task

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        self.destroyed.connect(cancel)

    def save_state(self) -> dict[str, Any]:
        """Return the current tab, the channels of the composite and the maps to combine."""
        combine = self.combine_bar
        return {
            "tab": tab_title(self),
            "composite": self._number,
            "channels": self.composite_bar.save_state(),
            "combine": [combine.first.currentText(), combine.second.currentText()],
            "operation": str(combine.sign.currentData()),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state` without computing a map."""
        select_tab(self, state.get("tab"))
        number, combine = state.get("composite"), state.get("combine")
        if is_number(number):
            self._number = max(1, int(number))
        self.composite_bar.restore_state(state.get("channels"))
        if isinstance(combine, list) and len(combine) == 2:
            select_text(self.combine_bar.first, combine[0])
            select_text(self.combine_bar.second, combine[1])
        select_key(self.combine_bar.sign, state.get("operation"))

    @property
    def viewer(self) -> Viewer:
        """The viewer."""
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("The viewer of these tools was closed.")
        return viewer

    @property
    def scan(self) -> Scan | None:
        """The selected scan."""
        return self.session.scan

    @property
    def busy(self) -> bool:
        """Whether a composite or a histogram is being computed."""
        pending = self._pending is not None and not self._pending.done()
        return pending or self._composite_task.busy or self._histogram_task.busy

    def results(self) -> ElementResults | None:
        """Return the maps of the whole scan, or of the preview if there are none."""
        scan = self.scan
        return None if scan is None else scan.elements or scan.preview

    def set_scan(self, scan: Scan | None) -> None:
        """Show quantity, normalisation and maps of a scan."""
        view = ElementView() if scan is None else scan.element_view
        self.view_bar.set_view(view.quantity, view.normalisation or "")
        self.update_names()

    def update_names(self) -> None:
        """List the present maps in the boxes of the tools."""
        results = self.results()
        names = () if results is None else results.names
        self.composite_bar.set_names(names)
        self.combine_bar.set_names(names)

    def _view_changed(self) -> None:
        scan = self.scan
        if scan is None:
            return
        bar = self.view_bar
        view = ElementView(cast(Any, bar.quantity), cast(Any, bar.normalisation) or None)
        results = self.results()
        try:
            if results is not None:
                results.monitor(view.normalisation)
        except ValueError as error:
            self.session.show_error(str(error))
            view = ElementView(view.quantity)
            bar.set_view(view.quantity, "")
        scan.element_view = view
        if scan.elements is not None:
            scan.elements.normalisation = view.normalisation
        self._refresh()
        self.update_composite()

    def combine(self, operation: str, first: str, second: str) -> None:
        """Combine two maps into a new one, and show it as a layer."""
        scan, results = self.scan, self.results()
        if scan is None or results is None:
            return
        try:
            monitor = results.monitor(scan.element_view.normalisation)
            maps = {name: results.pair(name, monitor) for name in {first, second}}
            result = combined(cast(Operation, operation), first, second, maps)
        except ValueError as error:
            self.session.show_error(str(error))
            return
        name = result.name + scan.element_view.divided()
        scan.derived[name] = replace(result, name=name)
        self._combined_name = name
        self._refresh()

    def derived(self, scan: Scan) -> Iterator[MapSpec]:
        """Return the combined maps of a scan."""
        results = scan.elements or scan.preview
        part = None if results is None else results.part
        return derived_specs(scan.derived.values(), scan.element_view, part)

    def show_combined(self, scan: Scan) -> None:
        """Show a newly combined map alone."""
        key = ("derived", self._combined_name)
        if key in map_layers(self.viewer, scan, {"derived"}):
            self._combined_name = ""
            show_only(self.viewer, scan, {*ELEMENT_KINDS, *PIGMENT_KINDS, "counts"}, {key})

    def _update_after_pause(self) -> None:
        """Update the composite once the user pauses."""
        self._pending = self._update_later()

    def update_composite(self) -> None:
        """Compute the composite of the selected maps in a thread."""
        scan, results, choices = self.scan, self.results(), self.composite_bar.channels()
        if scan is None or results is None or not choices:
            return
        view, number = scan.element_view, self._number
        self._composite_task.submit(lambda: (scan, composite_spec(results, view, choices, number)))

    def _show_composite(self, result: tuple[Scan, MapSpec]) -> None:
        scan, spec = result
        if not isalive(self) or scan not in self.session.scans:
            return
        viewer, key = self.viewer, (spec.kind, spec.name)
        new = not any(LayerInfo.of(layer).key == key for layer in viewer.layers)
        for _ in show_maps(viewer, scan, [spec]):
            pass
        if new:
            show_only(viewer, scan, {*ELEMENT_KINDS, *PIGMENT_KINDS, "counts"}, {key})

    def _start_new_composite(self) -> None:
        self._number += 1

    def update_histogram(self) -> None:
        """Compute the histogram of the active layer in a thread."""
        layer = self._layer
        if layer is None or self.currentWidget() is not self.histogram:
            return
        data = layer.data
        self._histogram_task.submit(lambda: (layer, histogram_of(data)))

    def _show_histogram(self, result: tuple[Any, Histogram | None]) -> None:
        layer, histogram = result
        if layer is self._layer and histogram is not None and isalive(self):
            edges, counts = histogram
            low, high = layer.contrast_limits
            self.histogram.set_histogram(layer.name, edges, counts, (low, high))

    def _on_active(self, event: Any = None) -> None:
        if not isalive(self):
            self._watch(None)
            return
        layer = self.viewer.layers.selection.active
        single = layer is not None and type(layer).__name__ == "Image" and not layer.rgb
        ours = single and LayerInfo.of(layer).scan is not None
        self._watch(layer if ours else None)
        if ours:
            self.update_histogram()
        else:
            self.histogram.clear()

    def _watch(self, layer: Any) -> None:
        if self._layer is not None:
            self._layer.events.contrast_limits.disconnect(self._on_limits)
        self._layer = layer
        if layer is not None:
            layer.events.contrast_limits.connect(self._on_limits)

    def _on_limits(self, event: Any = None) -> None:
        if self._layer is not None and isalive(self):
            self.histogram.set_limits(tuple(self._layer.contrast_limits))

    def _set_limits(self, low: float, high: float) -> None:
        if self._layer is not None:
            first, last = self._layer.contrast_limits_range
            self._layer.contrast_limits_range = (min(first, low), max(last, high))
            self._layer.contrast_limits = (low, high)

    def _theme(self, event: Any = None) -> None:
        if isalive(self):
            theme = get_theme(self.viewer.theme)
            self.histogram.set_colours(theme.background.as_hex("long"), theme.text.as_hex("long"))
