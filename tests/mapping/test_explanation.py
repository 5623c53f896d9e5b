"""Test the evidence of predictions, which is found by deleting lines from simulated spectra."""

import numpy as np
import pytest
import torch

from napari_xrf_pigments import Acquisition, PigmentMaps
from napari_xrf_pigments.cube import Detector, EnergyAxis
from napari_xrf_pigments.fitting.lineshape import family_shape
from napari_xrf_pigments.mapping.explanation import delete_families, explain_spectrum
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.physics.lines import line_family
from napari_xrf_pigments.pigments.catalogue import pigment
from napari_xrf_pigments.simulation.instruments import random_excitation, random_readout
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.spectra import emit, measure
from napari_xrf_pigments.simulation.stratigraphy_batch import random_pool

SCANS, EACH = 4, 25


@pytest.fixture(scope="module")
def judged():
    """Return the evidence of all predictions over 0.5 and their probability without other lines."""
    rng = np.random.default_rng(2026)
    predictor = Predictor("cpu")
    found = []
    for seed in range(SCANS):
        pool = random_pool(rng, EACH, ELEMENTS, 1.0, 0.1)
        excitation = random_excitation(rng)
        readout = random_readout(rng, excitation.tube_kv, 0.1)
        totals = torch.full((EACH,), float(10 ** rng.uniform(3.5, 4.7)))
        noise = torch.Generator().manual_seed(seed)
        measured = measure(emit(pool, excitation, rng), readout, totals, noise)
        known = Acquisition(
            anode=excitation.anode,
            tube_kv=excitation.tube_kv,
            detector=Detector(fwhm_mn_ka_ev=readout.detector.fwhm_mn_ka_ev),
        )
        predict = predictor.bind(measured.energies, known)
        for counts in measured.counts.numpy():
            explanation = explain_spectrum(
                counts, measured.energies, known, predict, unexpected=False
            )
            rests = []
            for entry in explanation.evidence:
                own = {line.family for line in entry.lines}
                others = [
                    n
                    for n in explanation.fit.names
                    if n not in own and explanation.fit.family(n).any()
                ]
                rests.append(delete_families(counts, explanation.fit, others))
            if rests:
                maps = predict(np.array(rests))
                found += [
                    (entry, _of(maps, entry)[column])
                    for column, entry in enumerate(explanation.evidence)
                ]
    return found


def _of(maps: PigmentMaps, entry):
    if entry.kind == "pigment":
        return maps.probability[maps.names.index(entry.name)]
    return maps.group_probability[maps.groups.index(entry.name)]


@pytest.mark.parametrize("kind", ["pigment", "group"])
def test_removing_the_evidence_lowers_a_prediction_and_removing_other_lines_does_not(judged, kind):
    of_kind = [(entry.without, rest) for entry, rest in judged if entry.kind == kind]
    without, rest = np.array(of_kind).T
    assert len(of_kind) > 100
    assert without.mean() < 0.1
    assert (without < 0.5).mean() > 0.97
    assert rest.mean() > 0.7
    assert (rest > 0.5).mean() > 0.85


def test_the_evidence_consists_of_the_diagnostic_lines(judged):
    named, size = [], []
    for entry, _ in judged:
        if entry.kind == "pigment":
            diagnostic = {family.split()[0] for family in pigment(entry.name).diagnostic}
            elements = {line.family.split()[0] for line in entry.lines}
            named.append(len(diagnostic & elements) / len(diagnostic))
            size.append(len(elements))
    assert np.mean(named) > 0.9
    assert np.mean(size) < 2.5


def test_evidence_lines_are_significant_and_sorted_by_their_effect(judged):
    for entry, _ in judged:
        drops = [line.log_odds_drop for line in entry.lines]
        assert drops == sorted(drops, reverse=True)
        assert all(line.counts >= 1.5 * line.sigma for line in entry.lines)
        assert entry.probability >= 0.5


def test_alternatives_are_the_other_pigments_of_the_group(judged):
    entries = {entry.name: entry for entry, _ in judged if entry.kind == "pigment"}
    for name, entry in entries.items():
        group = pigment(name).group
        assert name not in entry.alternatives
        assert all(pigment(other).group == group for other in entry.alternatives)


AXIS = EnergyAxis(1500, 0.02)


def toy(**families):
    """Simulate counts of families over a continuum."""
    counts = np.full(AXIS.n_channels, 3.0)
    for name, much in families.items():
        family = line_family(name.replace("_", " "), 40.0)
        counts = counts + much * family_shape(AXIS.kev, family, np.ones(len(family.kev)))
    return np.random.default_rng(1).poisson(counts).astype(float)


def window(counts, kev):
    return counts[..., np.abs(AXIS.kev - kev) < 0.1].sum(-1)


def toy_network(counts):
    """Predict vermilion from the L-alpha line of Hg, and chrome yellow from lead and chromium."""

    def over(kev, least):
        return 1 / (1 + np.exp(-(window(counts, kev) - least) / (0.1 * least)))

    mercury, both = over(9.99, 400), np.minimum(over(10.55, 400), over(5.41, 300))
    rows = np.array([mercury, both])
    return PigmentMaps(
        ("vermilion", "chrome_yellow"), rows, rows, 0 * rows, ("mercury",), rows[:1], 0 * rows[0]
    )


def test_the_line_that_a_network_relies_on_is_the_evidence():
    explanation = explain_spectrum(
        toy(Hg_L=4000, Cu_K=9000), AXIS, Acquisition("Rh", 45.0), toy_network
    )
    (vermilion,) = [entry for entry in explanation.evidence if entry.kind == "pigment"]
    assert vermilion.name == "vermilion"
    assert [line.family for line in vermilion.lines] == ["Hg L"]
    assert vermilion.lines[0].kev == pytest.approx(9.99, abs=0.01)
    assert vermilion.without < 0.1


def test_both_elements_of_a_compound_are_evidence():
    spectrum = toy(Pb_L=5000, Cr_K=3000, Fe_K=3000)
    explanation = explain_spectrum(spectrum, AXIS, Acquisition("Rh", 45.0), toy_network)
    (yellow,) = explanation.evidence
    assert {line.family for line in yellow.lines} == {"Pb L", "Cr K"}
    assert "chrome_orange" in yellow.alternatives
    assert ("lead", "chromium") in yellow.mixtures


def test_deleting_a_family_does_not_change_the_others():
    spectrum = toy(Pb_L=5000, Fe_K=3000)
    explanation = explain_spectrum(spectrum, AXIS, Acquisition("Rh", 45.0), toy_network)
    without = delete_families(spectrum, explanation.fit, ["Pb L"])
    assert window(without, 10.55) < 0.1 * window(spectrum, 10.55)
    assert window(without, 6.40) == pytest.approx(window(spectrum, 6.40), rel=0.05)
    assert (without >= 0).all()
    with pytest.raises(ValueError, match="was not fitted"):
        delete_families(spectrum, explanation.fit, ["Xx K"])


def test_without_a_prediction_unexpected_peaks_are_still_named():
    spectrum = toy(Fe_K=3000, Y_K=2500)
    explanation = explain_spectrum(spectrum, AXIS, Acquisition("Rh", 45.0), toy_network)
    assert explanation.evidence == ()
    assert explanation.unexplained[0].family == "Y K"


def test_an_empty_spectrum_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="no counts"):
        explain_spectrum(np.zeros(1500), AXIS, None, toy_network)
