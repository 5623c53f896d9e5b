"""The designs that are compared, what the ablations leave out, and the table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from napari_xrf_pigments import simulate_scan
from napari_xrf_pigments.network.encoding import N_BINS, N_INPUTS
from napari_xrf_pigments.network.outputs import MASKED, n_outputs
from napari_xrf_pigments.simulation.paintings import Painting, sample_painting
from napari_xrf_pigments.training import spectra_stream as stream
from napari_xrf_pigments.training._stage import masked_loss

from .learning import Learned, learn
from .networks import millions, network
from .nnls import NnlsLibrary
from .streams import LEFT_OUT, chunks, seen
from .table import COLUMNS, design_table

SECTIONS = 64


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small products on more threads than there are free cores take many times as long."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def spectra() -> tuple[torch.Tensor, torch.Tensor]:
    (chunk,) = chunks("", 1, 1, SECTIONS)
    return chunk.encoded, chunk.targets


@pytest.mark.parametrize("name", ["ours", "mlp", "cnn"])
def test_every_design_answers_for_every_output(name: str) -> None:
    net = network(name)
    assert net(torch.rand(3, N_INPUTS)).shape == (3, n_outputs())
    assert 0.1 < millions(net) < 10


def test_the_convolutions_see_the_spectrum_alone() -> None:
    net = network("cnn").eval()
    one = torch.rand(1, N_INPUTS)
    other = one.clone()
    other[:, N_BINS:] = 0
    assert torch.equal(net(one), net(other))


@pytest.mark.parametrize("left_out", list(LEFT_OUT))
def test_what_is_left_out_is_put_back(left_out: str) -> None:
    before = stream.random_readout, stream.random_excitation, stream.random_pool
    (chunk,) = chunks(left_out, 3, 1, SECTIONS)
    assert chunk.encoded.shape == (4 * SECTIONS, N_INPUTS)
    assert torch.isfinite(chunk.encoded.float()).all()
    assert (stream.random_readout, stream.random_excitation, stream.random_pool) == before


def test_without_masking_every_pigment_that_is_there_counts() -> None:
    (plain,), (all_of_it,) = chunks("", 4, 1, SECTIONS), chunks("masking", 4, 1, SECTIONS)
    assert (plain.targets == MASKED).any()
    assert not (all_of_it.targets == MASKED).any()
    assert (all_of_it.targets == 1).sum() > (plain.targets == 1).sum()


def test_without_layers_nothing_is_below() -> None:
    (chunk,) = chunks("layers", 5, 1, SECTIONS)
    count = (n_outputs() - 29) // 3
    assert (chunk.targets[:, count : 2 * count] == 1).any()
    assert not (chunk.targets[:, 2 * count : 3 * count] == 1).any()


def test_without_scatter_there_is_less_above_20_kev(spectra: tuple[torch.Tensor, ...]) -> None:
    (chunk,) = chunks("scatter", 1, 1, SECTIONS)
    hard = slice(N_BINS - 200, N_BINS)
    assert chunk.encoded[:, hard].float().mean() < 0.9 * spectra[0][:, hard].float().mean()


def test_unconditioned_means_counts_and_axis_alone(spectra: tuple[torch.Tensor, ...]) -> None:
    encoded = spectra[0].float()
    shown = seen(encoded, "conditioning")
    assert torch.equal(shown[:, : N_BINS + 3], encoded[:, : N_BINS + 3])
    assert not shown[:, N_BINS + 3 :].any()
    assert encoded[:, N_BINS + 3 :].any()
    assert torch.equal(seen(encoded, ""), encoded)


@pytest.mark.parametrize("design", ["ours", "mlp", "cnn"])
def test_learning_lowers_the_loss(design: str, spectra: tuple[torch.Tensor, ...]) -> None:
    encoded, answers = spectra
    net = learn(design, encoded.repeat(12, 1), answers.repeat(12, 1), 0)
    fresh = network(design)
    fresh.standardise(encoded.float())  # type: ignore[operator]
    with torch.inference_mode():
        losses = [float(masked_loss(each(encoded.float()), answers)) for each in (net, fresh)]
    assert losses[0] < 0.5 * losses[1]


def test_a_learned_design_maps_like_the_network() -> None:
    cube, _ = simulate_scan(0, (2, 3), n_channels=512, gain_kev=0.06)
    maps = Learned(network("ours").eval()).bind(cube.energies, cube.acquisition)(
        np.asarray(cube.counts).reshape(6, 512)
    )
    assert maps.probability.shape == (46, 6)
    assert maps.group_probability.shape == (29, 6)
    assert (maps.probability >= maps.top).all()


def test_nnls_finds_what_it_knows() -> None:
    whole = sample_painting(np.random.default_rng(0), (4, 4))
    plan = np.full((2, 2), whole.names.index("robe"))
    cube, _ = simulate_scan(0, (2, 2), painting=Painting(plan, whole.names, whole.sections))
    predict = NnlsLibrary(0.05).bind(cube.energies, cube.acquisition)
    maps = predict(np.asarray(cube.counts).reshape(4, -1))
    found = dict(zip(maps.names, maps.probability.mean(1), strict=True))
    assert found["vermilion"] > 0.5
    assert found["smalt"] < 0.5


def test_the_table_gives_the_spread_over_seeds() -> None:
    row = {key: 0.5 for key, _, _ in COLUMNS} | {"name": "ours", "millions": 4.0, "us": 60.0}
    rows = [row | {"seed": 0}, row | {"seed": 1, "macro_f1": 0.7}]
    rows.append({key: float("nan") for key, _, _ in COLUMNS} | {"name": "rules", "seed": 0})
    lines = design_table(rows).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| ours | 4.0 M | 60 | 2 | 0.600 (0.500-0.700) |")
    assert lines[3].startswith("| rules | - | - | 1 | - | - |")
