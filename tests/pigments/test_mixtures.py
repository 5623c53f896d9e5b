"""Test mixtures that show the same elements as one pigment."""

import pytest

from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment, pigment_catalogue
from napari_xrf_pigments.pigments.mixtures import equivalent_mixtures


def elements(name):
    return {family.split()[0] for family in pigment(name).diagnostic}


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("chrome_yellow", ("lead", "chromium")),
        ("lead_tin_yellow", ("lead", "tin")),
        ("emerald_green", ("arsenic", "copper")),
        ("lithopone", ("zinc", "barium")),
        ("umber", ("iron", "manganese")),
    ],
)
def test_well_known_mixtures_are_named(name, pair):
    assert pair in equivalent_mixtures(name)


def test_a_pigment_of_one_element_has_no_equivalent_mixture():
    assert equivalent_mixtures("vermilion") == ()


@pytest.mark.parametrize("entry", pigment_catalogue(), ids=lambda entry: entry.id)
def test_a_mixture_has_all_elements_of_the_pigment_and_no_others(entry):
    for first, second in equivalent_mixtures(entry.id):
        assert entry.group not in (first, second)
        sets = [
            elements(a) | elements(b)
            for a in ambiguity_groups()[first]
            for b in ambiguity_groups()[second]
        ]
        assert elements(entry.id) in sets


def test_an_unknown_pigment_is_refused():
    with pytest.raises(ValueError, match="no pigment"):
        equivalent_mixtures("unobtainium")
