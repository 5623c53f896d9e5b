"""The truth of a simulated scan as HDF5, beside the scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .outputs.atomic_write import GuardedFile, check_output, write_atomically
from .results.fields import MARKER, to_json

if TYPE_CHECKING:
    from ..simulation.scan import ScanTruth
    from ..simulation.stratigraphy import Stratigraphy

KIND = "truth"
_IMAGES = ("top", "below", "top_sigma", "below_sigma", "regions")


def truth_path(scan: Path) -> Path:
    """Return the path of the truth of a simulated scan."""
    return scan.with_name(f"{scan.stem}.truth.h5")


def check_truth(path: Path, *, overwrite: bool = True) -> None:
    """Check before the work that a truth can be written; errors as :func:`check_output`."""
    check_output(path, is_truth, overwrite=overwrite)


def save_truth(path: Path, truth: ScanTruth) -> Path:
    """Write the truth of a scan atomically.

    Parameters
    ----------
    path : Path
        The file. It gets ``names`` of the pigments; ``top`` and ``below``, shape (pigment, y, x),
        1 where a pigment is in the top paint layer or in any layer under it; ``top_sigma`` and
        ``below_sigma``, their detectability; ``regions`` (y, x) with ``region_names``; and
        ``sections``, the layers of each region as JSON.
    truth : ScanTruth
        The truth.

    Raises
    ------
    OSError
        If another kind of file has that name, or the disk fails.
    """
    import h5py

    def write(part: Path) -> None:
        text = h5py.string_dtype("utf-8")
        with GuardedFile(part) as disk:
            with h5py.File(disk, "w") as file:
                file.attrs[MARKER] = KIND
                file["names"] = np.array(truth.names, dtype=text)
                file["region_names"] = np.array(list(truth.sections), dtype=text)
                file["sections"] = to_json(
                    {name: _layers(section) for name, section in truth.sections.items()}
                )
                for name in _IMAGES:
                    image = np.asarray(getattr(truth, name))
                    stored = image.astype(np.uint8) if image.dtype == bool else image
                    file.create_dataset(name, data=stored, compression="gzip")
        disk.check()

    write_atomically(path.absolute(), write, is_truth)
    return path


def is_truth(path: Path) -> bool:
    """Return whether a file is a truth that this program wrote."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get(MARKER) == KIND)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return False


def _layers(section: Stratigraphy) -> list[dict[str, Any]]:
    """Return the layers of a section, the uppermost first, as JSON values."""
    return [
        {
            "role": layer.role,
            "pigments": dict(layer.pigments),
            "density_g_cm3": layer.density_g_cm3,
            "thickness_um": layer.thickness_um,
        }
        for layer in section
    ]
