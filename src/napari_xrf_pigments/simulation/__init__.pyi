from .scan import ScanTruth, simulate_scan

__all__ = [
    "ScanTruth",
    "simulate_scan",
]
