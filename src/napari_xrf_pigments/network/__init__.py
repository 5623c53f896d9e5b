"""The network that names pigments: encoding, training, prediction, evaluation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import TrainingConfig
    from .evaluation import evaluate
    from .predict import Predictor, predict_spectra
    from .training import train_steps

__all__ = ["Predictor", "TrainingConfig", "evaluate", "predict_spectra", "train_steps"]

# Loaded on first use: prediction needs neither the simulation's nor the evaluation's weight.
_HOME = {
    "Predictor": ".predict",
    "TrainingConfig": ".config",
    "evaluate": ".evaluation",
    "predict_spectra": ".predict",
    "train_steps": ".training",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
