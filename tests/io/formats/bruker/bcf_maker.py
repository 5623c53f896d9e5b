"""Write small Bruker hypermaps; for tests only."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

CHUNK = 4096
USABLE = CHUNK - 32
HEADER = """<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?>
<TRTSpectrumDatabase><ClassInstance Type="TRTSpectrumDatabase" Name="Map">
<ClassInstance Type="TRTSEMData"><DX>500</DX><DY>250,5</DY></ClassInstance>
<ClassInstance Type="TRTDSPConfiguration"><PixelTime>1000</PixelTime>
<PixelAverage>2</PixelAverage><LineAverage>1</LineAverage></ClassInstance>
<LineCounter>{passes}</LineCounter><ChCount>{channels}</ChCount>{maps}
</ClassInstance></TRTSpectrumDatabase>"""
MAP = """<SpectrumData{number}><ClassInstance Type="TRTSpectrum"><TRTHeaderedClass>
<ClassInstance Type="TRTSpectrumHardwareHeader">{times}</ClassInstance>
<ClassInstance Type="TRTXrfHeader"><Anode>45</Anode><Voltage>5E1</Voltage></ClassInstance>
</TRTHeaderedClass><ClassInstance Type="TRTSpectrumHeader">
<ChannelCount>{channels}</ChannelCount><CalibAbs>{offset}</CalibAbs><CalibLin>2E-2</CalibLin>
</ClassInstance></ClassInstance></SpectrumData{number}>"""


def pulses16(spectrum: np.ndarray) -> tuple[int, int, bytes]:
    """Pack counts as a list of their channels: kind, number of pulses, data."""
    events = np.repeat(np.arange(spectrum.size, dtype="<u2"), spectrum)
    return 0, events.size, events.tobytes()


def pulses12(spectrum: np.ndarray) -> tuple[int, int, bytes]:
    """Pack counts as a list of channels in 12 bits: four channels in six bytes."""
    events = np.repeat(np.arange(spectrum.size), spectrum)
    groups = np.zeros((-(-events.size // 4), 4), np.int64)
    groups.reshape(-1)[: events.size] = events
    a, b, c, d = groups.T
    six = [(a & 15) << 4 | b >> 8, a >> 4, c >> 4, b & 255, d & 255, (c & 15) << 4 | d >> 8]
    return 1, events.size, np.stack(six, axis=1).astype(np.uint8).tobytes()


def packed(spectrum: np.ndarray, size: int = 4) -> tuple[int, int, bytes]:
    """Pack runs of counts above the smallest one, with single counts added to channel 1."""
    runs = b""
    rest = spectrum.copy()
    single = min(3, int(rest[1]))
    rest[1] -= single
    for first in range(0, rest.size, 200):
        part = rest[first : first + 200]
        if not part.any():
            runs += struct.pack("<BB", 0, part.size)
            continue
        least = int(part.min())
        runs += struct.pack("<BB", size, part.size) + least.to_bytes(size, "little")
        runs += _excess(part - least, size)
    return 2, single, runs + (struct.pack("<I", 2 * single)) + struct.pack("<H", 1) * single


def _excess(counts: np.ndarray, size: int) -> bytes:
    if size > 1:
        return counts.astype({2: "u1", 4: "<u2", 8: "<u4"}[size]).tobytes()
    pairs = np.pad(counts, (0, counts.size % 2)).reshape(-1, 2)
    return (pairs[:, 0] | pairs[:, 1] << 4).astype(np.uint8).tobytes()


def wide(spectrum: np.ndarray) -> tuple[int, int, bytes]:
    """Pack runs of four bytes per channel."""
    return packed(spectrum, 8)


def narrow(spectrum: np.ndarray) -> tuple[int, int, bytes]:
    """Pack runs of one byte per channel, or of half a byte if that is enough."""
    return packed(spectrum, 1 if np.ptp(spectrum) < 12 else 2)


def map_data(counts: np.ndarray, pack=pulses16, rows: int | None = None) -> bytes:
    """Make the file of a map; rows beyond `rows` have no pixels."""
    height, width, channels = counts.shape
    data = struct.pack("<II", height, width).ljust(0x1A0, b"\0")
    for y, row in enumerate(counts):
        there = width if rows is None or y < rows else 0
        data += struct.pack("<I", there)
        for x, spectrum in enumerate(row[:there]):
            kind, pulses, payload = pack(spectrum)
            length = len(payload) - (2 * pulses if kind > 1 else 0)
            head = (x, channels, channels, 0, kind, 0, pulses, length)
            data += struct.pack("<IHHIHHHI", *head) + payload
    return data


def compressed(data: bytes, size: int = 50_000) -> bytes:
    """Compress data in independent blocks."""
    blocks = [zlib.compress(data[at : at + size]) for at in range(0, len(data), size)]
    start = struct.pack("<4sIII", b"AACS", size, 0, len(blocks)).ljust(0x80, b"\0")
    return start + b"".join(struct.pack("<I12x", len(each)) + each for each in blocks)


def container(files: dict[str, bytes], parent: int = 0) -> bytes:
    """Make a container with these files in the folder EDSDatabase."""
    # The address of the table of contents is in piece 0, which is otherwise empty.
    pieces = [bytes(CHUNK)]

    def add(payload: bytes) -> int:
        pieces.append(bytes(32) + payload.ljust(USABLE, b"\0"))
        return len(pieces) - 1

    items = [_item("EDSDatabase", 0, 0, -1, True)]
    for name, data in files.items():
        places = [add(data[at : at + USABLE]) for at in range(0, len(data), USABLE)]
        table = add(b"".join(struct.pack("<I", place) for place in places))
        items.append(_item(name, table, len(data), parent, False))
    tree = add(b"".join(items))
    whole = bytearray(bytes(0x118) + b"".join(pieces))
    whole[:8] = b"AAMVHFSS"
    whole[0x124:0x12C] = struct.pack("<fI", 2.6, CHUNK)
    whole[0x140:0x14C] = struct.pack("<III", tree, len(items), len(pieces))
    return bytes(whole)


def _item(name: str, table: int, size: int, parent: int, folder: bool) -> bytes:
    return struct.pack(
        "<iQQQQIi176s?3s256s32s",
        table, size, 0, 0, 0, 0, parent, b"", folder, b"", name.encode(), b"",
    )  # fmt: skip


def header(counts: np.ndarray, maps: int = 1, times: str = "", offsets=(0.0, 0.0)) -> bytes:
    height, _, channels = counts.shape
    each = "".join(
        MAP.format(number=number, times=times, channels=channels, offset=offsets[number])
        for number in range(maps)
    )
    passes = ",".join(["3"] * height)
    return HEADER.format(passes=passes, channels=channels, maps=each).encode("cp1252")


def write(path: Path, maps: list[np.ndarray], pack=pulses16, squeeze: bool = False, **more) -> Path:
    rows = more.pop("rows", None)
    files = {"HeaderData": header(maps[0], len(maps), **more)}
    for number, counts in enumerate(maps):
        files[f"SpectrumData{number}"] = map_data(counts, pack, rows)
    if squeeze:
        files = {name: compressed(data) for name, data in files.items()}
    path.write_bytes(container(files))
    return path
