"""An open scan: energy axis, settings, results, selection and compared spectra.

No Qt, no napari.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis
from napari_xrf_pigments.io.spectra import NamedSpectrum
from napari_xrf_pigments.mapping.analysis.map_algebra import Combined
from napari_xrf_pigments.pigments.selection import Palette

from .results import ElementResults, ElementView, PigmentResults
from .rows import ElementRow
from .totals import TotalCounts

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import XRFCube

#: Axes that differ by less are the same: files hold about ten digits.
_SAME_KEV = 1e-5
#: Colours distinct on dark and light backgrounds and for the colour-blind (Okabe and Ito);
#: those near the blue of the plot come last.
PALETTE = ("#e69f00", "#009e73", "#cc79a7", "#d55e00", "#b8a900", "#56b4e9", "#0072b2", "#999999")
PIXEL = "pixel"
#: Default edge colour of napari for shapes.
_NAPARI_GREY = "#777777"
_PIN = re.compile(r"pin:(\d{1,7}),(\d{1,7}),(\d{1,3})")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class ScanSettings:
    """The settings that maps of a scan depend on, besides its counts.

    Parameters
    ----------
    energies : EnergyAxis
        The energy axis.
    acquisition : Acquisition
        Settings of the instrument.
    origin : str
        Origin of the axis in words, such as "set by hand"; empty if the user did not choose it.
    """

    energies: EnergyAxis
    acquisition: Acquisition
    origin: str = ""

    def stale_reason(self, other: ScanSettings) -> str:
        """Return why maps made with these settings are stale under others; empty if not."""
        if _distance_kev(self.energies, other.energies) > _SAME_KEV:
            return "previous calibration"
        here, there = self.acquisition, other.acquisition
        if (here.anode, here.tube_kv) != (there.anode, there.tube_kv):
            return "previous tube settings"
        return ""


def _distance_kev(one: EnergyAxis, other: EnergyAxis) -> float:
    """Return the largest distance between two axes of the same channels, at one of their ends."""
    top = (one.gain_kev - other.gain_kev) * (one.n_channels - 1)
    start = one.offset_kev - other.offset_kev
    return max(abs(start), abs(start + top))


@dataclass(frozen=True)
class Snapshot:
    """Results of a scan before a run replaces them.

    Parameters
    ----------
    results : mapping of str to Results or None
        Results by kind: "elements", "pigments", "preview".
    made_with : mapping of str to ScanSettings
        The settings they were made with.
    derived : mapping of str to Combined
        Sums, differences and ratios of the elemental maps.
    """

    results: Mapping[str, Any]
    made_with: Mapping[str, ScanSettings]
    derived: Mapping[str, Combined]

    @property
    def complete(self) -> bool:
        """Whether the results of the first kind exist and cover all of their pixels."""
        first = next(iter(self.results.values()))
        return first is not None and bool(first.complete)


@dataclass(frozen=True)
class Curve:
    """A spectrum in the plot.

    Parameters
    ----------
    key : str
        Identifier; a curve with the same key replaces it.
    name : str
        Name in legend and files.
    colour : str
        ``"#rrggbb"``; empty for the plot's own colour.
    counts : ndarray, shape (channel,)
        Counts.
    shown : bool
        Whether it is drawn.
    removable : bool
        Whether the user may remove it from the list.
    pixels : int
        Number of pixels of which the counts are the mean; 1 for a sum.
    """

    key: str
    name: str
    colour: str
    counts: NDArray[np.float64]
    shown: bool = True
    removable: bool = False
    pixels: int = 1


def plot_colour(colour: str, number: int) -> str:
    """Return the colour of the spectrum of a region, by that of its shape or label.

    The default grey of napari hardly shows in a plot and is replaced by a colour of the palette.
    """
    return PALETTE[2 + number % (len(PALETTE) - 3)] if colour == _NAPARI_GREY else colour


@dataclass(frozen=True)
class Pin:
    """A pixel, or a disc of pixels, whose spectrum stays in the plot.

    Parameters
    ----------
    y, x : int
        The pixel.
    radius : int
        Pixels around it that are averaged; 0 is one pixel.
    """

    y: int
    x: int
    radius: int = 0

    @property
    def key(self) -> str:
        """Key of its curve."""
        return f"pin:{self.y},{self.x},{self.radius}"

    def title(self, word: str) -> str:
        """Return its name, which begins with a word such as "Pinned"."""
        text = f"{word} x {self.x}, y {self.y}"
        return f"{text}, mean of radius {self.radius}" if self.radius else text

    @classmethod
    def of(cls, key: str) -> Pin | None:
        """Return the pin of the key of a curve; None for curves of other kinds."""
        found = _PIN.fullmatch(key)
        return cls(*map(int, found.groups())) if found else None


class Curves:
    """An ordered set of curves."""

    def __init__(self) -> None:
        self._curves: dict[str, Curve] = {}
        #: Colour and visibility of the curves of a saved session that are not read yet.
        self._pending: dict[str, tuple[str, bool]] = {}

    def __iter__(self) -> Iterator[Curve]:
        return iter(tuple(self._curves.values()))

    def __len__(self) -> int:
        return len(self._curves)

    def get(self, key: str) -> Curve | None:
        """Return the curve of a key, or None."""
        return self._curves.get(key)

    def upsert(self, curve: Curve) -> None:
        """Add a curve, or replace the one of its key, which keeps colour and visibility."""
        old = self._curves.get(curve.key)
        if old is not None:
            curve = replace(curve, shown=old.shown, colour=old.colour or curve.colour)
        elif curve.key in self._pending:
            colour, shown = self._pending.pop(curve.key)
            curve = replace(curve, shown=shown, colour=colour or curve.colour)
        self._curves[curve.key] = curve
        if old is None and curve.key == PIXEL:
            # Pins and regions are drawn over the pixel they are compared with.
            for key in [key for key in self._curves if key.startswith(("pin:", "region:"))]:
                self._curves[key] = self._curves.pop(key)

    def replace_group(self, prefix: str, curves: Iterable[Curve]) -> None:
        """Replace all curves whose keys begin with a prefix."""
        curves = list(curves)
        new = {curve.key for curve in curves}
        for key in [key for key in self._curves if key.startswith(prefix) and key not in new]:
            del self._curves[key]
        for curve in curves:
            self.upsert(curve)

    def show(self, key: str, shown: bool) -> None:
        """Show or hide a curve."""
        if key in self._curves:
            self._curves[key] = replace(self._curves[key], shown=shown)

    def remove(self, key: str) -> None:
        """Remove a curve."""
        self._curves.pop(key, None)

    def clear(self) -> None:
        """Remove all curves."""
        self._curves.clear()
        self._pending.clear()

    def free_colour(self) -> str:
        """Return a colour of the palette that the fewest curves have."""
        used = [curve.colour for curve in self._curves.values()]
        used += [colour for colour, _ in self._pending.values()]
        return min(PALETTE, key=used.count)

    def set_pixel(self, name: str, counts: NDArray[np.float64], pixels: int = 1) -> None:
        """Replace the spectrum of the selected pixel; the first one hides the sum of the scan."""
        if PIXEL not in self._curves and PIXEL not in self._pending:
            self.show("whole:sum", False)
        self.upsert(Curve(PIXEL, name, "", counts, pixels=pixels))

    def main(self) -> Curve | None:
        """Return the curve that marks, peaks and fit belong to: the pixel, else the first."""
        shown = self.shown()
        return next((curve for curve in shown if curve.key == PIXEL), shown[0] if shown else None)

    def shown(self) -> list[Curve]:
        """Return the curves that are drawn."""
        return [curve for curve in self._curves.values() if curve.shown]

    def state(self) -> list[dict[str, Any]]:
        """Return keys, colours and visibility of the curves as JSON values."""
        known = {curve.key: (curve.colour, curve.shown) for curve in self} | self._pending
        return [
            {"key": key, "colour": colour, "shown": shown} for key, (colour, shown) in known.items()
        ]

    def restore(self, state: Any) -> None:
        """Apply the values of :meth:`state` to curves to come; invalid entries are ignored."""
        self.clear()
        for entry in state if isinstance(state, list) else []:
            known = entry if isinstance(entry, dict) else {}
            key, colour, shown = (known.get(name) for name in ("key", "colour", "shown"))
            if not (isinstance(key, str) and isinstance(colour, str) and isinstance(shown, bool)):
                continue
            if not colour or _COLOUR.fullmatch(colour):
                self._pending[key] = (colour, shown)

    def pending_pins(self) -> list[Pin]:
        """Return the pins of a saved session whose spectra are not read yet."""
        pins = [Pin.of(key) for key in self._pending]
        return [pin for pin in pins if pin is not None]

    def spectra(self) -> list[NamedSpectrum]:
        """Return the curves that are drawn, to be saved."""
        return [NamedSpectrum(curve.name, curve.counts) for curve in self.shown()]


class Scan:
    """An open scan, with its results and settings.

    Parameters
    ----------
    cube : XRFCube
        The scan as it was opened.
    name : str
        Name shown to the user.
    totals : TotalCounts, optional
        Its sums, if they are computed already.
    """

    energies_changed = Signal()
    axis_judged = Signal()
    pixel_size_changed = Signal()
    results_changed = Signal(str)
    palette_changed = Signal()

    def __init__(self, cube: XRFCube, name: str, totals: TotalCounts | None = None) -> None:
        self.cube = cube
        self.name = name
        self.totals = totals or TotalCounts(cube)
        self.calibration: Any = None
        self.checked = False
        #: The check of an axis that the user gave by the lines of the scan: an ``AxisCheck``.
        self.axis_check: Any = None
        self._results: dict[str, Any] = {"elements": None, "pigments": None, "preview": None}
        self._made_with: dict[str, ScanSettings] = {}
        self._file_energies: EnergyAxis = cube.energies
        #: The settings that the scan was opened with.
        self.file_acquisition: Acquisition = cube.acquisition
        self._origin = ""
        self._undo_stack: list[ScanSettings] = []
        #: Sums, differences and ratios of the elemental maps, by name.
        self.derived: dict[str, Combined] = {}
        self.element_view = ElementView()
        #: The list of elements: found in the scan, or named by the user.
        self.element_rows: tuple[ElementRow, ...] = ()
        self.palette = Palette()
        #: The spectra that are compared in one plot.
        self.curves = Curves()
        #: The selected pixel, (y, x).
        self.pixel: tuple[int, int] | None = None

    @property
    def elements(self) -> ElementResults | None:
        """The elemental maps."""
        results: ElementResults | None = self._results["elements"]
        return results

    @elements.setter
    def elements(self, results: ElementResults | None) -> None:
        self._store("elements", results)

    @property
    def preview(self) -> ElementResults | None:
        """The elemental maps of a part of the scan, as a preview."""
        results: ElementResults | None = self._results["preview"]
        return results

    @preview.setter
    def preview(self, results: ElementResults | None) -> None:
        self._store("preview", results)

    @property
    def pigments(self) -> PigmentResults | None:
        """The pigment maps."""
        results: PigmentResults | None = self._results["pigments"]
        return results

    @pigments.setter
    def pigments(self, results: PigmentResults | None) -> None:
        self._store("pigments", results)

    def _store(self, kind: str, results: Any) -> None:
        self._results[kind] = results
        self._made_with[kind] = self.settings

    @property
    def settings(self) -> ScanSettings:
        """The present settings."""
        return ScanSettings(self.cube.energies, self.cube.acquisition, self._origin)

    def snapshot(self, *kinds: str) -> Snapshot:
        """Return results ("elements", "pigments", "preview") that a run is about to replace."""
        return Snapshot(
            {kind: self._results[kind] for kind in kinds},
            {kind: self._made_with[kind] for kind in kinds if kind in self._made_with},
            dict(self.derived) if "elements" in kinds else {},
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Use the results of a snapshot again, since the run that replaced them was stopped."""
        self._results.update(snapshot.results)
        self._made_with.update(snapshot.made_with)
        if "elements" in snapshot.results:
            self.derived.clear()
            self.derived.update(snapshot.derived)

    def stale_reason_of(self, kind: str) -> str:
        """Return why results ("elements", "pigments" or "preview") are stale; empty if not."""
        if self._results[kind] is None:
            return ""
        return self._made_with[kind].stale_reason(self.settings)

    @property
    def uses_estimate(self) -> bool:
        """Whether the energy axis estimated from the lines is in use."""
        return self.can_estimate and self.cube.energies is self.calibration.energies

    @property
    def can_undo(self) -> bool:
        """Whether the user changed axis or settings."""
        return bool(self._undo_stack)

    @property
    def can_estimate(self) -> bool:
        """Whether a trusted estimate of the axis exists."""
        return self.calibration is not None and bool(self.calibration.trusted)

    def set_calibration(self, calibration: Any) -> None:
        """Apply the result of the check; a trusted estimate replaces an axis read from a file."""
        self.calibration = calibration
        self.checked = True
        self._apply_estimated_settings()
        # An axis that the user chose during the check stays.
        if self.can_estimate and self._file_energies.source != "user" and not self._undo_stack:
            self.cube = self.cube.with_energies(self.calibration.energies)
        self.energies_changed.emit()

    def _apply_estimated_settings(self) -> None:
        """Fill in the resolution of the detector and the anode that the spectrum shows."""
        fwhm = self.calibration.fwhm_mn_ka_ev if self.can_estimate else None
        detector = self.cube.acquisition.detector or Detector()
        if fwhm is not None and detector.fwhm_mn_ka_ev is None:
            detector = replace(detector, fwhm_mn_ka_ev=fwhm)
            settings = replace(self.cube.acquisition, detector=detector)
            self.cube = self.cube.with_acquisition(settings)
        if self.calibration is not None and self.calibration.anode is not None:
            settings = self.cube.acquisition.updated(anode=self.calibration.anode)
            self.cube = self.cube.with_acquisition(settings)

    def use_estimate(self, estimate: bool) -> None:
        """Use the estimated axis, or the one that the scan was opened with."""
        use = estimate and self.can_estimate
        axis = self.calibration.energies if use else self._file_energies
        self.change(ScanSettings(axis, self.cube.acquisition))

    def change(self, settings: ScanSettings) -> None:
        """Use another energy axis or other settings; :meth:`undo` reverts it."""
        if settings == self.settings:
            return
        self._undo_stack.append(self.settings)
        self._apply(settings)

    def undo(self) -> None:
        """Revert the last change of axis or settings."""
        if self._undo_stack:
            self._apply(self._undo_stack.pop())

    def _apply(self, settings: ScanSettings) -> None:
        self._origin = settings.origin
        if settings.energies != self.cube.energies:
            self.axis_check = None
        self.cube = replace(self.cube, energies=settings.energies, acquisition=settings.acquisition)
        self.energies_changed.emit()

    @property
    def needs_axis_check(self) -> bool:
        """Whether the user gave the axis in use, and it was not compared with the lines yet."""
        return bool(self._origin) and self.checked and self.axis_check is None

    def set_axis_check(self, energies: EnergyAxis, check: Any) -> bool:
        """Store the check of an axis if that is still in use; return whether it is."""
        if energies != self.cube.energies:
            return False
        self.axis_check = check
        self.axis_judged.emit()
        return True

    @property
    def file_energies(self) -> EnergyAxis:
        """The energy axis that the scan was opened with."""
        return self._file_energies

    def set_pixel_mm(self, pixel_mm: tuple[float, float]) -> None:
        """Set the size of a pixel (dy, dx), mm."""
        if pixel_mm != self.cube.pixel_mm:
            self.cube = replace(self.cube, pixel_mm=pixel_mm)
            self.pixel_size_changed.emit()

    def discard_results(self) -> None:
        """Discard all maps."""
        self.elements = self.preview = self.pigments = None
        self.derived.clear()
        for kind in ("elements", "pigments"):
            self.results_changed.emit(kind)

    def set_palette(self, palette: Palette) -> None:
        """Change which pigments are shown, and their thresholds."""
        if palette != self.palette:
            self.palette = palette
            self.palette_changed.emit()

    def axis_sentence(self) -> str:
        """Describe the energy axis in use, in one sentence."""
        axis = self.cube.energies
        origin = {
            "file": "from the file",
            "user": "as given",
            "estimated": "assumed, since the file has none",
        }
        source = "from the lines of the scan" if self.uses_estimate else origin[axis.source]
        source = self._origin or source
        text = (
            f"Energy axis {source}: {axis.gain_kev * 1000:.2f} eV per channel, "
            f"offset {axis.offset_kev * 1000:+.0f} eV."
        )
        if self.checked and self.uses_estimate:
            return text + (
                f" {len(self.calibration.lines)} lines agree within "
                f"{self.calibration.rms_ev:.1f} eV."
            )
        if not self.checked and not self._origin:
            return f"{text} Checking it against the lines of the scan ..."
        if self._origin:
            return text if self.axis_check is None else f"{text} {self.axis_check.sentence}"
        refused = self.calibration is not None and not self.can_estimate
        return f"{text} {self.calibration.message}" if refused else text

    def axis_details(self) -> str:
        """Describe the result of the check of the energy axis at length."""
        return str(self.calibration.message) if self.calibration is not None else ""

    def spectrum(self, y: int, x: int) -> NDArray[np.float64]:
        """Return the counts of a pixel, shape (channel,)."""
        return self.cube.spectrum(y, x)

    def measured(self, y: int, x: int) -> bool:
        """Return whether a pixel lies inside the scan and was measured."""
        rows, columns, _ = self.cube.shape
        if not (0 <= y < rows and 0 <= x < columns):
            return False
        return self.cube.valid is None or bool(self.cube.valid[y, x])

    def pixels_within(self, y: int, x: int, radius: int) -> int:
        """Count the measured pixels of the disc over which a spectrum is averaged."""
        return max(1, int(self.cube.disc(y, x, radius).sum())) if radius > 0 else 1

    def describe_position(self, y: int, x: int, radius: int = 0, total: float | None = None) -> str:
        """Describe the position of a pixel, and its total counts where they are known."""
        text = f"Pixel x {x}, y {y}"
        position_mm = self.millimetres(y, x)
        if position_mm is not None:
            text += f"  ·  {position_mm[1]:.1f} mm, {position_mm[0]:.1f} mm"
        if radius:
            text += f"  ·  mean of {self.pixels_within(y, x, radius)} pixels"
        return text if total is None else f"{text}  ·  {total:,.0f} counts"

    def millimetres(self, y: int, x: int) -> tuple[float, float] | None:
        """Return the position (y, x) of the centre of a pixel, mm from that of the first pixel."""
        if self.cube.pixel_mm is None:
            return None
        return y * self.cube.pixel_mm[0], x * self.cube.pixel_mm[1]
