"""Test the stratigraphies and labels of the independent test sets."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments.evaluation.independent_simulation.catalogue import (
    set_groups,
    set_pigment,
    set_pigments,
)
from napari_xrf_pigments.evaluation.independent_simulation.labels import Window, label_spectrum
from napari_xrf_pigments.evaluation.independent_simulation.recipes import GROUNDS, SUPPORTS
from napari_xrf_pigments.evaluation.independent_simulation.stratigraphy import (
    Layer,
    Strata,
    draw_strata,
)
from napari_xrf_pigments.evaluation.independent_simulation.truth import (
    COVERED,
    GROUND,
    SUPPORT,
    TOP,
)

IDS = tuple(entry.id for entry in set_pigments())
GROUPS = tuple(set_groups())


@pytest.fixture(scope="module")
def drawn() -> list[Strata]:
    return [draw_strata(np.random.default_rng([5, i])) for i in range(600)]


def test_every_layer_has_mass_fractions_density_and_thickness(drawn: list[Strata]) -> None:
    for strata in drawn:
        for layer in strata.layers:
            assert sum(layer.elements.values()) == pytest.approx(1.0)
            assert 0.3 < layer.density < 20.0
            assert layer.thickness_um > 0.1


def test_layers_are_in_the_order_of_a_painting(drawn: list[Strata]) -> None:
    order = ["varnish", "paint", "ground", "support"]
    for strata in drawn:
        ranks = [order.index(layer.role) for layer in strata.layers]
        assert ranks == sorted(ranks)
        assert ranks.count(1) in (1, 2, 3)
        assert ranks[-1] == 3


def test_a_seed_gives_the_same_painting(drawn: list[Strata]) -> None:
    assert draw_strata(np.random.default_rng([5, 17])) == drawn[17]


def test_every_pigment_occurs_often_enough(drawn: list[Strata]) -> None:
    pigments = [{name for layer in s.layers for name in layer.pigments} for s in drawn]
    for name in IDS:
        assert sum(name in ids for ids in pigments) >= 0.02 * len(drawn), name


def test_a_pigment_supplies_no_more_of_an_element_than_the_layer_contains(
    drawn: list[Strata],
) -> None:
    for strata in drawn:
        for layer in strata.layers:
            for table in layer.supply.values():
                assert all(f <= layer.elements[z] + 1e-9 for z, f in table.items())


def test_recipes_name_pigments_of_the_table_and_chances_sum_to_one() -> None:
    for recipe in (*GROUNDS, *SUPPORTS):
        for name, _ in recipe.weights:
            assert name in IDS
    assert sum(support.chance for support in SUPPORTS) == pytest.approx(1.0)


def simple(*layers: tuple[str, dict[str, float]], support: str = "canvas") -> Strata:
    """Make layers of pure pigments without a binder."""
    made = []
    for role, weights in layers:
        supply = {
            name: {z: f * w for z, f in set_pigment(name).fractions.items()}
            for name, w in weights.items()
        }
        elements: dict[int, float] = {6: 1e-6}
        for table in supply.values():
            for z, f in table.items():
                elements[z] = elements.get(z, 0.0) + f
        made.append(Layer(role, elements, 3.0, 20.0, weights, supply))
    return Strata(tuple(made), support)


def windows(**layers: list[float]) -> dict[str, Window]:
    """Make windows with a noise variance of 100 counts; names such as Pb_L."""
    return {
        name.replace("_", " "): Window(np.array(counts), 0.0, 100.0)
        for name, counts in layers.items()
    }


def test_labels_locate_a_pigment() -> None:
    strata = simple(
        ("varnish", {}),
        ("paint", {"vermilion": 1.0}),
        ("paint", {"azurite": 0.5, "vermilion": 0.5}),
        ("ground", {"chalk": 1.0}),
        ("support", {"gypsum": 1.0}),
    )
    found = label_spectrum(strata, windows(Hg_L=[0, 100, 50, 0, 0]), "Rh")
    where = dict(zip(IDS, found.where, strict=True))
    assert where["vermilion"] == TOP + COVERED
    assert where["azurite"] == COVERED
    assert where["chalk"] == GROUND
    assert where["gypsum"] == SUPPORT
    assert where["lead_white"] == 0
    k = IDS.index("vermilion")
    assert found.sigma[k] == 15.0
    assert found.cover_um[IDS.index("azurite")] == 40.0


def test_the_weakest_element_decides_and_an_unexcited_one_gives_zero() -> None:
    strata = simple(("paint", {"chrome_yellow": 1.0}))
    k = IDS.index("chrome_yellow")
    assert label_spectrum(strata, windows(Pb_L=[900], Cr_K=[30]), "Rh").sigma[k] == 3.0
    assert label_spectrum(strata, windows(Pb_L=[900]), "Rh").sigma[k] == 0.0


def test_shared_elements_are_supplied_by_other_pigments_too() -> None:
    strata = simple(("paint", {"chrome_yellow": 0.5, "lead_white": 0.5}))
    shared = dict(
        zip(
            GROUPS,
            label_spectrum(strata, windows(Pb_L=[900], Cr_K=[900]), "Rh").shared,
            strict=True,
        )
    )
    assert shared["lead"]  # chrome yellow supplies lead as well
    assert shared["chromium"]  # and all the chromium
    assert not shared["lead-chromium"]  # no other pigment supplies chromium
    assert not shared["mercury"]


def test_groups_with_elements_of_the_anode_or_a_copper_support_are_excluded() -> None:
    bare = simple(("paint", {"chalk": 1.0}))
    silver = dict(zip(GROUPS, label_spectrum(bare, {}, "Ag").blind, strict=True))
    assert [name for name, blind in silver.items() if blind] == ["silver"]
    plate = simple(("paint", {"chalk": 1.0}), support="copper")
    copper = dict(zip(GROUPS, label_spectrum(plate, {}, "Rh").blind, strict=True))
    assert [name for name, blind in copper.items() if blind] == ["copper"]
