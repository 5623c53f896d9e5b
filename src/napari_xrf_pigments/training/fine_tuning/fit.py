"""The network taught by a user's own scan, without forgetting what it knew.

Only the rows of the last layer that answer for the taught pigments change: every other
pigment's answer stays exactly as it was.  The rows are fitted to the painted spectra and,
at the same time, to simulated ones, held near their old values.  The fit is convex, so
that the same lesson always gives the same weights, in seconds.
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

from ..spectra_stream import Draws, training_stream
from .annotations import Lesson
from .assessment import elsewhere, held_out, warnings_of
from .weights import Taught, lesson_provenance

#: Simulated spectra come in chunks of 2048: to learn from, and to look for harm.
REPLAY_CHUNKS, CHECK_CHUNKS = 6, 3
#: Pull towards the old weights, and of the painted spectra against the simulated ones.
RIDGE, STRENGTH = 1e-3, 0.1
_DRAWS = Draws(absent_sigma=3.0, traces=0.5, wear=0.1, contaminated=0.4)
#: Seeds that no training uses.
_REPLAY_SEED, _CHECK_SEED = (0, 901), (0, 902)


@dataclass(frozen=True)
class Step:
    """How far the teaching is.

    Parameters
    ----------
    done, total : int
        Steps.
    what : str
        What is being done, for people.
    """

    done: int
    total: int
    what: str


@dataclass(frozen=True)
class _Examples:
    """Inputs of the last layer and the answers wanted of some outputs."""

    features: torch.Tensor
    answers: torch.Tensor

    def part(self, chosen: Any) -> _Examples:
        return _Examples(self.features[chosen], self.answers[chosen])


def teach(
    lesson: Lesson,
    base: Path | None = None,
    *,
    strength: float = STRENGTH,
    replay_chunks: int = REPLAY_CHUNKS,
    check_chunks: int = CHECK_CHUNKS,
) -> Iterator[Step | Taught]:
    """Teach a network; the last item is the result.

    Parameters
    ----------
    lesson : Lesson
        Painted spectra.
    base : Path, optional
        Weights to start from; by default the bundled ones. They are only read.
    strength : float
        Weight of the painted spectra against the simulated ones.
    replay_chunks, check_chunks : int
        Chunks of 2048 simulated spectra to learn from and to look for harm.

    Yields
    ------
    Step, then Taught
    """
    path = base or bundled_weights()
    net = load_weights(path)
    outputs = lesson.outputs
    folds = torch.from_numpy(lesson.folds)
    tested = folds >= 0
    parts = sorted({int(fold) for fold in folds[tested]})
    total = replay_chunks + check_chunks + len(parts) + 2
    done = 0

    def step(what: str) -> Step:
        nonlocal done
        done += 1
        return Step(done, total, what)

    sets = []
    for seed, chunks in ((_REPLAY_SEED, replay_chunks), (_CHECK_SEED, check_chunks)):
        found = []
        for chunk in islice(training_stream(seed, _DRAWS), chunks):
            found.append(_Examples(features_of(net, chunk.encoded.float()), chunk.answers))
            yield step("Simulating other scans")
        sets.append(_Examples(torch.cat([one.features for one in found]),
                              torch.cat([one.answers for one in found])))  # fmt: skip
    replay, check = sets
    own = _Examples(features_of(net, lesson.encoded), lesson.answers)
    before = net.last(own.features)
    after = before.clone()
    for part in parts:
        yield step("Testing on parts held out")
        apart = folds == part
        taught = fit_rows(net.last, outputs, own.part(tested & ~apart), replay, strength)
        after[apart] = taught(own.features[apart])
    yield step("Learning")
    layer = fit_rows(net.last, outputs, own, replay, strength)
    yield step("Looking for harm elsewhere")
    worse = elsewhere(lesson, check.answers, net.last(check.features), layer(check.features))
    proved = held_out(lesson.part(tested), before[tested], after[tested]) if parts[1:] else ()
    made = lesson_provenance(lesson, path, strength, proved, worse)
    net.last = layer.requires_grad_(False)
    yield Taught(net, proved, worse, warnings_of(lesson, proved, worse), made)


@torch.no_grad()
def features_of(net: PigmentNet, encoded: torch.Tensor) -> torch.Tensor:
    """What the last layer is given, shape (spectrum, width), of encoded spectra."""
    found: list[torch.Tensor] = []
    hook = net.last.register_forward_pre_hook(lambda layer, given: found.append(given[0]))
    try:
        for batch in encoded.split(1024):
            net(batch)
    finally:
        hook.remove()
    return torch.cat(found)


def fit_rows(
    last: nn.Linear, outputs: torch.Tensor, own: _Examples, replay: _Examples, strength: float
) -> nn.Linear:
    """A copy of the last layer whose rows for some outputs learned from both sets."""
    layer = nn.Linear(last.in_features, last.out_features)
    layer.load_state_dict(last.state_dict())
    layer.requires_grad_(False)
    rows = last.weight[outputs].detach()
    bias = last.bias[outputs].detach()
    moved = torch.zeros(len(outputs), last.in_features + 1, requires_grad=True)
    sets = [
        (own.features, _weights(own.answers[:, outputs], True) * strength, own.answers),
        (replay.features, _weights(replay.answers[:, outputs], False), replay.answers),
    ]
    solver = torch.optim.LBFGS(
        [moved], max_iter=80, history_size=20, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        solver.zero_grad()
        value = RIDGE * (moved**2).sum()
        for features, weights, answers in sets:
            logits = features @ (rows + moved[:, :-1]).T + bias + moved[:, -1]
            wanted = answers[:, outputs].clamp(min=0).to(logits.dtype)
            entropy = nn.functional.binary_cross_entropy_with_logits(
                logits, wanted, reduction="none"
            )
            value = value + (entropy * weights).sum()
        value.backward()
        return value

    solver.step(loss)
    with torch.no_grad():
        layer.weight[outputs] += moved[:, :-1]
        layer.bias[outputs] += moved[:, -1]
    return layer


def _weights(answers: torch.Tensor, balanced: bool) -> torch.Tensor:
    """Weight of each answer: their mean, or the mean over present and absent alike."""
    if not balanced:
        known = (answers != MASKED).float()
        return known / known.sum(0).clamp(min=1)
    present, absent = (answers == 1).float(), (answers == 0).float()
    kinds = (present.sum(0) > 0).float() + (absent.sum(0) > 0).float()
    each = present / present.sum(0).clamp(min=1) + absent / absent.sum(0).clamp(min=1)
    return each / kinds.clamp(min=1)
