"""Test random paintings in section."""

import numpy as np
import pytest
import torch

from napari_xrf_pigments.pigments.catalogue import pigment, pigment_catalogue
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.stratigraphy import (
    Layer,
    Stratigraphy,
    leaf_layer,
    paint_layer,
    plain_layer,
    random_stratigraphy,
)
from napari_xrf_pigments.simulation.stratigraphy_batch import MAX_OCCURRENCES, pool_of, random_pool

ORDER = ("varnish", "paint", "ground", "support")


@pytest.fixture(scope="module")
def sections() -> list[Stratigraphy]:
    rng = np.random.default_rng(11)
    return [random_stratigraphy(rng) for _ in range(1500)]


def test_roles_come_in_order_with_paint_and_support(sections: list[Stratigraphy]) -> None:
    for section in sections:
        ranks = [ORDER.index(layer.role) for layer in section]
        assert ranks == sorted(ranks)
        assert {1, 3} <= set(ranks)
        assert ranks.count(0) <= 1


def test_mass_fractions_of_every_layer_sum_to_one(sections: list[Stratigraphy]) -> None:
    for layer in (layer for section in sections for layer in section):
        assert sum(layer.fractions.values()) == pytest.approx(1.0)
        assert min(layer.fractions.values()) >= 0


def test_all_elements_have_a_column_in_the_training_pools(sections: list[Stratigraphy]) -> None:
    met = {z for section in sections for layer in section for z in layer.fractions}
    assert met <= set(ELEMENTS)


def test_layers_are_as_dense_and_as_thick_as_those_of_paintings(
    sections: list[Stratigraphy],
) -> None:
    for section in sections:
        for layer in section:
            assert 0.5 <= layer.density_g_cm3 <= 19.4
            low, high = {"varnish": (3, 50), "paint": (0.1, 150), "ground": (19, 320),
                         "support": (80, 20_000)}[layer.role]  # fmt: skip
            assert low <= layer.thickness_um <= high


def test_every_pigment_occurs_on_top_and_below(sections: list[Stratigraphy]) -> None:
    pool = pool_of(sections)
    every = set(range(len(pigment_catalogue())))
    assert set(pool.pigment[pool.on_top].tolist()) == every
    assert set(pool.pigment[(pool.pigment >= 0) & ~pool.on_top].tolist()) == every


def test_varnish_and_support_contain_no_pigment(sections: list[Stratigraphy]) -> None:
    for layer in (layer for section in sections for layer in section):
        assert bool(layer.pigments) <= (layer.role in ("paint", "ground"))
        assert sum(share for _, share in layer.pigments) <= 1 + 1e-9


def test_paintings_of_a_period_contain_pigments_of_that_period_except_in_a_retouched_top() -> None:
    rng = np.random.default_rng(5)
    retouched = 0
    for section in (random_stratigraphy(rng, eras=1.0) for _ in range(400)):
        paints = [layer for layer in section if layer.role == "paint"]
        original = [*paints[1:], *(layer for layer in section if layer.role == "ground")]
        assert _one_period(original)
        retouched += not _one_period([paints[0], *original])
    assert 0 < retouched < 0.15 * 400


def _one_period(layers: list[Layer]) -> bool:
    dates = [pigment(name).in_use for layer in layers for name, _ in layer.pigments]
    begun = max((first or 0 for first, _ in dates), default=0)
    return all(last is None or begun <= last for _, last in dates)


def test_without_a_period_pigments_of_different_periods_are_combined(
    sections: list[Stratigraphy],
) -> None:
    assert not all(_one_period(list(section)) for section in sections)


def test_a_seed_gives_the_same_stratigraphies() -> None:
    draws = [random_stratigraphy(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_lead_white_paint_is_as_dense_as_its_parts() -> None:
    layer = paint_layer(np.random.default_rng(0), [("lead_white", 1.0)], 20.0, wide=False)
    # 100 g at 6.7 and 15 g of oil at 0.93 g/cm3
    assert layer.density_g_cm3 == pytest.approx(115 / (100 / 6.7 + 15 / 0.93))
    assert layer.pigments == (("lead_white", pytest.approx(100 / 115)),)
    assert layer.fractions[82] == pytest.approx(pigment("lead_white").fractions[82] * 100 / 115)


def test_nominal_paint_is_constant_and_wide_paint_varies() -> None:
    rng = np.random.default_rng(0)
    nominal = [paint_layer(rng, [("smalt", 1.0)], 20.0, wide=False) for _ in range(2)]
    wide = [paint_layer(rng, [("smalt", 1.0)], 20.0) for _ in range(12)]
    assert nominal[0] == nominal[1]
    cobalt = [layer.fractions[27] for layer in wide]
    assert max(cobalt) > 1.5 * min(cobalt)
    assert all(27 in layer.fractions for layer in wide)


def test_smalt_does_not_always_contain_its_minor_elements() -> None:
    rng = np.random.default_rng(3)
    nickel = [28 in paint_layer(rng, [("smalt", 1.0)], 20.0).fractions for _ in range(60)]
    assert 0 < sum(nickel) < 60


def test_leaf_is_nearly_pure_and_thin() -> None:
    leaf = leaf_layer(np.random.default_rng(0), "gold_leaf")
    assert leaf.fractions[79] > 0.85
    assert leaf.thickness_um < 1.5


def test_a_pool_preserves_layers_pigments_and_their_order() -> None:
    rng = np.random.default_rng(0)
    section = (
        plain_layer("varnish", "varnish", 10.0),
        paint_layer(rng, [("azurite", 1.0), ("lead_white", 1.0)], 20.0, wide=False),
        paint_layer(rng, [("vermilion", 1.0)], 20.0, wide=False),
        plain_layer("canvas", "support", 500.0),
    )
    bare = (plain_layer("canvas", "support", 500.0),)
    pool = pool_of([section, bare])
    ids = [entry.id for entry in pigment_catalogue()]
    assert [ids[i] for i in pool.pigment[0, :3]] == ["azurite", "lead_white", "vermilion"]
    assert pool.layer[0, :3].tolist() == [1, 1, 2]
    assert pool.on_top[0, :3].tolist() == [True, True, False]
    assert (pool.pigment[1] == -1).all()
    assert pool.pigment.shape == (2, MAX_OCCURRENCES)
    assert pool.stacks.mass_thickness[0, 3] == pytest.approx(0.8 * 0.05)
    assert pool.stacks.mass_thickness[1].tolist()[1:] == [0, 0, 0]


def test_selected_sections_keep_their_labels() -> None:
    pool = random_pool(np.random.default_rng(4), 6)
    index = [4, 1]
    taken = pool.take(torch.tensor(index))
    assert len(taken) == 2
    assert taken.pigment.tolist() == pool.pigment[index].tolist()
    assert taken.stacks.fractions.tolist() == pool.stacks.fractions[index].tolist()
