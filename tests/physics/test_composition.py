"""Test the mass fractions of formulas and oxide analyses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.physics.composition import (
    formula_fractions,
    mixture_fractions,
    parse_composition,
)


def test_fractions_follow_the_atomic_weights() -> None:
    # 207.2 * 3 / (207.2 * 3 + 12.011 * 2 + 1.008 * 2 + 15.999 * 8)
    assert formula_fractions("Pb3C2H2O8")[82] == pytest.approx(0.8014, abs=2e-4)
    assert formula_fractions("HgS")[80] == pytest.approx(0.8622, abs=2e-4)


@given(
    st.lists(
        st.tuples(st.sampled_from(["H", "C", "O", "Fe", "Co", "Pb"]), st.integers(1, 30)),
        min_size=1,
        max_size=6,
    )
)
def test_fractions_of_any_flat_formula_sum_to_one(parts: list[tuple[str, int]]) -> None:
    fractions = formula_fractions("".join(f"{symbol}{count}" for symbol, count in parts))
    assert sum(fractions.values()) == pytest.approx(1.0)
    assert all(fraction > 0 for fraction in fractions.values())


def test_an_element_may_occur_more_than_once_in_a_formula() -> None:
    assert formula_fractions("MnP2O7NH4") == pytest.approx(formula_fractions("NH4MnP2O7"))
    assert formula_fractions("FeOFeO2") == pytest.approx(formula_fractions("Fe2O3"))


def test_symbols_of_one_and_two_letters_are_distinguished() -> None:
    assert set(formula_fractions("Co")) == {27}
    assert set(formula_fractions("CO")) == {6, 8}


def test_returned_fractions_are_copies() -> None:
    formula_fractions("ZnO")[30] = 99.0
    assert formula_fractions("ZnO")[30] < 1.0


@pytest.mark.parametrize("text", ["", "Fe(OH)3", "fe", "Xx2O", "2Fe", "Fe O", "Fe.", "CuO·H2O"])
def test_an_invalid_formula_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not .*\.$"):
        formula_fractions(text)


def test_a_composition_of_zero_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="positive weight"):
        mixture_fractions({})
    with pytest.raises(ValueError, match="positive weight"):
        formula_fractions("Fe0")


def test_a_mixture_is_the_mean_of_its_parts_by_weight() -> None:
    mixed = mixture_fractions({"PbO": 3.0, "SiO2": 1.0})
    assert mixed[82] == pytest.approx(0.75 * formula_fractions("PbO")[82])
    assert mixed[8] == pytest.approx(
        0.75 * formula_fractions("PbO")[8] + 0.25 * formula_fractions("SiO2")[8]
    )


def test_an_oxide_analysis_is_normalised() -> None:
    half = mixture_fractions(parse_composition("oxides: Fe2O3 25 SiO2 25"))
    assert half == pytest.approx(mixture_fractions({"Fe2O3": 1.0, "SiO2": 1.0}))


def test_an_oxide_listed_twice_is_summed() -> None:
    assert parse_composition("oxides: Fe2O3 10 SiO2 50 Fe2O3 30") == {"Fe2O3": 40, "SiO2": 50}


@pytest.mark.parametrize(
    "text",
    [
        "oxides: Fe2O3",
        "oxides: Fe2O3 50 SiO2",
        "oxides: Fe2O3 much",
        "oxides: Fe2O3 -5",
        "oxides: Fe2O3 nan",
        "oxides:",
        "oxides: Rust 50",
        "rust",
    ],
)
def test_an_invalid_composition_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_composition(text)
