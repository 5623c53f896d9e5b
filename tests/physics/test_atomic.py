"""Test the atomic constants of the engine."""

import numpy as np
import pytest
import xraylib

from napari_xrf_pigments.physics.atomic import AtomicData, compound_attenuation


def test_attenuation_has_the_shape_of_the_energies_and_drops_between_edges() -> None:
    kev = np.array([8.0, 10.0, 12.0])
    lead = AtomicData().mass_attenuation(82, kev)
    assert lead.shape == (3,)
    assert (np.diff(lead) < 0).all()


def test_attenuation_jumps_up_at_an_edge() -> None:
    below, above = AtomicData().mass_attenuation(26, np.array([7.05, 7.2]))
    assert above / below == pytest.approx(8, rel=0.15)


def test_production_vanishes_below_the_edge_of_each_line() -> None:
    data = AtomicData()
    kev = np.array([6.0, 14.0, 40.0])
    table = data.production(82, kev)
    lines = data.lines(82)
    assert table.shape == (len(lines), 3)
    for line, row in zip(lines, table, strict=True):
        assert (row[kev <= line.edge_kev] == 0).all()
        assert (row[kev > line.edge_kev] > 0).all()


def test_an_element_without_lines_has_an_empty_table_of_lines() -> None:
    assert AtomicData().production(1, np.array([10.0, 20.0])).shape == (0, 2)


def test_a_compound_attenuates_as_its_elements_by_weight() -> None:
    kev = np.array([5.0, 20.0])
    water = compound_attenuation({1: 0.1119, 8: 0.8881}, kev)
    expected = [xraylib.CS_Total_CP("H2O", energy) for energy in kev]
    np.testing.assert_allclose(water, expected, rtol=1e-3)


def test_returned_constants_are_copies() -> None:
    data, kev = AtomicData(), np.array([15.0, 20.0])
    for table in (data.mass_attenuation, data.production):
        first = table(82, kev)
        expected = first.copy()
        first[:] = -1
        np.testing.assert_array_equal(table(82, kev), expected)
