"""A small scan made of Gaussian peaks, and stand-ins for the core's slow functions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from napari_xrf_pigments import EnergyAxis, PigmentMaps, XRFCube
from napari_xrf_pigments.fitting.pixel_fit import fit_pixel
from napari_xrf_pigments.fitting.unexpected_peaks import UnexpectedPeak
from napari_xrf_pigments.mapping.explanation import Evidence, EvidenceLine, Explanation
from napari_xrf_pigments.plugin.state.services import FoundLines, Services

GAIN = 0.02
SHAPE = (24, 36)
PIGMENTS = ("lead_white", "vermilion", "azurite", "malachite", "bone_black")
GROUPS = ("lead", "mercury", "copper", "calcium")
#: Rows hold lead, the left third mercury, the right third copper.
STRENGTH = {"Pb L": 90.0, "Hg L": 40.0, "Cu K": 12.0}
LINES = {"Pb L": (10.55, 12.61), "Hg L": (9.99, 11.82), "Cu K": (8.05, 8.9)}


def places() -> dict[str, np.ndarray]:
    """Return the mask of each element, of the shape of the scan."""
    _, columns = SHAPE
    x = np.broadcast_to(np.arange(columns), SHAPE)
    return {"Pb L": x >= 0, "Hg L": x < columns // 3, "Cu K": x >= 2 * columns // 3}


def where(name: str) -> np.ndarray:
    """Return the mask of a family; empty for a family that the scan does not contain."""
    return places().get(name, np.zeros(SHAPE, bool))


def make_cube(pixel_mm: tuple[float, float] | None = (0.5, 0.5), seed: int = 1) -> XRFCube:
    """Make a scan of 24 x 36 pixels with 1000 channels of 20 eV."""
    rng = np.random.default_rng(seed)
    kev = GAIN * np.arange(1000)
    rate = np.full((*SHAPE, kev.size), 0.4)
    for name, mask in places().items():
        for energy, height in zip(LINES[name], (60.0, 30.0), strict=True):
            rate += mask[..., None] * height * np.exp(-0.5 * ((kev - energy) / 0.07) ** 2)
    counts = rng.poisson(rate).astype(np.uint16)
    return XRFCube.from_array(
        counts, gain_kev=GAIN, anode="Rh", tube_kv=40, pixel_mm=pixel_mm, energy_source="file"
    )


@dataclass
class FakeTiles:
    """Tiles of four rows, with a pause before each, so that a run can be cancelled."""

    pause_s: float = 0.0
    fail_after: int | None = None
    height: int = 4
    begun: int = 0
    closed: bool = False
    plan: object = None
    warnings: tuple[str, ...] = ()

    def _rows(self, shape=SHAPE, skip=None):
        try:
            for number, start in enumerate(range(0, shape[0], self.height)):
                if skip is not None and skip[start : start + self.height].all():
                    continue
                if self.fail_after is not None and number >= self.fail_after:
                    raise ValueError("The file ends in the middle of a row.")
                time.sleep(self.pause_s)
                self.begun += 1
                yield slice(start, min(start + self.height, shape[0])), slice(0, shape[1])
        finally:
            self.closed = True

    def elements(self, cube, names, plan=None, skip=None, before=None):
        """Stand in for ``iter_element_tiles``; parts of the scan are its first corner."""
        self.plan = plan
        for rows, columns in self._rows(cube.shape[:2], skip):
            maps = np.stack([1000.0 * where(name)[rows, columns] for name in names])
            total = np.full(maps.shape[1:], 5000.0)
            yield SimpleNamespace(
                rows=rows,
                columns=columns,
                names=names,
                counts=maps,
                sigma=np.full_like(maps, 10.0),
                total=total,
                scatter=total / 10,
                scatter_sigma=np.sqrt(total / 10),
                warnings=self.warnings if rows.stop == cube.shape[0] else (),
            )

    def pigments(self, cube, device, skip=None, before=None, context=False):
        """Stand in for ``iter_pigment_tiles``."""
        for rows, columns in self._rows(skip=skip):
            warnings = self.warnings if rows.stop == SHAPE[0] else ()
            yield SimpleNamespace(
                rows=rows, columns=columns, **answer(rows, columns), warnings=warnings
            )


def answer(rows: slice, columns: slice) -> dict:
    """Return predictions: vermilion below, azurite or malachite."""
    where = {name: mask[rows, columns].astype(np.float32) for name, mask in places().items()}
    none = np.zeros_like(where["Pb L"])
    probability = np.stack(
        [where["Pb L"], 0.9 * where["Hg L"], 0.4 * where["Cu K"], 0.35 * where["Cu K"], none]
    )
    top = probability * np.array([1.0, 0.1, 1.0, 1.0, 0.0])[:, None, None]
    below = probability * np.array([0.0, 1.0, 0.0, 0.0, 0.0])[:, None, None]
    groups = np.stack([where["Pb L"], 0.9 * where["Hg L"], 0.8 * where["Cu K"], none])
    return {
        "names": PIGMENTS,
        "probability": probability,
        "top": top,
        "below": below,
        "groups": GROUPS,
        "group_probability": groups,
        "unexplained": none + 0.05,
    }


def predict(cube: XRFCube, spectrum: np.ndarray) -> PigmentMaps:
    """Return the prediction for one spectrum: vermilion."""
    column = np.array([0.2, 0.9, 0.0, 0.0, 0.0])[:, None]
    return PigmentMaps(
        PIGMENTS,
        column,
        column,
        0 * column,
        GROUPS,
        np.array([[0.2], [0.9], [0], [0]]),
        np.zeros(1),
    )


def explain(cube: XRFCube, spectrum: np.ndarray):
    """Return an explanation: vermilion by the L lines of mercury; bismuth unexpected."""
    line = EvidenceLine("Hg L", 9.99, 400.0, 20.0, 6.0)
    lead = EvidenceLine("Pb L", 10.55, 300.0, 20.0, 3.0)
    return Explanation(
        predict(cube, spectrum),
        fit_pixel(spectrum, cube.energies.kev),
        (
            Evidence("pigment", "vermilion", 0.9, 0.02, (line,), (), ()),
            Evidence("group", "mercury", 0.9, 0.02, (line, lead), ("vermilion",), ()),
        ),
        (UnexpectedPeak("Bi L", 10.84, 90.0, 7.0),),
    )


def calibrate(cube: XRFCube, spectrum: np.ndarray):
    """Return a trusted calibration, 5 eV off the axis of the file."""
    axis = EnergyAxis(cube.shape[2], GAIN, 0.005, "estimated")
    return SimpleNamespace(
        energies=axis,
        trusted=True,
        message="Calibrated by 6 lines within 4 eV.",
        lines=(("Fe Ka1", 6.4, 6.4),) * 6,
        rms_ev=4.0,
        fwhm_mn_ka_ev=140.0,
        anode="Rh",
    )


def fake_services(tiles: FakeTiles | None = None, **changes) -> Services:
    """Return the services of a session in tests."""
    tiles = tiles or FakeTiles()
    settings = {
        "open_cube": lambda path, detector=None: make_cube(),
        "calibrate": calibrate,
        "find_lines": lambda cube: FoundLines(
            tuple(LINES), "plan", STRENGTH, {"Pb L": ("Pb L", "Pb M")}
        ),
        "name_peaks": lambda cube, spectrum: (),
        "element_tiles": tiles.elements,
        "pigment_tiles": tiles.pigments,
        "predict": predict,
        "explain": explain,
        "provenance": lambda cube, settings: {"settings": settings},
        "devices": lambda: (("Automatic", "auto"), ("CPU", "cpu")),
    }
    return Services(**{**settings, **changes})
