"""Weights on disk: safetensors with the settings of their training, never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .encoding import N_INPUTS
from .labels import output_names
from .model import Architecture, PigmentNet


def bundled_weights() -> Path:
    """Path of the weights that come with the package."""
    return Path(str(files(__package__).joinpath("data/pigments.safetensors")))


def weights_hash(path: Path) -> str:
    """SHA-256 of a weights file, hexadecimal."""
    stat = path.stat()
    return _hash(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _hash(path: str, modified: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def save_weights(net: PigmentNet, path: Path, training: dict[str, Any]) -> None:
    """Write weights in half precision with what is needed to read them.

    Parameters
    ----------
    net : PigmentNet
        The network.
    path : Path
        File to write; replaced at once, never half.
    training : dict
        Settings of the training, kept with the weights.
    """
    pigments, groups = output_names()
    metadata = {
        "width": net.architecture.width,
        "blocks": net.architecture.blocks,
        "inputs": N_INPUTS,
        "pigments": pigments,
        "groups": groups,
        "training": training,
    }
    exact = ("mean", "scale")
    tensors = {
        name: (value.float() if name in exact else value.half()).contiguous()
        for name, value in net.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        save_file(tensors, partial, {"network": json.dumps(metadata)})
        # safetensors lets nobody but the owner read; weights travel with the package.
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_weights(path: Path) -> PigmentNet:
    """Read a network, ready for inference in single precision.

    Raises
    ------
    ValueError
        If the file is not weights of this network and pigment table.
    """
    metadata, tensors = _read(path)
    pigments, groups = output_names()
    same = metadata.get("inputs") == N_INPUTS and metadata.get("pigments") == list(pigments)
    if not same or metadata.get("groups") != list(groups):
        raise ValueError(f"{path.name} was trained for another pigment table or energy grid.")
    try:
        net = PigmentNet(Architecture(int(metadata["width"]), int(metadata["blocks"])))
        net.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path.name} does not fit the network.") from error
    return net.eval().requires_grad_(False)


def training_of(path: Path) -> dict[str, Any]:
    """Settings of the training that a weights file keeps.

    Raises
    ------
    ValueError
        If the file holds no weights.
    """
    metadata, _ = _read(path)
    return dict(metadata.get("training", {}))


def _read(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = json.loads((stored.metadata() or {}).get("network", "null"))
            tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f"{path.name} does not hold the weights of a network.") from error
    if not isinstance(metadata, dict):
        raise ValueError(f"{path.name} does not hold the weights of a network.")
    return metadata, tensors


def on_device(net: PigmentNet, device: str) -> PigmentNet:
    """The network on a device, ``"auto"`` being CUDA where there is one.

    Raises
    ------
    ValueError
        If torch cannot use that device here.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return net.to(device)
    except (AssertionError, RuntimeError) as error:  # torch tells a missing CUDA by the first
        raise ValueError(f"The device {device!r} cannot be used on this computer.") from error
