"""A folder of figures to print: one TIFF per map, with resolution and provenance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from ..cube import ElementMaps, PigmentMaps
from ..io.outputs.atomic_write import write_atomically
from ..io.outputs.own_folders import foreign_files, is_own_folder, refuse_foreign
from ..io.results.fields import MARKER, provenance, to_json
from ..pigments.display import Naming
from ._page import MM_PER_INCH, MapPicture
from .figures import all_pigment_pictures, element_pictures, render_map

INDEX = "pictures.json"
KIND = "pictures"
DPI = 600
#: Called with the number of finished pictures and the title of the next; return True to stop.
Watch = Callable[[int, str], bool]


def save_pictures(
    out: Path | str,
    elements: ElementMaps | None = None,
    pigments: PigmentMaps | None = None,
    naming: Naming | None = None,
    *,
    threshold: float = 0.5,
    depths: tuple[str, ...] = ("probability",),
    dpi: int = DPI,
    watch: Watch | None = None,
) -> Path:
    """Draw the map of everything that is present as a TIFF file in a folder.

    Parameters
    ----------
    out : path
        The folder to create.
    elements, pigments : ElementMaps, PigmentMaps, optional
        Maps of one scan.
    naming : Naming, optional
        Names and colours of the pigments.
    threshold : float
        Probability above which a pixel counts, 0-1.
    depths : tuple of str
        Some of ``"probability"``, ``"top"``, ``"below"``.
    dpi : int
        Dots per inch.
    watch : callable, optional
        Called before each picture; finished pictures stay if it returns True to stop.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        If there are no maps.
    OSError
        If `out` exists and is not a folder of such pictures, or cannot be written.
    """
    if elements is None and pigments is None:
        raise ValueError("There are no maps to draw.")
    target = Path(out).absolute()
    pictures: list[Iterable[tuple[str, MapPicture]]] = []
    if elements is not None:
        pictures.append(element_pictures(elements))
    if pigments is not None:
        pictures.append(all_pigment_pictures(pigments, naming or Naming(), threshold, depths))
    made = {"elements": provenance(elements), "pigments": provenance(pigments)}

    def write(folder: Path) -> None:
        folder.mkdir()
        files: dict[str, dict[str, str]] = {}
        for name, picture in chain(*pictures):
            if watch is not None and watch(len(files), picture.title):
                break
            file = f"{re.sub(r'[^A-Za-z0-9.+-]+', '_', name).strip('._')}.tif"
            files[file] = {"map": picture.title}
            write_picture(folder / file, picture, dpi, made)
        index = to_json({MARKER: KIND, "dpi": dpi, **made, "files": files})
        (folder / INDEX).write_text(index, encoding="utf-8")

    write_atomically(target, write, is_pictures)
    return target


def write_picture(
    path: Path, picture: MapPicture, dpi: int = DPI, made: dict[str, Any] | None = None
) -> None:
    """Write one picture with its resolution, and its provenance as JSON in the description."""
    import tifffile

    dots = render_map(picture, dpi)
    height, width = dots.shape[:2]
    facts = {
        "map": picture.title,
        "note": picture.note,
        "limits": picture.limits,
        "page_mm": [round(side * MM_PER_INCH / dpi, 2) for side in (width, height)],
        "map_size": [*picture.extent, picture.unit],
        "provenance": made or {},
    }
    tifffile.imwrite(
        path,
        dots,
        photometric="rgb",
        compression="zlib",
        compressionargs={"level": 3},
        resolution=(dpi, dpi),
        resolutionunit="INCH",
        # Tags of TIFF 6 hold ASCII alone.
        description=json.dumps(json.loads(to_json(facts)), ensure_ascii=True),
        software="napari-xrf-pigments",
        metadata=None,
    )


def is_pictures(path: Path) -> bool:
    """Return whether `path` is a folder of such pictures.

    Raises
    ------
    FileExistsError
        If it is one, but holds files of other origin, too: it must not be replaced.
    """
    if not is_own_folder(path, INDEX, MARKER, KIND, ".tif"):
        return False
    refuse_foreign(path, foreign_files(path, INDEX))
    return True
