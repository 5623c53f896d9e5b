"""The network and the probabilities that it gives."""

import torch

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet, answers_of_logits
from napari_xrf_pigments.network.outputs import group_of_pigment, n_outputs


def tiny() -> PigmentNet:
    torch.manual_seed(0)
    return PigmentNet(Architecture(width=16, blocks=1)).eval()


def test_logits_have_one_row_a_spectrum_and_one_column_an_output() -> None:
    assert tiny()(torch.zeros(3, N_INPUTS)).shape == (3, n_outputs())


def test_answers_fit_together_whatever_the_logits() -> None:
    torch.manual_seed(1)
    found = answers_of_logits(torch.randn(200, n_outputs()) * 6)
    assert (found.probability >= found.top).all()
    assert (found.probability >= found.below).all()
    members = group_of_pigment()
    assert (found.group_probability[:, members] >= found.probability).all()
    for part in (found.probability, found.top, found.below, found.group_probability):
        assert part.min() >= 0
        assert part.max() <= 1


def test_a_group_may_be_surer_than_its_members() -> None:
    logits = torch.full((1, n_outputs()), -5.0)
    logits[:, -len(set(group_of_pigment().tolist())) :] = 5.0
    found = answers_of_logits(logits)
    assert found.group_probability.min() > 0.99
    assert found.probability.max() < 0.01


def test_standardised_inputs_have_zero_mean_and_no_rare_bin_shouts() -> None:
    net = tiny()
    examples = torch.randn(500, N_INPUTS) * 3 + 2
    examples[:, 0] = 0.0
    net.standardise(examples)
    scaled = (examples - net.mean) * net.scale
    assert scaled.mean(0).abs().max() < 1e-4
    torch.testing.assert_close(scaled[:, 1:].std(0), torch.ones(N_INPUTS - 1))
    assert net.scale[0] == 10.0
