"""Settings of the training."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .spectra_stream import StreamSettings

#: Beams mixed in a batch, hence also its smallest size.
BEAMS_PER_BATCH = 16


def _check_integers(settings: Any, minima: dict[str, int]) -> None:
    for name, smallest in minima.items():
        value = getattr(settings, name)
        if type(value) is not int or value < smallest:
            raise ValueError(f"{name} must be a whole number of at least {smallest}.")


def _check_numbers(settings: Any, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(settings, name)
        if type(value) not in (int, float) or not 0 <= value < math.inf:
            raise ValueError(f"{name} must be a number of at least 0.")


@dataclass(frozen=True)
class PartConfig:
    """One part of the training: its stream of spectra and its optimisation.

    Parameters
    ----------
    name : str
        Name of the part.
    spectra : int
        Simulated spectra drawn.
    repeats : int
        Number of runs, one after the other with new spectra; the result is the mean of their
        weights.
    with_start : bool
        Whether that mean includes the weights before the part.
    learning_rate : float
        Highest rate of AdamW; it warms up, then falls as a cosine.
    uses : float
        Mean number of times that a spectrum is used; 0 for that of :class:`TrainingConfig`.
    calibration : int
        Chunks of 2048 spectra to calibrate the probabilities on after the part.
    draws : StreamSettings
        Distribution of the spectra.
    width, hidden : int
        Sizes of a smaller network: the network is pruned (:mod:`.pruning`), and the larger one
        supplies the targets of training and calibration. With 0 the network keeps its size.
    rounded : bool
        Whether weights and the inputs of layers are rounded during the part, so that the network
        can be computed in 8 bits (:mod:`napari_xrf_pigments.network.rounding`).

    Raises
    ------
    ValueError
        If a value is of the wrong kind or too small.
    """

    name: str = "first"
    spectra: int = 1_000_000
    repeats: int = 1
    with_start: bool = False
    learning_rate: float = 1.2e-3
    uses: float = 0.0
    calibration: int = 0
    draws: StreamSettings = field(default_factory=StreamSettings)
    width: int = 0
    hidden: int = 0
    rounded: bool = False

    @property
    def prunes(self) -> bool:
        """Whether the network is pruned at the start of the part."""
        return self.width > 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError("name must be a text.")
        for name in ("with_start", "rounded"):
            if type(getattr(self, name)) is not bool:
                raise ValueError(f"{name} must be true or false.")
        _check_integers(
            self, {"spectra": 1, "repeats": 1, "calibration": 0, "width": 0, "hidden": 0}
        )
        if self.hidden and not self.prunes:
            raise ValueError("hidden can only be set together with width.")
        if self.prunes and (self.repeats > 1 or self.with_start):
            raise ValueError(
                "A part with a width prunes the network; it cannot have repeats or with_start."
            )
        _check_numbers(self, ("learning_rate", "uses"))
        _check_integers(self.draws, {"readouts": 1})
        numbers = {each.name for each in fields(StreamSettings)} - {"readouts"}
        _check_numbers(self.draws, tuple(sorted(numbers)))


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training; see ``data/training.toml``.

    Parameters
    ----------
    parts : tuple of PartConfig
        The parts of the training in order; each starts from the weights of the previous one.
    uses : float
        Mean number of times that a spectrum is used, where a part does not set it.
    batch : int
        Spectra in a batch.
    weight_decay : float
        Of AdamW.
    width, blocks : int
        Sizes of the network.
    workers : int
        Processes that simulate; with 0 the training process does.
    threads : int
        Threads of the gradient steps; the rounding of sums depends on their number.

    Raises
    ------
    ValueError
        If a value is of the wrong kind or too small.
    """

    parts: tuple[PartConfig, ...] = (PartConfig(),)
    uses: float = 2.0
    batch: int = 512
    weight_decay: float = 0.02
    width: int = 768
    blocks: int = 2
    workers: int = 2
    threads: int = 1

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("A training needs at least one part.")
        if len({part.name for part in self.parts}) < len(self.parts):
            raise ValueError("Every part needs a name of its own.")
        _check_integers(
            self, {"batch": BEAMS_PER_BATCH, "width": 1, "blocks": 1, "workers": 0, "threads": 1}
        )
        _check_numbers(self, ("uses", "weight_decay"))

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a TOML file with the settings and one table ``[[part]]`` per part.

        Raises
        ------
        ValueError
            If the file is not TOML, or has an unknown setting or an invalid value.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} is not a TOML file: {error}.") from error
        parts = values.pop("part", [])
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise ValueError(f"{path.name} must describe each part in a table [[part]].")
        _check_names(path, values, {each.name for each in fields(cls)} - {"parts"})
        if parts:
            values["parts"] = tuple(_part(path, part) for part in parts)
        return cls(**values)


def _part(path: Path, values: dict[str, Any]) -> PartConfig:
    of_stream = {each.name for each in fields(StreamSettings)}
    own = {each.name for each in fields(PartConfig)} - {"draws"}
    _check_names(path, values, own | of_stream)
    draws = StreamSettings(**{name: value for name, value in values.items() if name in of_stream})
    return PartConfig(**{name: value for name, value in values.items() if name in own}, draws=draws)


def _check_names(path: Path, values: dict[str, Any], known: set[str]) -> None:
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"{path.name} has unknown settings: {', '.join(sorted(unknown))}.")
