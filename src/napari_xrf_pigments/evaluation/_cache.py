"""Cache of the emissions of the independent stacks, so that a long run can be resumed.

Every file carries the SHA-256 of its arrays and is computed again if it does not match.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .independent_simulation.fisx_emission import Emission, emit
from .independent_simulation.instruments import INSTRUMENTS, Geometry, draw_geometry
from .independent_simulation.stratigraphy import Layer, Strata, draw_strata

#: Version of the stacks and of their emission; it changes whenever either does.
VERSION = 1


def cache_folder() -> Path:
    """Return the default folder of the emissions, below the platform's folder for caches."""
    import platformdirs

    return platformdirs.user_cache_path("napari-xrf-pigments", appauthor=False) / "evaluation"


def load_stack(
    name: str, index: int, *, seed: int = 0, secondary: int = 0, cache: Path | None = None
) -> tuple[Strata, Geometry, Emission]:
    """Load a stack in front of an instrument from the cache, or compute it.

    Parameters
    ----------
    name : str
        Letter of the instrument.
    index : int
        Number of the stack.
    seed : int
        Seed of the whole set.
    secondary : {0, 1, 2}
        Secondary excitation as in `fluorescence`.
    cache : Path or None
        Folder of the emissions; None for `cache_folder`.
    """
    folder = cache or cache_folder()
    path = folder / f"v{VERSION}-{seed}-{secondary}-{name}" / f"{index:05d}.npz"
    try:
        return _load(path)
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        pass  # absent, or damaged
    rng = np.random.default_rng([seed, ord(name), index])
    strata = draw_strata(rng)
    geometry = draw_geometry(rng, INSTRUMENTS[name])
    emission = emit(strata, INSTRUMENTS[name], geometry, secondary)
    _save(path, strata, geometry, emission)
    return strata, geometry, emission


def _save(path: Path, strata: Strata, geometry: Geometry, emission: Emission) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"strata": asdict(strata), "geometry": asdict(geometry)})
    partial = path.with_suffix(f".{os.getpid()}.part")
    arrays: dict[str, Any] = {
        each.name: np.asarray(getattr(emission, each.name)) for each in fields(Emission)
    }
    arrays |= {"text": np.array(text), "line_layer": emission.line_layer.astype(np.int16)}
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, sha256=np.array(checksum(arrays)), **arrays)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def checksum(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Compute the SHA-256 of arrays with their names, types and shapes, hexadecimal."""
    digest = hashlib.sha256()
    for name, values in sorted(arrays.items()):
        digest.update(f"{name} {values.dtype.str} {values.shape};".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _load(path: Path) -> tuple[Strata, Geometry, Emission]:
    # Opened here, because numpy does not close a file that is no archive.
    with path.open("rb") as disk, np.load(disk, allow_pickle=False) as file:
        stored = {name: file[name] for name in file.files}
    if str(stored.pop("sha256")) != checksum(stored):
        raise ValueError(f"{path.name} does not match its checksum.")
    description = json.loads(str(stored.pop("text")))
    families = tuple(str(name) for name in stored.pop("line_family"))
    layers_of_lines = stored.pop("line_layer").astype(np.int64)
    emission = Emission(line_family=families, line_layer=layers_of_lines, **stored)
    layers = tuple(_layer(entry) for entry in description["strata"]["layers"])
    return (
        Strata(layers, description["strata"]["support"]),
        Geometry(**description["geometry"]),
        emission,
    )


def _layer(entry: dict[str, Any]) -> Layer:
    def mass(table: dict[str, float]) -> dict[int, float]:
        return {int(z): float(f) for z, f in table.items()}

    supply = {name: mass(table) for name, table in entry["supply"].items()}
    return Layer(
        entry["role"], mass(entry["elements"]), entry["density"], entry["thickness_um"],
        entry["pigments"], supply,
    )  # fmt: skip
