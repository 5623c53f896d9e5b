"""The table of answers for point measurements: one row per spectrum."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..cube import PigmentMaps
from ..io.outputs.atomic_write import begins_with, check_output, write_atomically
from ..mapping.points import PointMaps
from ..pigments.display import Naming, catalogue_naming, format_probability

#: Columns that come before those with numbers alone.
COLUMNS = ("name", "file", "counts", "live_s", "elements", "pigments", "unexplained")
_MIN_SIGMA = 5.0


def save_point_table(
    path: str | os.PathLike[str],
    maps: PointMaps,
    *,
    threshold: float = 0.5,
    overwrite: bool = True,
) -> Path:
    """Write a CSV with one row per point.

    Parameters
    ----------
    path : path_like
        ``NAME.csv``; an earlier table of this kind is replaced, anything else stays.
    maps : PointMaps
        The answers.
    threshold : float
        Probability above which a pigment or group is named, 0-1.
    overwrite : bool
        Whether an earlier table may be replaced.

    Raises
    ------
    OSError
        If something else has that name, the folder is missing, or the disk fails.
    """
    target = Path(path).absolute()
    check_output(target, is_point_table, overwrite=overwrite)
    rows = list(point_rows(maps, threshold))
    numbers = _number_columns(maps)

    def write(file_path: Path) -> None:
        with file_path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*COLUMNS, *(name for name, _ in numbers)])
            for index, row in enumerate(rows):
                cells = (
                    "" if np.isnan(v := values[index]) else f"{v:.6g}" for _, values in numbers
                )
                table.writerow([*row, *cells])

    write_atomically(target, write, is_point_table)
    return target


def is_point_table(path: Path) -> bool:
    """Return whether a file is a table that :func:`save_point_table` wrote."""
    return begins_with(path, ",".join(COLUMNS))


def point_rows(maps: PointMaps, threshold: float = 0.5) -> Iterator[tuple[str, ...]]:
    """Iterate over the rows of :data:`COLUMNS`, as text.

    Elements stand above 5 sigma, the strongest first. Of pigments that the spectrum does not tell
    apart the group is named: all members, with the probability that one of them is there.
    """
    naming = catalogue_naming()
    for index, point in enumerate(maps.points):
        live = "" if point.live_time_s is None else f"{point.live_time_s:g}"
        unexplained = ""
        pigments = ""
        if maps.pigments is not None:
            unexplained = f"{float(maps.pigments.unexplained[index]):.3f}"
            pigments = "; ".join(
                f"{name} {format_probability(value)}"
                for name, value in likely_pigments(maps.pigments, index, naming, threshold)
            )
        yield (
            point.name,
            point.path.name,
            str(int(point.counts.sum())),
            live,
            ", ".join(_elements(maps, index)),
            pigments,
            unexplained,
        )


def likely_pigments(
    maps: PigmentMaps, index: int, naming: Naming, threshold: float = 0.5
) -> list[tuple[str, float]]:
    """Return names and probabilities of the pigments of one point, the likeliest first.

    Parameters
    ----------
    maps : PigmentMaps
        Answers of shape (pigment, point).
    index : int
        The point.
    naming : Naming
        Display names, and the members of each group.
    threshold : float
        Least probability, 0-1.
    """
    each = {name: float(maps.probability[i, index]) for i, name in enumerate(maps.names)}
    found: list[tuple[str, float]] = []
    for number, group in enumerate(maps.groups):
        probability = float(maps.group_probability[number, index])
        members = [name for name in naming.members.get(group, (group,)) if name in each]
        single = [(naming.pigment(name), each[name]) for name in members if each[name] > threshold]
        if single:
            found += single
        elif probability > threshold:
            found.append((naming.members_of(group) or naming.group(group), probability))
    return sorted(found, key=lambda entry: -entry[1])


def _elements(maps: PointMaps, index: int) -> list[str]:
    """Return the line families that stand above 5 sigma in a point, the strongest first."""
    if maps.elements is None:
        return []
    counts = np.asarray(maps.elements.counts)[:, index]
    sigma = np.asarray(maps.elements.sigma)[:, index]
    above = np.isfinite(counts) & (counts > _MIN_SIGMA * np.maximum(np.nan_to_num(sigma), 1e-9))
    order = [int(i) for i in np.argsort(-np.nan_to_num(counts)) if above[i]]
    return [maps.elements.names[i] for i in order]


def _number_columns(maps: PointMaps) -> list[tuple[str, Any]]:
    """Return names and values (point,) of the columns with numbers."""
    axes = maps.energies
    columns: list[tuple[str, Any]] = [
        ("gain_ev", np.array([1000 * axis.gain_kev for axis in axes])),
        ("offset_ev", np.array([1000 * axis.offset_kev for axis in axes])),
    ]
    stacks: list[tuple[Any, Any, Callable[[str], str]]] = []
    if maps.elements is not None:
        names = maps.elements.names
        stacks.append((names, maps.elements.counts, lambda name: name))
        stacks.append((names, maps.elements.sigma, lambda name: f"{name} sigma"))
    if maps.pigments is not None:
        stacks.append((maps.pigments.names, maps.pigments.probability, lambda name: name))
        stacks.append(
            (maps.pigments.groups, maps.pigments.group_probability, lambda name: f"{name} group")
        )
    for names, values, title in stacks:
        columns += [(title(name), np.asarray(values)[i]) for i, name in enumerate(names)]
    return columns
