"""Test Rayleigh and Compton scatter."""

import numpy as np
import pytest
import torch

from napari_xrf_pigments.physics.composition import formula_fractions
from napari_xrf_pigments.physics.layered_samples import Geometry, Stacks
from napari_xrf_pigments.physics.scatter import (
    compton_kev,
    compton_width_kev,
    scatter_table,
    single_scatter,
)
from napari_xrf_pigments.physics.tube import Beam

BEAM = Beam(np.array([17.4, 20.2]), np.zeros(2), np.array([0.4, 0.6]))
GEOMETRY = Geometry(90.0, 45.0)
CELLULOSE = formula_fractions("C6H10O5")


def scattered(*stacks: list[tuple[dict[int, float], float, float]]) -> torch.Tensor:
    """Compute Rayleigh and Compton photons, shape (2, stack, component)."""
    batch = Stacks.from_layers(stacks)
    return torch.stack(
        single_scatter(batch, BEAM, GEOMETRY, scatter_table(batch.z, BEAM, GEOMETRY))
    )


@pytest.mark.parametrize(("angle", "kev"), [(0, 20.216), (90, 19.45), (120, 19.08), (145, 18.86)])
def test_rhodium_k_alpha_falls_to_its_compton_energy(angle: float, kev: float) -> None:
    assert compton_kev(np.array([20.216]), angle)[0] == pytest.approx(kev, abs=0.01)


def test_backscatter_is_broader_than_forward_scatter() -> None:
    widths = [compton_width_kev(np.array([20.2]), angle)[0] for angle in (30, 90, 150)]
    assert widths[0] < widths[1] < widths[2]
    # Molybdenum and rhodium tubes have a half width of about 0.5 keV at 145 degrees.
    assert 0.15 < widths[2] < 0.4


def test_light_elements_scatter_more_than_lead() -> None:
    rayleigh, compton = scattered([(CELLULOSE, 1.0, 1e4)], [({82: 1.0}, 11.3, 1e4)])
    assert (compton[0] > 30 * compton[1]).all()
    assert (compton[0] > rayleigh[0]).all()
    assert (rayleigh[1] > compton[1]).all()


def test_thin_layers_scatter_in_proportion_to_their_mass() -> None:
    both = scattered([(CELLULOSE, 1.0, 1.0)], [(CELLULOSE, 1.0, 2.0)])
    torch.testing.assert_close(both[:, 1], 2 * both[:, 0], rtol=2e-3, atol=0.0)


def test_a_cover_of_lead_white_hides_the_scatter_of_the_support() -> None:
    support = (CELLULOSE, 1.0, 1e4)
    both = scattered([support], [(formula_fractions("Pb3C2H2O8"), 4.0, 50.0), support])
    assert (both[1, 1] < 0.5 * both[1, 0]).all()


def test_missing_layers_do_not_scatter() -> None:
    support = (CELLULOSE, 1.0, 500.0)
    both = scattered([support], [({}, 0.0, 0.0), support])
    assert torch.isfinite(both).all()
    torch.testing.assert_close(both[:, 1], both[:, 0])


def test_dividing_a_layer_in_two_does_not_change_the_scatter() -> None:
    both = scattered([(CELLULOSE, 1.0, 800.0)], [(CELLULOSE, 1.0, 300.0), (CELLULOSE, 1.0, 500.0)])
    torch.testing.assert_close(both[:, 1], both[:, 0], rtol=1e-4, atol=0.0)
