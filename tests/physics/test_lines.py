"""Test characteristic lines: energies, families and strengths."""

import numpy as np
import pytest

from napari_xrf_pigments.physics.lines import (
    MIN_KEV,
    atomic_number,
    element_lines,
    element_symbol,
    line_cross_section,
    line_family,
    visible_series,
)


@pytest.mark.parametrize(
    ("family", "kev"),
    [
        ("Fe K", 6.404),
        ("Pb L", 10.551),
        ("Hg L", 9.989),
        ("Cu K", 8.048),
        ("Ca K", 3.692),
        ("Cd K", 23.173),
        ("Sn K", 25.271),
        ("Pb M", 2.346),
    ],
)
def test_the_main_line_of_a_family_has_its_tabulated_energy(family: str, kev: float) -> None:
    assert line_family(family).main.kev == pytest.approx(kev, abs=0.003)


@pytest.mark.parametrize("z", range(11, 93))
def test_strengths_of_every_excited_family_are_positive_and_sum_to_one(z: int) -> None:
    for shell in {line.family for line in element_lines(z)}:
        try:
            family = line_family(f"{element_symbol(z)} {shell}", 45.0)
        except ValueError:
            # None of its lines is excited: its edges are above 45 keV.
            edges = [line.edge_kev for line in element_lines(z) if line.family == shell]
            assert min(edges) >= 45.0
            continue
        assert family.strength.sum() == pytest.approx(1.0)
        assert (family.strength > 0).all()
        assert len(family.kev) == len(family.strength) == len(family.lines)


@pytest.mark.parametrize("symbol", ["Na", "Fe", "Ag", "Ba", "Au", "Pb", "U"])
def test_a_line_is_below_the_edge_that_it_requires(symbol: str) -> None:
    for line in element_lines(atomic_number(symbol)):
        assert MIN_KEV <= line.kev < line.edge_kev


def test_a_line_is_not_excited_below_its_edge() -> None:
    iron = line_family("Fe K").main
    assert line_cross_section(iron, iron.edge_kev - 0.01) == 0.0
    assert line_cross_section(iron, iron.edge_kev + 0.01) > 0.0


def test_lines_of_subshells_that_the_beam_cannot_ionise_are_left_out() -> None:
    # Edges of lead: L3 13.035, L2 15.200, L1 15.861 keV.
    assert {line.iupac[:2] for line in line_family("Pb L", 14.0).lines} == {"L3"}
    assert {line.iupac[:2] for line in line_family("Pb L", 40.0).lines} == {"L1", "L2", "L3"}


def test_k_beta_of_iron_is_about_an_eighth_of_k_alpha() -> None:
    family = line_family("Fe K")
    beta = np.array([line.siegbahn.startswith("Kb") for line in family.lines])
    assert family.strength[beta].sum() / family.strength[~beta].sum() == pytest.approx(
        0.135, abs=0.015
    )


def test_symbols_and_atomic_numbers_are_inverse() -> None:
    assert [atomic_number(element_symbol(z)) for z in range(1, 95)] == list(range(1, 95))


@pytest.mark.parametrize("name", ["Fe", "fe K", "Xx L", "Fe N", "Fe K L", "", "FeK"])
def test_an_unknown_family_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*(not a line family|not the symbol).*\.$"):
        line_family(name)


@pytest.mark.parametrize("name", ["H K", "Ca M", "U K"])
def test_a_family_without_excited_lines_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"has no line above 0\.9 keV"):
        line_family(name, 40.0)


def test_series_have_greek_names_and_the_energies_of_their_peaks():
    labels = {line.label: line.kev for line in visible_series(["Hg L", "Fe K"], 20, 40)}
    assert labels["Fe Kα"] == pytest.approx(6.40, abs=0.01)
    assert labels["Fe Kβ"] == pytest.approx(7.06, abs=0.01)
    assert labels["Hg Lα"] == pytest.approx(9.98, abs=0.02)


def test_a_series_of_lines_far_apart_has_the_energy_of_its_peak():
    # The strongest L-gamma line of lead is 0.35 keV below three others.
    labels = {line.label: line.kev for line in visible_series(["Pb L"], 20, 40)}
    assert labels["Pb Lγ"] == pytest.approx(14.76, abs=0.02)
    assert labels["Pb Lβ"] == pytest.approx(12.62, abs=0.03)


def test_each_family_has_a_main_series():
    for name in ("Fe K", "Pb L", "Ca K", "Ba L"):
        assert any(line.strength > 0.25 for line in visible_series([name], 20, 40))


def test_lines_beyond_the_axis_or_the_voltage_are_left_out():
    assert visible_series(["Sn K"], 20, 40) == []
    assert visible_series(["Sn K"], 60, 20) == []
    assert visible_series([], 20) == []
