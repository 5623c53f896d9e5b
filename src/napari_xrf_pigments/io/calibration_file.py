"""Energy calibrations as small JSON files, saved where the user chooses."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..cube import EnergyAxis, XRFCube
from ..physics.lines import atomic_number
from ._reader import read_limited
from .outputs.atomic_write import write_atomically

FORMAT = "napari-xrf-pigments energy calibration"
VERSION = 1


@dataclass(frozen=True)
class SavedCalibration:
    """The content of a calibration file.

    Parameters
    ----------
    n_channels : int
        Channels of the spectra.
    gain_kev, offset_kev : float
        Width of a channel and energy of the centre of channel 0, keV.
    anode : str or None
        Chemical symbol of the anode.
    tube_kv : float or None
        Voltage of the tube, kV.
    lines : tuple of (str, float, float)
        The lines that it was fitted to: name, true energy in keV, channel.
    source : dict
        Name, size and date of the scan that it was made on; empty where unknown.
    """

    n_channels: int
    gain_kev: float
    offset_kev: float
    anode: str | None = None
    tube_kv: float | None = None
    lines: tuple[tuple[str, float, float], ...] = ()
    source: dict[str, Any] | None = None

    @classmethod
    def of(
        cls, cube: XRFCube, lines: tuple[tuple[str, float, float], ...] = ()
    ) -> SavedCalibration:
        """Make the calibration of a scan."""
        axis, settings, source = cube.energies, cube.acquisition, cube.source
        made_on = None
        if source is not None:
            date = datetime.fromtimestamp(source.modified, UTC).isoformat(timespec="seconds")
            made_on = {"name": source.path.name, "size": source.size, "modified": date}
        return cls(
            axis.n_channels,
            axis.gain_kev,
            axis.offset_kev,
            settings.anode,
            settings.tube_kv,
            lines,
            made_on,
        )

    def applied(self, cube: XRFCube) -> XRFCube:
        """Apply the axis to a scan, with anode and voltage where the file has them.

        Raises
        ------
        ValueError
            If the scan has another number of channels.
        """
        if cube.energies.n_channels != self.n_channels:
            raise ValueError(
                f"The calibration is for {self.n_channels} channels, but the scan has "
                f"{cube.energies.n_channels}."
            )
        axis = EnergyAxis(self.n_channels, self.gain_kev, self.offset_kev, "user")
        known = cube.acquisition.updated(anode=self.anode, tube_kv=self.tube_kv)
        return cube.with_energies(axis).with_acquisition(known)

    def made_on(self, cube: XRFCube) -> bool:
        """Return whether it was made on the file of a scan, as far as is known."""
        other = SavedCalibration.of(cube).source
        return not self.source or not other or self.source == other


def save_calibration(path: str | os.PathLike[str], calibration: SavedCalibration) -> Path:
    """Write a calibration atomically.

    Parameters
    ----------
    path : path_like
        The file; an earlier calibration is replaced, anything else stays.
    calibration : SavedCalibration
        The calibration.

    Raises
    ------
    OSError
        If another kind of file has that name, the folder is missing, or the disk fails.
    """
    target = Path(path).absolute()
    content = {
        "format": FORMAT,
        "version": VERSION,
        "channels": calibration.n_channels,
        "gain_kev": calibration.gain_kev,
        "offset_kev": calibration.offset_kev,
        "anode": calibration.anode,
        "tube_kv": calibration.tube_kv,
        "lines": [
            {"name": name, "kev": kev, "channel": channel}
            for name, kev, channel in calibration.lines
        ],
        "made_on": calibration.source or {},
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_atomically(target, lambda part: part.write_text(text, encoding="utf-8"), is_calibration)
    return target


def is_calibration(path: Path) -> bool:
    """Return whether a file is a calibration that this program wrote."""
    try:
        return bool(path.is_file() and _parsed(path).get("format") == FORMAT)
    except (OSError, ValueError):
        return False


def load_calibration(path: str | os.PathLike[str]) -> SavedCalibration:
    """Read a calibration.

    Raises
    ------
    ValueError
        If the file is not such a calibration, or its numbers are no axis.
    OSError
        If it does not exist or cannot be read.
    """
    source = Path(path).absolute()
    if not source.is_file():
        raise FileNotFoundError(f"{source} does not exist.")
    content = _parsed(source)
    if content.get("format") != FORMAT:
        raise ValueError(f"{source.name} is not an energy calibration of this program.")
    try:
        return _calibration(content)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ValueError(f"{source.name} is damaged: it holds no usable energy axis.") from error


def _calibration(content: dict[str, Any]) -> SavedCalibration:
    channels = content["channels"]
    if type(channels) is not int:
        raise TypeError("channels")
    gain, offset = _number(content["gain_kev"]), _number(content["offset_kev"])
    EnergyAxis(channels, gain, offset)  # refuses what is no axis
    anode, voltage = content.get("anode"), content.get("tube_kv")
    if anode is not None:
        atomic_number(anode)
    lines = tuple(
        (str(line["name"]), _number(line["kev"]), _number(line["channel"]))
        for line in content.get("lines", [])
    )
    source = content.get("made_on") or None
    if source is not None and not isinstance(source, dict):
        raise TypeError("made_on")
    known = None if voltage is None else _number(voltage)
    if known is not None and not 1 <= known <= 200:
        raise ValueError("tube_kv")
    return SavedCalibration(channels, gain, offset, anode, known, lines, source)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_limited(path).decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path.name} is not an energy calibration of this program.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} is not an energy calibration of this program.")
    return content
