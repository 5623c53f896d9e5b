"""Make results to save."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.cube.maps import OPTIONAL_PIGMENT_ARRAYS, PIGMENT_ARRAYS


def make(
    y: int = 5,
    x: int = 7,
    pixel_mm: tuple[float, float] | None = (0.5, 0.25),
    optional: bool = False,
):
    rng = np.random.default_rng(1)

    def maps(*shape: int) -> np.ndarray:
        return rng.random(shape, dtype=np.float32)

    facts = {"version": "1.2", "source": Path("scan.rpl"), "gain": np.float32(0.5), "lines": ("a",)}
    elements = ElementMaps(("Fe K", "Pb L"), 100 * maps(2, y, x), maps(2, y, x), pixel_mm, facts)
    names, groups = ("vermilion", "red lead", "azurite"), ("mercury", "copper")
    pigments = PigmentMaps(
        names,
        maps(3, y, x),
        maps(3, y, x),
        maps(3, y, x),
        groups,
        maps(2, y, x),
        maps(y, x),
        pixel_mm,
        {**facts, "weights": "ab12"},
        *((100 * maps(2, y, x), maps(2, y, x), maps(2, y, x), maps(3, y, x)) if optional else ()),
    )
    return elements, pigments


FIELDS = (*PIGMENT_ARRAYS, *OPTIONAL_PIGMENT_ARRAYS)


def assert_same(
    elements: ElementMaps, pigments: PigmentMaps, loaded: tuple[ElementMaps, PigmentMaps]
) -> None:
    assert loaded[0].names == elements.names and loaded[0].pixel_mm == elements.pixel_mm
    np.testing.assert_array_equal(np.asarray(loaded[0].counts), elements.counts)
    np.testing.assert_array_equal(np.asarray(loaded[0].sigma), elements.sigma)
    assert loaded[1].names == pigments.names and loaded[1].groups == pigments.groups
    for name in FIELDS:
        found, saved = getattr(loaded[1], name), getattr(pigments, name)
        assert (found is None) == (saved is None)
        if saved is not None:
            np.testing.assert_array_equal(np.asarray(found), saved)
    assert loaded[1].provenance == {
        "version": "1.2", "source": "scan.rpl", "gain": 0.5, "lines": ["a"], "weights": "ab12",
    }  # fmt: skip
