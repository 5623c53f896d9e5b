"""Control points of a registration as JSON, to be reused or checked by others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .outputs.atomic_write import write_atomically

_KIND = "napari-xrf-pigments control points"


@dataclass(frozen=True)
class ControlPoints:
    """Corresponding points of an image and a scan.

    Parameters
    ----------
    picture, scan : ndarray, shape (point, 2)
        (row, column) in pixels of each; pixel centres lie at whole numbers.
    picture_name, scan_name : str
        Names of the image and the scan.
    model : str
        ``"affine"`` or ``"projective"``.
    """

    picture: NDArray[np.float64]
    scan: NDArray[np.float64]
    picture_name: str = ""
    scan_name: str = ""
    model: str = "affine"


def save_control_points(points: ControlPoints, path: Path) -> None:
    """Write control points atomically.

    Raises
    ------
    OSError
        If another kind of file has that name, or the disk fails.
    """
    pairs = zip(points.picture.tolist(), points.scan.tolist(), strict=True)
    content = {
        "kind": _KIND,
        "version": 1,
        "picture": points.picture_name,
        "scan": points.scan_name,
        "model": points.model,
        "axes": "row, column in pixels",
        "points": [{"picture": one, "scan": other} for one, other in pairs],
    }
    text = json.dumps(content, indent=1)
    target = path.absolute()
    write_atomically(target, lambda part: part.write_text(text, encoding="utf-8"), _is_own_output)


def load_control_points(path: Path) -> ControlPoints:
    """Read control points.

    Raises
    ------
    ValueError
        If the file does not hold any.
    OSError
        If it cannot be read.
    """
    refusal = f"{path.name} does not hold control points."
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] != _KIND:
            raise ValueError(refusal)
        pairs = np.array(
            [[pair["picture"], pair["scan"]] for pair in content["points"]], np.float64
        ).reshape(-1, 2, 2)
        model = str(content["model"])
        names = str(content["picture"]), str(content["scan"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(refusal) from error
    if model not in ("affine", "projective") or not np.isfinite(pairs).all():
        raise ValueError(refusal)
    return ControlPoints(pairs[:, 0], pairs[:, 1], *names, model)


def _is_own_output(path: Path) -> bool:
    try:
        load_control_points(path)
    except (ValueError, OSError):
        return False
    return True
