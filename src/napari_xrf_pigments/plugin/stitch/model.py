"""Positions of the sections of a painting, and the joined scan and maps (no Qt)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.pigments import display

from ..layers import colormaps
from ..layers.adding import add_layer, add_scan, placement
from ..layers.metadata import LayerInfo
from ..layers.specs import limits_of

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_xrf_pigments.mapping.registration.stitching import Overlap

    from ..state.scan import Scan


@dataclass(frozen=True)
class SectionPlacement:
    """Position of a section.

    Parameters
    ----------
    scan : Scan
        The section.
    offset : tuple of int
        Row and column of its first pixel, relative to that of the first section.
    description : str
        Evidence for the estimate, in words.
    trusted : bool
        Whether the overlap supports it.
    """

    scan: Scan
    offset: tuple[int, int]
    description: str
    trusted: bool = True


def estimate_placements(scans: Sequence[Scan]) -> Iterator[SectionPlacement]:
    """Estimate the position of each section from its overlap with those before it.

    The elemental maps that all sections have are compared; without any, the total counts.

    Raises
    ------
    ValueError
        If the sizes of the pixels differ, or the sections cannot be compared.
    """
    from napari_xrf_pigments.mapping.registration.stitching import (
        Layout,
        check_pixels,
        find_offset,
        join_maps,
    )

    check_pixels([scan.cube for scan in scans])
    images = comparable_maps(scans)
    offsets = [(0, 0)]
    yield SectionPlacement(scans[0], (0, 0), "reference section")
    for k, scan in enumerate(scans[1:], start=1):
        layout = Layout.of([image.shape[1:] for image in images[:k]], offsets)
        whole = np.stack(
            [join_maps([image[i] for image in images[:k]], layout) for i in range(len(images[0]))]
        )
        estimate = find_offset(whole, images[k])
        # From the image of the sections so far to coordinates of the first one.
        corner = np.array(layout.places[0])
        offset = int(estimate.rows - corner[0]), int(estimate.columns - corner[1])
        offsets.append(offset)
        evidence = f"{estimate.pixels} shared pixels, correlation {estimate.correlation:.2f}"
        yield SectionPlacement(scan, offset, evidence, estimate.trusted)


def comparable_maps(scans: Sequence[Scan]) -> list[NDArray[np.float64]]:
    """Return the same maps of each section, shape (map, y, x), as square roots of counts."""
    shared = shared_lines(scans)
    stacks = []
    for scan in scans:
        if shared and scan.elements is not None:
            rows = [scan.elements.names.index(name) for name in shared]
            stack = np.asarray(scan.elements.counts)[rows]
        else:
            stack = np.asarray(scan.totals.image)[None]
        # The square root makes the standard deviation of counting noise uniform.
        stacks.append(np.sqrt(np.clip(stack, 0, None)))
    return stacks


def shared_lines(scans: Sequence[Scan]) -> list[str]:
    """Return the line families that were mapped in all scans."""
    if any(scan.elements is None for scan in scans):
        return []
    names = [set(scan.elements.names) for scan in scans if scan.elements is not None]
    first = scans[0].elements
    return [name for name in (first.names if first else ()) if all(name in n for n in names)]


def join_sections(
    viewer: Viewer, scans: Sequence[Scan], offsets: Sequence[tuple[float, float]], overlap: Overlap
) -> tuple[str, Iterator[None]]:
    """Add the joined scan and the joined elemental maps.

    Returns
    -------
    sentence : str
        Summary for the user.
    steps : iterator
        Adds one map per step.

    Raises
    ------
    ValueError
        If the sizes of the pixels of the sections differ.
    """
    from napari_xrf_pigments.mapping.registration.stitching import (
        Layout,
        check_pixels,
        join_cubes,
        uncovered,
    )

    cubes = [scan.cube for scan in scans]
    check_pixels(cubes)
    layout = Layout.of([cube.shape[:2] for cube in cubes], offsets)
    sentences = [f"{len(scans)} sections joined to {layout.shape[0]} x {layout.shape[1]} pixels"]
    share = float(uncovered(layout).mean())
    if share:
        sentences.append(f"{share:.0%} of these were not measured")
    try:
        cube = join_cubes(cubes, layout)
    except ValueError as error:
        sentences.append(str(error).rstrip("."))
        _join_totals(viewer, scans, layout, overlap)
    else:
        add_scan(viewer, cube, _name(scans))
        sentences.append("spectra in overlaps are those of the first section")
    lines = shared_lines(scans)
    if lines:
        source = "averaged" if overlap == "average" else "from the first section"
        sentences.append(f"{len(lines)} elemental maps joined, {source} in overlaps")

    def maps() -> Iterator[None]:
        for name in lines:
            _join_line(viewer, scans, name, layout, overlap)
            yield

    return "; ".join(sentences) + ".", maps()


def _join_line(viewer: Viewer, scans: Sequence[Scan], name: str, layout: Any, overlap: Any) -> None:
    from napari_xrf_pigments.mapping.registration.stitching import join_maps

    results = [scan.elements for scan in scans if scan.elements is not None]
    maps = [each.counts[each.names.index(name)] for each in results]
    colormap = colormaps.black_to_colour(display.element_colour(name), name)
    _add(viewer, join_maps(maps, layout, overlap), f"{name}, joined", colormap, scans, name)


def _join_totals(viewer: Viewer, scans: Sequence[Scan], layout: Any, overlap: Any) -> None:
    from napari_xrf_pigments.mapping.registration.stitching import join_maps

    data = join_maps([scan.totals.image for scan in scans], layout, overlap)
    _add(viewer, data, _name(scans), "gray", scans, "total")


def _add(
    viewer: Viewer, data: Any, name: str, colormap: Any, scans: Sequence[Scan], key: str
) -> Image:
    layer: Image = add_layer(
        viewer,
        "image",
        data,
        LayerInfo("joined", key),
        select=key == "total",
        name=name,
        colormap=colormap,
        contrast_limits=limits_of(data),
        blending="additive" if key != "total" else "translucent_no_depth",
        visible=key == "total",
        **placement(scans[0].cube.pixel_mm),
    )
    return layer


def _name(scans: Sequence[Scan]) -> str:
    return " + ".join(scan.name for scan in scans)
