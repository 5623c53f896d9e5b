"""How long one waits for the sentence on a bad file of any format: two seconds at most."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from ..hostile.probe import touch
from ..hostile.seeds import SEEDS, Seed
from .conftest import Tables

TITLE = "Bad files: slowest answer of each format, in seconds of processor time"


def damaged(data: bytes, text: bool) -> Iterator[bytes]:
    """A file cut short, spoiled, and with sizes that lie."""
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
    """The good file, opened once: what an import takes is no file's fault."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    seed.files(folder)
    touch(folder / seed.opened)
    return folder / seed.header


@pytest.mark.parametrize("name", list(SEEDS))
def test_bad_files(name: str, tmp_path: Path, tables: Tables) -> None:
    seed = SEEDS[name]
    place = prepared(tmp_path / "in", seed)
    data, seconds = place.read_bytes(), []
    for spoiled in damaged(data, seed.text):
        place.write_bytes(spoiled)
        start = process_time()
        touch(tmp_path / "in" / seed.opened)
        seconds.append(process_time() - start)
    tables.add(TITLE, name, max(seconds), wanted="< 2 s")
