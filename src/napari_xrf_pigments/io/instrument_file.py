"""Settings of an instrument as a small TOML file, for all scans that were made with it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..cube import Acquisition, Detector, EnergyAxis, XRFCube
from ..physics.lines import atomic_number
from ._reader import read_limited
from .outputs.atomic_write import check_output, write_atomically

_HEADER = "# Instrument settings of napari-xrf-pigments"
_SUFFIXES = (".toml",)


@dataclass(frozen=True)
class SavedInstrument:
    """The content of an instrument file.

    Parameters
    ----------
    acquisition : Acquisition
        Tube, filters, geometry, detector and atmosphere, as far as known.
    gain_kev, offset_kev : float or None
        Width of a channel and energy of the centre of channel 0, keV.
    """

    acquisition: Acquisition
    gain_kev: float | None = None
    offset_kev: float | None = None

    @classmethod
    def of(cls, cube: XRFCube) -> SavedInstrument:
        """Make the settings of the instrument of a scan; an assumed energy axis is left out."""
        axis = cube.energies
        if axis.source == "estimated":
            return cls(cube.acquisition)
        return cls(cube.acquisition, axis.gain_kev, axis.offset_kev)

    def applied(self, cube: XRFCube) -> XRFCube:
        """Use the settings for a scan in place of those of its file.

        The energy axis is used where the file states none: an axis drifts from day to day, and is
        fitted to the lines of each scan from there.
        """
        cube = cube.with_acquisition(cube.acquisition.updated(**self.acquisition.known()))
        if self.gain_kev is None or cube.energies.source != "estimated":
            return cube
        offset = self.offset_kev or 0.0
        return cube.with_energies(
            EnergyAxis(cube.energies.n_channels, self.gain_kev, offset, "file")
        )


def check_instrument(path: Path, *, overwrite: bool = True) -> None:
    """Check before the work that settings can be saved there.

    Raises
    ------
    ValueError
        If the name does not end in ``.toml``.
    OSError
        If another file has that name, or its folder does not exist.
    """
    check_output(path, is_instrument, overwrite=overwrite, suffixes=_SUFFIXES)


def save_instrument(path: Path, instrument: SavedInstrument) -> Path:
    """Write settings atomically, in place of earlier ones at most; errors as in the check."""
    target = path.absolute()
    check_instrument(target)
    text = _toml(instrument)
    write_atomically(target, lambda part: part.write_text(text, encoding="utf-8"), is_instrument)
    return target


def is_instrument(path: Path) -> bool:
    """Return whether a file holds settings that this program wrote."""
    try:
        with path.open("rb") as file:
            return file.read(len(_HEADER)) == _HEADER.encode()
    except OSError:
        return False


def load_instrument(path: Path) -> SavedInstrument:
    """Read settings; a file written by hand may hold any of them.

    Raises
    ------
    ValueError
        If it is not TOML, or a setting is unknown or impossible.
    OSError
        If it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist.")
    try:
        content = tomllib.loads(read_limited(path).decode("utf-8"))
        return _instrument(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not a TOML file: {error}.") from error
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{path.name} holds no usable instrument settings: {error}") from error


def _instrument(content: Mapping[str, Any]) -> SavedInstrument:
    settings = dict(content)
    energy, detector = dict(settings.pop("energy", {})), settings.pop("detector", None)
    filters = settings.pop("filter", None)
    known = {field.name for field in fields(Acquisition)} - {"filter", "detector"}
    wrong = sorted({*settings} - known | {*energy} - {"gain_kev", "offset_kev"})
    if wrong:
        raise ValueError(f"unknown settings: {', '.join(wrong)}.")
    for name, value in settings.items():
        if name not in ("anode", "atmosphere", "instrument"):
            settings[name] = float(value)
    if "anode" in settings:
        atomic_number(settings["anode"])
    if settings.get("atmosphere", "air") not in ("air", "helium", "vacuum"):
        raise ValueError("the atmosphere is air, helium or vacuum.")
    acquisition = Acquisition(
        **settings,
        filter=None
        if filters is None
        else tuple((str(each["material"]), float(each["mm"])) for each in filters),
        detector=None if detector is None else Detector(**detector),
    )
    gain, offset = (
        None if name not in energy else float(energy[name]) for name in ("gain_kev", "offset_kev")
    )
    if gain is not None:
        EnergyAxis(2, gain, offset or 0.0)  # refuses what is no axis
    return SavedInstrument(acquisition, gain, offset)


def _toml(instrument: SavedInstrument) -> str:
    known = instrument.acquisition.known()
    filters, detector = known.pop("filter", None), known.pop("detector", None)
    lines = [_HEADER, *_entries(known)]
    if filters is not None:
        items = (f"{{material = {_value(name)}, mm = {_value(mm)}}}" for name, mm in filters)
        lines.append(f"filter = [{', '.join(items)}]")
    if detector is not None:
        lines += ["", "[detector]", *_entries(vars(detector))]
    if instrument.gain_kev is not None:
        axis = {"gain_kev": instrument.gain_kev, "offset_kev": instrument.offset_kev}
        lines += ["", "[energy]", *_entries(axis)]
    return "\n".join([*lines, ""])


def _entries(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in values.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else " " for c in escaped) + '"'
    return repr(float(value))
