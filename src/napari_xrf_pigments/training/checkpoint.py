"""Checkpoints: the complete state of a training, in one safetensors file."""

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

from ..network.weights import safetensors_metadata
from .spectra_stream import Chunk, StreamPosition


@dataclass(frozen=True)
class Snapshot:
    """State of one part of a training.

    Parameters
    ----------
    tensors : dict of str to Tensor
        Weights, their running mean, state of the optimiser and of the generator of batches.
    numbers : dict
        All other state, as JSON types.
    """

    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)

    def subset(self, prefix: str) -> dict[str, torch.Tensor]:
        """Return the tensors whose names begin with ``prefix.``, without the prefix."""
        start = f"{prefix}."
        return {
            name.removeprefix(start): value
            for name, value in self.tensors.items()
            if name.startswith(start)
        }


def checkpoint_path(out: Path) -> Path:
    """Return the path of the checkpoint of the training that writes the weights `out`."""
    return out.with_name(f"{out.stem}.checkpoint.safetensors")


def is_checkpoint(path: Path) -> bool:
    """Return whether a file is a checkpoint that this program wrote."""
    return "checkpoint" in safetensors_metadata(path)


def save_checkpoint(path: Path, snapshot: Snapshot, about: dict[str, Any]) -> None:
    """Write a checkpoint; an earlier one is replaced atomically.

    Parameters
    ----------
    path : Path
        The file.
    snapshot : Snapshot
        State of the current part.
    about : dict
        Settings of the training, and the current run.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = json.dumps({"about": about, "numbers": snapshot.numbers})
    try:
        # Copies, because safetensors rejects tensors that share memory.
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
        Settings that the checkpoint must have.

    Returns
    -------
    Snapshot, dict
        The state, and the settings of the training with the current run.

    Raises
    ------
    ValueError
        If there is no checkpoint, or if it is damaged or has other settings.
    """
    if not path.is_file():
        raise ValueError(f"There is no training to resume: {path} was not found.")
    try:
        with safe_open(path, "pt") as file:
            text = json.loads((file.metadata() or {}).get("checkpoint", "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path.name} is not a checkpoint of a training.") from error
    if not isinstance(text, dict) or set(text) != {"about", "numbers"}:
        raise ValueError(f"{path.name} is not a checkpoint of a training.")
    # Through JSON like the stored settings, which turns tuples into lists.
    expected = json.loads(json.dumps(about))
    if any(text["about"].get(name) != value for name, value in expected.items()):
        raise ValueError(
            f"{path.name} belongs to a training with other settings; resume with those settings "
            "or start again."
        )
    return Snapshot(tensors, text["numbers"]), text["about"]


def stream_positions(chunks: Sequence[Chunk], drawn: int, streams: int) -> dict[str, Any]:
    """Describe, as JSON types, where the streams must begin to repeat the last chunks.

    Parameters
    ----------
    chunks : sequence of Chunk
        The last chunks, in the order in which they were drawn.
    drawn : int
        Number of chunks drawn in all.
    streams : int
        Number of streams that take turns.
    """
    turn = (drawn - len(chunks)) % streams
    positions: list[Any] = [None] * streams
    for number, chunk in enumerate(chunks[:streams]):
        if chunk.position is not None:
            state = [chunk.position.numbers, chunk.position.noise.hex(), chunk.position.beam]
            positions[(turn + number) % streams] = state
    return {"turn": turn, "places": positions, "kept": len(chunks)}


def positions_from(numbers: dict[str, Any]) -> list[StreamPosition | None]:
    """Restore the positions that :func:`stream_positions` described."""
    return [
        None if state is None else StreamPosition(state[0], bytes.fromhex(state[1]), state[2])
        for state in numbers["places"]
    ]
