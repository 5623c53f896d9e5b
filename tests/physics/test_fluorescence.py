"""Test the primary fluorescence of layers against analytical formulas."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.physics.atomic import AtomicData
from napari_xrf_pigments.physics.composition import formula_fractions
from napari_xrf_pigments.physics.fluorescence import escape_depth, line_table, primary_fluorescence
from napari_xrf_pigments.physics.layered_samples import Geometry, Stacks
from napari_xrf_pigments.physics.tube import Beam

Layer = tuple[dict[int, float], float, float]

TWO = Beam(np.array([12.0, 20.0]), np.zeros(2), np.array([0.3, 0.7]))
GEOMETRY = Geometry(60.0, 40.0)
DATA = AtomicData()
LEAD_WHITE = formula_fractions("Pb3C2H2O8")
VERMILION = formula_fractions("HgS")
IRON = {26: 1.0}


def emitted(*stacks: list[Layer], geometry: Geometry = GEOMETRY) -> torch.Tensor:
    """Compute photons of each line of each stack, layers summed, in double precision."""
    batch = Stacks.from_layers(stacks)
    batch = Stacks(batch.z, batch.fractions.double(), batch.mass_thickness.double())
    table = line_table(batch.z, TWO, dtype=torch.float64)
    return primary_fluorescence(batch, TWO, geometry, table).sum(1)


def constants(z: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mu (beam), mu (lines) and production (line, beam) of a pure element."""
    kev = np.array([line.kev for line in DATA.lines(z)])
    return (
        DATA.mass_attenuation(z, TWO.kev),
        DATA.mass_attenuation(z, kev),
        DATA.production(z, TWO.kev),
    )


@pytest.mark.parametrize("z", [26, 29, 82])
def test_a_thick_pure_element_gives_the_closed_form_of_infinite_thickness(z: int) -> None:
    mu_in, mu_out, production = constants(z)
    sin_in, sin_out = np.sin(np.radians([60.0, 40.0]))
    chi = mu_in[None, :] / sin_in + mu_out[:, None] / sin_out
    by_hand = (TWO.flux * production / sin_in / chi).sum(1)
    np.testing.assert_allclose(emitted([({z: 1.0}, 8.0, 1e6)])[0], by_hand, rtol=1e-5)


def test_a_layer_of_any_thickness_gives_the_integral_over_its_depth() -> None:
    mu_in, mu_out, production = constants(26)
    sin_in, sin_out = np.sin(np.radians([60.0, 40.0]))
    mass = 7.8 * 20e-4
    nodes, weights = np.polynomial.legendre.leggauss(60)
    depth, step = (nodes + 1) / 2 * mass, weights / 2 * mass
    chi = mu_in[None, :] / sin_in + mu_out[:, None] / sin_out
    integral = (np.exp(-chi[..., None] * depth) * step).sum(-1)
    by_hand = (TWO.flux * production / sin_in * integral).sum(1)
    np.testing.assert_allclose(emitted([(IRON, 7.8, 20.0)])[0], by_hand, rtol=1e-5)


def test_a_thin_layer_emits_in_proportion_to_its_mass() -> None:
    one, two = emitted([(VERMILION, 8.0, 1e-4)], [(VERMILION, 8.0, 2e-4)])
    torch.testing.assert_close(two, 2 * one, rtol=2e-3, atol=0.0)


def test_emission_rises_with_thickness_and_saturates() -> None:
    thickness = [1.0, 10.0, 100.0, 1e3, 1e5, 1e6]
    rows = emitted(*[[(LEAD_WHITE, 6.0, t)] for t in thickness])
    assert (rows.diff(dim=0) >= -1e-12).all()
    torch.testing.assert_close(rows[-1], rows[-2], rtol=1e-6, atol=0.0)


@settings(max_examples=20)
@given(
    thickness=st.floats(0.5, 300.0),
    share=st.floats(0.05, 0.95),
    cover=st.floats(0.0, 50.0),
)
def test_dividing_a_layer_in_two_changes_nothing(
    thickness: float, share: float, cover: float
) -> None:
    top: Layer = (LEAD_WHITE, 4.0, cover)
    whole = emitted([top, (VERMILION, 5.0, thickness), (IRON, 3.0, 10.0)])
    cut = emitted(
        [
            top,
            (VERMILION, 5.0, thickness * share),
            (VERMILION, 5.0, thickness * (1 - share)),
            (IRON, 3.0, 10.0),
        ]
    )
    torch.testing.assert_close(cut, whole, rtol=1e-5, atol=1e-12)


def test_a_cover_attenuates_the_beam_and_the_lines_from_below() -> None:
    # A thin film of iron under calcium that has no iron: exp(-chi T), one energy each.
    mass = 1.5 * 30e-4
    film: Layer = (IRON, 7.8, 1e-3)
    z = (20, 26)
    batch = Stacks.from_layers([[film], [({20: 1.0}, 1.5, 30.0), film]])
    one_energy = Beam(np.array([20.0]), np.zeros(1), np.ones(1))
    table = line_table(z, one_energy)
    bare, covered = primary_fluorescence(batch, one_energy, GEOMETRY, table).sum(1)
    alpha = [line.siegbahn for line in table.lines].index("Ka1", table.slices[1].start)
    mu = DATA.mass_attenuation(20, np.array([20.0, table.lines[alpha].kev]))
    chi = (mu / np.sin(np.radians([60.0, 40.0]))).sum()
    assert float(covered[alpha] / bare[alpha]) == pytest.approx(np.exp(-chi * mass), rel=1e-4)


def test_the_order_of_layers_matters() -> None:
    a, b = (LEAD_WHITE, 4.0, 30.0), (VERMILION, 5.0, 30.0)
    over, under = emitted([a, b], [b, a])
    mercury = [i for i, line in enumerate(line_table((1, 6, 8, 16, 80, 82), TWO).lines)
               if line.z == 80]  # fmt: skip
    excited = torch.tensor([index for index in mercury if over[index] > 0])
    assert len(excited) > 10
    assert (under[excited] > 1.5 * over[excited]).all()


def test_missing_layers_change_nothing() -> None:
    layers: list[Layer] = [(LEAD_WHITE, 4.0, 30.0), (VERMILION, 5.0, 30.0)]
    gap: list[Layer] = [layers[0], (IRON, 7.0, 0.0), layers[1], ({}, 0.0, 0.0)]
    plain, padded = emitted(layers, gap)
    torch.testing.assert_close(padded, plain, rtol=1e-9, atol=0.0)
    assert torch.isfinite(padded).all()


def test_a_batch_equals_its_single_stacks() -> None:
    stacks: list[list[Layer]] = [
        [(LEAD_WHITE, 4.0, 30.0), (VERMILION, 5.0, 10.0)],
        [(VERMILION, 5.0, 30.0), (LEAD_WHITE, 4.0, 5.0), (LEAD_WHITE, 2.0, 5.0)],
        [(LEAD_WHITE | {}, 4.0, 300.0), (VERMILION, 1.0, 1.0)],
    ]
    together = emitted(*stacks)
    for row, stack in zip(together, stacks, strict=True):
        torch.testing.assert_close(row, emitted(stack)[0], rtol=1e-9, atol=0.0)


def test_an_absent_element_does_not_emit() -> None:
    batch = Stacks.from_layers([[(IRON, 7.8, 10.0)], [({29: 1.0}, 8.9, 10.0)]])
    table = line_table(batch.z, TWO)
    lines = primary_fluorescence(batch, TWO, GEOMETRY, table).sum(1)
    assert (lines[0, table.slices[1]] == 0).all()
    assert (lines[1, table.slices[0]] == 0).all()
    assert (lines[0, table.slices[0]] > 0).any()


def test_grazing_exit_reduces_the_signal_of_a_deep_layer() -> None:
    stack: list[Layer] = [(LEAD_WHITE, 4.0, 20.0), (IRON, 7.0, 20.0)]
    steep = emitted(stack, geometry=Geometry(90.0, 80.0))[0]
    grazing = emitted(stack, geometry=Geometry(90.0, 20.0))[0]
    iron = [i for i, line in enumerate(line_table((1, 6, 8, 26, 82), TWO).lines) if line.z == 26]
    assert (grazing[iron] < steep[iron]).all()


def test_escape_depth_is_exact_for_thin_and_thick_layers() -> None:
    chi = torch.tensor([1e-3, 1.0, 1e4])
    thin = escape_depth(chi, torch.tensor(1e-6))
    torch.testing.assert_close(thin[:2], torch.tensor([1e-6, 1e-6]), rtol=1e-5, atol=0.0)
    torch.testing.assert_close(escape_depth(chi, torch.tensor(1e9)), 1 / chi)


def test_the_scattering_angle_is_the_sum_of_both_angles() -> None:
    assert Geometry(90.0, 45.0).scattering_deg == pytest.approx(135.0)
    assert Geometry(60.0, 45.0).scattering_deg == pytest.approx(105.0)
    assert Geometry(60.0, 45.0, 0.0).scattering_deg == pytest.approx(165.0)
    assert Geometry(30.0, 90.0).sin_in == pytest.approx(0.5)
    assert Geometry(90.0, 45.0).sin_out == pytest.approx(2**-0.5)


def test_tensors_of_inconsistent_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Stacks((26, 82), torch.zeros(2, 3, 4), torch.zeros(2, 3))
