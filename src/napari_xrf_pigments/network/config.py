"""Settings of the training."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

#: Beams that a batch mixes, so also the fewest spectra in one.
BEAMS_PER_BATCH = 16


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained; see ``data/training.toml``.

    Parameters
    ----------
    spectra, closing : int
        Simulated spectra drawn for the first and for each closing part.
    closings : int
        Closing parts, one after the other; the mean of their weights is what is kept.
    absent_sigma : float
        In the closing part a pigment that is there, but stands less than this over the
        noise, counts as absent: what cannot be seen shall not be reported.
    closing_traces, closing_wear, closing_contaminated : float
        Factor on the chance of impurities, and chances of a tired instrument and of a
        support with foreign elements, in the closing part: the first part is harsher
        than most scans.
    secondary : bool
        Whether secondary excitation is simulated.
    calibration : int
        Chunks of 2048 spectra that the probabilities are calibrated on after the closing part.
    uses : float
        How often each is shown, on average.
    batch : int
        Spectra in a batch.
    learning_rate, weight_decay : float
        Of AdamW; the rate warms up, then falls as a cosine.
    width, blocks : int
        Sizes of the network.
    workers : int
        Processes that simulate; with 0 the training does it itself.

    Raises
    ------
    ValueError
        If a value is of the wrong kind or too small.
    """

    spectra: int = 1_000_000
    closing: int = 0
    closings: int = 1
    absent_sigma: float = 2.5
    closing_traces: float = 1.0
    closing_wear: float = 0.3
    closing_contaminated: float = 0.4
    secondary: bool = False
    calibration: int = 60
    uses: float = 2.0
    batch: int = 512
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.02
    width: int = 768
    blocks: int = 2
    workers: int = 2

    def __post_init__(self) -> None:
        if type(self.secondary) is not bool:
            raise ValueError("secondary must be true or false.")
        whole = {name: 1 for name in ("spectra", "batch", "width", "blocks")}
        whole |= {
            "batch": BEAMS_PER_BATCH,
            "workers": 0,
            "closing": 0,
            "closings": 1,
            "calibration": 0,
        }
        for name, least in whole.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}.")
        for name in (
            "uses",
            "learning_rate",
            "weight_decay",
            "absent_sigma",
            "closing_traces",
            "closing_wear",
            "closing_contaminated",
        ):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number of at least 0.")

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a TOML file.

        Raises
        ------
        ValueError
            If it is not TOML, names an unknown setting or has a value that is none.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{path.name} is not a TOML file: {error}.") from error
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"{path.name} has unknown settings: {', '.join(sorted(unknown))}.")
        return cls(**values)
