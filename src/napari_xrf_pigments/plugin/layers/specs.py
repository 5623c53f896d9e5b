"""Which maps of a result are shown, and how: name, colour, limits (no Qt, no layers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_xrf_pigments.mapping.analysis._arithmetic import Combined

from ..state._element_results import ElementResults, ElementView, quantity_of
from . import colours

if TYPE_CHECKING:
    from napari_xrf_pigments.mapping.subsets import Part

#: Kinds of layers that show results.
ELEMENT_KINDS = frozenset({"element", "trial", "derived", "composite"})
PIGMENT_KINDS = frozenset({"pigment", "pigment-top", "pigment-below", "group", "unexplained"})
_SAMPLE = 200_000
_AS_MEASURED = ElementView()


@dataclass(frozen=True)
class MapSpec:
    """A map to be shown.

    Parameters
    ----------
    kind : str
        ``"element"``, ``"trial"`` (a part of the scan), ``"derived"``, ``"composite"``,
        ``"pigment"``, ``"pigment-top"``, ``"pigment-below"``, ``"group"`` or ``"unexplained"``.
    name : str
        Line family, pigment id or group.
    title : str
        Name of the layer.
    data : ndarray, shape (y, x) or (y, x, 3)
        The map; NaN where not computed yet.
    colormap : Colormap or None
        From black or transparent to the map's own colour; None for pictures.
    limits : tuple of float
        Contrast limits.
    visible : bool
        Whether the layer is shown when it is new.
    step : int
        Side of a pixel of the map in pixels of the scan.
    origin : tuple of float
        Centre (y, x) of the map's first pixel, in pixels of the scan.
    made : mapping
        How it was made, beyond the provenance of its result.
    """

    kind: str
    name: str
    title: str
    data: NDArray[Any]
    colormap: Colormap | None = field(compare=False)
    limits: tuple[float, float] = (0.0, 1.0)
    visible: bool = True
    step: int = 1
    origin: tuple[float, float] = (0.0, 0.0)
    made: Mapping[str, Any] = field(default_factory=dict, compare=False)


def limits_of(image: NDArray[np.float32], low: float | None = None) -> tuple[float, float]:
    """Contrast limits from the finite values: 0.5th to 99.5th percentile."""
    # A sample is enough and keeps large scans fluent.
    step = max(1, int(np.sqrt(image.size / _SAMPLE)))
    sample = image[::step, ::step]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    bottom, top = np.percentile(sample, (0.5, 99.5))
    start = float(bottom) if low is None else low
    return start, max(float(top), start + 1e-6)


def element_specs(results: ElementResults, view: ElementView = _AS_MEASURED) -> Iterator[MapSpec]:
    """One map a line family, one after the other; only the most varied starts visible.

    Raises
    ------
    ValueError
        If the maps cannot be normalised as the view asks.
    """
    monitor = results.monitor(view.normalisation)
    part = results.part
    kind = "element" if part is None else "trial"
    first = _most_varied(results)
    made: dict[str, Any] = {"quantity": view.quantity}
    if monitor is not None:
        made["normalised_to"] = monitor.settings
    if part is not None:
        made["part"] = part.settings
    for name in results.names:
        image = results.image(name, view, monitor)
        yield MapSpec(
            kind,
            name,
            view.title(name, "" if part is None else part.title),
            image,
            colours.black_to(colours.element_colour(name)),
            limits_of(image, low=0.0),
            visible=name == first,
            step=1 if part is None else part.step,
            origin=(0.0, 0.0) if part is None else part.origin,
            made=made,
        )


def derived_specs(
    derived: Iterable[Combined], view: ElementView, part: Part | None = None
) -> Iterator[MapSpec]:
    """Maps made of two others; sigma where the elements show it."""
    for entry in derived:
        shown = "sigma" if view.quantity == "sigma" else "counts"
        image = quantity_of(entry.values, entry.sigma, shown)
        title = f"{entry.name} sigma" if shown == "sigma" else entry.name
        title += "" if part is None else f" ({part.title})"
        # A difference may be negative: nothing is cut.
        yield MapSpec(
            "derived",
            entry.name,
            title,
            image,
            colours.black_to("#ffffff"),
            limits_of(image),
            step=1 if part is None else part.step,
            origin=(0.0, 0.0) if part is None else part.origin,
            made={"combined": entry.name, "quantity": shown},
        )


def _most_varied(results: ElementResults) -> str:
    """The family whose map varies most, by a sample of the pixels."""
    step = max(1, int(np.sqrt(results.counts[0].size / _SAMPLE))) if results.names else 1
    spread = []
    for image in results.counts:
        sample = image[::step, ::step]
        sample = sample[np.isfinite(sample)]
        spread.append(float(sample.std()) if sample.size else 0.0)
    return results.names[int(np.argmax(spread))] if spread else ""
