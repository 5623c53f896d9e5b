"""``xrf-pigments map --scheduler``: the tiles run on a dask.distributed cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ._console import progress_bar

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps, XRFCube


@contextmanager
def maps_of_cluster(
    cube: XRFCube,
    scheduler: str,
    out: Path,
    *,
    lines: list[str] | None = None,
    device: str = "auto",
    with_elements: bool = True,
    with_pigments: bool = True,
) -> Iterator[tuple[ElementMaps | None, PigmentMaps | None]]:
    """Maps of a scan, in a hidden folder beside `out` as long as the block lasts.

    Raises
    ------
    ModuleNotFoundError, OSError, ValueError
        With one plain sentence.
    """
    from ..mapping.distributed import map_elements_on_cluster, map_pigments_on_cluster

    out = out.absolute()
    # Beside the result, because the workers can write there.
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        elements = pigments = None
        if with_elements:
            place = Path(folder) / "elements.zarr"
            with progress_bar("Elements") as progress:
                elements = map_elements_on_cluster(cube, scheduler, place, lines, progress=progress)
        if with_pigments:
            place = Path(folder) / "pigments.zarr"
            with progress_bar("Pigments") as progress:
                pigments = map_pigments_on_cluster(
                    cube, scheduler, place, device=device, progress=progress
                )
        yield elements, pigments
