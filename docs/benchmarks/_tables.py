"""What all benchmarks share: scans made in code, timings side by side, tables at the end.

A benchmark adds rows to a table; ``tox -e bench`` prints all tables when it is done, with the
machine. Machines are noisy, so what is compared is run in turns, and the ratio is that of the
same turn. Nothing here fails because it was slow. ``XRF_PIGMENTS_BENCH_OUT`` names a file that
takes the tables too (``docs/speed_tables.md`` is one).
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

#: Mean counts of a pixel in the lines of a painting, in scatter and in the continuum.
_LINES = {
    "Ar K": 60, "K K": 60, "Ca K": 500, "Mn K": 60, "Fe K": 700, "Cu K": 300, "Zn K": 100,
    "Sr K": 100, "Hg L": 400, "Pb L": 1500,
}  # fmt: skip
_SCATTER, _CONTINUUM = 800.0, 1500.0
#: Anode, voltage in kV, resolution in eV.
_CONDITIONS = ("Rh", 45.0, 145.0)


@dataclass(frozen=True)
class Row:
    """Values of one measurement."""

    name: str
    values: tuple[float, ...]
    unit: str
    ratios: tuple[float, ...] = ()
    wanted: str = ""


@dataclass
class Tables:
    """Rows under the titles of their tables."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(
        self,
        title: str,
        name: str,
        values: float | Sequence[float],
        unit: str = "s",
        *,
        ratios: Sequence[float] = (),
        wanted: str = "",
    ) -> None:
        """Add a row: one value, or those of all turns."""
        seen = tuple(np.atleast_1d(np.asarray(values, dtype=float)).tolist())
        self.rows.setdefault(title, []).append(Row(name, seen, unit, tuple(ratios), wanted))

    def side_by_side(
        self,
        title: str,
        works: Mapping[str, Callable[[], object]],
        *,
        turns: int = 5,
        unit: str = "s",
        wanted: Mapping[str, str] | None = None,
    ) -> dict[str, list[float]]:
        """Run works in turns; a row each, with its ratio to the first one.

        Parameters
        ----------
        title : str
            Title of the table.
        works : mapping of str to callable
            What to time, by name; the first is what the others are compared with.
        turns : int
            How often each is run, after one run that does not count.
        unit : {"s", "ms"}
            Unit of the rows.
        wanted : mapping of str to str, optional
            What is aimed at, in words.

        Returns
        -------
        dict
            Seconds of each turn, by name.
        """
        for work in works.values():
            work()
        seconds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(turns):
            for name, work in works.items():
                seconds[name].append(timed(work))
        first = next(iter(seconds.values()))
        scale = {"s": 1.0, "ms": 1e3}[unit]
        for name, found in seconds.items():
            ratios = [one / base for one, base in zip(found, first, strict=True)]
            values = [scale * one for one in found]
            aim = (wanted or {}).get(name, "")
            self.add(title, name, values, unit, ratios=ratios, wanted=aim)
        return seconds

    def lines(self) -> list[str]:
        """The tables as text (Markdown, so that they can go into the docs)."""
        text = [f"Machine: {machine()}"]
        for title, rows in self.rows.items():
            text += ["", f"## {title}", "", "| what | min | median | max | ratio | wanted |"]
            text.append("|---|---|---|---|---|---|")
            for row in rows:
                low, middle, high = (np.quantile(row.values, q) for q in (0, 0.5, 1))
                ratio = f"{np.median(row.ratios):.3g}" if row.ratios else ""
                figures = " | ".join(f"{value:.3g} {row.unit}" for value in (low, middle, high))
                text.append(f"| {row.name} | {figures} | {ratio} | {row.wanted} |")
        return text


def timed(work: Callable[[], object]) -> float:
    """Seconds that a work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def machine() -> str:
    """Processor, cores and memory of this machine."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = lines[0].split(":", 1)[1].strip() if lines else name
    memory = ""
    if hasattr(os, "sysconf"):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        memory = f", {pages / 2**30:.0f} GB"
    return f"{name}, {os.cpu_count()} cores{memory}"


_TABLES = pytest.StashKey[Tables]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLES] = Tables()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tables = terminalreporter.config.stash[_TABLES]
    if not tables.rows:
        return
    terminalreporter.section("benchmarks")
    for line in tables.lines():
        terminalreporter.write_line(line)
    if out := os.environ.get("XRF_PIGMENTS_BENCH_OUT"):
        Path(out).write_text("\n".join(tables.lines()) + "\n", encoding="utf-8")
        terminalreporter.write_line(f"Written to {out}.")


@pytest.fixture(scope="session")
def tables(request: pytest.FixtureRequest) -> Tables:
    """Where the results go."""
    return request.config.stash[_TABLES]


def spectra(count: int, channels: int, gain_kev: float) -> np.ndarray:
    """Expected counts of pixels of a painting, each of its own mixture: (pixel, channel).

    As a detector of 145 eV sees them, from a rhodium tube at 45 kV.
    """
    from napari_xrf_pigments.fitting.artefacts import scatter_shapes
    from napari_xrf_pigments.fitting.conditions import Conditions
    from napari_xrf_pigments.fitting.design_matrix import line_columns

    rng, kev = np.random.default_rng(0), gain_kev * np.arange(channels)
    settings = Conditions(*_CONDITIONS)
    mean = _CONTINUUM * np.exp(-(((kev - 10) / 7) ** 2))[None] * rng.uniform(0.7, 1.3, (count, 1))
    mean *= gain_kev / 12.4 * (kev > 0.9)
    for name, counts in _LINES.items():
        shape = line_columns(kev, name, settings, uncertainties=False).shapes.mean(axis=0)
        mean = mean + counts * rng.exponential(1.0, (count, 1)) * shape
    hard = [part for part in scatter_shapes(kev, settings) if part.kev > 4]
    weights = np.array([0.15 if "b " in part.name else 1.0 for part in hard])
    for part, weight in zip(hard, weights / weights.sum(), strict=True):
        mean = mean + _SCATTER * weight * part.shape
    return mean


@pytest.fixture(scope="session")
def pixels() -> Callable[..., np.ndarray]:
    """A maker of counts (row, column, channel), uint16, with the noise of counting."""

    def made(rows: int, columns: int, channels: int, gain_kev: float = 0.02) -> np.ndarray:
        mean, rng = spectra(columns, channels, gain_kev), np.random.default_rng(0)
        return np.stack([rng.poisson(mean).astype(np.uint16) for _ in range(rows)])

    return made


@pytest.fixture(scope="session")
def raw_scan(
    tmp_path_factory: pytest.TempPathFactory, pixels: Callable[..., np.ndarray]
) -> Callable[..., Path]:
    """A maker of .rpl/.raw pairs of any size: rows of spectra, or holes that take no disk."""

    def made(
        rows: int,
        columns: int,
        channels: int,
        *,
        gain_kev: float = 0.02,
        filled: Sequence[int] | None = None,
    ) -> Path:
        """Write a pair; only the rows in `filled` (None: all) hold counts."""
        folder = tmp_path_factory.mktemp("scan")
        header = folder / "scan.rpl"
        row = pixels(1, columns, channels, gain_kev).tobytes()
        with (folder / "scan.raw").open("wb") as file:
            file.truncate(rows * len(row))
            for index in range(rows) if filled is None else filled:
                file.seek(index * len(row))
                file.write(row)
        header.write_text(
            f"key\tvalue\nwidth\t{columns}\nheight\t{rows}\ndepth\t{channels}\noffset\t0\n"
            "data-length\t2\ndata-type\tunsigned\nbyte-order\tlittle-endian\nrecord-by\tvector\n"
            f" depth-scale\t{gain_kev}\n depth-origin\t0\n depth-units\tkeV\n"
        )
        return header

    return made
