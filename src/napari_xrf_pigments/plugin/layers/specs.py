"""Maps of results and how they are shown: name, colours, limits, position (no Qt, no layers)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.utils import Colormap
from numpy.typing import NDArray

from napari_xrf_pigments.mapping.analysis.map_algebra import Combined
from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.selection import Palette
from napari_xrf_pigments.reporting.composite import (
    FADE,
    MIN_SHARE,
    Amount,
    Item,
    Kind,
    composite,
    is_unresolved,
    make_item,
    select_items,
)

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
    from napari_xrf_pigments.cube import PigmentMaps
    from napari_xrf_pigments.mapping.subsets import Part

Items = Mapping[tuple[Kind, str], Item]

#: Kinds of layers that show results.
ELEMENT_KINDS = frozenset({"element", "preview", "derived", "composite"})
PIGMENT_KINDS = frozenset(
    {"overview", "pigment", "pigment-top", "pigment-below", "group", "unexplained"}
)
#: Kinds of layers of which one is shown alone when the user selects it.
SWITCHED_KINDS = ELEMENT_KINDS | PIGMENT_KINDS | {"counts", "projection"}
#: Kinds of layers with their name and a colour bar on the canvas.
LABELLED_KINDS = (ELEMENT_KINDS | PIGMENT_KINDS) - {"composite", "overview"}
_SAMPLE = 200_000
_AS_MEASURED = ElementView()


@dataclass(frozen=True)
class MapSpec:
    """A map and how it is shown.

    Parameters
    ----------
    kind : str
        ``"element"``, ``"preview"`` (a part of the scan), ``"derived"``, ``"composite"``,
        ``"overview"``, ``"pigment"``, ``"pigment-top"``, ``"pigment-below"``, ``"group"`` or
        ``"unexplained"``.
    name : str
        Line family, pigment id or group.
    title : str
        Name of the layer.
    data : ndarray, shape (y, x), (y, x, 3) or (y, x, 4)
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
Brightness = Literal["signal", "probability"]
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
    brightness : {"signal", "probability"}
        What the brightness of a map means; without signal it is the probability.
    fade : float
        Share of the brightest signal of a map under which pixels fade, 0-1.
    ground_last : bool
        Whether whites and grounds lead in the overview only where nothing else does.
    """

    palette: Palette = field(default_factory=Palette)
    shown: Shown = "probability"
    groups: bool = False
    reveal: bool = False
    retained: frozenset[tuple[str, str]] = frozenset()
    brightness: Brightness = "signal"
    fade: float = FADE
    ground_last: bool = True

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

    def items(self, results: PigmentResults) -> tuple[Item, ...]:
        """Return the items of the overview, in the colours of their maps."""
        palette = self.palette
        pigments = {
            name: results.share(name, palette.threshold_of(name), self.depth)
            for name in results.names
        }
        any_layer = self.depth == "probability"
        groups = results.group_shares(palette.threshold) if any_layer else {}
        if self.reveal:
            palette = replace(palette, period=(None, None), excluded=frozenset())
        return select_items(pigments, groups, palette, groups_only=self.groups)


def overview_spec(results: PigmentResults, view: PigmentView) -> MapSpec:
    """Return the composite of all items; see :func:`..reporting.composite.composite`."""
    maps, items = _shown_maps(results, view), view.items(results)
    amounts = [Amount(maps, item, view.palette, view.fade, view.depth) for item in items]
    image = composite(amounts, items, results.done.shape, ground_last=view.ground_last)
    title = f"Overview{_KINDS[view.depth][1]}"
    made = {"items": [asdict(item) for item in items]}
    return MapSpec("overview", "pigments", title, image, None, made=made)


def pigment_specs(results: PigmentResults, view: PigmentView) -> Iterator[MapSpec]:
    """Yield the maps that cover enough: ambiguous groups first, then pigments.

    They start hidden: the overview shows all of them.
    """
    maps = _shown_maps(results, view)
    items = {(item.kind, item.name): item for item in view.items(results)}
    if view.groups or view.shown == "probability":
        yield from _group_specs(results, maps, view, items)
    if not view.groups:
        for depth in view.depths:
            yield from _single_specs(results, maps, view, depth, items)


def _shown_maps(results: PigmentResults, view: PigmentView) -> PigmentMaps:
    maps = results.maps()
    return maps if view.brightness == "signal" else replace(maps, signal=None, signal_sigma=None)


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
    best = [results.share(name, view.palette.threshold_of(name)) for name in members]
    return is_unresolved(shares.get(group, 0.0), best)


def _group_specs(
    results: PigmentResults, maps: PigmentMaps, view: PigmentView, items: Items
) -> Iterator[MapSpec]:
    hidden = view.hidden(results.names)
    for group in results.groups:
        members = [name for name in display.group_members(group) if name in results.names]
        key: tuple[Kind, str] = ("group", group)
        if not set(members) - hidden or (key not in items and key not in view.retained):
            continue
        item = items.get(key) or make_item(*key)
        if len(members) == 1:
            item = replace(item, title=display.pigment_title(members[0]))
        made = {"threshold": view.palette.threshold, "members": members}
        yield _pigment_spec("group", item, Amount(maps, item, view.palette, view.fade), made)


def _single_specs(
    results: PigmentResults, maps: PigmentMaps, view: PigmentView, depth: Depth, items: Items
) -> Iterator[MapSpec]:
    hidden = view.hidden(results.names)
    kind, suffix = _KINDS[depth]
    for name in results.names:
        if name in hidden:
            continue
        if (kind, name) not in view.retained and not covers_enough(results, view, name, depth):
            continue
        item = items.get(("pigment", name)) or make_item("pigment", name)
        colour = item.colour
        if view.shown == "top and below" and depth == "below":
            # Distinct from the map of the top layer.
            colour = display.lighter(colour)
        item = replace(item, colour=colour, title=item.title + suffix)
        amount = Amount(maps, item, view.palette, view.fade, depth)
        made = {"threshold": view.palette.threshold_of(name), "depth": depth}
        yield _pigment_spec(kind, item, amount, made)


def _pigment_spec(kind: str, item: Item, amount: Amount, made: dict[str, Any]) -> MapSpec:
    """Return the map of a pigment or group: net counts, or probabilities over a threshold."""
    if amount.measures_signal:
        return MapSpec(
            kind, item.name, item.title, amount.image,
            colormaps.black_to_colour(item.colour, item.title), (0.0, amount.brightest),
            visible=False, made={**made, "quantity": "signal"},
        )  # fmt: skip
    colours = colormaps.threshold_colormap(item.colour, made["threshold"], item.title)
    return MapSpec(
        kind, item.name, item.title, amount.probability, colours,
        visible=False, made={**made, "quantity": "probability"},
    )  # fmt: skip
