from .instrument import FittedInstrument
from .instrument_fit import fit_instrument
from .verification import Amount, ClaimTest, FittedLayer, Interval, Verification
from .verify import verify_spectrum

__all__ = [
    "Amount",
    "ClaimTest",
    "FittedInstrument",
    "FittedLayer",
    "Interval",
    "Verification",
    "fit_instrument",
    "verify_spectrum",
]
