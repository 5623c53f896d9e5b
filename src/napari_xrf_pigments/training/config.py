"""Settings of the training."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .spectra_stream import Draws

#: Beams that a batch mixes, so also the fewest spectra in one.
BEAMS_PER_BATCH = 16


def _check_whole(settings: Any, least: dict[str, int]) -> None:
    for name, smallest in least.items():
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
    """One part of the training: a stream of spectra and how it is learned from.

    Parameters
    ----------
    name : str
        What it is called.
    spectra : int
        Simulated spectra drawn.
    repeats : int
        Times it is run, one after the other with new spectra; the mean of their weights is
        what is kept.
    with_start : bool
        Whether that mean includes the weights that the part started from.
    learning_rate : float
        Highest rate of AdamW; it warms up, then falls as a cosine.
    uses : float
        How often each spectrum is shown, on average; 0: as often as in the other parts.
    calibration : int
        Chunks of 2048 spectra that the probabilities are calibrated on afterwards.
    draws : Draws
        How harsh the stream is.
    width, hidden : int
        Sizes of a smaller network, which is made of the one before (`shrinking`) and learns, and
        is calibrated on, its answers instead of the true ones; with 0 the network stays as it is.

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
    draws: Draws = field(default_factory=Draws)
    width: int = 0
    hidden: int = 0

    @property
    def shrinks(self) -> bool:
        """Whether the network gets smaller."""
        return self.width > 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError("name must be a text.")
        if type(self.with_start) is not bool:
            raise ValueError("with_start must be true or false.")
        _check_whole(self, {"spectra": 1, "repeats": 1, "calibration": 0, "width": 0, "hidden": 0})
        if self.hidden and not self.shrinks:
            raise ValueError("hidden needs a width beside it.")
        if self.shrinks and (self.repeats > 1 or self.with_start):
            raise ValueError("A part that makes the network smaller is run once, without a mean.")
        _check_numbers(self, ("learning_rate", "uses"))
        _check_whole(self.draws, {"readouts": 1})
        numbers = {each.name for each in fields(Draws)} - {"readouts"}
        _check_numbers(self.draws, tuple(sorted(numbers)))


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained; see ``data/training.toml``.

    Parameters
    ----------
    parts : tuple of PartConfig
        The parts of the training, in their order; each starts from the weights of the one before.
    uses : float
        How often each spectrum is shown, on average, where a part does not say otherwise.
    batch : int
        Spectra in a batch.
    weight_decay : float
        Of AdamW.
    width, blocks : int
        Sizes of the network.
    workers : int
        Processes that simulate; with 0 the training does it itself.
    threads : int
        Threads of the gradient steps; another number rounds sums differently.

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
            raise ValueError("A training needs one part at least.")
        if len({part.name for part in self.parts}) < len(self.parts):
            raise ValueError("Every part needs a name of its own.")
        _check_whole(
            self, {"batch": BEAMS_PER_BATCH, "width": 1, "blocks": 1, "workers": 0, "threads": 1}
        )
        _check_numbers(self, ("uses", "weight_decay"))

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a TOML file: the settings, and a table ``[[part]]`` for each part.

        Raises
        ------
        ValueError
            If it is not TOML, names an unknown setting or has a value that is none.
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
    of_draws = {each.name for each in fields(Draws)}
    own = {each.name for each in fields(PartConfig)} - {"draws"}
    _check_names(path, values, own | of_draws)
    draws = Draws(**{name: value for name, value in values.items() if name in of_draws})
    return PartConfig(**{name: value for name, value in values.items() if name in own}, draws=draws)


def _check_names(path: Path, values: dict[str, Any], known: set[str]) -> None:
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"{path.name} has unknown settings: {', '.join(sorted(unknown))}.")
