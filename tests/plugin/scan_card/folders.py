"""A folder of pixel files with two detectors, and a third folder that holds their sums."""

from pathlib import Path

import numpy as np
from tests.io.conftest import mca_text

SHAPE = (3, 4)
_RNG = np.random.default_rng(5)
#: Counts of the two detectors, shape (pixel, channel): the counts of one scan, split.
WHOLE = _RNG.poisson(40, (12, 160))
_FIRST = _RNG.binomial(WHOLE, 0.5)
HALVES = (_FIRST, WHOLE - _FIRST)


def detector_folder(root: Path) -> Path:
    """Write the folders 10264, 19511 and stacked with their table."""
    root.mkdir()
    (root / "colonneXrighe.txt").write_text("righe  3\ncolonne  4\n")
    for name, counts in zip(("10264", "19511", "stacked"), (*HALVES, WHOLE), strict=True):
        (root / name).mkdir()
        for number, spectrum in enumerate(counts, start=1):
            (root / name / f"None_{number}.mca").write_text(mca_text(spectrum))
    return root
