"""Test the network and its probabilities."""

import torch

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet, probabilities_from_logits
from napari_xrf_pigments.network.outputs import group_of_pigment, n_outputs


def tiny() -> PigmentNet:
    torch.manual_seed(0)
    return PigmentNet(Architecture(width=16, blocks=1)).eval()


def test_logits_have_one_row_per_spectrum_and_one_column_per_output() -> None:
    assert tiny()(torch.zeros(3, N_INPUTS)).shape == (3, n_outputs())


def test_probabilities_are_consistent_for_any_logits() -> None:
    torch.manual_seed(1)
    result = probabilities_from_logits(torch.randn(200, n_outputs()) * 6)
    assert (result.probability >= result.top).all()
    assert (result.probability >= result.below).all()
    members = group_of_pigment()
    assert (result.group_probability[:, members] >= result.probability).all()
    for part in (result.probability, result.top, result.below, result.group_probability):
        assert part.min() >= 0
        assert part.max() <= 1


def test_a_group_may_be_more_likely_than_its_members() -> None:
    logits = torch.full((1, n_outputs()), -5.0)
    logits[:, -len(set(group_of_pigment().tolist())) :] = 5.0
    result = probabilities_from_logits(logits)
    assert result.group_probability.min() > 0.99
    assert result.probability.max() < 0.01


def test_standardised_inputs_have_zero_mean_and_rare_bins_a_limited_scale() -> None:
    net = tiny()
    examples = torch.randn(500, N_INPUTS) * 3 + 2
    examples[:, 0] = 0.0
    net.standardise(examples)
    scaled = (examples - net.mean) * net.scale
    assert scaled.mean(0).abs().max() < 1e-4
    torch.testing.assert_close(scaled[:, 1:].std(0), torch.ones(N_INPUTS - 1))
    assert net.scale[0] == 10.0
