"""Which pigment maps get a layer (no Qt, no layers)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from napari_xrf_pigments.pigments.selection import Palette

from ..state.results import Depth, PigmentResults
from . import colours
from .specs import MapSpec

Shown = Literal["probability", "top", "below", "top and below"]
DEPTH_TITLES: dict[Shown, str] = {
    "probability": "In any layer",
    "top": "In the top layer",
    "below": "Below the top layer",
    "top and below": "Top and below, a layer each",
}
#: A map needs at least this share of the painting to get a layer.
MIN_SHARE = 0.002
_KINDS: dict[Depth, tuple[str, str]] = {
    "probability": ("pigment", ""),
    "top": ("pigment-top", ", top"),
    "below": ("pigment-below", ", below"),
}


@dataclass(frozen=True)
class PigmentView:
    """What of a result is shown.

    Parameters
    ----------
    palette : Palette
        Thresholds, and which pigments are hidden.
    shown : {"probability", "top", "below", "top and below"}
        Which layers of the painting count.
    groups : bool
        Whether each ambiguity group is one layer.
    reveal : bool
        Whether hidden pigments are shown all the same.
    kept : frozenset of (str, str)
        Kind and name of maps that keep their layers however little they cover: while a run goes
        on, what its first tiles hold may cover too little later, and enough in the end.
    """

    palette: Palette = field(default_factory=Palette)
    shown: Shown = "probability"
    groups: bool = False
    reveal: bool = False
    kept: frozenset[tuple[str, str]] = frozenset()

    @property
    def depth(self) -> Depth:
        """The maps whose shares are listed."""
        return "probability" if self.groups or self.shown == "top and below" else self.shown

    @property
    def depths(self) -> tuple[Depth, ...]:
        """The maps that get layers."""
        return ("top", "below") if self.shown == "top and below" else (self.shown,)

    def hidden(self, names: tuple[str, ...]) -> set[str]:
        """The pigments that get no layer for the palette's sake."""
        return set() if self.reveal else set(self.palette.hidden(names))


def pigment_specs(results: PigmentResults, view: PigmentView) -> Iterator[MapSpec]:
    """Maps of what is found somewhere: groups that are not told apart first, then pigments.

    Whites and greys start hidden: added to the others they would drown them.
    """
    stand_in: set[str] = set()
    if view.groups or view.shown == "probability":
        for spec, members in _group_specs(results, view):
            # Added up, a group and its members would be twice as bright.
            stand_in.update(members if spec.visible else ())
            yield spec
    if not view.groups:
        for depth in view.depths:
            yield from _single_specs(results, view, depth, stand_in)


def unexplained_spec(results: PigmentResults) -> MapSpec:
    """The share of the spectrum that nothing accounts for."""
    grey = colours.black_to("#e8e8e8")
    image = results.unexplained
    return MapSpec("unexplained", "unexplained", "Unexplained", image, grey, visible=False)


def counts_as_found(results: PigmentResults, view: PigmentView, name: str, depth: Depth) -> bool:
    """Whether a pigment covers enough of the painting, or the user wants it anyway."""
    palette = view.palette
    share = results.share(name, palette.threshold_of(name), depth)
    return share >= MIN_SHARE or name in palette.added


def not_told_apart(results: PigmentResults, view: PigmentView, group: str) -> bool:
    """Whether a group is found in places where no single member of it is."""
    shares = results.group_shares(view.palette.threshold)
    members = [name for name in colours.group_members(group) if name in results.names]
    if len(members) < 2 or shares.get(group, 0.0) < MIN_SHARE:
        return False
    best = max(results.share(name, view.palette.threshold_of(name)) for name in members)
    return best <= 0.8 * shares[group]


def _group_specs(results: PigmentResults, view: PigmentView) -> Iterator[tuple[MapSpec, list[str]]]:
    hidden = view.hidden(results.names)
    shares = results.group_shares(view.palette.threshold)
    for group, image in zip(results.groups, results.group_probability, strict=True):
        members = [name for name in colours.group_members(group) if name in results.names]
        if not set(members) - hidden:
            continue
        wanted = shares[group] >= MIN_SHARE if view.groups else not_told_apart(results, view, group)
        if not wanted and ("group", group) not in view.kept:
            continue
        single = len(members) == 1
        colour = colours.pigment_colour(members[0]) if single else colours.group_colour(group)
        title = colours.pigment_title(members[0]) if single else colours.group_title(group)
        yield (
            MapSpec(
                "group",
                group,
                title,
                image,
                colours.over_threshold(colour, view.palette.threshold),
                # Lead white among the lead pigments would drown the others too.
                visible=wanted
                and not any(colours.is_pale(colours.pigment_colour(name)) for name in members),
                made={"threshold": view.palette.threshold, "members": members},
            ),
            members,
        )


def _single_specs(
    results: PigmentResults, view: PigmentView, depth: Depth, stand_in: set[str]
) -> Iterator[MapSpec]:
    hidden = view.hidden(results.names)
    kind, suffix = _KINDS[depth]
    for name, image in zip(results.names, results.at_depth(depth), strict=True):
        if name in hidden:
            continue
        if (kind, name) not in view.kept and not counts_as_found(results, view, name, depth):
            continue
        colour = colours.pigment_colour(name)
        if view.shown == "top and below" and depth == "below":
            # Beside its top layer, and told from it.
            colour = colours.lighter(colour)
        threshold = view.palette.threshold_of(name)
        yield MapSpec(
            kind,
            name,
            colours.pigment_title(name) + suffix,
            image,
            colours.over_threshold(colour, threshold),
            visible=not colours.is_pale(colours.pigment_colour(name)) and name not in stand_in,
            made={"threshold": threshold, "depth": depth},
        )
