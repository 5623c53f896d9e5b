"""Waiting time for the error message on a bad file of any format: two seconds at most."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import numpy as np
from tests.hostile.probe import touch
from tests.hostile.seeds import SEEDS, Seed

from ._tables import Tables

TITLE = "Bad files: slowest answer of each format, in seconds of processor time"


def damaged(data: bytes, text: bool) -> Iterator[bytes]:
    """Yield a file cut short, spoiled, and with wrong sizes."""
    rng = np.random.default_rng(0)
    yield b""
    for share in (0.02, 0.3, 0.8, 0.97):
        yield data[: int(share * len(data))]
    yield rng.bytes(5000)
    yield data[: len(data) // 4] + rng.bytes(len(data))
    for _ in range(6):
        broken = bytearray(data)
        for place in rng.integers(0, max(1, len(data) // 10), 3):
            broken[place] = rng.integers(256)
        yield bytes(broken)
    if text:
        for match in list(re.finditer(rb"(?<![\w.])\d+(?:\.\d+)?", data))[:8]:
            for number in (b"100000000", b"-1"):
                yield data[: match.start()] + number + data[match.end() :]


def prepared(folder: Path, seed: Seed) -> Path:
    """Write the good file and open it once, so that imports do not count."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    seed.files(folder)
    touch(folder / seed.opened)
    return folder / seed.header


def run(tables: Tables, folder: Path) -> None:
    """Measure the slowest refusal of each format."""
    for name, seed in SEEDS.items():
        header = prepared(folder / name, seed)
        data, seconds = header.read_bytes(), []
        for spoiled in damaged(data, seed.text):
            header.write_bytes(spoiled)
            start = process_time()
            touch(folder / name / seed.opened)
            seconds.append(process_time() - start)
        tables.add(TITLE, name, max(seconds), target="< 2 s")
