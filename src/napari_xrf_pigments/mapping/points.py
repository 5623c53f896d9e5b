"""Elements and pigments of point measurements, each on its own energy axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..calibration.anode import with_estimated_anode
from ..calibration.automatic import calibrated
from ..cube import ElementMaps, EnergyAxis, PigmentMaps, XRFCube
from ..cube.maps import pigment_arrays
from ..io.point_spectra import PointGroup, PointSpectra
from .elements import map_elements
from .pigments import load_predictor, map_pigments
from .tiles import Progress

if TYPE_CHECKING:
    from ..network import Predictor

#: Points whose axes agree within this share of a channel are mapped together.
AGREEMENT_CHANNELS = 0.25


@dataclass(frozen=True, kw_only=True)
class PointSettings:
    """What is mapped, and what overrides the files.

    Parameters
    ----------
    lines : sequence of str or None
        Elements or line families; None: those that the points show.
    anode, tube_kv : str and float or None
        Tube.
    gain_kev, offset_kev : float or None
        Energy axis of all points, keV.
    calibrate : bool
        Whether axes that are not given are fitted to the lines.
    elements, pigments : bool
        What is mapped.
    """

    lines: Sequence[str] | None = None
    anode: str | None = None
    tube_kv: float | None = None
    gain_kev: float | None = None
    offset_kev: float | None = None
    calibrate: bool = True
    elements: bool = True
    pigments: bool = True


@dataclass(frozen=True)
class PointMaps:
    """Answers for point measurements.

    Parameters
    ----------
    points : PointSpectra
        The measurements.
    energies : tuple of EnergyAxis
        The axis on which each point was mapped.
    elements : ElementMaps or None
        Net counts, shape (line, point); NaN where a line was not fitted to a point.
    pigments : PigmentMaps or None
        Probabilities, shape (pigment, point).
    messages : tuple of str
        Sentences on calibration and anode, and the warnings of the runs, each once.
    """

    points: PointSpectra
    energies: tuple[EnergyAxis, ...]
    elements: ElementMaps | None
    pigments: PigmentMaps | None
    messages: tuple[str, ...]


def map_points(
    points: PointSpectra,
    settings: PointSettings | None = None,
    *,
    predictor: Predictor | None = None,
    progress: Progress | None = None,
) -> PointMaps:
    """Map the elements and pigments of point measurements.

    Points whose axes agree within a quarter of a channel are calibrated and mapped together.

    Parameters
    ----------
    points : PointSpectra
        The measurements.
    settings : PointSettings, optional
        What is mapped, and what overrides the files.
    predictor : Predictor, optional
        A network that is loaded already.
    progress : callable, optional
        Called with the points done and the points in all.

    Raises
    ------
    ValueError
        If a setting is impossible.
    """
    wanted = settings or PointSettings()
    groups = sorted(_alike(points, wanted), key=lambda group: -int(group.counts.sum()))
    network = (predictor or load_predictor()) if wanted.pigments else None
    messages, estimated, done = list[str](), None, 0
    energies = [point.energies for point in points]
    elements: list[ElementMaps] = []
    pigments: list[PigmentMaps] = []
    for group in groups:
        known = group.acquisition.updated(anode=wanted.anode, tube_kv=wanted.tube_kv)
        if known.anode is None:
            known = known.updated(anode=estimated)
        cube = _cube(group).with_acquisition(known)
        if wanted.calibrate:
            cube, found = calibrated(cube)
            messages += [] if found.trusted else [found.message]
        if cube.acquisition.anode is None:
            # The group with the most counts comes first: its tube is that of the others.
            cube, message = with_estimated_anode(cube)
            messages += [message] if message else []
            estimated = cube.acquisition.anode
        for index in group.indices:
            energies[index] = cube.energies
        if wanted.elements:
            elements.append(map_elements(cube, wanted.lines))
        if network is not None:
            pigments.append(map_pigments(cube, predictor=network))
        done += len(group.indices)
        if progress is not None:
            progress(done, len(points))
    provenances = [made.provenance for made in elements] + [made.provenance for made in pigments]
    for provenance in provenances:
        messages += provenance.get("warnings", ())
    places = [group.indices for group in groups]
    return PointMaps(
        points,
        tuple(energies),
        _join_elements(elements, places) if elements else None,
        _join_pigments(pigments, places) if pigments else None,
        tuple(dict.fromkeys(messages)),
    )


def _alike(points: PointSpectra, wanted: PointSettings) -> list[PointGroup]:
    """Collect points of one setting whose axes agree within a quarter of a channel."""
    merged: list[list[PointGroup]] = []
    for group in sorted(points.groups(), key=lambda group: group.energies.gain_kev):
        axis = group.energies
        if wanted.gain_kev is not None or wanted.offset_kev is not None:
            gain = axis.gain_kev if wanted.gain_kev is None else wanted.gain_kev
            offset = axis.offset_kev if wanted.offset_kev is None else wanted.offset_kev
            group = replace(group, energies=axis.recalibrated(gain, offset, "user"))
        home = next((each for each in merged if _agree(each[0], group)), None)
        if home is None:
            merged.append([group])
        else:
            home.append(group)
    return [
        replace(
            parts[0],
            indices=tuple(index for part in parts for index in part.indices),
            counts=np.concatenate([part.counts for part in parts]),
        )
        for parts in merged
    ]


def _agree(first: PointGroup, second: PointGroup) -> bool:
    a, b = first.energies, second.energies
    if (a.n_channels, a.source) != (b.n_channels, b.source):
        return False
    off = np.abs(a.kev[[0, -1]] - b.kev[[0, -1]]).max()
    return first.acquisition == second.acquisition and off <= AGREEMENT_CHANNELS * a.gain_kev


def _cube(group: PointGroup) -> XRFCube:
    """Make one row of pixels of a group."""
    axis = group.energies
    return XRFCube.from_array(
        group.counts[None],
        gain_kev=axis.gain_kev,
        offset_kev=axis.offset_kev,
        energy_source=axis.source,
        acquisition=group.acquisition,
    )


def _join(arrays: Sequence[Any], places: Sequence[tuple[int, ...]]) -> NDArray[np.float32]:
    """Bring images (map, 1, point of a group) to (map, point)."""
    count = sum(len(indices) for indices in places)
    first = np.asarray(arrays[0])
    joined = np.full((*first.shape[:-2], count), np.nan, np.float32)
    for array, indices in zip(arrays, places, strict=True):
        joined[..., list(indices)] = np.asarray(array)[..., 0, :]
    return joined


def _join_elements(maps: list[ElementMaps], places: list[tuple[int, ...]]) -> ElementMaps:
    names = tuple(dict.fromkeys(name for each in maps for name in each.names))
    images: dict[str, list[NDArray[np.float32]]] = {"counts": [], "sigma": []}
    for each, indices in zip(maps, places, strict=True):
        for field, filled in images.items():
            image = np.full((len(names), 1, len(indices)), np.nan, np.float32)
            rows = [names.index(name) for name in each.names]
            image[rows] = np.asarray(getattr(each, field))
            filled.append(image)
    counts, sigma = (_join(images[field], places) for field in ("counts", "sigma"))
    return ElementMaps(names, counts, sigma, provenance=maps[0].provenance)


def _join_pigments(maps: list[PigmentMaps], places: list[tuple[int, ...]]) -> PigmentMaps:
    joined = {
        name: _join([getattr(each, name) for each in maps], places)
        for name in pigment_arrays(*maps)
    }
    first = maps[0]
    return PigmentMaps(
        names=first.names, groups=first.groups, pixel_mm=None, provenance=first.provenance, **joined
    )
