"""Test properties of secondary excitation that do not depend on the constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expn

from napari_xrf_pigments.physics.fluorescence import LineTable, line_table
from napari_xrf_pigments.physics.layered_samples import Geometry, Stacks
from napari_xrf_pigments.physics.secondary import (
    COARSE,
    FINE,
    ExciterTable,
    Fineness,
    _absorbed,
    _e3,
    exciter_table,
    secondary_share,
)
from napari_xrf_pigments.physics.tube import Beam

GEOMETRY = Geometry(90.0, 45.0)
HARD = Beam(np.array([20.0]), np.array([0.0]), np.array([1.0]))
CR, FE, NI, CU, PB = 24, 26, 28, 29, 82


def share_of(
    stacks: Stacks, symbol: str, layer: int = 0, beam: Beam = HARD, fineness: Fineness = FINE
) -> np.ndarray:
    """Compute the secondary share of the K-L3 (or L3-M5) line of an element, shape (stack,)."""
    table, exciters = tables(stacks, beam)
    share = secondary_share(stacks, beam, GEOMETRY, table, exciters, fineness)
    column = next(
        i
        for i, line in enumerate(table.lines)
        if line.symbol == symbol and line.iupac in ("KL3", "L3M5")
    )
    return share[:, layer, column].numpy()


def tables(stacks: Stacks, beam: Beam) -> tuple[LineTable, ExciterTable]:
    table = line_table(stacks.z, beam, dtype=stacks.fractions.dtype)
    return table, exciter_table(stacks.z, table, beam)


def double(stacks: Stacks) -> Stacks:
    return Stacks(stacks.z, stacks.fractions.double(), stacks.mass_thickness.double())


def alloy(**parts: float) -> Stacks:
    numbers = {"Cr": CR, "Fe": FE, "Ni": NI}
    fractions = {numbers[name]: part for name, part in parts.items()}
    return double(Stacks.from_layers([[(fractions, 8.0, 1000.0)]]))


def test_the_interpolated_integral_equals_the_exact_one() -> None:
    optical = torch.linspace(0, 19, 3001, dtype=torch.float64)
    assert _e3(optical).numpy() == pytest.approx(expn(3, optical.numpy()), abs=1e-6)


def test_iron_excites_chromium_and_chromium_does_not_excite_iron() -> None:
    steel = alloy(Cr=0.2, Fe=0.8)
    scattered = share_of(alloy(Fe=1.0), "Fe")[0]  # the scattered beam alone
    assert share_of(steel, "Cr")[0] > 0.15
    assert share_of(steel, "Fe")[0] < scattered * 1.5
    assert scattered < 0.05


@pytest.mark.parametrize("symbol", ["Cr", "Fe"])
def test_a_thick_alloy_agrees_with_the_closed_form_of_sherman(symbol: str) -> None:
    steel = alloy(Cr=0.18, Fe=0.74, Ni=0.08)
    table, exciters = tables(steel, HARD)
    unscattered = replace(exciters, scatter=torch.zeros_like(exciters.scatter))
    found = secondary_share(steel, HARD, GEOMETRY, table, unscattered)[0, 0]
    own = next(i for i, x in enumerate(table.lines) if x.symbol == symbol and x.iupac == "KL3")
    weights = steel.fractions[0, 0]
    way_in = float(weights @ table.mu_in[:, 0]) / GEOMETRY.sin_in
    way_out = float(weights @ table.mu_out[:, own]) / GEOMETRY.sin_out
    expected = 0.0
    for j, element in enumerate(exciters.element.tolist()):
        mu = float(weights @ exciters.attenuation[:, j])
        born = float(weights[element] * exciters.emitted[j, 0])
        depth = np.log1p(way_in / mu) / way_in + np.log1p(way_out / mu) / way_out
        again = float(exciters.production[own, j] / table.production[own, 0])
        expected += 0.5 * born * again * depth
    assert float(found[own]) == pytest.approx(expected, rel=0.04, abs=1e-6)


def test_emission_per_chromium_atom_rises_with_the_iron_content() -> None:
    shares = [share_of(alloy(Cr=1 - iron, Fe=iron), "Cr")[0] for iron in (0.1, 0.4, 0.8)]
    assert shares[0] < shares[1] < shares[2]


def test_a_layer_excites_the_layers_above_and_below_it() -> None:
    film, block = ({CR: 1.0}, 7.0, 2.0), ({FE: 1.0}, 7.9, 500.0)
    alone = double(Stacks.from_layers([[film]]))
    on_top = double(Stacks.from_layers([[film, block]]))
    below = double(Stacks.from_layers([[({FE: 1.0}, 7.9, 10.0), film]]))
    assert share_of(on_top, "Cr", 0)[0] > 0.1
    assert share_of(below, "Cr", 1)[0] > 0.02
    assert share_of(alone, "Cr", 0)[0] < 0.02


def test_secondary_excitation_within_a_thin_film_is_negligible() -> None:
    thin, thick = (
        double(Stacks.from_layers([[({CR: 0.5, FE: 0.5}, 7.5, thickness)]]))
        for thickness in (0.01, 100.0)
    )
    assert share_of(thin, "Cr")[0] < 0.05 * share_of(thick, "Cr")[0]


def test_missing_layers_change_nothing() -> None:
    layers = [({CR: 0.3, FE: 0.7}, 7.5, 20.0), ({PB: 0.8, 8: 0.2}, 5.0, 60.0)]
    pair = double(Stacks.from_layers([layers, [layers[0]]]))
    single = double(Stacks.from_layers([[layers[0]]]))
    table, exciters = tables(pair, HARD)
    share = secondary_share(pair, HARD, GEOMETRY, table, exciters)
    assert torch.isfinite(share).all()
    assert share_of(pair, "Cr")[1] == pytest.approx(share_of(single, "Cr")[0], rel=1e-6)
    assert (share[1, 1] == 0).all()


def test_single_precision_agrees_with_double_precision() -> None:
    layers = [
        ({6: 0.75, 1: 0.1, 8: 0.15}, 1.0, 8.0),  # varnish: almost transparent
        ({CR: 0.2, PB: 0.6, 8: 0.2}, 3.0, 25.0),
        ({20: 0.4, 6: 0.12, 8: 0.48}, 1.8, 200.0),
    ]
    exact = double(Stacks.from_layers([layers]))
    short = Stacks(exact.z, exact.fractions.float(), exact.mass_thickness.float())
    for symbol, layer in (("Cr", 1), ("Pb", 1), ("Ca", 2)):
        assert share_of(short, symbol, layer) == pytest.approx(
            share_of(exact, symbol, layer), rel=0.01, abs=2e-4
        )


def test_coarse_and_fine_integration_agree_for_steel() -> None:
    steel = alloy(Cr=0.18, Fe=0.74, Ni=0.08)
    fine, coarse = share_of(steel, "Cr"), share_of(steel, "Cr", fineness=COARSE)
    assert coarse == pytest.approx(fine, rel=0.12)


def test_without_exciting_lines_and_scatter_there_is_no_secondary_share() -> None:
    pure = double(Stacks.from_layers([[({6: 1.0}, 1.0, 100.0)]]))
    table, exciters = tables(pure, HARD)
    assert secondary_share(pure, HARD, GEOMETRY, table, exciters).numel() == 0


@settings(max_examples=50)
@given(
    optical=st.lists(st.floats(1e-3, 5.0), min_size=1, max_size=6),
    seed=st.integers(0, 1000),
)
def test_no_photon_is_absorbed_twice(optical: list[float], seed: int) -> None:
    thickness = torch.tensor([optical], dtype=torch.float64)
    source = torch.rand(1, len(optical), generator=torch.Generator().manual_seed(seed)).double()
    absorbed = _absorbed(thickness, source)
    assert (absorbed >= 0).all()
    assert absorbed.sum() <= source.sum() * (1 + 1e-3)


def test_in_thick_matter_every_photon_is_absorbed() -> None:
    source = torch.zeros(1, 5, dtype=torch.float64)
    source[0, 2] = 1.0
    assert float(_absorbed(torch.full((1, 5), 6.0).double(), source).sum()) == pytest.approx(
        1.0, abs=1e-3
    )


@settings(max_examples=30)
@given(first=st.floats(0.01, 4.0), gap=st.floats(0.01, 4.0), second=st.floats(0.01, 4.0))
def test_mutual_excitation_of_two_layers_is_reciprocal(
    first: float, gap: float, second: float
) -> None:
    thickness = torch.tensor([[first, gap, second]], dtype=torch.float64)
    there = _absorbed(thickness, torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64))[0, 2]
    back = _absorbed(thickness, torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64))[0, 0]
    # Reciprocity: t_a P_ab = t_b P_ba.
    assert float(there) * first == pytest.approx(float(back) * second, rel=1e-3, abs=1e-6)
