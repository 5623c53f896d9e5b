"""One picture of the pigments of a scan: at each pixel the colour of the one that leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._parallel import on_threads
from ..cube import PigmentMaps
from ..pigments import display
from ..pigments.distinct_colours import AT_MOST, distinct_colours, from_linear, to_linear
from ..pigments.selection import Palette

#: Smallest share of the measured pixels above the threshold for which a map is shown.
MIN_SHARE = 0.002
#: A member present in more than this share of the pixels of its group resolves the group.
RESOLVED_SHARE = 0.8
#: Significance under which the signal of a pixel fades.
SIGMAS = 5.0
#: Share of the brightest signal of a map under which a pixel fades.
FADE = 0.05
#: Percentile of a map that is shown at full colour.
_BRIGHTEST = 99.5
#: Pixels of which percentiles are computed.
_SAMPLE = 200_000
#: Steps of the mixture of two colours.
_MIXTURES = 9
#: Pixels of one block of work.
_BLOCK = 32_768
#: Colour where nothing is present.
BACKGROUND = "#101014"
#: Exponent of the amount: the eye distinguishes more dark colours than bright ones.
_GAMMA = 0.6

Kind = Literal["pigment", "group"]
Depth = Literal["probability", "top", "below"]


@dataclass(frozen=True)
class Item:
    """A pigment, or a group whose members cannot be told apart, as it is shown.

    Parameters
    ----------
    kind : {"pigment", "group"}
        Which of the two.
    name, title : str
        Id, and name for people.
    colour : str
        ``"#rrggbb"``, distinct from those of the other items.
    share : float
        Share of the measured pixels over the threshold, 0-1.
    members : tuple of str
        Ids of the pigments that a group may be; empty for a pigment.
    hatched : bool
        Whether it is hatched, because there are more items than distinct colours.
    """

    kind: Kind
    name: str
    title: str
    colour: str
    share: float
    members: tuple[str, ...] = ()
    hatched: bool = False

    @property
    def is_ground(self) -> bool:
        """Whether it is, or may be, a white or a ground."""
        ids = self.members or (self.name,)
        return any(display.is_white(display.pigment_colour(each)) for each in ids)


def select_items(
    pigments: Mapping[str, float],
    groups: Mapping[str, float],
    palette: Palette,
    *,
    groups_only: bool = False,
) -> tuple[Item, ...]:
    """Return the items to show, the most widespread first, in colours distinct for this scan.

    A group takes the place of its members where it is present in many more pixels than any of
    them.

    Parameters
    ----------
    pigments, groups : mapping of str to float
        Share of the measured pixels over the threshold, 0-1, of each pigment and group.
    palette : Palette
        Which pigments are hidden or always shown.
    groups_only : bool
        Whether each group that is present is an item, and no pigment.
    """
    hidden = palette.hidden(pigments)

    def is_shown(name: str) -> bool:
        return name in palette.added or (pigments[name] >= MIN_SHARE and name not in hidden)

    found: list[tuple[float, Kind, str, tuple[str, ...]]] = []
    in_groups: set[str] = set()
    for group, share in groups.items():
        members = [name for name in display.group_members(group) if name in pigments]
        visible = tuple(name for name in members if name not in hidden)
        unresolved = is_unresolved(share, [pigments[name] for name in members])
        if visible and (share >= MIN_SHARE if groups_only else unresolved):
            found.append((share, "group", group, visible))
            in_groups.update(set(members) - palette.added)
    found += [
        (pigments[name], "pigment", name, ())
        for name in (() if groups_only else pigments)
        if name not in in_groups and is_shown(name)
    ]
    found.sort(key=lambda entry: (-entry[0], entry[2]))
    colours = distinct_colours(tuple(_colour(kind, name) for _, kind, name, _ in found))
    return tuple(
        Item(kind, name, _title(kind, name), colour, share, members, number >= AT_MOST)
        for number, ((share, kind, name, members), colour) in enumerate(
            zip(found, colours, strict=True)
        )
    )


def make_item(kind: Kind, name: str) -> Item:
    """Return a pigment or group as an item in its own colour, whatever its share."""
    return Item(kind, name, _title(kind, name), display.visible_colour(_colour(kind, name)), 0.0)


def _colour(kind: Kind, name: str) -> str:
    return display.group_colour(name) if kind == "group" else display.pigment_colour(name)


def _title(kind: Kind, name: str) -> str:
    return display.group_title(name) if kind == "group" else display.pigment_title(name)


def is_unresolved(group: float, members: Sequence[float]) -> bool:
    """Return whether a group is present in many more pixels than any of its members.

    Parameters
    ----------
    group : float
        Share of the pixels in which it is present, 0-1.
    members : sequence of float
        The same for each member.
    """
    several = len(members) > 1 and group >= MIN_SHARE
    return several and max(members) <= RESOLVED_SHARE * group


def items_of(maps: PigmentMaps, palette: Palette | None = None) -> tuple[Item, ...]:
    """Return the items of pigment maps to show; see :func:`select_items`."""
    palette = palette or Palette()

    def share(image: Any, threshold: float) -> float:
        values = np.asarray(image)
        return float((values > threshold).sum() / max(1, np.isfinite(values).sum()))

    pigments = {
        name: share(image, palette.threshold_of(name))
        for name, image in zip(maps.names, maps.probability, strict=True)
    }
    groups = {
        name: share(image, palette.threshold)
        for name, image in zip(maps.groups, maps.group_probability, strict=True)
    }
    return select_items(pigments, groups, palette)


class Amount:
    """The amount of an item at each pixel: net counts of its evidence line, faded where unsure.

    Where no signal was computed, it is the probability. It is zero below the threshold, fades
    under :data:`SIGMAS` standard deviations and under a share of the brightest pixels.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    item : Item
        The pigment or group.
    palette : Palette
        The thresholds.
    fade : float
        Share of the brightest pixels under which the others fade, 0-1.
    depth : {"probability", "top", "below"}
        The layers of paint; groups are only known for all of them.

    Attributes
    ----------
    measures_signal : bool
        Whether it is in net counts.
    brightest : float
        The amount at full colour: the 99.5th percentile of the pixels where the item is present.
    """

    def __init__(
        self,
        maps: PigmentMaps,
        item: Item,
        palette: Palette,
        fade: float = FADE,
        depth: Depth = "probability",
    ) -> None:
        self._group = _group_of(maps, item)
        if item.kind == "group":
            self._threshold = palette.threshold
            self._probability = maps.group_probability[self._group]
        else:
            self._threshold = palette.threshold_of(item.name)
            self._probability = getattr(maps, depth)[maps.names.index(item.name)]
        self._maps, self._item, self._fade = maps, item, fade
        shape = self._probability.shape
        step = max(1, int(np.sqrt(shape[0] * shape[1] / _SAMPLE)))
        sample = (slice(None, None, step), slice(None, None, step))
        self.measures_signal = False
        self.brightest = 1.0
        if self._group is not None and maps.signal is not None:
            signal = np.asarray(maps.signal[self._group][sample])
            self.measures_signal = bool(np.isfinite(signal).any())
        if self.measures_signal:
            values = self._unfaded(sample)
            values = values[values > 0]
            self.brightest = float(np.percentile(values, _BRIGHTEST)) if values.size else 1.0

    @property
    def probability(self) -> NDArray[np.float32]:
        """The probability of the item, shape (y, x)."""
        return np.asarray(self._probability)

    @property
    def image(self) -> NDArray[np.float32]:
        """The amount, shape (y, x), NaN where not measured."""
        image = np.empty(self._probability.shape, np.float32)
        for rows in _blocks(image.shape):
            image[rows] = self.at(rows)
        return image

    def at(self, rows: slice) -> NDArray[np.float32]:
        """Return the amount in some rows."""
        values = self._unfaded((rows,))
        if not self.measures_signal:
            return values
        faded = values * np.minimum(values / (self._fade * self.brightest + 1e-30), 1)
        sigma = self._maps.signal_sigma
        if sigma is not None:
            signal = np.asarray(self._maps.signal[self._group][rows])
            noise = np.fmax(np.asarray(sigma[self._group][rows]), np.float32(1e-30))
            # Where neither signal nor noise is known, it is 1: fmin ignores NaN.
            faded *= np.fmax(np.fmin(signal / (np.float32(SIGMAS) * noise), 1), 0)
        return np.asarray(faded, dtype=np.float32)

    def _unfaded(self, where: tuple[slice, ...]) -> NDArray[np.float32]:
        probability = np.asarray(self._probability[where])
        present = probability > self._threshold
        if not self.measures_signal:
            values = probability * present
        else:
            signal = np.asarray(self._maps.signal[self._group][where])
            values = np.fmax(signal, 0) * present
            if self._item.kind == "pigment":
                group = np.asarray(self._maps.group_probability[self._group][where])
                values *= np.minimum(probability / np.maximum(group, 1e-6), 1)
            # Where it was not measured, the probability is NaN.
            values += 0 * probability
        return np.asarray(values, dtype=np.float32)


def _group_of(maps: PigmentMaps, item: Item) -> int | None:
    """Return the index of the group that an item is or belongs to."""
    if item.kind == "group":
        return maps.groups.index(item.name)
    members = (display.group_members(group) for group in maps.groups)
    return next((index for index, ids in enumerate(members) if item.name in ids), None)


def _blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield ranges of rows whose arrays fit into the cache of the processor."""
    rows = max(1, _BLOCK // max(1, shape[1]))
    for start in range(0, shape[0], rows):
        yield slice(start, min(start + rows, shape[0]))


def composite(
    amounts: Sequence[Amount],
    items: Sequence[Item],
    shape: tuple[int, int],
    *,
    ground_last: bool = True,
) -> NDArray[np.uint8]:
    """Colour each pixel by the item that leads.

    The leading item gives the hue, and its amount relative to the brightest pixels of its map
    gives the opacity over the ground. A second item of nearly the same amount is mixed in. All
    mixtures are linear in OKLab (B. Ottosson, 2020), in which they look like mixtures.

    Parameters
    ----------
    amounts : sequence of Amount
        The amount of each item.
    items : sequence of Item
        The items.
    shape : tuple of int
        Rows and columns of the maps.
    ground_last : bool
        Whether whites and grounds lead only where nothing else does.

    Returns
    -------
    ndarray, shape (y, x, 4), uint8
        sRGB and opacity; transparent where not measured.
    """
    pixels = np.zeros((*shape, 4), np.uint8)
    if not items:
        return pixels
    colours = _mixtures(to_oklab(np.array([display.hex_to_rgb(item.colour) for item in items])))
    background = to_oklab(np.array(display.hex_to_rgb(BACKGROUND)))
    hatched = np.array([item.hatched for item in items])
    last = [ground_last and item.is_ground for item in items]

    def colour(rows: slice) -> None:
        rankings = {False: _Ranking(), True: _Ranking()}
        for index, amount in enumerate(amounts):
            image = amount.at(rows) * np.float32(1 / amount.brightest)
            rankings[last[index]].add(index, np.fmin(image, 1))
        mixed = np.broadcast_to(background, (*image.shape, 3)).copy()
        for ranking in (rankings[True], rankings[False]):
            if ranking.first is not None:
                opacity = np.fmax(ranking.first, 0) ** np.float32(_GAMMA)
                if hatched.any():
                    opacity[hatched[ranking.leader] & _stripes(rows, shape[1])] *= 0.4
                mixed += opacity[..., None] * (ranking.mixed(colours) - mixed)
        pixels[rows, :, :3] = _to_bytes(mixed)
        pixels[rows, :, 3] = np.where(np.isfinite(image), 255, 0)

    with on_threads() as execute:
        execute(colour, _blocks(shape))
    return pixels


class _Ranking:
    """The two largest of several maps at each pixel.

    Attributes
    ----------
    first, second : ndarray, shape (y, x), or None
        The largest and the second largest value; None before the first map.
    leader, other : ndarray of int, shape (y, x)
        The maps they belong to.
    """

    def __init__(self) -> None:
        self.first: Any = None
        self.second: Any = None
        self.leader: Any = None
        self.other: Any = None

    def add(self, index: int, image: NDArray[np.float32]) -> None:
        """Rank a further map."""
        if self.first is None:
            self.first, self.second = image.copy(), np.zeros_like(image)
            self.leader = np.full(image.shape, index, np.intp)
            self.other = self.leader.copy()
            return
        follows = image > self.second
        leads = image > self.first
        np.copyto(self.second, image, where=follows)
        np.copyto(self.other, index, where=follows)
        np.copyto(self.second, self.first, where=leads)
        np.copyto(self.other, self.leader, where=leads)
        np.copyto(self.first, image, where=leads)
        np.copyto(self.leader, index, where=leads)

    def mixed(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the colour of the leading map, with that of the second mixed in.

        Parameters
        ----------
        table : ndarray, shape (map, map, step, 3)
            Colours of :func:`_mixtures`.
        """
        _, maps, steps, _ = table.shape
        ratio = self.second / np.maximum(self.first, np.float32(1e-30))
        # A second map of less than two thirds of the first does not change the hue.
        step = np.fmax((steps - 1) * (3 * ratio - 2) + np.float32(0.5), 0).astype(np.intp)
        index = (self.leader * maps + self.other) * steps + step
        return np.asarray(np.take(table.reshape(-1, 3), index, axis=0))


def _mixtures(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mixtures of each colour with each other one: from none to half of the latter."""
    part = np.linspace(0, 0.5, _MIXTURES, dtype=np.float32)[:, None]
    return np.asarray((1 - part) * colours[:, None, None] + part * colours[None, :, None])


def _stripes(rows: slice, columns: int) -> NDArray[np.bool_]:
    """Return the pixels of diagonal stripes in some rows."""
    return np.asarray((np.arange(rows.start, rows.stop)[:, None] + np.arange(columns)) % 4 == 0)


#: From linear sRGB to cone responses, and from their cube roots to OKLab.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_TO_CONES = np.linalg.inv(_OKLAB).T.astype(np.float32)
_TO_LINEAR = np.linalg.inv(_CONES).T.astype(np.float32)
#: sRGB, 0-255, of linear values in equal steps of their square root, which resolves dark colours.
_STEPS = 2048
_ENCODED = np.rint(255 * from_linear(np.linspace(0, 1, _STEPS) ** 2)).astype(np.uint8)


def to_oklab(rgb: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the OKLab coordinates of sRGB colours, 0-1, shape (..., 3)."""
    return np.asarray(np.cbrt(to_linear(rgb) @ _CONES.T) @ _OKLAB.T, dtype=np.float32)


def _to_bytes(oklab: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the sRGB colours, 0-255, of OKLab coordinates, shape (..., 3)."""
    cones = oklab @ _TO_CONES
    linear = np.clip((cones * cones * cones) @ _TO_LINEAR, 0, 1)
    return np.asarray(_ENCODED[np.rint(np.sqrt(linear) * (_STEPS - 1)).astype(np.uint16)])
