"""``xrf-pigments info``: the description of a file."""

from __future__ import annotations

from dataclasses import dataclass

from ._console import echo
from ._options import Dataset, Detector, PlacementOptions, ScanArgument


@dataclass(frozen=True, kw_only=True)
class InfoRequest(PlacementOptions):
    """Describe a scan: format, size, energy axis, counts, tube and geometry.

    Examples
    --------
    xrf-pigments info scan.rpl
    """

    scan: ScanArgument
    dataset: Dataset = None
    detector: Detector = None

    def run(self) -> None:
        """Print the description."""
        from ..io import describe

        echo(describe(self.scan, dataset=self.dataset, detector=self.detector, **self.placement()))
