"""Compute reference results of fisx for random stacks, and provide its constants to our engine.

``python -m tests.physics.fisx_reference`` computes the results with secondary excitation (some
seconds per stack) and saves them to ``fisx_secondary.npz``; an interrupted run is continued.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import fisx
import numpy as np

from napari_xrf_pigments.evaluation.independent_simulation.stratigraphy import Strata, draw_strata
from napari_xrf_pigments.physics.layered_samples import Geometry, Stacks
from napari_xrf_pigments.physics.lines import Line, element_lines, element_symbol
from napari_xrf_pigments.physics.tube import Beam

KEV = np.array([2.7, 4.6, 7.4, 9.3, 11.5, 14.0, 17.5, 20.216, 27.0, 32.0, 38.5])
BEAM = Beam(KEV, np.where(KEV == 20.216, 0.0, 2.0), np.full(len(KEV), 1 / len(KEV)))
GEOMETRY = Geometry(83.0, 41.0)
SECONDARY = Path(__file__).with_name("fisx_secondary.npz")
#: Number of stacks in that file, and its faintest line relative to the strongest of its stack.
N_SECONDARY, FAINTEST = 300, 5e-4

Rates = dict[tuple[str, str, int], float]


@lru_cache(maxsize=1)
def library():
    elements = fisx.Elements()
    elements.initializeAsPyMca()
    return elements


@lru_cache(maxsize=1)
def fine_library():
    """Return fisx with EPDL97 cross-sections and PyMca's K shell: yields and rates of xraylib.

    The XCOM table that PyMca takes has no point between the K edge of S (2.47 keV) and 3 keV,
    where interpolation makes P and S 1.5 to 4.5 % too low; the EPDL97 table is fine enough.
    """
    data = fisx.DataDir.FISX_DATA_DIR
    elements = fisx.Elements(data)
    elements.setShellConstantsFile("K", str(Path(data, "KShellConstants.dat")))
    elements.setShellRadiativeTransitionsFile("K", str(Path(data, "KShellRates.dat")))
    return elements


class FisxData:
    """The constants of fisx in the form that our engine uses."""

    def __init__(self, elements=None) -> None:
        self.elements = elements or library()

    def lines(self, z: int) -> tuple[Line, ...]:
        symbol = element_symbol(z)
        edges = self.elements.getBindingEnergies(symbol)
        emitted = self._factors(z, 60.0)
        found = []
        for line in element_lines(z):
            entry = emitted.get(line.iupac)
            if entry is not None and entry["energy"] > 0.9:
                shell = "K" if line.family == "K" else line.iupac[:2]
                values = (line.siegbahn, line.family, entry["energy"], edges[shell])
                found.append(Line(z, symbol, line.iupac, *values))
        return tuple(found)

    def mass_attenuation(self, z: int, kev: np.ndarray) -> np.ndarray:
        return self._coefficients(z, kev, "total")

    def scatter(self, z: int, kev: np.ndarray) -> np.ndarray:
        """Return coherent scattering only: in fisx, Compton photons do not excite."""
        return self._coefficients(z, kev, "coherent")

    def production(self, z: int, kev: np.ndarray) -> np.ndarray:
        names = [line.iupac for line in self.lines(z)]
        by_energy = [self._factors(z, float(e)) for e in kev]
        rates = [[f.get(name, {"rate": 0.0})["rate"] for f in by_energy] for name in names]
        return np.array(rates, dtype=np.float64).reshape(len(names), len(kev))

    def _coefficients(self, z: int, kev: np.ndarray, kind: str) -> np.ndarray:
        if len(kev) == 0:
            return np.zeros(0)
        table = self.elements.getMassAttenuationCoefficients(
            element_symbol(z), list(map(float, kev))
        )
        return np.array(table[kind])

    def _factors(self, z: int, kev: float) -> dict[str, dict[str, float]]:
        return self.elements.getExcitationFactors(element_symbol(z), kev, 1.0)[0]


@lru_cache(maxsize=2)
def samples(count: int) -> tuple[Strata, ...]:
    return tuple(draw_strata(np.random.default_rng([77, i])) for i in range(count))


def stacks(count: int) -> Stacks:
    batch = [
        [(layer.elements, layer.density, layer.thickness_um) for layer in strata.layers]
        for strata in samples(count)
    ]
    found = Stacks.from_layers(batch)
    return Stacks(found.z, found.fractions.double(), found.mass_thickness.double())


def reference(strata: Strata, secondary: int = 0, shells: str = "KLM", elements=None) -> Rates:
    """Return the rates of fisx by (family, transition, layer)."""
    elements = elements or library()
    layers = []
    elements.removeMaterials()
    for i, layer in enumerate(strata.layers):
        material = fisx.Material(f"layer{i}", layer.density, layer.thickness_um * 1e-4)
        material.setComposition({element_symbol(z): f for z, f in layer.elements.items()})
        elements.addMaterial(material, 0)
        layers.append([f"layer{i}", layer.density, layer.thickness_um * 1e-4])
    engine = fisx.XRF()
    engine.setBeam(BEAM.kev.tolist(), BEAM.flux.tolist())
    engine.setGeometry(GEOMETRY.incidence_deg, GEOMETRY.takeoff_deg)
    engine.setSample(layers, 0)
    numbers = sorted({z for layer in strata.layers for z in layer.elements})
    families = [
        f"{element_symbol(z)} {shell}"
        for z in numbers
        for shell in shells
        if any(line.family == shell and line.edge_kev < 37.0 for line in element_lines(z))
    ]
    answer = engine.getMultilayerFluorescence(families, elements, secondary, 0, 1)
    return {
        (family, name, index): line["rate"]
        for family, by_layer in answer.items()
        for index, lines in by_layer.items()
        for name, line in lines.items()
    }


def load_secondary() -> list[Rates]:
    """Load the stored results, one per stack."""
    with np.load(SECONDARY, allow_pickle=False) as stored:
        parts = [stored[name] for name in ("stack", "family", "line", "layer", "rate")]
    found: list[Rates] = [{} for _ in range(int(parts[0].max()) + 1)]
    for stack, family, line, layer, rate in zip(*(part.tolist() for part in parts), strict=True):
        found[stack][family, line, layer] = rate
    return found


def _save(answers: list[Rates]) -> None:
    rows = [
        (i, *key, rate)
        for i, rates in enumerate(answers)
        for key, rate in rates.items()
        if rate > FAINTEST * max(rates.values())
    ]
    columns = list(zip(*rows, strict=True))
    np.savez_compressed(
        SECONDARY,
        allow_pickle=False,
        stack=np.array(columns[0], dtype=np.int16),
        family=np.array(columns[1]),
        line=np.array(columns[2]),
        layer=np.array(columns[3], dtype=np.int8),
        rate=np.array(columns[4], dtype=np.float32),
    )


if __name__ == "__main__":
    done = load_secondary() if SECONDARY.exists() else []
    for strata in samples(N_SECONDARY)[len(done) :]:
        done.append(reference(strata, secondary=2))
        if len(done) % 10 == 0 or len(done) == N_SECONDARY:
            _save(done)
            print(len(done), flush=True)
