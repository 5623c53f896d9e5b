"""Results of mapping a scan: elemental maps and pigment maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class ElementMaps:
    """Deconvolved net counts, one map per line family.

    Parameters
    ----------
    names : tuple of str
        Line families, such as ``"Fe K"`` or ``"Pb L"``.
    counts : array_like, shape (line, y, x), float32
        Net counts; for spectra instead of a cube (line, spectrum).
    sigma : array_like, same shape, float32
        Standard deviation of the net counts; NaN where it is not known (maps of other programs).
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    provenance : mapping
        How the maps were made: version, settings, calibration, source.
    """

    names: tuple[str, ...]
    counts: Any
    sigma: Any
    pixel_mm: tuple[float, float] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PigmentMaps:
    """Probabilities of pigments, one map per pigment.

    Arrays are (pigment, y, x) and (group, y, x) for a cube, (pigment, spectrum) and
    (group, spectrum) for spectra; all float32, probabilities between 0 and 1.

    Parameters
    ----------
    names : tuple of str
        Pigment ids.
    probability : array_like
        P(the pigment is in any layer, the ground included).
    top : array_like
        P(it is in the top paint layer; varnish does not count).
    below : array_like
        P(it is in any layer under the top paint layer).
    groups : tuple of str
        Ambiguity groups.
    group_probability : array_like
        P(at least one member of the group is there).
    unexplained : array_like, shape (y, x) or (spectrum,)
        Share, 0-1, of the counts above the background that no fitted line, scatter or
        detector artefact accounts for.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    provenance : mapping
        How the maps were made: version, weights hash, settings, calibration, source.
    signal, signal_sigma : array_like or None, shape of `group_probability`
        Net counts of the least shared diagnostic line of a group, split between the groups that
        hold its element by their probability, and their standard deviation; NaN where no line of
        the group lies on the axis. None where they were not computed, as with all that follow.
    unsupported : array_like or None, shape of `group_probability`
        Probability that was removed because no line in the spectrum supports the group.
    depth_known : array_like or None, shape of `probability`
        1 where the spectrum supports `top` and `below`, 0 where the depth is not known.
    """

    names: tuple[str, ...]
    probability: Any
    top: Any
    below: Any
    groups: tuple[str, ...]
    group_probability: Any
    unexplained: Any
    pixel_mm: tuple[float, float] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    signal: Any = None
    signal_sigma: Any = None
    unsupported: Any = None
    depth_known: Any = None


#: Fields of :class:`PigmentMaps` that always hold arrays.
PIGMENT_ARRAYS = ("probability", "top", "below", "group_probability", "unexplained")
#: Fields that hold arrays or None.
OPTIONAL_PIGMENT_ARRAYS = ("signal", "signal_sigma", "unsupported", "depth_known")
#: Fields with one map per group; `unexplained` is one map, all others have one map per pigment.
GROUP_ARRAYS = ("group_probability", "signal", "signal_sigma", "unsupported")


def pigment_arrays(*maps: Any) -> tuple[str, ...]:
    """Return the names of the arrays that all of some pigment maps (or their tiles) hold."""
    optional = (
        name
        for name in OPTIONAL_PIGMENT_ARRAYS
        if all(getattr(each, name, None) is not None for each in maps)
    )
    return (*PIGMENT_ARRAYS, *optional)


def channel_names(
    array: str, names: tuple[str, ...], groups: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return the pigment or group of each map of an array; None where it is a single map."""
    if array == "unexplained":
        return None
    return groups if array in GROUP_ARRAYS else names


def combine_maps(
    function: Callable[..., Any], first: PigmentMaps, *others: PigmentMaps
) -> PigmentMaps:
    """Apply a function to each array of one or several pigment maps.

    Parameters
    ----------
    function : callable
        Takes the same array of all maps, and returns that of the result. An array that one of
        them lacks is None in the result.
    first, *others : PigmentMaps
        Maps of the same pigments; those of `first` give the rest of the result.
    """
    arrays: dict[str, Any] = dict.fromkeys(OPTIONAL_PIGMENT_ARRAYS)
    for name in pigment_arrays(first, *others):
        arrays[name] = function(*(getattr(maps, name) for maps in (first, *others)))
    return replace(first, **arrays)
