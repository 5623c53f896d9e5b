"""Files of known formats that are not read here, named with the way to convert them."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path

from .._reader import read_head

# Versions of the format that the IOCs of beamlines write, as XDR floats.
_MDA_VERSIONS = (1.2, 1.3, 1.4)
_MDA_AXES = 4
_ARCHIVED = 20
_SIGNATURES = (
    (
        rb"CDF[\x01\x02\x05]",
        "a NetCDF file, as xMAP electronics write them. Larch (GSECARS) turns a folder of them, "
        "with its positions, into an HDF5 map that opens here.",
    ),
    (
        rb"(?:\xef\xbb\xbf)?\s*<\?xml.{0,400}<TRTProject",
        "a project of Bruker Artax or Esprit. Export its spectra as .spx or text, or its map as "
        ".bcf or .rpl, in that program.",
    ),
    (
        rb"\x00\x00\x00[\x03\x04]\x00\x00\x00\x00",
        "a Gatan DigitalMicrograph file. Export it as .msa or .rpl, or convert it with "
        "RosettaSciIO.",
    ),
)


def rejection_reason(path: Path) -> str | None:
    """Name the format of a file that is not read, and what converts it; None where unknown."""
    if not path.is_file():
        return None
    head = read_head(path, 1024)
    for pattern, description in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return f"{path.name} is {description}"
    if head.startswith(b"PK\x03\x04") and _is_datastack(path):
        return (
            f"{path.name} is a datastack of maxrf4u, a zipped Zarr store. Unzip it into a folder "
            "NAME.zarr, which opens here, or open the file that it was made from."
        )
    return _mda(path.name, head)


def _mda(name: str, head: bytes) -> str | None:
    """Name a scan of EPICS (saveData), whose header states the lengths of its axes."""
    if len(head) < 12 + 4 * _MDA_AXES:
        return None
    version, _, rank = struct.unpack_from(">fii", head)
    if not 1 <= rank <= _MDA_AXES or not any(abs(version - each) < 1e-4 for each in _MDA_VERSIONS):
        return None
    lengths = struct.unpack_from(f">{rank}i", head, 12)
    if min(lengths) < 1:
        return None
    size = " x ".join(str(length) for length in lengths)
    if rank < 3:
        return (
            f"{name} is an EPICS MDA file of {size} points with one number for each detector, and "
            "no spectra. The spectra of such a scan lie in the files of its detector; MAPS and "
            "PyXRF make HDF5 of both, which opens here."
        )
    return (
        f"{name} is an EPICS MDA file of {size} points. MAPS (APS) and PyXRF make HDF5 of it, "
        "which opens here."
    )


def _is_datastack(path: Path) -> bool:
    """Return whether a zip archive holds the metadata of a Zarr store."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [Path(each).name for each in archive.namelist()[:_ARCHIVED]]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return any(name in (".zgroup", ".zarray", "zarr.json") for name in names)
