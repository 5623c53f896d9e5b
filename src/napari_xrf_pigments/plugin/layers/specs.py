"""Maps of results and how they are shown: name, colours, limits, position (no Qt, no layers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_xrf_pigments.mapping.analysis.map_algebra import Combined
from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.selection import Palette

from ..state.results import (
    Depth,
    ElementResults,
    ElementView,
    PigmentResults,
    Quantity,
    quantity_of,
)
from . import colormaps

if TYPE_CHECKING:
    from napari_xrf_pigments.mapping.subsets import Part

#: Kinds of layers that show results.
ELEMENT_KINDS = frozenset({"element", "preview", "derived", "composite"})
PIGMENT_KINDS = frozenset({"pigment", "pigment-top", "pigment-below", "group", "unexplained"})
_SAMPLE = 200_000
_AS_MEASURED = ElementView()


@dataclass(frozen=True)
class MapSpec:
    """A map and how it is shown.

    Parameters
    ----------
    kind : str
        ``"element"``, ``"preview"`` (a part of the scan), ``"derived"``, ``"composite"``,
        ``"pigment"``, ``"pigment-top"``, ``"pigment-below"``, ``"group"`` or ``"unexplained"``.
    name : str
        Line family, pigment id or group.
    title : str
        Name of the layer.
    data : ndarray, shape (y, x) or (y, x, 3)
        The map; NaN where not computed yet.
    colormap : Colormap or None
        From black or transparent to the colour of the map; None for RGB images.
    limits : tuple of float
        Contrast limits.
    visible : bool
        Whether the layer is visible when it is added.
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
    """Return contrast limits: the 0.5th and 99.5th percentile of the finite values."""
    # A sample is sufficient, and fast for large scans.
    step = max(1, int(np.sqrt(image.size / _SAMPLE)))
    sample = image[::step, ::step]
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    bottom, top = np.percentile(sample, (0.5, 99.5))
    start = float(bottom) if low is None else low
    return start, max(float(top), start + 1e-6)


def element_specs(results: ElementResults, view: ElementView = _AS_MEASURED) -> Iterator[MapSpec]:
    """Yield one map per line family; only the one that varies most starts visible.

    Raises
    ------
    ValueError
        If the scan lacks the quantity by which the view normalises.
    """
    monitor = results.monitor(view.normalisation)
    part = results.part
    kind = "element" if part is None else "preview"
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
            colormaps.black_to_colour(display.element_colour(name), name),
            limits_of(image, low=0.0),
            visible=name == first,
            step=1 if part is None else part.step,
            origin=(0.0, 0.0) if part is None else part.origin,
            made=made,
        )


def derived_specs(
    derived: Iterable[Combined], view: ElementView, part: Part | None = None
) -> Iterator[MapSpec]:
    """Yield sums, differences and ratios of maps, or their sigma if the view shows sigma."""
    for entry in derived:
        shown: Quantity = "sigma" if view.quantity == "sigma" else "counts"
        image = quantity_of(entry.values, entry.sigma, shown)
        title = f"{entry.name} sigma" if shown == "sigma" else entry.name
        title += "" if part is None else f" ({part.title})"
        # Differences may be negative, so the limits do not start at zero.
        yield MapSpec(
            "derived",
            entry.name,
            title,
            image,
            colormaps.black_to_colour("#ffffff", "White"),
            limits_of(image),
            step=1 if part is None else part.step,
            origin=(0.0, 0.0) if part is None else part.origin,
            made={"combined": entry.name, "quantity": shown},
        )


def _most_varied(results: ElementResults) -> str:
    """Return the family whose map varies most in a sample of the pixels."""
    step = max(1, int(np.sqrt(results.counts[0].size / _SAMPLE))) if results.names else 1
    spread = []
    for image in results.counts:
        sample = image[::step, ::step]
        sample = sample[np.isfinite(sample)]
        spread.append(float(sample.std()) if sample.size else 0.0)
    return results.names[int(np.argmax(spread))] if spread else ""


Shown = Literal["probability", "top", "below", "top and below"]
DEPTH_TITLES: dict[Shown, str] = {
    "probability": "In any layer",
    "top": "In the top layer",
    "below": "Below the top layer",
    "top and below": "Surface and underlying, separately",
}
#: Smallest share of the painting above the threshold for which a map gets a layer.
MIN_SHARE = 0.002
_KINDS: dict[Depth, tuple[str, str]] = {
    "probability": ("pigment", ""),
    "top": ("pigment-top", ", top"),
    "below": ("pigment-below", ", below"),
}


@dataclass(frozen=True)
class PigmentView:
    """Which maps of a result are shown.

    Parameters
    ----------
    palette : Palette
        Thresholds, and which pigments are hidden.
    shown : {"probability", "top", "below", "top and below"}
        Layers of the painting.
    groups : bool
        Whether each ambiguity group is one layer.
    reveal : bool
        Whether hidden pigments are shown as well.
    retained : frozenset of (str, str)
        Kind and name of maps whose layers stay even if they cover too little: during a run, the
        share of a pigment may fall below the limit and rise above it again.
    """

    palette: Palette = field(default_factory=Palette)
    shown: Shown = "probability"
    groups: bool = False
    reveal: bool = False
    retained: frozenset[tuple[str, str]] = frozenset()

    @property
    def depth(self) -> Depth:
        """The maps whose shares are listed."""
        return "probability" if self.groups or self.shown == "top and below" else self.shown

    @property
    def depths(self) -> tuple[Depth, ...]:
        """The depths whose maps get layers."""
        return ("top", "below") if self.shown == "top and below" else (self.shown,)

    def hidden(self, names: tuple[str, ...]) -> set[str]:
        """Return the pigments that get no layer because the palette hides them."""
        return set() if self.reveal else set(self.palette.hidden(names))


def pigment_specs(results: PigmentResults, view: PigmentView) -> Iterator[MapSpec]:
    """Yield the maps that cover enough: ambiguous groups first, then pigments.

    Whites and greys start hidden, because additive blending would make them hide the others.
    """
    shown_as_group: set[str] = set()
    if view.groups or view.shown == "probability":
        for spec, members in _group_specs(results, view):
            # With additive blending, a group and its members would be twice as bright.
            shown_as_group.update(members if spec.visible else ())
            yield spec
    if not view.groups:
        for depth in view.depths:
            yield from _single_specs(results, view, depth, shown_as_group)


def unexplained_spec(results: PigmentResults) -> MapSpec:
    """Return the map of the share of counts that no line explains."""
    grey = colormaps.black_to_colour("#e8e8e8", "Unexplained")
    image = results.unexplained
    return MapSpec("unexplained", "unexplained", "Unexplained", image, grey, visible=False)


def covers_enough(results: PigmentResults, view: PigmentView, name: str, depth: Depth) -> bool:
    """Return whether a pigment covers enough of the painting, or the user keeps it visible."""
    palette = view.palette
    share = results.share(name, palette.threshold_of(name), depth)
    return share >= MIN_SHARE or name in palette.added


def is_ambiguous(results: PigmentResults, view: PigmentView, group: str) -> bool:
    """Return whether a group is above the threshold where none of its members is."""
    shares = results.group_shares(view.palette.threshold)
    members = [name for name in display.group_members(group) if name in results.names]
    if len(members) < 2 or shares.get(group, 0.0) < MIN_SHARE:
        return False
    best = max(results.share(name, view.palette.threshold_of(name)) for name in members)
    return best <= 0.8 * shares[group]


def _group_specs(results: PigmentResults, view: PigmentView) -> Iterator[tuple[MapSpec, list[str]]]:
    hidden = view.hidden(results.names)
    shares = results.group_shares(view.palette.threshold)
    for group, image in zip(results.groups, results.group_probability, strict=True):
        members = [name for name in display.group_members(group) if name in results.names]
        if not set(members) - hidden:
            continue
        enough = shares[group] >= MIN_SHARE if view.groups else is_ambiguous(results, view, group)
        if not enough and ("group", group) not in view.retained:
            continue
        single = len(members) == 1
        colour = display.pigment_colour(members[0]) if single else display.group_colour(group)
        title = display.pigment_title(members[0]) if single else display.group_title(group)
        yield (
            MapSpec(
                "group",
                group,
                title,
                image,
                colormaps.threshold_colormap(colour, view.palette.threshold, title),
                # A group with a white pigment, such as lead white, would hide the others as well.
                visible=enough
                and not any(display.is_pale(display.pigment_colour(name)) for name in members),
                made={"threshold": view.palette.threshold, "members": members},
            ),
            members,
        )


def _single_specs(
    results: PigmentResults, view: PigmentView, depth: Depth, shown_as_group: set[str]
) -> Iterator[MapSpec]:
    hidden = view.hidden(results.names)
    kind, suffix = _KINDS[depth]
    for name, image in zip(results.names, results.maps_at_depth(depth), strict=True):
        if name in hidden:
            continue
        if (kind, name) not in view.retained and not covers_enough(results, view, name, depth):
            continue
        colour = display.pigment_colour(name)
        if view.shown == "top and below" and depth == "below":
            # Distinct from the map of the top layer.
            colour = display.lighter(colour)
        threshold = view.palette.threshold_of(name)
        title = display.pigment_title(name) + suffix
        yield MapSpec(
            kind,
            name,
            title,
            image,
            colormaps.threshold_colormap(colour, threshold, title),
            visible=not (display.is_pale(display.pigment_colour(name)) or name in shown_as_group),
            made={"threshold": threshold, "depth": depth},
        )
