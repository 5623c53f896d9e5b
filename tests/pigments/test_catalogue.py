"""Test the pigment table and the tables of materials."""

import re

import pytest

from napari_xrf_pigments.physics.composition import formula_fractions, mixture_fractions
from napari_xrf_pigments.physics.lines import atomic_number, element_lines, line_family
from napari_xrf_pigments.pigments import ambiguity_groups, pigment, pigment_catalogue
from napari_xrf_pigments.pigments.catalogue import Pigment, certain_families
from napari_xrf_pigments.simulation.materials import Impurity, impurities, materials, oil_per_100

PIGMENTS = pigment_catalogue()


def each_pigment() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", PIGMENTS, ids=lambda entry: entry.id)


def all_impurities() -> list[Impurity]:
    hosts = ("*", *(entry.id for entry in PIGMENTS))
    return [impurity for host in hosts for impurity in impurities(host)]


def test_ids_are_unique_and_valid_file_names() -> None:
    ids = [entry.id for entry in PIGMENTS]
    assert len(ids) == len(set(ids)) >= 46
    assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in ids)


@each_pigment()
def test_a_pigment_contains_its_diagnostic_elements(entry: Pigment) -> None:
    assert 1 <= len(entry.diagnostic) <= 3
    for name in entry.diagnostic:
        symbol, shell = name.split()
        assert entry.fractions.get(atomic_number(symbol), 0) > 0.01
        assert shell in {line.family for line in element_lines(atomic_number(symbol))}
        assert line_family(name, 45.0).main.kev > 1.4


@each_pigment()
def test_the_composition_of_a_pigment_sums_to_one(entry: Pigment) -> None:
    assert sum(entry.fractions.values()) == pytest.approx(1.0)
    assert 1.5 <= entry.density_g_cm3 <= 19.3
    assert re.fullmatch(r"#[0-9a-f]{6}", entry.hex)
    assert entry.name


@each_pigment()
def test_years_of_use_are_in_order(entry: Pigment) -> None:
    first, last = entry.in_use
    if first is not None and last is not None:
        assert first < last


def test_every_pigment_is_in_one_group() -> None:
    members = [name for group in ambiguity_groups().values() for name in group]
    assert sorted(members) == sorted(entry.id for entry in PIGMENTS)


def test_members_of_a_group_share_a_diagnostic_element() -> None:
    for group, members in ambiguity_groups().items():
        shared = set.intersection(*(set(pigment(name).diagnostic) for name in members))
        assert shared, group


def test_a_pigment_is_found_by_its_id_and_others_are_refused() -> None:
    assert pigment("vermilion").diagnostic == ("Hg L",)
    with pytest.raises(ValueError, match=r"^There is no pigment 'mauve' in the table\.$"):
        pigment("mauve")


def test_impurities_belong_to_known_pigments_and_have_a_range_and_a_chance() -> None:
    listed = all_impurities()
    for impurity in listed:
        assert sum(formula_fractions(impurity.formula).values()) == pytest.approx(1.0)
        assert 0 < impurity.low_percent < impurity.high_percent <= 1000
        assert 0 < impurity.chance <= 1
    from napari_xrf_pigments.simulation.materials import _rows

    assert len(listed) == len(_rows("impurities.csv"))  # detects a misspelt host pigment


def test_an_impurity_contains_more_than_the_diagnostic_element() -> None:
    for entry in PIGMENTS:
        main = {atomic_number(name.split()[0]) for name in entry.diagnostic}
        for impurity in impurities(entry.id):
            assert set(formula_fractions(impurity.formula)) - main


def test_every_paint_pigment_has_an_oil_absorption() -> None:
    for entry in PIGMENTS:
        if not entry.id.endswith("_leaf"):
            assert 5 <= oil_per_100()[entry.id] <= 200


@pytest.mark.parametrize(
    ("name", "parts"), [("lead_white", 15), ("zinc_white", 21), ("vermilion", 23), ("umber", 96)]
)
def test_oil_absorption_agrees_with_published_values(name: str, parts: float) -> None:
    assert oil_per_100()[name] == parts


def test_materials_have_compositions_and_densities() -> None:
    assert {"linseed_oil", "glue", "varnish", "canvas", "wood"} <= set(materials())
    for material in materials().values():
        assert sum(mixture_fractions(material.parts).values()) == pytest.approx(1.0)
        assert 0.3 < material.density_g_cm3 < 9
    assert not set(materials()) & {entry.id for entry in PIGMENTS}


def test_a_pigment_is_identified_by_all_its_diagnostic_families():
    assert certain_families(["vermilion", "lead_white", "no pigment"], []) == ("Hg L", "Pb L")


def test_a_group_is_identified_by_the_families_that_all_members_share():
    # Egyptian blue also contains calcium, but the copper pigment remains undetermined.
    assert certain_families([], ["copper", "no group"]) == ("Cu K",)
