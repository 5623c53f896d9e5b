"""Claims about regions of a scan, tested by physics with one instrument."""

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.mapping import verify_regions

from ..inversion.instruments import ACQUISITION, AXIS, INSTRUMENT, section, spectra


@pytest.fixture(scope="module")
def cube() -> XRFCube:
    """Make a scan of 2 x 4 pixels: vermilion on the left, azurite on the right."""
    paints = [section([("vermilion", 1.0)]), section([("azurite", 1.0)])]
    left, right = spectra(paints, 6_000)
    counts = np.stack([np.stack([left, left, right, right])] * 2).astype(np.uint16)
    return XRFCube.from_array(counts, gain_kev=AXIS.gain_kev, acquisition=ACQUISITION)


def test_each_region_has_its_own_verdicts(cube: XRFCube) -> None:
    labels = np.array([[1, 1, 2, 2], [1, 1, 2, 0]])
    seen: list[tuple[int, int]] = []
    found = verify_regions(
        cube, labels, ["mercury", "copper"], instrument=INSTRUMENT,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    verdicts = {n: {c.group: c.verdict for c in v.claims} for n, v in found.items()}
    assert verdicts == {
        1: {"mercury": "needed", "copper": "not needed"},
        2: {"mercury": "not needed", "copper": "needed"},
    }
    assert seen[-1] == (2, 2)
    assert found[1].counts.sum() > found[2].counts.sum()


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (np.zeros((2, 4), int), "name no region"),
        (np.ones((3, 4), int), "one for each pixel"),
        (np.ones((2, 4), float), "whole numbers"),
    ],
)
def test_labels_that_cannot_be_used_give_one_sentence(
    cube: XRFCube, labels: np.ndarray, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        verify_regions(cube, labels, ["mercury"], instrument=INSTRUMENT)
