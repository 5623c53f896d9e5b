"""Finished tiles kept in a folder, so that a run that was broken off can go on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ._spectra_tally import SpectraTally

_ABOUT = "about.json"
_KIND = "napari-xrf-pigments unfinished maps"
T = TypeVar("T")


class Journal:
    """The finished tiles of one run, a file each.

    Parameters
    ----------
    folder : Path
        Where they are kept; it is made where it does not exist.
    about : mapping
        What the run is: provenance. Tiles of another run are not taken for its own.

    Raises
    ------
    ValueError
        If the folder holds the tiles of another run, or something else.
    OSError
        If it cannot be read or written.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder = folder
        mark = folder / _ABOUT
        # When it was made does not matter; the order of the keys does not either.
        own = json.loads(json.dumps({k: v for k, v in about.items() if k != "made"}, default=str))
        if not folder.exists() or not any(folder.iterdir()):
            folder.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({"kind": _KIND, "run": own}), encoding="utf-8")
            return
        known = _read(mark)
        if known.get("kind") != _KIND:
            raise ValueError(f"{folder} holds something else than unfinished maps.")
        if known.get("run") != own:
            changed = _changed(known.get("run") or {}, own)
            raise ValueError(
                f"The unfinished maps in {folder} were made differently ({changed}), so that this "
                "run cannot go on with them."
            )

    def tiles(self, kind: Callable[..., T]) -> Iterator[T]:
        """The tiles kept so far, each made anew by `kind`; a damaged file is passed over."""
        for path in sorted(self.folder.glob("*.npz")):
            try:
                with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                    values = {name: _loaded(stored[name], name) for name in stored.files}
                tile = kind(**values)
            except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
                continue
            yield tile

    def keep(self, tile: Any) -> None:
        """Keep a finished tile: whole, or not at all.

        Raises
        ------
        OSError
            With one sentence, if the disk does not take it.
        """
        values: dict[str, Any] = {}
        for field in fields(tile):
            value = getattr(tile, field.name)
            if isinstance(value, slice):
                value = np.array([value.start, value.stop])
            elif isinstance(value, SpectraTally):
                value = np.array(value.numbers)
            values[field.name] = np.asarray(value)
        name = f"{tile.rows.start:07d}_{tile.columns.start:07d}"
        part = self.folder / f"{name}.part"
        try:
            with part.open("wb") as file:
                np.savez(file, **values)
            os.replace(part, self.folder / f"{name}.npz")
        except OSError as error:
            reason = (error.strerror or "the disk refused it").lower()
            raise OSError(
                f"Finished tiles could not be kept in {self.folder}: {reason}."
            ) from error


def resumed(
    journal: Journal | None,
    kind: Callable[..., T],
    shape: tuple[int, int],
    begin: Callable[[NDArray[np.bool_], SpectraTally], Iterator[T]],
) -> Iterator[T]:
    """The tiles kept by a journal, then those that are missing, which it keeps as they come.

    Parameters
    ----------
    journal : Journal or None
        Where tiles are kept; None: nowhere.
    kind : callable
        Makes a tile of its fields.
    shape : tuple of int
        Rows and columns of the scan.
    begin : callable
        Takes the mask (y, x) of the finished pixels and what was counted in them, gives the
        missing tiles.
    """
    done, seen = np.zeros(shape, dtype=bool), SpectraTally()
    if journal is None:
        yield from begin(done, seen)
        return
    for tile in journal.tiles(kind):
        done[tile.rows, tile.columns] = True  # type: ignore[attr-defined]
        seen += tile.seen  # type: ignore[attr-defined]
        yield tile
    for tile in begin(done, seen):
        journal.keep(tile)
        yield tile


def keeps_tiles(folder: Path) -> bool:
    """Whether a folder, or one in it, keeps at least one finished tile."""
    return any(folder.glob("*.npz")) or any(folder.glob("*/*.npz"))


def is_journal(folder: Path) -> bool:
    """Whether a folder, or one in it, keeps tiles of a run."""
    return any(
        _read(mark).get("kind") == _KIND
        for mark in (folder / _ABOUT, *folder.glob(f"*/{_ABOUT}"))
        if mark.is_file()
    )


def forget(folder: Path) -> None:
    """Remove a folder of kept tiles; anything else stays."""
    if is_journal(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _read(mark: Path) -> dict[str, Any]:
    try:
        known = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _changed(before: dict[str, Any], now: dict[str, Any]) -> str:
    names = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return ", ".join(sorted(names)) or "unreadable"


def _loaded(value: NDArray[Any], name: str) -> Any:
    if name in ("rows", "columns"):
        return slice(int(value[0]), int(value[1]))
    if name == "seen":
        return SpectraTally.of_numbers(value)
    # No sentence at all is an empty array of numbers.
    texts = value.dtype.kind == "U" or name == "warnings"
    return tuple(value.tolist()) if texts else value
