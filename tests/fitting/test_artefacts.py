"""Test the energies of the scattered tube lines and of pile-up."""

import numpy as np
import pytest

from napari_xrf_pigments.fitting.artefacts import compton_kev, pile_up_shape, scatter_shapes
from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.lineshape import peaks
from napari_xrf_pigments.physics.tube_library import ANODES

KEV = -0.96 + 0.01 * np.arange(4096)


@pytest.mark.parametrize(("angle", "kev"), [(90, 19.45), (120, 19.08), (145, 18.86)])
def test_rhodium_scatters_at_the_compton_energy_of_the_angle(angle: float, kev: float) -> None:
    assert compton_kev(20.216, angle) == pytest.approx(kev, abs=0.006)


@pytest.mark.parametrize("anode", ANODES)
def test_every_anode_has_both_kinds_of_scatter(anode: str) -> None:
    found = scatter_shapes(KEV, Conditions(anode, 50.0))
    assert {part.kind for part in found} == {"Rayleigh", "Compton"}
    for part in found:
        assert KEV[np.argmax(part.shape)] == pytest.approx(part.kev, abs=0.2)


def test_a_voltage_below_the_edge_leaves_only_low_energy_lines() -> None:
    found = scatter_shapes(KEV, Conditions("Rh", 20.0))
    assert max(part.kev for part in found) < 4


def test_unknown_anode_has_no_scatter() -> None:
    assert scatter_shapes(KEV, Conditions(None, 50.0)) == ()


@pytest.mark.parametrize("offset", [-0.955, 0.0, 1.3])
def test_pile_up_appears_at_the_sum_of_two_energies(offset: float) -> None:
    axis = offset + 0.02 * np.arange(1400)
    first, second = peaks(axis, np.array([10.551, 12.614]), shelf=0, escape=False)
    sums = pile_up_shape(axis, first, second)
    assert sums.sum() == pytest.approx(1.0)
    assert axis @ sums == pytest.approx(23.165, abs=0.01)


def test_sums_beyond_the_axis_are_lost() -> None:
    axis = 0.02 * np.arange(800)
    line = peaks(axis, np.array([12.6]), shelf=0, escape=False)[0]
    assert not pile_up_shape(axis, line, line).any()
