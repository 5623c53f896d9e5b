"""Small scans of some pixels of a scan, to try settings before mapping the whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from ..cube import XRFCube


@dataclass(frozen=True)
class Part:
    """A part of a scan.

    Parameters
    ----------
    cube : XRFCube
        The part; its pixels have the size of the pixels that they represent.
    title : str
        Description for names of layers: ``"2 x 2 binned"``.
    step : int
        Side of one of its pixels in pixels of the scan.
    origin : tuple of float
        Centre (y, x) of its first pixel, in pixels of the scan.
    """

    cube: XRFCube
    title: str
    step: int = 1
    origin: tuple[float, float] = (0.0, 0.0)

    @property
    def settings(self) -> dict[str, Any]:
        """The part, for the provenance of its maps."""
        return {"title": self.title, "step": self.step, "origin_pixels": list(self.origin)}


def every_nth(cube: XRFCube, n: int) -> Part:
    """Take every n-th pixel of every n-th row.

    Raises
    ------
    ValueError
        If `n` is not from 2 to the smaller side of the scan.
    """
    _check(cube, n)
    step = (slice(None, None, n),) * 2
    small = replace(_selected(cube, step), pixel_mm=_larger(cube, n))
    return Part(small, f"every {_ordinal(n)} pixel", n)


def binned(cube: XRFCube, n: int) -> Part:
    """Sum squares of n x n pixels.

    A square with a pixel that was not measured is not measured; rows and columns at the end of
    the scan that fill no square are left out.

    Raises
    ------
    ValueError
        If `n` is not from 2 to the smaller side of the scan.
    """
    _check(cube, n)
    rows, columns = (side // n * n for side in cube.shape[:2])
    cut = cube.counts[:rows, :columns]
    # Whole squares in each chunk, else dask would cut them.
    cut = cut.rechunk({0: _multiples(cut.chunks[0], n), 1: _multiples(cut.chunks[1], n)})
    counts = da.coarsen(partial(np.sum, dtype=np.uint32), cut, {0: n, 1: n}).astype(np.uint32)
    small = replace(
        cube,
        counts=counts,
        pixel_mm=_larger(cube, n),
        live_time_s=None
        if cube.live_time_s is None
        else _squares(cube.live_time_s[:rows, :columns], n).sum((1, 3)),
        valid=None
        if cube.valid is None
        else np.asarray(_squares(cube.valid[:rows, :columns], n).all((1, 3))),
    )
    middle = (n - 1) / 2
    return Part(small, f"{n} x {n} binned", n, (middle, middle))


def region(cube: XRFCube, mask: NDArray[np.bool_], name: str = "region") -> Part:
    """Cut out the pixels of a mask with the rectangle around them.

    Raises
    ------
    ValueError
        If no measured pixel lies in the mask.
    """
    chosen = mask if cube.valid is None else mask & cube.valid
    ys, xs = np.nonzero(chosen)
    if ys.size == 0:
        raise ValueError("No measured pixel lies in that region.")
    window = slice(int(ys.min()), int(ys.max()) + 1), slice(int(xs.min()), int(xs.max()) + 1)
    small = replace(_selected(cube, window), valid=chosen[window])
    return Part(small, name, 1, (float(window[0].start), float(window[1].start)))


def _selected(cube: XRFCube, part: tuple[slice, slice]) -> XRFCube:
    """Select rows and columns of a scan."""
    return replace(
        cube,
        counts=cube.counts[part],
        live_time_s=None if cube.live_time_s is None else cube.live_time_s[part],
        valid=None if cube.valid is None else cube.valid[part],
    )


def _check(cube: XRFCube, n: int) -> None:
    if not 2 <= n <= min(cube.shape[:2]):
        raise ValueError(f"The scan of {cube.shape[0]} x {cube.shape[1]} pixels is too small.")


def _larger(cube: XRFCube, n: int) -> tuple[float, float] | None:
    return None if cube.pixel_mm is None else (cube.pixel_mm[0] * n, cube.pixel_mm[1] * n)


def _multiples(lengths: tuple[int, ...], n: int) -> tuple[int, ...]:
    """Return the chunk lengths nearest to the given ones that n divides."""
    edges = np.unique(np.cumsum(lengths) // n * n)
    edges = edges[edges > 0]
    return tuple(np.diff(edges, prepend=0).tolist())


def _squares(image: NDArray[Any], n: int) -> NDArray[Any]:
    rows, columns = image.shape
    return image.reshape(rows // n, n, columns // n, n)


def _ordinal(n: int) -> str:
    return f"{n}{ {2: 'nd', 3: 'rd'}.get(n, 'th') }"
