"""Make a small scan on disk and results of it, and read all files of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps


def contents(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def results(value: float, side: int = 64) -> tuple[ElementMaps, PigmentMaps]:
    """Make maps with one value everywhere, so that a mixture of two results is detected."""
    rng = np.random.default_rng(0)
    # Noise is added, which does not compress; the integer part identifies the result.
    maps = (value + rng.random((3, side, side)) / 2).astype(np.float32)
    facts = {"which": value}
    elements = ElementMaps(("Fe K", "Pb L", "Cu K"), maps, maps, None, facts)
    pigments = PigmentMaps(
        ("a", "b", "c"), maps, maps, maps, ("g", "h", "i"), maps, maps[0], None, facts
    )
    return elements, pigments


def value_of(maps: tuple[ElementMaps | None, PigmentMaps | None]) -> float:
    """Return the one value of all maps of a result; fail if they are mixed or incomplete."""
    elements, pigments = maps
    assert elements is not None
    assert pigments is not None
    fields = [elements.counts, elements.sigma, pigments.probability, pigments.top, pigments.below]
    fields += [pigments.group_probability, pigments.unexplained]
    values = {float(value) for field in fields for value in np.unique(np.floor(np.asarray(field)))}
    assert len(values) == 1
    assert elements.provenance["which"] == values.copy().pop()
    return values.pop()


@pytest.fixture
def scan_folder(tmp_path: Path) -> Path:
    """Make a folder with a scan of 96 x 20 pixels, which has several tiles."""
    rng = np.random.default_rng(1)
    kev = 0.03 * np.arange(512)
    mean = np.full((96, 20, 512), 0.5)
    for energy in (3.69, 6.40, 10.55):
        mean += 30 * np.exp(-0.5 * ((kev - energy) / 0.06) ** 2)
    folder = tmp_path / "input"
    folder.mkdir()
    np.save(folder / "scan.npy", rng.poisson(mean).astype(np.uint16))
    return folder


@pytest.fixture
def unchanged(scan_folder: Path) -> Callable[[], None]:
    """Return a check that the folder of the scan is unchanged, bit for bit."""
    before = contents(scan_folder)

    def check() -> None:
        assert contents(scan_folder) == before

    return check
