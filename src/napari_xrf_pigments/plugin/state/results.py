"""Result arrays that fill tile by tile (no Qt, no napari)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import Float32Array
from napari_xrf_pigments.cube import ElementMaps, EnergyAxis, PigmentMaps, combine_maps
from napari_xrf_pigments.cube.maps import (
    OPTIONAL_PIGMENT_ARRAYS,
    channel_names,
    pigment_arrays,
)
from napari_xrf_pigments.mapping.analysis.map_algebra import Monitor, Normalisation, normalised

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import XRFCube
    from napari_xrf_pigments.mapping.subsets import Part

#: Resolution of thresholds: a thousandth.
_STEPS = 1000


class ProbabilityHistogram:
    """Histograms of the probabilities of some maps.

    Parameters
    ----------
    n_maps : int
        Number of maps.
    """

    def __init__(self, n_maps: int) -> None:
        self.pixels = 0
        self._counts = np.zeros((n_maps, _STEPS + 1), np.int64)
        self._sums = np.zeros((n_maps, _STEPS + 1))

    def add(self, maps: NDArray[np.float32]) -> None:
        """Count the finite pixels of a tile, shape (map, row, column)."""
        if not len(maps):
            return
        finite = np.isfinite(maps[0])
        self.pixels += int(finite.sum())
        for counts, sums, image in zip(self._counts, self._sums, maps, strict=True):
            values = np.asarray(image)[finite]
            # A step counts the values over the step before, up to its own value.
            steps = np.clip(np.ceil(values * _STEPS), 0, _STEPS).astype(np.intp)
            counts += np.bincount(steps, minlength=_STEPS + 1)
            sums += np.bincount(steps, weights=values, minlength=_STEPS + 1)

    def share(self, index: int, threshold: float) -> float:
        """Return the share of the pixels over a threshold, 0-1."""
        return int(self._counts[index, _over(threshold)].sum()) / max(1, self.pixels)

    def certainty(self, index: int, threshold: float) -> float | None:
        """Return the mean probability of the pixels over a threshold; None without any."""
        over = _over(threshold)
        counts = int(self._counts[index, over].sum())
        return float(self._sums[index, over].sum()) / counts if counts else None


def _over(threshold: float) -> slice:
    """Return the steps over a threshold."""
    return slice(int(np.clip(round(threshold * _STEPS), 0, _STEPS)) + 1, None)


Depth = Literal["probability", "top", "below"]
DEPTHS: tuple[Depth, ...] = ("probability", "top", "below")
#: Larger results live in a temporary file instead of memory.
IN_MEMORY_BYTES = 512 * 2**20


def empty_maps(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return an array of NaN (= not computed yet), in a temporary file if it is large."""
    if int(np.prod(shape)) * 4 <= IN_MEMORY_BYTES:
        return np.full(shape, np.nan, dtype=np.float32)
    # The memory map holds the file open; the system removes it with the last reference.
    with tempfile.TemporaryFile() as file:
        array = np.memmap(file, dtype=np.float32, mode="w+", shape=shape)
    array[:] = np.nan
    return array


class Results:
    """Provenance and finished pixels of results of any kind.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan.
    energies : EnergyAxis, optional
        The energy axis they are made with.

    Attributes
    ----------
    done : ndarray of bool, shape (y, x)
        The pixels of finished tiles.
    provenance : dict
        How they were made.
    tally : SpectraTally
        Sums over the spectra of those pixels, for the warnings of the run.
    """

    def __init__(self, shape: tuple[int, int], energies: EnergyAxis | None = None) -> None:
        self.energies = energies
        self.provenance: dict[str, Any] = {}
        self.done = np.zeros(shape, dtype=bool)
        # Imported when there are results, because it imports PyTorch.
        from napari_xrf_pigments.mapping.run_warnings import SpectraTally

        self.tally = SpectraTally()

    def collect_warnings(self, tile: Any) -> list[str]:
        """Add the tally and the warnings of a tile; return the warnings that are new."""
        if hasattr(tile, "tally"):
            self.tally += tile.tally
        known = self.provenance.setdefault("warnings", [])
        new = [text for text in getattr(tile, "warnings", ()) if text not in known]
        known += new
        return new

    @property
    def complete(self) -> bool:
        """Whether every tile is done."""
        return bool(self.done.all())


class PigmentResults(Results):
    """Pigment maps while they fill, and the share of the painting that each covers.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan.
    names, groups : tuple of str
        Pigment ids and ambiguity groups.
    energies : EnergyAxis, optional
        The energy axis they are made with.

    Attributes
    ----------
    signal, signal_sigma, unsupported, depth_known : ndarray or None
        As in :class:`PigmentMaps`; None where they were not computed.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        names: tuple[str, ...],
        groups: tuple[str, ...],
        energies: EnergyAxis | None = None,
    ) -> None:
        super().__init__(shape, energies)
        self.names = names
        self.groups = groups
        self.probability = empty_maps((len(names), *shape))
        self.top = empty_maps((len(names), *shape))
        self.below = empty_maps((len(names), *shape))
        self.group_probability = empty_maps((len(groups), *shape))
        self.unexplained = empty_maps(shape)
        self.signal: NDArray[np.float32] | None = None
        self.signal_sigma: NDArray[np.float32] | None = None
        self.unsupported: NDArray[np.float32] | None = None
        self.depth_known: NDArray[np.float32] | None = None
        self._histograms = {depth: ProbabilityHistogram(len(names)) for depth in DEPTHS}
        self._group_histogram = ProbabilityHistogram(len(groups))

    def add(self, tile: Any) -> None:
        """Store a finished ``PigmentTile``."""
        window = tile.rows, tile.columns
        for field in pigment_arrays(tile):
            if getattr(self, field) is None:
                channels = channel_names(field, self.names, self.groups) or ()
                setattr(self, field, empty_maps((len(channels), *self.done.shape)))
            getattr(self, field)[..., *window] = getattr(tile, field)
        self._count(window)
        self.done[window] = True

    def _count(self, window: Any) -> None:
        for depth, histogram in self._histograms.items():
            histogram.add(self.maps_at_depth(depth)[:, *window])
        self._group_histogram.add(self.group_probability[:, *window])

    @classmethod
    def from_maps(cls, maps: PigmentMaps) -> PigmentResults:
        """Return the results of maps that were loaded."""
        results = cls((1, 1), maps.names, maps.groups)
        for field in pigment_arrays(maps):
            setattr(results, field, np.asarray(getattr(maps, field)))
        results.provenance = dict(maps.provenance)
        results.done = np.ones(results.unexplained.shape, dtype=bool)
        results._count((slice(None), slice(None)))
        return results

    @property
    def context(self) -> bool:
        """Whether the maps were smoothed with similar neighbours."""
        settings = self.provenance.get("settings")
        return isinstance(settings, dict) and settings.get("context") is True

    def maps_at_depth(self, depth: Depth) -> NDArray[np.float32]:
        """Return the maps of a depth, shape (pigment, y, x)."""
        maps: NDArray[np.float32] = getattr(self, depth)
        return maps

    def is_predicted(self, y: int, x: int) -> bool:
        """Return whether the probabilities of a pixel are computed."""
        return bool(np.isfinite(self.probability[:, y, x]).all())

    def share(self, name: str, threshold: float, depth: Depth = "probability") -> float:
        """Return the share of the finished pixels where a pigment is over a threshold."""
        return self._histograms[depth].share(self.names.index(name), threshold)

    def certainty(self, name: str, threshold: float, depth: Depth = "probability") -> float | None:
        """Return the mean probability of a pigment where it is over a threshold."""
        return self._histograms[depth].certainty(self.names.index(name), threshold)

    def shares(self, threshold: float, depth: Depth) -> dict[str, float]:
        """Return the share of the finished pixels over a threshold, by pigment id."""
        return {name: self.share(name, threshold, depth) for name in self.names}

    def group_shares(self, threshold: float) -> dict[str, float]:
        """Return the share of the finished pixels over a threshold, by group."""
        share = self._group_histogram.share
        return {name: share(i, threshold) for i, name in enumerate(self.groups)}

    def group_certainty(self, group: str, threshold: float) -> float | None:
        """Return the mean probability of a group where it is over a threshold."""
        return self._group_histogram.certainty(self.groups.index(group), threshold)

    def maps(self, pixel_mm: tuple[float, float] | None = None) -> PigmentMaps:
        """Return the maps to be saved."""
        return PigmentMaps(
            self.names,
            self.probability,
            self.top,
            self.below,
            self.groups,
            self.group_probability,
            self.unexplained,
            pixel_mm,
            self.provenance,
            *(getattr(self, field) for field in OPTIONAL_PIGMENT_ARRAYS),
        )

    def maps_at(self, y: int, x: int) -> PigmentMaps:
        """Return the prediction of one pixel; the pixel takes the place of y and x."""
        return combine_maps(lambda array: array[..., y, x][..., None], self.maps())


Quantity = Literal["counts", "sigma", "signal to noise"]
QUANTITIES: dict[Quantity, str] = {
    "counts": "Net counts",
    "sigma": "Uncertainty (sigma)",
    "signal to noise": "Signal to noise",
}


@dataclass(frozen=True)
class ElementView:
    """How elemental maps are shown.

    Parameters
    ----------
    quantity : {"counts", "sigma", "signal to noise"}
        The quantity shown.
    normalisation : {"live time", "scatter", "total"} or None
        The monitor that divides the maps.
    """

    quantity: Quantity = "counts"
    normalisation: Normalisation | None = None

    def divided(self) -> str:
        """Describe the normalisation in the name of a map made of several."""
        return "" if self.normalisation is None else f" (divided by {self.normalisation})"

    def title(self, name: str, part: str = "") -> str:
        """Return the name of the layer of a map; only net counts of the whole scan need no more."""
        text = name
        if self.quantity != "counts":
            text += f" {self.quantity}"
        if self.normalisation is not None:
            text += f" / {self.normalisation}"
        return f"{text} ({part})" if part else text


class ElementResults(Results):
    """Elemental maps while they fill.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the scan or the part that is mapped.
    names : tuple of str
        Line families.
    cube : XRFCube, optional
        The scan or the part.
    part : Part, optional
        The part; None for the whole scan.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        names: tuple[str, ...],
        cube: XRFCube | None = None,
        part: Part | None = None,
    ) -> None:
        super().__init__(shape, None if cube is None else cube.energies)
        self.names = names
        self.cube = cube
        self.part = part
        #: The normalisation of saved maps, which is that of the layers.
        self.normalisation: Normalisation | None = None
        self.counts = empty_maps((len(names), *shape))
        self.sigma = empty_maps((len(names), *shape))
        self.total, self.scatter, self.scatter_sigma = (empty_maps(shape) for _ in range(3))

    def add(self, tile: Any) -> None:
        """Store a finished ``ElementTile``."""
        window = tile.rows, tile.columns
        self.counts[:, *window] = tile.counts
        self.sigma[:, *window] = tile.sigma
        for name in ("total", "scatter", "scatter_sigma"):
            getattr(self, name)[window] = getattr(tile, name)
        self.done[window] = True

    @classmethod
    def from_maps(cls, maps: ElementMaps) -> ElementResults:
        """Return the results of maps that were loaded."""
        results = cls((1, 1), maps.names)
        results.counts, results.sigma = np.asarray(maps.counts), np.asarray(maps.sigma)
        results.provenance = dict(maps.provenance)
        results.done = np.ones(results.counts.shape[1:], dtype=bool)
        return results

    def significant(self, y: int, x: int, sigmas: float = 5.0) -> tuple[str, ...]:
        """Return the line families above their noise in a pixel, the most significant first."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = self.counts[:, y, x] / self.sigma[:, y, x]
        order = np.argsort(-np.nan_to_num(ratio))
        return tuple(self.names[i] for i in order if ratio[i] >= sigmas)

    def monitor(self, normalisation: Normalisation | None) -> Monitor | None:
        """Return the monitor that divides the maps.

        Raises
        ------
        ValueError
            If the scan has no such monitor.
        """
        if normalisation is None:
            return None
        if self.cube is None:
            raise ValueError("Maps that were loaded cannot be normalised: map the scan again.")
        # Imported late: the fit imports half of scipy, and the first scan should open at once.
        from napari_xrf_pigments.mapping.elements import element_monitor

        return element_monitor(
            normalisation, self.cube, self.total, self.scatter, self.scatter_sigma
        )

    def pair(self, name: str, monitor: Monitor | None = None) -> tuple[Float32Array, Float32Array]:
        """Return counts and standard deviation of a family, each (y, x)."""
        index = self.names.index(name)
        counts, sigma = self.counts[index], self.sigma[index]
        return (counts, sigma) if monitor is None else normalised(counts, sigma, monitor)

    def image(self, name: str, view: ElementView, monitor: Monitor | None = None) -> Float32Array:
        """Return the map of a family as it is shown, shape (y, x)."""
        return quantity_of(*self.pair(name, monitor), view.quantity)

    def net_counts(self, pixel_mm: tuple[float, float] | None = None) -> ElementMaps:
        """Return the maps of the fit, which are not normalised."""
        return ElementMaps(self.names, self.counts, self.sigma, pixel_mm, self.provenance)

    def maps(self, pixel_mm: tuple[float, float] | None = None) -> ElementMaps:
        """Return the maps to be saved, normalised as they are shown."""
        by = self.monitor(self.normalisation)
        if by is None:
            return self.net_counts(pixel_mm)
        counts, sigma = normalised(self.counts, self.sigma, by)
        settings = {**self.provenance.get("settings", {}), "normalised_to": by.settings}
        made = {**self.provenance, "settings": settings}
        return ElementMaps(self.names, counts, sigma, pixel_mm, made)


def quantity_of(counts: Float32Array, sigma: Float32Array, quantity: Quantity) -> Float32Array:
    """Return counts, their standard deviation, or one over the other."""
    if quantity == "counts":
        return counts
    if quantity == "sigma":
        return sigma
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Float32Array = counts / sigma
    return ratio
