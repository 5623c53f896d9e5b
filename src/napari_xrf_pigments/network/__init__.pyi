from .predict import Predictor, predict_spectra

__all__ = [
    "Predictor",
    "predict_spectra",
]
