"""Test the compositions that are allowed for layers with and without a group."""

import numpy as np
import pytest

from napari_xrf_pigments.inversion.alternatives import allowed_composition, components
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.stratigraphy import leaf_layer, random_stratigraphy

from .sections import make_section


@pytest.mark.parametrize("seed", range(8))
def test_paint_without_a_group_contains_none_of_its_pigments(seed):
    section = random_stratigraphy(np.random.default_rng(seed))
    names, depth = components().names, len(section) + 1
    for group, members in ambiguity_groups().items():
        without = allowed_composition(section, group, without=True, depth=depth)
        for member in members:
            assert not without.parts[:, names.index(member)].any()
        complete = allowed_composition(section, group, without=False, depth=depth)
        own = {name for layer in section for name, _ in layer.pigments}
        assert all(complete.parts[:, names.index(name)].any() for name in own)
        # Layers beyond the section stay empty.
        for part in (without.base, without.parts, without.limit):
            assert not part[len(section) :].any()


def test_traces_are_limited_to_the_impurities_of_the_pigments():
    section = make_section([("azurite", 1.0)])
    group = pigment("azurite").group
    allowed = allowed_composition(section, group, without=True, depth=len(section))
    names = components().names
    assert allowed.limit[0, names.index("Sb2O3")] == pytest.approx(0.01)
    assert allowed.limit[0, names.index("Sb2S3")] == 0
    support = allowed.limit[-1]
    assert support[support > 0].tolist() == pytest.approx([0.06] * int((support > 0).sum()))
    assert not allowed.parts[-1].any()
    np.testing.assert_allclose(allowed.base[-1].sum(), 1, rtol=1e-5)


def test_a_metal_leaf_may_be_replaced_by_paint():
    rng = np.random.default_rng(0)
    section = (leaf_layer(rng, "gold_leaf"), *make_section([("red_ochre", 1.0)]))
    group = pigment("gold_leaf").group
    allowed = allowed_composition(section, group, without=True, depth=len(section))
    assert allowed.parts[0, components().names.index("linseed_oil")] > 0


def test_mass_fractions_of_components_sum_to_one():
    table = components()
    assert len(set(table.names)) == len(table.names)
    np.testing.assert_allclose(table.fractions.sum(1), 1, rtol=1e-4)
    assert table.fractions.shape[1] == len(ELEMENTS)
