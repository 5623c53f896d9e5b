"""Weights on disk: safetensors with the settings of their training, never a pickle.

Every file carries a checksum of its content, and the bundled file must also have the SHA-256 noted
in the package. Both are verified before use.

``python -m napari_xrf_pigments.network.weights [FILE]`` bundles the weights of a file.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import sys
import warnings
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save_file

from .encoding import N_INPUTS
from .model import Architecture, PigmentNet
from .outputs import output_names
from .rounding import with_limits

#: Device of the reference computation: the processor, in single precision.
SINGLE_PRECISION = "cpu-float32"


def bundled_weights() -> Path:
    """Return the path of the weights that come with the package."""
    return Path(str(files(__package__).joinpath("data/pigments.safetensors")))


def bundled_hash_file() -> Path:
    """Return the path of the file with the SHA-256 of the bundled weights."""
    return bundled_weights().with_suffix(".sha256")


def weights_hash(path: Path) -> str:
    """Compute the SHA-256 of a weights file, hexadecimal."""
    stat = path.stat()
    return _hash(str(path), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _hash(path: str, modified: int, size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def save_weights(net: PigmentNet, path: Path, training: dict[str, Any]) -> None:
    """Write weights in half precision with the metadata to read them.

    Those of a network with limits are rounded to whole steps first (:mod:`.rounding`). Half
    precision is exact enough to recover the number of steps.

    Parameters
    ----------
    net : PigmentNet
        The network.
    path : Path
        File to write; it is replaced atomically.
    training : dict
        Settings of the training, stored with the weights.
    """
    pigments, groups = output_names()
    metadata = {
        "width": net.architecture.width,
        "blocks": net.architecture.blocks,
        "hidden": net.architecture.hidden,
        "inputs": N_INPUTS,
        "pigments": pigments,
        "groups": groups,
        "training": training,
    }
    if net.is_limited:
        net = copy.deepcopy(net)
        net.round_weights()
    exact = ("mean", "scale", "limits_first", "limits_second")
    tensors = {
        name: (value.float() if name.split(".")[-1] in exact else value.half()).contiguous()
        for name, value in net.state_dict().items()
    }
    metadata["checksum"] = _checksum(metadata, tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        save_file(tensors, partial, {"network": json.dumps(metadata)})
        # safetensors makes files readable by their owner alone; the package is for all users.
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_weights(path: Path) -> PigmentNet:
    """Read a network, ready for inference in single precision.

    Raises
    ------
    ValueError
        If the file does not hold weights for this network and pigment table, or was changed
        after it was written.
    """
    metadata, tensors = read_weights(path)
    pigments, groups = output_names()
    same = metadata.get("inputs") == N_INPUTS and metadata.get("pigments") == list(pigments)
    if not same or metadata.get("groups") != list(groups):
        raise ValueError(
            f"{path.name} was trained for another pigment table or energy grid, so this version "
            "cannot use it."
        )
    try:
        width, blocks = int(metadata["width"]), int(metadata["blocks"])
        # Older files lack the entry: they have as many hidden units as features.
        net = PigmentNet(Architecture(width, blocks, int(metadata.get("hidden", 0))))
        net.load_state_dict(with_limits(tensors, net.state_dict()))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"The weights in {path.name} do not fit the network.") from error
    return net.eval().requires_grad_(False)


def is_weights(path: Path) -> bool:
    """Return whether a file has the metadata of weights that this program wrote."""
    return "network" in safetensors_metadata(path)


def safetensors_metadata(path: Path) -> dict[str, str]:
    """Read the text entries of a safetensors file; none where it is something else."""
    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError):
        return {}


def read_training(path: Path) -> dict[str, Any]:
    """Read the settings of the training from a weights file.

    Raises
    ------
    ValueError
        If the file holds no weights.
    """
    metadata, _ = read_weights(path)
    return dict(metadata.get("training", {}))


def read_weights(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read the settings and the tensors of a file of weights, in single precision.

    Raises
    ------
    ValueError
        If the file holds no weights, or was changed after it was written.
    """
    # Read once, so that the verified bytes are those that are used.
    data = path.read_bytes()
    bundled = path.absolute() == bundled_weights().absolute()
    if bundled:
        _check_bundled(data)
    try:
        stored = load(data)
        metadata = json.loads(_header(data).get("network", "null"))
    except (SafetensorError, ValueError) as error:  # ValueError: a damaged header
        raise ValueError(f"{path.name} does not hold the weights of a network.") from error
    if not isinstance(metadata, dict):
        raise ValueError(f"{path.name} does not hold the weights of a network.")
    checksum = metadata.pop("checksum", None)
    if checksum is None and not bundled:
        warnings.warn(f"{path.name} carries no checksum, so it was not verified.", stacklevel=3)
    if checksum is not None and checksum != _checksum(metadata, stored):
        raise ValueError(f"{path.name} was changed or damaged since it was written.")
    return metadata, {name: value.float() for name, value in stored.items()}


def _check_bundled(data: bytes) -> None:
    try:
        expected = bundled_hash_file().read_text(encoding="ascii").split()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        expected = ""
    if hashlib.sha256(data).hexdigest() != expected:
        raise ValueError(
            "The weights that came with napari-xrf-pigments are damaged or were replaced; "
            "install the package again."
        )


def _header(data: bytes) -> dict[str, str]:
    """Read the text entries of a safetensors file: JSON after its length in 8 bytes."""
    length = int.from_bytes(data[:8], "little")
    return dict(json.loads(data[8 : 8 + length]).get("__metadata__") or {})


def _checksum(metadata: dict[str, Any], tensors: dict[str, torch.Tensor]) -> str:
    """Compute the SHA-256 of settings and tensors with their names, types and shapes."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)};".encode())
        digest.update(value.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def move_to_device(net: PigmentNet, device: str) -> PigmentNet:
    """Move a network to a device; ``"auto"`` is CUDA where there is one, else the processor.

    Raises
    ------
    ValueError
        If torch cannot use that device here.
    """
    if device == SINGLE_PRECISION:
        device = "cpu"
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return net.to(device)
    except (AssertionError, RuntimeError) as error:  # AssertionError: torch without CUDA
        raise ValueError(f"The device {device!r} cannot be used on this computer.") from error


def bundle(weights: Path | None = None) -> str:
    """Put weights into the package, or only note the SHA-256 of those in it.

    Parameters
    ----------
    weights : Path, optional
        Weights of this network; None for the file that is in the package.

    Returns
    -------
    str
        SHA-256 of the bundled file, hexadecimal.

    Raises
    ------
    ValueError, OSError
        If the file does not hold weights of this network, or cannot be written.
    """
    target = bundled_weights()
    if weights is not None:
        with warnings.catch_warnings():
            # Older files lack a checksum; the bundled file gets one.
            warnings.simplefilter("ignore", UserWarning)
            net, training = load_weights(weights), read_training(weights)
        save_weights(net, target, training)
    digest = weights_hash(target)
    bundled_hash_file().write_text(f"{digest}  {target.name}\n", encoding="ascii")
    load_weights(target)
    return digest


if __name__ == "__main__":
    print(bundle(*map(Path, sys.argv[1:2])))
