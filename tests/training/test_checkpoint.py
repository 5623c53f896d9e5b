"""A training that was stopped goes on as if it had not been."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_xrf_pigments.network.weights import load_weights, read_training
from napari_xrf_pigments.training import _stage as training_part
from napari_xrf_pigments.training._simulation_workers import Feeder
from napari_xrf_pigments.training.checkpoint import (
    Snapshot,
    checkpoint_path,
    load_checkpoint,
    places_from,
    places_of,
    save_checkpoint,
)
from napari_xrf_pigments.training.config import PartConfig, TrainingConfig
from napari_xrf_pigments.training.spectra_stream import Chunk, Draws, training_stream
from napari_xrf_pigments.training.train import train_steps

DRAWS = Draws(readouts=1, eras=0.5)
FIRST = PartConfig("first", spectra=160, learning_rate=2e-3, draws=DRAWS)
LAST = PartConfig("last", spectra=96, repeats=2, with_start=True, learning_rate=7e-4, draws=DRAWS)
TINY = TrainingConfig((FIRST, LAST), uses=8.0, batch=16, width=8, blocks=1, workers=0)
ALL = 10 + 6 + 6  # chunks of 16 spectra


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of sixteen spectra, of which few are kept."""

    def given(seed: object, draws: Draws, place: object = None) -> object:
        return training_stream(seed, draws, sections=16, place=place)  # type: ignore[arg-type]

    monkeypatch.setattr("napari_xrf_pigments.training._simulation_workers.training_stream", given)
    monkeypatch.setattr(training_part, "_KEPT_CHUNKS", 3)


def steps(out: Path, **more: object) -> object:
    return train_steps(TINY, 3, out, checkpoint_s=-1.0, **more)  # type: ignore[arg-type]


def same(one: Path, other: Path) -> bool:
    first, second = load_weights(one).state_dict(), load_weights(other).state_dict()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("beam", [0, 1, 2, 3])
def test_a_stream_can_begin_at_any_of_its_chunks(beam: int) -> None:
    chunks = list(islice(training_stream((4, 1), DRAWS, sections=4, beams=3), 7))
    place = chunks[beam].place
    again = list(islice(training_stream((4, 1), DRAWS, sections=4, beams=3, place=place), 3))
    for chunk, repeated in zip(chunks[beam:], again, strict=False):
        assert torch.equal(chunk.encoded, repeated.encoded)
        assert torch.equal(chunk.answers, repeated.answers)
        assert chunk.place == repeated.place


@pytest.mark.parametrize(("drawn", "kept"), [(1, 1), (2, 2), (5, 2), (7, 4), (8, 4)])
def test_streams_in_turn_begin_where_the_kept_chunks_did(drawn: int, kept: int) -> None:
    streams = [training_stream((6, worker), DRAWS, sections=2) for worker in (0, 1, 2)]
    came = [next(streams[number % 3]) for number in range(drawn)]
    numbers = json.loads(json.dumps(places_of(came[-kept:], drawn, 3)))
    places = places_from(numbers)
    again = [
        training_stream((6, worker), DRAWS, sections=2, place=places[worker])
        for worker in (0, 1, 2)
    ]
    for number, chunk in enumerate(came[-kept:]):
        repeated = next(again[(numbers["turn"] + number) % 3])
        assert torch.equal(chunk.encoded, repeated.encoded)


def test_processes_begin_at_their_places_and_in_their_turn() -> None:
    chunks = [next(training_stream((2, worker), DRAWS)) for worker in (0, 1)]
    second = list(islice(training_stream((2, 0), DRAWS), 2))[1]
    with Feeder(2, 2, DRAWS, [second.place, None], turn=1) as feeder:
        came = list(islice(feeder, 2))
    assert torch.equal(came[0].encoded, chunks[1].encoded)
    assert torch.equal(came[1].encoded, second.encoded)
    assert came[1].place == second.place


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("stops", [[2], [9], [10], [11, 1], [13], [17, 2, 1], [ALL - 1]])
def test_a_stopped_training_ends_in_the_same_weights(tmp_path: Path, stops: list[int]) -> None:
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    assert len(list(steps(whole))) == ALL  # type: ignore[arg-type]
    resume = False
    for stop in stops:
        run = steps(parts, resume=resume)
        for _ in range(stop):
            next(run)  # type: ignore[call-overload]
        run.close()  # type: ignore[attr-defined]
        resume = True
        assert checkpoint_path(parts).exists()
    last = list(steps(parts, resume=True))  # type: ignore[arg-type]
    assert last[-1].spectra == 96
    assert same(whole, parts)
    assert read_training(whole) == read_training(parts)
    assert list(tmp_path.glob("*checkpoint*")) == []


@pytest.mark.usefixtures("small")
def test_nothing_is_gone_on_with_that_is_not_the_same_training(tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    with pytest.raises(ValueError, match=r"no training to go on with: .* was not found\.$"):
        next(steps(out, resume=True))  # type: ignore[call-overload]
    run = steps(out)
    for _ in range(3):
        next(run)  # type: ignore[call-overload]
    run.close()  # type: ignore[attr-defined]
    kept = checkpoint_path(out).read_bytes()
    for config, seed in ((replace(TINY, uses=9.0), 3), (TINY, 4)):
        with pytest.raises(ValueError, match=r"a training with other settings\.$"):
            next(train_steps(config, seed, out, resume=True))
    assert checkpoint_path(out).read_bytes() == kept


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.checkpoint.safetensors"
    save_checkpoint(path, Snapshot({"a": torch.ones(3)}, {"seen": 1}), {"seed": 0})
    whole = path.read_bytes()
    snapshot, about = load_checkpoint(path, {"seed": 0})
    assert torch.equal(snapshot.tensors["a"], torch.ones(3))
    assert (snapshot.numbers, about) == ({"seen": 1}, {"seed": 0})
    for damaged in (b"", whole[:40], b"x" * 100, whole[:-4]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"is not the state of a training\.$"):
            load_checkpoint(path, {})
    save_file({"a": torch.ones(1)}, path)  # weights of something else
    with pytest.raises(ValueError, match=r"is not the state of a training\.$"):
        load_checkpoint(path, {})


def test_a_checkpoint_is_replaced_at_once_and_holds_no_shared_memory(tmp_path: Path) -> None:
    path = tmp_path / "w.checkpoint.safetensors"
    shared = torch.arange(6.0)
    for seen in (1, 2):
        save_checkpoint(path, Snapshot({"a": shared, "b": shared[2:]}, {"seen": seen}), {})
    assert load_file(path)["b"].tolist() == [2, 3, 4, 5]
    assert load_checkpoint(path, {})[0].numbers == {"seen": 2}
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_chunks_without_a_place_begin_streams_anew() -> None:
    chunk = Chunk(torch.zeros(1), torch.zeros(1))
    assert places_from(places_of([chunk], 1, 2)) == [None, None]
