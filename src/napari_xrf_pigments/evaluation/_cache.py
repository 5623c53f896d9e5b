"""Cache of the emissions of the independent stacks, so that a long run can be resumed.

Every file carries the SHA-256 of its arrays and is computed again if it does not match.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .independent_simulation.fisx_emission import Emission, emit
from .independent_simulation.instruments import INSTRUMENTS, draw_geometry
from .independent_simulation.stratigraphy import Strata, draw_strata

#: Version of the stacks and of their emission; it changes whenever either does.
VERSION = 1


def cache_folder() -> Path:
    """Return the default folder of the emissions, below the platform's folder for caches."""
    import platformdirs

    return platformdirs.user_cache_path("napari-xrf-pigments", appauthor=False) / "evaluation"


def load_stack(
    name: str, index: int, *, seed: int = 0, secondary: int = 0, cache: Path | None = None
) -> tuple[Strata, Emission]:
    """Draw a stack in front of an instrument, and load its emission from the cache or compute it.

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
    rng = np.random.default_rng([seed, ord(name), index])
    strata = draw_strata(rng)
    geometry = draw_geometry(rng, INSTRUMENTS[name])
    try:
        return strata, _load(path)
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        pass  # absent, or damaged
    emission = emit(strata, INSTRUMENTS[name], geometry, secondary)
    _save(path, emission)
    return strata, emission


def _save(path: Path, emission: Emission) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.part")
    arrays: dict[str, Any] = {
        each.name: np.asarray(getattr(emission, each.name)) for each in fields(Emission)
    }
    arrays["line_layer"] = emission.line_layer.astype(np.int16)
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


def _load(path: Path) -> Emission:
    # Opened here, because numpy does not close a file that is no archive.
    with path.open("rb") as disk, np.load(disk, allow_pickle=False) as file:
        stored = {name: file[name] for name in file.files}
    if str(stored.pop("sha256")) != checksum(stored):
        raise ValueError(f"{path.name} does not match its checksum.")
    arrays: dict[str, Any] = {each.name: stored[each.name] for each in fields(Emission)}
    arrays["line_layer"] = arrays["line_layer"].astype(np.int64)
    arrays["line_family"] = tuple(str(name) for name in arrays["line_family"])
    return Emission(**arrays)
