"""The network that names pigments: encoding, weights and prediction."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .predict import Predictor, predict_spectra

__all__ = ["Predictor", "predict_spectra"]

# Loaded on first use: reading a label needs no torch.
_HOME = {"Predictor": ".predict", "predict_spectra": ".predict"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
