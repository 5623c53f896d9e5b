"""Provenance of maps, as plain values that any file format can store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..cube import XRFCube
from ..io.provenance import origin
from ..io.results.fields import to_json_types


def provenance(cube: XRFCube, settings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Collect version, time, settings, energy axis, acquisition and source of a run.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    settings : dict
        Settings of the run.
    **more
        Further entries, such as the hash of the weights.

    Returns
    -------
    dict
        Strings, numbers, lists and dicts alone, so that it can be written as JSON. Of the
        source it has the name, not the folders above it.
    """
    axis = cube.energies
    return {
        **origin(cube.source),
        "settings": settings,
        "calibration": {
            "gain_kev": axis.gain_kev,
            "offset_kev": axis.offset_kev,
            "source": axis.source,
        },
        "acquisition": to_json_types(asdict(cube.acquisition)),
        "shape": list(cube.shape),
        **more,
    }
