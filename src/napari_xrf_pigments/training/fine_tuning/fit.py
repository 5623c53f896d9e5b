"""Fine-tuning of the network on annotated spectra of a scan, without loss elsewhere.

Only the rows of the last layer for the annotated pigments change; all other outputs stay exactly
as they were. The rows are fitted to the annotated and to simulated spectra together, with a ridge
towards their old values. The fit is convex: the same annotations always give the same weights, in
seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn

from napari_xrf_pigments.network.model import PigmentNet
from napari_xrf_pigments.network.outputs import MASKED
from napari_xrf_pigments.network.weights import bundled_weights, load_weights

from ..spectra_stream import Chunk, StreamSettings, training_stream
from .annotations import AnnotatedSpectra
from .assessment import HeldOutScore, make_warnings, score_held_out, score_on_simulated
from .weights import FineTunedNetwork, fine_tuning_provenance

#: Chunks of 2048 simulated spectra: to fit, and to score.
REPLAY_CHUNKS, CHECK_CHUNKS = 6, 3
#: Ridge towards the old weights, and weight of annotated against simulated spectra.
RIDGE, STRENGTH = 1e-3, 0.1
_SETTINGS = StreamSettings(absent_sigma=3.0, traces=0.5, wear=0.1, contaminated=0.4)
#: Seeds that no training uses.
_REPLAY_SEED, _CHECK_SEED = (0, 901), (0, 902)


@dataclass(frozen=True)
class FineTuningProgress:
    """Progress of fine-tuning.

    Parameters
    ----------
    done, total : int
        Steps.
    description : str
        The current step, for users.
    """

    done: int
    total: int
    description: str


@dataclass(frozen=True)
class _Examples:
    """Inputs of the last layer, shape (spectrum, width), and targets (spectrum, output)."""

    features: torch.Tensor
    targets: torch.Tensor

    def subset(self, chosen: Any) -> _Examples:
        return _Examples(self.features[chosen], self.targets[chosen])


def fine_tune(
    spectra: AnnotatedSpectra,
    base: Path | None = None,
    *,
    strength: float = STRENGTH,
    replay_chunks: int = REPLAY_CHUNKS,
    check_chunks: int = CHECK_CHUNKS,
) -> Iterator[FineTuningProgress | FineTunedNetwork]:
    """Fine-tune a network on annotated spectra.

    Parameters
    ----------
    spectra : AnnotatedSpectra
        Annotated spectra.
    base : Path, optional
        Weights to start from, by default the bundled ones. The file is only read.
    strength : float
        Weight of the annotated against the simulated spectra.
    replay_chunks, check_chunks : int
        Chunks of 2048 simulated spectra to fit and to score.

    Yields
    ------
    FineTuningProgress or FineTunedNetwork
        Progress after each step; the network comes last.
    """
    path = base or bundled_weights()
    net = load_weights(path)
    parts = _parts(spectra)
    total = replay_chunks + check_chunks + len(parts) + 2
    done = 0

    def step(description: str) -> FineTuningProgress:
        nonlocal done
        done += 1
        return FineTuningProgress(done, total, description)

    sets = []
    for seed, chunks in ((_REPLAY_SEED, replay_chunks), (_CHECK_SEED, check_chunks)):
        simulated = []
        for chunk in islice(training_stream(seed, _SETTINGS), chunks):
            simulated.append(_examples(net, chunk))
            yield step("Simulating other scans")
        sets.append(
            _Examples(
                torch.cat([one.features for one in simulated]),
                torch.cat([one.targets for one in simulated]),
            )
        )
    replay, check = sets
    own = _Examples(features_of(net, spectra.encoded), spectra.targets)
    before = net.last(own.features)
    after = before.clone()
    folds, tested = torch.from_numpy(spectra.folds), torch.from_numpy(spectra.folds) >= 0
    for part in parts:
        yield step("Testing on held-out parts")
        held = folds == part
        layer = fit_rows(net.last, spectra.outputs, own.subset(tested & ~held), replay, strength)
        after[held] = layer(own.features[held])
    yield step("Fitting")
    layer = fit_rows(net.last, spectra.outputs, own, replay, strength)
    yield step("Testing on other scans")
    scores = score_on_simulated(
        spectra.pigments, check.targets, net.last(check.features), layer(check.features)
    )
    held_out: tuple[HeldOutScore, ...] = ()
    if len(parts) > 1:
        held_out = score_held_out(spectra.subset(tested), before[tested], after[tested])
    provenance = fine_tuning_provenance(spectra, path, strength, held_out, scores)
    net.last = layer.requires_grad_(False)
    warnings = make_warnings(spectra, held_out, scores)
    yield FineTunedNetwork(net, held_out, scores, warnings, provenance)


def _parts(spectra: AnnotatedSpectra) -> list[int]:
    """List the parts that are held out in turn."""
    return sorted({int(fold) for fold in spectra.folds[spectra.folds >= 0]})


def _examples(net: PigmentNet, chunk: Chunk) -> _Examples:
    return _Examples(features_of(net, chunk.encoded.float()), chunk.targets)


@torch.no_grad()
def features_of(net: PigmentNet, encoded: torch.Tensor) -> torch.Tensor:
    """Compute the inputs of the last layer, shape (spectrum, width), of encoded spectra."""
    features: list[torch.Tensor] = []
    hook = net.last.register_forward_pre_hook(lambda layer, inputs: features.append(inputs[0]))
    try:
        for batch in encoded.split(1024):
            net(batch)
    finally:
        hook.remove()
    return torch.cat(features)


def fit_rows(
    last: nn.Linear, outputs: torch.Tensor, own: _Examples, replay: _Examples, strength: float
) -> nn.Linear:
    """Fit the rows of some outputs in a copy of the last layer.

    Parameters
    ----------
    last : Linear
        The last layer.
    outputs : Tensor, shape (output,)
        Indices of the rows to fit.
    own, replay : _Examples
        Annotated and simulated spectra.
    strength : float
        Weight of the annotated against the simulated spectra.
    """
    layer = nn.Linear(last.in_features, last.out_features)
    layer.load_state_dict(last.state_dict())
    layer.requires_grad_(False)
    rows = last.weight[outputs].detach()
    bias = last.bias[outputs].detach()
    change = torch.zeros(len(outputs), last.in_features + 1, requires_grad=True)
    sets = [
        (own.features, _weights(own.targets[:, outputs], True) * strength, own.targets),
        (replay.features, _weights(replay.targets[:, outputs], False), replay.targets),
    ]
    solver = torch.optim.LBFGS(
        [change], max_iter=80, history_size=20, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        solver.zero_grad()
        value = RIDGE * (change**2).sum()
        for features, weights, targets in sets:
            logits = features @ (rows + change[:, :-1]).T + bias + change[:, -1]
            wanted = targets[:, outputs].clamp(min=0).to(logits.dtype)
            entropy = nn.functional.binary_cross_entropy_with_logits(
                logits, wanted, reduction="none"
            )
            value = value + (entropy * weights).sum()
        value.backward()
        return value

    solver.step(loss)
    with torch.no_grad():
        layer.weight[outputs] += change[:, :-1]
        layer.bias[outputs] += change[:, -1]
    return layer


def _weights(targets: torch.Tensor, balanced: bool) -> torch.Tensor:
    """Compute weights that sum to one per output, balanced between present and absent or not."""
    if not balanced:
        known = (targets != MASKED).float()
        return known / known.sum(0).clamp(min=1)
    present, absent = (targets == 1).float(), (targets == 0).float()
    kinds = (present.sum(0) > 0).float() + (absent.sum(0) > 0).float()
    each = present / present.sum(0).clamp(min=1) + absent / absent.sum(0).clamp(min=1)
    return each / kinds.clamp(min=1)
