"""Tables of measurements: timings side by side, printed as Markdown with the machine.

Machines are noisy, so works to compare run in turns, and a ratio is that of the same turn. No
benchmark fails for being slow.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Row:
    """Values of one measurement."""

    name: str
    values: tuple[float, ...]
    unit: str
    ratios: tuple[float, ...] = ()
    target: str = ""


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
        target: str = "",
    ) -> None:
        """Add a row: one value, or those of all turns."""
        turns = tuple(np.atleast_1d(np.asarray(values, dtype=float)).tolist())
        self.rows.setdefault(title, []).append(Row(name, turns, unit, tuple(ratios), target))

    def side_by_side(
        self,
        title: str,
        works: Mapping[str, Callable[[], object]],
        *,
        turns: int = 5,
        unit: str = "s",
        targets: Mapping[str, str] | None = None,
    ) -> None:
        """Time works in turns and add a row each, with its ratio to the first one.

        Parameters
        ----------
        title : str
            Title of the table.
        works : mapping of str to callable
            Works by name; the first is the reference of the ratios.
        turns : int
            Number of timed turns, after one that is not timed.
        unit : {"s", "ms"}
            Unit of the rows.
        targets : mapping of str to str, optional
            Targets in words.
        """
        seconds = in_turns(works, turns)
        reference = next(iter(seconds.values()))
        scale = {"s": 1.0, "ms": 1e3}[unit]
        for name, times in seconds.items():
            ratios = [one / base for one, base in zip(times, reference, strict=True)]
            target = (targets or {}).get(name, "")
            self.add(
                title, name, [scale * one for one in times], unit, ratios=ratios, target=target
            )

    def lines(self) -> list[str]:
        """Return the tables as lines of Markdown."""
        text = [f"Machine: {machine()}"]
        for title, rows in self.rows.items():
            text += ["", f"## {title}", "", "| what | min | median | max | ratio | target |"]
            text.append("|---|---|---|---|---|---|")
            for row in rows:
                low, middle, high = (np.quantile(row.values, q) for q in (0, 0.5, 1))
                ratio = f"{np.median(row.ratios):.3g}" if row.ratios else ""
                figures = " | ".join(f"{value:.3g} {row.unit}" for value in (low, middle, high))
                text.append(f"| {row.name} | {figures} | {ratio} | {row.target} |")
        return text


def in_turns(works: Mapping[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Return the seconds of each turn by name, after one turn that is not timed."""
    for work in works.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(turns):
        for name, work in works.items():
            seconds[name].append(timed(work))
    return seconds


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def machine() -> str:
    """Return processor, cores and memory of this machine."""
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
