"""Test that the elements of a spectrum are found, and artefacts that resemble them are not."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_xrf_pigments.calibration.anode import estimate_anode
from napari_xrf_pigments.fitting.artefacts import pile_up_shape
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.line_search import find_families, main_family
from napari_xrf_pigments.physics.tube_library import ANODES

Maker = Callable[..., np.ndarray]
KEV = -0.02 + 0.029 * np.arange(1024)
PAINT = {
    "Ca K": 3e5,
    "Ti K": 5e4,
    "Fe K": 2e5,
    "Cu K": 1e5,
    "Zn K": 6e4,
    "Hg L": 2e5,
    "Pb L": 8e5,
}
HIDDEN = {"Ar K": 3e4, "Pb M": 1e5, "Hg M": 3e4}
TRAPS = {"Cd K", "Sn K", "Ag K", "As K", "Co K", "Mn K", "Cr K", "Ba L", "Ni K", "Au L", "Sb K"}


def _spectrum(make: Maker, amounts: dict[str, float], anode: str = "Rh") -> np.ndarray:
    mean = make(KEV, amounts, anode=anode, scatter=3e5, continuum=8e5)
    return np.random.default_rng(0).poisson(mean)


@pytest.mark.parametrize("anode", ["Rh", "Ag", "Mo", "W"])
def test_all_elements_of_a_painting_and_no_others_are_found(
    expected_spectrum: Maker, anode: str
) -> None:
    found = find_families(
        _spectrum(expected_spectrum, {**PAINT, **HIDDEN}, anode), KEV, Conditions(anode, 45.0)
    )
    assert set(found.families) >= set(PAINT) - ({"Zn K", "Cu K"} if anode == "W" else set())
    assert not TRAPS & set(found.families)


@pytest.mark.parametrize(
    "name", ["Mn K", "Cr K", "Co K", "Ni K", "Cd K", "Sn K", "Sr K", "Ba L", "As K", "Sb K"]
)
def test_each_additional_element_is_found(expected_spectrum: Maker, name: str) -> None:
    amounts = {**PAINT, **HIDDEN, name: 6e4 if name != "As K" else 2e5}
    found = find_families(_spectrum(expected_spectrum, amounts), KEV, Conditions("Rh", 45.0))
    assert name in found.families


def test_an_element_is_counted_once(expected_spectrum: Maker) -> None:
    amounts = {**PAINT, **HIDDEN, "Sn K": 6e4, "Sn L": 2e4}
    found = find_families(_spectrum(expected_spectrum, amounts), KEV, Conditions("Rh", 45.0))
    elements = [name.split()[0] for name in found.families]
    assert len(elements) == len(set(elements))
    assert "Sn L" in found.nuisance
    assert "Pb M" in found.nuisance


def test_air_is_fitted_but_not_reported(expected_spectrum: Maker) -> None:
    found = find_families(_spectrum(expected_spectrum, HIDDEN), KEV, Conditions("Rh", 45.0))
    assert "Ar K" in found.nuisance
    assert "Ar K" not in found.families


def test_an_element_in_one_block_only_is_found(expected_spectrum: Maker) -> None:
    common = expected_spectrum(KEV, {"Pb L": 8e3, "Ca K": 3e3}, scatter=3e3, continuum=8e3)
    corner = expected_spectrum(KEV, {"Cr K": 6e2})
    blocks = np.random.default_rng(1).poisson(common, (150, KEV.size))
    blocks[7] += np.random.default_rng(2).poisson(corner)
    conditions = Conditions("Rh", 45.0)
    assert "Cr K" not in find_families(blocks.sum(0), KEV, conditions).families
    assert "Cr K" in find_families(blocks, KEV, conditions).families


def test_pile_up_of_lead_is_not_cadmium_or_tin(expected_spectrum: Maker) -> None:
    lead = expected_spectrum(KEV, {"Pb L": 3e6}, fwhm_ev=145.0)
    sums = pile_up_shape(KEV, lead, lead) * 4e4
    mean = lead + sums + expected_spectrum(KEV, {"Ca K": 1e5}, scatter=3e5, continuum=8e5)
    found = find_families(np.random.default_rng(3).poisson(mean), KEV, Conditions("Rh", 45.0))
    assert not {"Cd K", "Sn K", "Ag K", "Sb K"} & set(found.families)


def test_silver_is_not_reported_with_a_silver_anode(expected_spectrum: Maker) -> None:
    spectrum = _spectrum(expected_spectrum, {**PAINT, "Ag K": 1e5}, "Ag")
    assert "Ag K" not in find_families(spectrum, KEV, Conditions("Ag", 45.0)).families


@pytest.mark.parametrize(
    ("symbol", "kv", "family"),
    [
        ("Fe", 45, "Fe K"),
        ("Sn", 45, "Sn K"),
        ("Sn", 20, "Sn L"),
        ("Ba", 50, "Ba L"),
        ("Pb", 10, None),
    ],
)
def test_the_main_family_of_an_element_depends_on_the_voltage(
    symbol: str, kv: float, family: str | None
) -> None:
    assert main_family(symbol, KEV, Conditions("Rh", kv)) == family


@pytest.mark.parametrize("anode", ANODES)
def test_the_anode_is_estimated_from_its_scatter(expected_spectrum: Maker, anode: str) -> None:
    amounts = {k: v for k, v in {**PAINT, **HIDDEN}.items() if not k.startswith(anode)}
    assert estimate_anode(_spectrum(expected_spectrum, amounts, anode), KEV) == anode


def test_without_scatter_no_anode_is_estimated(expected_spectrum: Maker) -> None:
    mean = expected_spectrum(KEV, {**PAINT, **HIDDEN}, anode=None, continuum=8e5)
    assert estimate_anode(np.random.default_rng(4).poisson(mean), KEV) is None
