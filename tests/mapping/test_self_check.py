"""Stability of the pigments of a scan, measured without labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, PigmentMaps, XRFCube
from napari_xrf_pigments.mapping.self_check import check_scan


def scan(rate: float = 40.0) -> XRFCube:
    counts = np.random.default_rng(0).poisson(rate, (20, 30, 1024)).astype(np.uint16)
    return XRFCube.from_array(counts, gain_kev=0.02)


class LineCounter:
    """A network that claims its group where a window holds more than a number of counts."""

    def __init__(self, channels: slice, counts: float) -> None:
        self.channels, self.counts = channels, counts

    def bind(self, energies: EnergyAxis, acquisition: Acquisition) -> Any:
        def predict(spectra: np.ndarray) -> PigmentMaps:
            claimed = (spectra[:, self.channels].sum(1) > self.counts).astype(np.float32)[None]
            none = np.zeros(len(spectra), np.float32)
            return PigmentMaps(("it",), claimed, claimed, claimed, ("group",), claimed, none)

        return predict


def test_a_claim_that_any_counts_support_is_stable() -> None:
    check = check_scan(scan(), LineCounter(slice(500, 600), 10))
    (group,) = check.groups
    assert (group.share, group.halves, group.thinned, group.absorbed) == (1, 1, 1, 1)


def test_a_claim_on_the_verge_depends_on_the_half_of_the_counts() -> None:
    check = check_scan(scan(), LineCounter(slice(500, 600), 2000))
    (group,) = check.groups
    assert group.share == 1
    assert 0.3 < group.halves < 0.7
    assert group.thinned == 0


def test_a_claim_from_soft_lines_is_lost_behind_the_absorber_and_one_from_hard_lines_is_not() -> (
    None
):
    soft = check_scan(scan(), LineCounter(slice(55, 65), 200)).groups[0]
    hard = check_scan(scan(), LineCounter(slice(800, 810), 200)).groups[0]
    assert soft.absorbed == 0
    assert soft.shift == -1
    assert hard.absorbed == 1


def test_other_detectors_are_compared() -> None:
    check = check_scan(scan(), LineCounter(slice(500, 600), 3000), others=[("second", scan(20.0))])
    assert check.groups[0].detectors == (0.0,)
    assert "second agrees" in str(check)


def test_a_detector_of_another_size_is_refused() -> None:
    other = XRFCube.from_array(np.ones((2, 3, 1024), np.uint16), gain_kev=0.02)
    with pytest.raises(ValueError, match="another number of pixels"):
        check_scan(scan(), LineCounter(slice(0, 9), 1), others=[("small", other)])
