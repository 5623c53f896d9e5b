"""ENVI cubes: a text header (.hdr) and raw counts; either half finds the other."""

from __future__ import annotations

from pathlib import Path

from napari_xrf_pigments.cube import XRFCube

from .._lazy import RawCube, lazy_cube
from .._metadata import acquisition_from_settings
from .._reader import FormatReader, ReadOptions, estimated_axis, head, make_source
from ._envi_header import MAGIC, energy_axis, holds_light, parse_header, pixel_mm, read_keys

FORMAT = "ENVI (.hdr and data)"
HEADER_BYTES = 4 * 2**20
# Suffixes of the data, the usual ones first; a header "a.img.hdr" belongs to "a.img".
_SUFFIXES = ("", ".img", ".dat", ".raw", ".bil", ".bip", ".bsq", ".bin", ".cube", ".envi")


def header_of(path: Path) -> Path | None:
    """The header that belongs to a header or to a file of raw counts."""
    if is_header(path):
        return path
    if path.suffix.lower() not in _SUFFIXES:
        return None
    names = {f"{path.name}.hdr".lower(), f"{path.stem}.hdr".lower()}
    found = [each for each in _beside(path) if each.name.lower() in names]
    headers = [each for each in found if is_header(each)]
    return headers[0] if headers else None


def is_header(path: Path) -> bool:
    """Whether the file begins as every ENVI header does."""
    line = head(path, 64).split(b"\n")[0]
    return line.strip() == MAGIC


def matches(path: Path) -> bool:
    """Whether `path` is one of the two halves of a cube that is not one of light."""
    if not path.is_file():
        return False
    header = header_of(path)
    return header is not None and not holds_light(read_keys(_text(header)))


def refusal(path: Path) -> str | None:
    """Why an ENVI cube is none of ours."""
    header = header_of(path) if path.is_file() else None
    if header is None or not holds_light(read_keys(_text(header))):
        return None
    return f"{header.name} describes spectra of light, as a camera sees them, not of X-rays."


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a cube.

    Raises
    ------
    ValueError
        If the header is wrong or the data are too short.
    FileNotFoundError
        If there are no data beside the header.
    """
    header_path = header_of(path)
    if header_path is None:
        raise ValueError(f"{path.name} has no ENVI header (.hdr) beside it.")
    if header_path.stat().st_size > HEADER_BYTES:
        raise ValueError(f"{header_path.name} is far too large for a header.")
    header = parse_header(_text(header_path), header_path.name)
    data = path if path != header_path else _data_of(header_path)
    if data is None:
        raise FileNotFoundError(f"{header_path.name} has no file with the counts beside it.")
    raw = RawCube(str(data), header.dtype, header.disk_shape, header.axes, header.offset)
    size = data.stat().st_size
    if size < raw.n_bytes:
        raise ValueError(
            f"{data.name} is truncated: it has {size:,} of the {raw.n_bytes:,} bytes "
            f"that {header_path.name} declares."
        )
    notes = list(header.notes)
    if size > raw.n_bytes:
        notes.append(f"{data.name} is {size - raw.n_bytes:,} bytes longer than declared.")
    return XRFCube(
        lazy_cube(raw, key=f"{header.dtype}{header.axes}{header.offset}"),
        energy_axis(header) or estimated_axis(header.shape[2], notes),
        acquisition_from_settings(header.keys),
        pixel_mm(header),
        source=make_source(header_path, FORMAT, notes, size),
    )


def _text(header: Path) -> str:
    return head(header, HEADER_BYTES).decode("utf-8", "replace")


def _data_of(header: Path) -> Path | None:
    """The file of the same name with one of the usual suffixes, in whatever case."""
    named = {each.name.lower(): each for each in _beside(header) if each != header}
    wanted = [header.stem.lower()]  # of "a.img.hdr" this is "a.img"
    wanted += [f"{header.stem}{suffix}".lower() for suffix in _SUFFIXES]
    return next((named[name] for name in wanted if name in named), None)


def _beside(path: Path) -> list[Path]:
    """Files whose names begin alike."""
    start = path.name.split(".")[0].lower()
    try:
        return sorted(each for each in path.parent.iterdir() if each.name.lower().startswith(start))
    except OSError:
        return []


READER = FormatReader(FORMAT, matches, read)
