"""What another paint imitates is told from what none does, by the simulation's own spectra."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_xrf_pigments.evaluation.indistinguishable import (
    Imitation,
    ideal_instrument,
    imitation_table,
    imitations,
    pixels_of,
    random_pixels,
    ratios,
)
from napari_xrf_pigments.inversion.alternatives import choice, components
from napari_xrf_pigments.inversion.fit import Instrument, best_paints, log_likelihood
from napari_xrf_pigments.network.outputs import output_names
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.spectra import emit, measure
from napari_xrf_pigments.simulation.stratigraphy import (
    leaf_layer,
    paint_layer,
    plain_layer,
    random_stratigraphy,
)

GROUPS = output_names()[1]


@pytest.fixture(scope="module")
def instrument():
    return Instrument(*ideal_instrument())


def painted(*paints, seed=0):
    """A section of nominal paints over chalk on canvas."""
    rng = np.random.default_rng(seed)
    layers = [paint_layer(rng, list(recipe), 25.0, wide=False) for recipe in paints]
    ground = paint_layer(rng, [("chalk", 1.0)], 150.0, role="ground", binder="glue", wide=False)
    return (*layers, ground, plain_layer("canvas", "support", 500.0))


def ratio_of(group, *paints, counts=20_000.0):
    """How much better paints with a group fit the spectrum of these paints."""
    drawn = pixels_of([painted(*paints)], GROUPS, np.array([counts]), seed=0)
    assert drawn.sigma[0, GROUPS.index(group)] > 5
    return float(ratios(drawn, np.array([[0, GROUPS.index(group)]]), steps=150)[0])


def test_spectra_are_those_that_the_simulation_expects(instrument):
    drawn = random_pixels(GROUPS, 12, seed=3)
    total = torch.full((12,), 1e7)
    excitation, readout = ideal_instrument()
    measured = measure(emit(drawn.pool, excitation), readout, total, torch.Generator())
    stacks = drawn.pool.stacks
    expected = 1e7 * instrument(stacks.fractions, stacks.mass_thickness)
    seen = expected > 50
    pulls = ((measured.counts - expected) / expected.sqrt())[seen]
    assert float(pulls.std()) == pytest.approx(1, abs=0.05)
    assert float(pulls.abs().max()) < 6


def test_chrome_yellow_in_lead_white_is_imitated_by_a_chromium_green_in_it():
    group = pigment("chrome_yellow").group
    assert ratio_of(group, [("chrome_yellow", 0.2), ("lead_white", 0.8)]) < 3


@pytest.mark.parametrize("name", ["vermilion", "lead_tin_yellow"])
def test_a_strong_element_that_nothing_else_brings_is_not(name):
    assert ratio_of(pigment(name).group, [(name, 1.0), ("bone_black", 0.2)]) > 20


def test_fewer_counts_tell_less():
    few, many = (
        ratio_of(pigment("cobalt_blue").group, [("cobalt_blue", 0.3), ("chalk", 1.0)], counts=n)
        for n in (5_000.0, 50_000.0)
    )
    assert 0 <= few < many


def test_a_fit_that_may_hold_everything_is_no_worse_than_the_truth(instrument):
    drawn = pixels_of(
        [painted([("azurite", 1.0), ("lead_white", 0.5)])], GROUPS, np.array([1e4]), seed=1
    )
    stacks = drawn.pool.stacks
    own = choice(
        drawn.sections[0], pigment("azurite").group, without=False, depth=len(drawn.sections[0])
    )
    best = best_paints(drawn.counts, [own], stacks.mass_thickness, instrument, steps=250)
    truth = log_likelihood(drawn.counts, instrument(stacks.fractions, stacks.mass_thickness))
    assert float(best.log_likelihood[0] - truth[0]) > -1


@pytest.mark.parametrize("seed", range(8))
def test_a_paint_without_a_group_holds_none_of_it(seed):
    section = random_stratigraphy(np.random.default_rng(seed))
    names, depth = components().names, len(section) + 1
    for group, members in ambiguity_groups().items():
        made = choice(section, group, without=True, depth=depth)
        for member in members:
            assert not made.parts[:, names.index(member)].any()
        whole = choice(section, group, without=False, depth=depth)
        own = {name for layer in section for name, _ in layer.pigments}
        assert all(whole.parts[:, names.index(name)].any() for name in own)
        # Nothing is in a layer that is not there.
        for part in (made.base, made.parts, made.limit):
            assert not part[len(section) :].any()


def test_only_what_paints_bring_is_a_trace_in_them():
    section = painted([("azurite", 1.0)])
    made = choice(section, pigment("azurite").group, without=True, depth=len(section))
    names = components().names
    assert made.limit[0, names.index("Sb2O3")] == pytest.approx(0.01)
    assert made.limit[0, names.index("Sb2S3")] == 0
    support = made.limit[-1]
    assert support[support > 0].tolist() == pytest.approx([0.06] * int((support > 0).sum()))
    assert not made.parts[-1].any()
    np.testing.assert_allclose(made.base[-1].sum(), 1, rtol=1e-5)


def test_metal_leaf_has_a_choice_too():
    rng = np.random.default_rng(0)
    section = (leaf_layer(rng, "gold_leaf"), *painted([("red_ochre", 1.0)]))
    made = choice(section, pigment("gold_leaf").group, without=True, depth=len(section))
    assert made.parts[0, components().names.index("linseed_oil")] > 0


def test_components_are_whole():
    table = components()
    assert len(set(table.names)) == len(table.names)
    np.testing.assert_allclose(table.fractions.sum(1), 1, rtol=1e-4)
    assert table.fractions.shape[1] == len(ELEMENTS)


class Sceptic:
    """A network that finds what it is told to."""

    groups = GROUPS

    def __init__(self, finds):
        self.finds = finds

    def bind(self, axis, known):
        assert (known.anode, known.tube_kv) == ("Rh", 50.0)

        def predict(counts):
            assert counts.shape[1] == axis.n_channels
            says = np.zeros((len(GROUPS), len(counts)), np.float32)
            says[[GROUPS.index(name) for name in self.finds]] = 0.9
            return SimpleNamespace(group_probability=says)

        return predict


def test_all_that_is_missed_is_looked_at_and_some_of_what_is_found():
    lead = pigment("lead_white").group
    drawn = random_pixels(GROUPS, 6, seed=5)
    seen = drawn.sigma >= 5
    told = []
    made = imitations(
        Sceptic([lead]), pixels=6, found=1, seed=5, steps=2, progress=lambda *at: told.append(at)
    )
    missed = [one for one in made if one.probability < 0.5]
    found = [one for one in made if one.probability >= 0.5]
    assert len(missed) == seen.sum() - seen[:, GROUPS.index(lead)].sum()
    assert [one.group for one in found] == [lead]
    assert all(one.sigma >= 5 and one.ratio >= 0 for one in made)
    assert told[-1] == (len(made), len(made))


def test_the_table_tells_missed_from_found():
    made = [Imitation("lead", 0.9, 8.0, ratio) for ratio in (0.5, 20.0)]
    made += [Imitation("tin", 0.1, 6.0, ratio) for ratio in (0.5, 2.0, 5.0, 50.0)]
    lines = imitation_table(made).splitlines()
    assert lines[2] == "| missed by the network | 4 | 25% | 50% | 75% |"
    assert lines[3] == "| found by it | 2 | 50% | 50% | 50% |"
    assert len(imitation_table([]).splitlines()) == 2
