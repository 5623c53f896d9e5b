"""All that a training needs to go on as if it had not stopped, in one safetensors file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .spectra_stream import Chunk, Place


@dataclass(frozen=True)
class Snapshot:
    """State of one part of a training.

    Parameters
    ----------
    tensors : dict of str to Tensor
        Weights, their running mean, state of the optimiser and of the draws.
    numbers : dict
        The rest, fit for JSON.
    """

    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)

    def below(self, prefix: str) -> dict[str, torch.Tensor]:
        """The tensors whose names begin with ``prefix.``, without it."""
        start = f"{prefix}."
        return {
            name.removeprefix(start): value
            for name, value in self.tensors.items()
            if name.startswith(start)
        }


def checkpoint_path(out: Path) -> Path:
    """Where the state of the training of the weights `out` is kept until it ends."""
    return out.with_name(f"{out.stem}.checkpoint.safetensors")


def save_checkpoint(path: Path, snapshot: Snapshot, about: dict[str, Any]) -> None:
    """Write a checkpoint; an earlier one is replaced at once.

    Parameters
    ----------
    path : Path
        The file.
    snapshot : Snapshot
        State of the present part.
    about : dict
        Which training it is and how far.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = json.dumps({"about": about, "numbers": snapshot.numbers})
    try:
        # A copy each: safetensors refuses tensors that share memory.
        tensors = {name: value.clone() for name, value in snapshot.tensors.items()}
        save_file(tensors, partial, {"checkpoint": text})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_checkpoint(path: Path, about: dict[str, Any]) -> tuple[Snapshot, dict[str, Any]]:
    """Read a checkpoint.

    Parameters
    ----------
    path : Path
        The file.
    about : dict
        What it must say of its training.

    Returns
    -------
    Snapshot, dict
        The state, and all that it says of its training.

    Raises
    ------
    ValueError
        If there is none, if it is damaged, or if it is that of another training.
    """
    if not path.is_file():
        raise ValueError(f"There is no training to go on with: {path} was not found.")
    try:
        with safe_open(path, "pt") as file:
            text = json.loads((file.metadata() or {}).get("checkpoint", "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path.name} is not the state of a training.") from error
    if not isinstance(text, dict) or set(text) != {"about", "numbers"}:
        raise ValueError(f"{path.name} is not the state of a training.")
    # Through JSON, as what was stored went: a tuple comes back as a list.
    asked = json.loads(json.dumps(about))
    if any(text["about"].get(name) != value for name, value in asked.items()):
        raise ValueError(f"{path.name} is the state of a training with other settings.")
    return Snapshot(tensors, text["numbers"]), text["about"]


def places_of(kept: Sequence[Chunk], drawn: int, streams: int) -> dict[str, Any]:
    """Where the streams must begin so that they give the kept chunks once more, for JSON.

    Parameters
    ----------
    kept : sequence of Chunk
        The last chunks, in the order in which they came.
    drawn : int
        Chunks that came in all.
    streams : int
        Streams that take turns.
    """
    turn = (drawn - len(kept)) % streams
    places: list[Any] = [None] * streams
    for number, chunk in enumerate(kept[:streams]):
        if chunk.place is not None:
            told = [chunk.place.numbers, chunk.place.noise.hex(), chunk.place.beam]
            places[(turn + number) % streams] = told
    return {"turn": turn, "places": places, "kept": len(kept)}


def places_from(numbers: dict[str, Any]) -> list[Place | None]:
    """What :func:`places_of` stored."""
    return [
        None if told is None else Place(told[0], bytes.fromhex(told[1]), told[2])
        for told in numbers["places"]
    ]
