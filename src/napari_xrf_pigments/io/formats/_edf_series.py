"""Which EDF files make one scan: numbered files of one folder, one a row."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from ._edf_header import is_edf

# Folders of other things may hold names of any kind.
MAX_SERIES = 500
# Everything before and after the last number of a name.
_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
# Names of a detector in the files of the ESRF's maps: "map_xia02_0001_0000_0013.edf".
_DETECTOR = re.compile(r"xia(\d+|s\d+)_", re.IGNORECASE)
_STATISTICS = re.compile(r"xiast_", re.IGNORECASE)


@dataclass(frozen=True)
class Series:
    """Files of one detector.

    Parameters
    ----------
    detector : str
        Name of the detector; empty where names tell of none.
    scan : str
        What the names of all files of one scan share.
    files : mapping of int to Path
        The file of each number.
    """

    detector: str
    scan: str
    files: Mapping[int, Path]

    @property
    def first(self) -> Path:
        """The file with the smallest number."""
        return self.files[min(self.files)]


def scans_in(folder: Path) -> list[list[Series]]:
    """The scans of a folder, the one with most files first, each with a series a detector.

    Only the first file of each series is looked into.
    """
    return _scans_in(folder, os.stat(folder).st_mtime_ns)


# Every file of a series that is dropped at once asks for its fellows.
@lru_cache(maxsize=4)
def _scans_in(folder: Path, _modified_ns: int) -> list[list[Series]]:
    grouped: dict[tuple[str, str], dict[int, Path]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _NUMBERED.fullmatch(entry.name)
            if match is None or _STATISTICS.search(entry.name) or not entry.is_file():
                continue
            home = (match[1], match[3])
            grouped.setdefault(home, {})[int(match[2][-15:])] = folder / entry.name
    scans: dict[str, list[Series]] = {}
    for (before, after), files in sorted(islice(grouped.items(), MAX_SERIES)):
        found = _DETECTOR.search(before)
        detector = found[0].rstrip("_") if found else ""
        scan = _DETECTOR.sub("", before) + "#" + after
        series = Series(detector, scan, files)
        if is_edf(series.first):
            scans.setdefault(scan, []).append(series)
    return sorted(scans.values(), key=lambda each: -len(each[0].files))


def scan_of(path: Path) -> list[Series]:
    """The scan that an EDF file belongs to; a series of itself alone where it has no fellows."""
    match = _NUMBERED.fullmatch(path.name)
    if match is not None:
        for scan in scans_in(path.parent):
            if any(path in series.files.values() for series in scan):
                return scan
    return [Series("", path.stem, {0: path})]
