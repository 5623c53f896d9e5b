"""Options that several commands share, and the parsing of their values.

Annotations are not postponed here: typer evaluates those that a request of another module inherits
in the names of that module.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NewType

from typer import Argument, BadParameter, Option

LineNames = NewType("LineNames", list[str])
Shape = NewType("Shape", tuple[int, int])
Period = NewType("Period", tuple[int | None, int | None])
_PALETTE_BYTES = 2**20


def parse_lines(text: str) -> LineNames:
    """Parse a list of elements or line families such as "Fe, Pb L" or "Fe,Pb-L"."""
    names = [" ".join(re.split(r"[\s_-]+", part.strip())) for part in text.split(",")]
    if not all(re.fullmatch(r"[A-Z][a-z]?( [KLM])?", name) for name in names):
        raise BadParameter(f'"{text}" is not a list of lines such as "Fe K, Pb L"')
    return LineNames(names)


def parse_shape(text: str | Shape) -> Shape:
    """Parse rows and columns such as "64x96"; return the default, which is no text, as it is."""
    if not isinstance(text, str):
        return text
    match = re.fullmatch(r"(\d+)\s*[xX*]\s*(\d+)", text.strip())
    if not match or 0 in (shape := (int(match[1]), int(match[2]))):
        raise BadParameter(f'"{text}" is not ROWSxCOLUMNS, such as 64x96')
    return Shape(shape)


def parse_probability(text: str | float) -> float:
    """Parse a number between 0 and 1, both excluded."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise BadParameter(f'"{text}" is not a probability between 0 and 1')
    return value


def parse_painted(text: str | Period) -> Period:
    """Parse a period such as "1880-1900"; return the default, which is no text, as it is."""
    from ..pigments.selection import parse_period

    if not isinstance(text, str):
        return text
    try:
        return Period(parse_period(text))
    except ValueError as error:
        raise BadParameter(str(error)) from error


def panel(title: str) -> Callable[..., Any]:
    """Return ``typer.Option`` for the options that ``--help`` groups under a title."""
    return partial(Option, rich_help_panel=title)


_energy = panel("Energy and instrument (if the file lacks them, or has them wrong)")

_palette = panel("Palette (of summary, picture and report; data files hold all pigments)")

ScanArgument = Annotated[Path, Argument(metavar="SCAN", help="Scan: a file or a folder.")]
Dataset = Annotated[
    str | None,
    Option(
        metavar="PATH",
        help="Array to open, in a file with several, or one that looks like a picture.",
    ),
]
Detector = Annotated[
    str | None,
    Option(
        metavar="NAME",
        help='Detector to open, if there are several: its name, its number counted from 0, or "sum"'
        " (default: their sum if their energy axes agree, otherwise the first).",
    ),
]


Quiet = Annotated[bool, Option("--quiet", help="Print nothing but errors.")]
Json = Annotated[
    bool, Option("--json", help="Print one JSON document for other programs, instead of messages.")
]
_places = panel("Places of spectra that are a list")


@dataclass(frozen=True, kw_only=True)
class PlacementOptions:
    """Rows and columns of a scan whose spectra are a list, such as a folder of them."""

    shape: Annotated[
        Shape | None,
        _places(
            metavar="ROWSxCOLUMNS",
            parser=parse_shape,
            help="Size of the scan; the spectra follow one another row after row.",
        ),
    ] = None
    snake: Annotated[
        bool, _places("--snake", help="Every second of these rows was measured backwards.")
    ] = False
    positions: Annotated[
        Path | None,
        _places(
            metavar="TABLE",
            help="Table with the columns x and y, and the names of the files unless it has one "
            "line for each spectrum, in their order.",
        ),
    ] = None

    def placement(self) -> dict[str, Any]:
        """Return the arguments of ``open_cube`` for the places of the spectra."""
        return {each.name: getattr(self, each.name) for each in fields(PlacementOptions)}


Device = Annotated[
    str,
    Option(
        help="Device that runs the network: auto, cpu, cpu-float32 (single precision), cuda or mps."
    ),
]


@dataclass(frozen=True, kw_only=True)
class EnergyOptions:
    """Energy axis and tube that override those of the file."""

    gain_kev: Annotated[float | None, _energy(metavar="KEV", help="Width of a channel.")] = None
    offset_kev: Annotated[float | None, _energy(metavar="KEV", help="Centre of channel 0.")] = None
    anode: Annotated[str | None, _energy(help="Anode of the tube, such as Rh.")] = None
    tube_kv: Annotated[float | None, _energy("--kv", metavar="KV", help="Voltage of the tube.")] = (
        None
    )

    def overrides(self) -> dict[str, Any]:
        """Return the arguments of ``open_cube`` for energy axis and tube."""
        return {each.name: getattr(self, each.name) for each in fields(EnergyOptions)}


@dataclass(frozen=True, kw_only=True)
class CalibrationOptions(EnergyOptions):
    """Energy axis and tube, and whether the axis is calibrated."""

    calibration: Annotated[
        Path | None,
        _energy(metavar="FILE", help="Calibration saved in the viewer: energy axis and tube."),
    ] = None
    instrument: Annotated[
        Path | None,
        _energy(
            metavar="TOML",
            help="Instrument settings, as 'info --save-instrument' writes them: tube, filters, "
            "geometry, detector, and the energy axis where SCAN states none.",
        ),
    ] = None
    no_calibrate: Annotated[
        bool,
        _energy(
            "--no-calibrate",
            help="Use the energy axis of the file unchanged. Without an energy option it is "
            "otherwise fitted to the lines of the summed spectrum.",
        ),
    ] = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        if self.calibration is not None and (self.gain_kev, self.offset_kev) != (None, None):
            raise BadParameter(
                "give either it or --gain-kev and --offset-kev, not both",
                param_hint="--calibration",
            )


@dataclass(frozen=True, kw_only=True)
class PaletteOptions:
    """The pigments that summary, picture and report show, and when a pigment counts."""

    threshold: Annotated[
        float,
        _palette(
            metavar="P",
            parser=parse_probability,
            help="Probability above which a pigment counts as present.",
        ),
    ] = 0.5
    palette: Annotated[
        str | None,
        _palette(
            metavar="FILE|IDS",
            help="Pigments that the painting may contain: names with commas between them, or a "
            "text file with one name per line. All others are hidden.",
        ),
    ] = None
    painted: Annotated[
        Period,
        _palette(
            metavar="YEARS",
            parser=parse_painted,
            help="When it was painted, such as 1880-1900, 1880- or -1900: pigments that were not "
            "in use are hidden.",
            show_default=False,
        ),
    ] = Period((None, None))

    def chosen_palette(self) -> Any:
        """Return the palette of the options.

        Raises
        ------
        ValueError, OSError
            If a pigment is unknown, or a file of them cannot be read.
        """
        from ..pigments.selection import palette_of

        return palette_of(self._names(), self.painted, self.threshold)

    def _names(self) -> list[str]:
        if self.palette is None:
            return []
        path = Path(self.palette)
        if not path.is_file():
            return [name.strip() for name in self.palette.split(",") if name.strip()]
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            lines = file.read(_PALETTE_BYTES).splitlines()
        names = [line.partition("#")[0].split(",")[0].split("\t")[0].strip() for line in lines]
        return [name for name in names if name]


@dataclass(frozen=True, kw_only=True)
class PaintingOptions:
    """The simulated painting."""

    seed: Annotated[int, Option(help="Seed of the random painting.")] = 0
    shape: Annotated[
        Shape,
        Option(
            metavar="ROWSxCOLUMNS",
            parser=parse_shape,
            help="Size in pixels (default 64x96).",
            show_default=False,
        ),
    ] = Shape((64, 96))
