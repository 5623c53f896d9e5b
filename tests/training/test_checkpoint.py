"""Test that a training resumed from a checkpoint equals an uninterrupted one."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_xrf_pigments.network.weights import load_weights, read_training
from napari_xrf_pigments.training import _stage
from napari_xrf_pigments.training._simulation_workers import ChunkSource
from napari_xrf_pigments.training.checkpoint import (
    Snapshot,
    checkpoint_path,
    load_checkpoint,
    positions_from,
    save_checkpoint,
    stream_positions,
)
from napari_xrf_pigments.training.config import PartConfig, TrainingConfig
from napari_xrf_pigments.training.spectra_stream import Chunk, StreamSettings, training_stream
from napari_xrf_pigments.training.train import train_steps

SETTINGS = StreamSettings(readouts=1, eras=0.5)
FIRST = PartConfig("first", spectra=160, learning_rate=2e-3, draws=SETTINGS)
LAST = PartConfig(
    "last", spectra=96, repeats=2, with_start=True, learning_rate=7e-4, draws=SETTINGS
)
TINY = TrainingConfig((FIRST, LAST), uses=8.0, batch=16, width=8, blocks=1, workers=0)
ALL = 10 + 6 + 6  # chunks of 16 spectra


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw chunks of sixteen spectra and buffer few of them."""

    def stream(seed: object, settings: StreamSettings, position: object = None) -> object:
        return training_stream(seed, settings, sections=16, position=position)  # type: ignore[arg-type]

    monkeypatch.setattr("napari_xrf_pigments.training._simulation_workers.training_stream", stream)
    monkeypatch.setattr(_stage, "_BUFFER_CHUNKS", 3)


def steps(out: Path, **more: object) -> object:
    return train_steps(TINY, 3, out, checkpoint_s=-1.0, **more)  # type: ignore[arg-type]


def same(one: Path, other: Path) -> bool:
    first, second = load_weights(one).state_dict(), load_weights(other).state_dict()
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("beam", [0, 1, 2, 3])
def test_a_stream_can_start_at_any_of_its_chunks(beam: int) -> None:
    chunks = list(islice(training_stream((4, 1), SETTINGS, sections=4, beams=3), 7))
    position = chunks[beam].position
    again = list(
        islice(training_stream((4, 1), SETTINGS, sections=4, beams=3, position=position), 3)
    )
    for chunk, repeated in zip(chunks[beam:], again, strict=False):
        assert torch.equal(chunk.encoded, repeated.encoded)
        assert torch.equal(chunk.targets, repeated.targets)
        assert chunk.position == repeated.position


@pytest.mark.parametrize(("drawn", "buffered"), [(1, 1), (2, 2), (5, 2), (7, 4), (8, 4)])
def test_alternating_streams_repeat_the_buffered_chunks(drawn: int, buffered: int) -> None:
    streams = [training_stream((6, worker), SETTINGS, sections=2) for worker in (0, 1, 2)]
    drawn_chunks = [next(streams[number % 3]) for number in range(drawn)]
    numbers = json.loads(json.dumps(stream_positions(drawn_chunks[-buffered:], drawn, 3)))
    positions = positions_from(numbers)
    again = [
        training_stream((6, worker), SETTINGS, sections=2, position=positions[worker])
        for worker in (0, 1, 2)
    ]
    for number, chunk in enumerate(drawn_chunks[-buffered:]):
        repeated = next(again[(numbers["turn"] + number) % 3])
        assert torch.equal(chunk.encoded, repeated.encoded)


def test_processes_start_at_their_positions_in_turn() -> None:
    chunks = [next(training_stream((2, worker), SETTINGS)) for worker in (0, 1)]
    second = list(islice(training_stream((2, 0), SETTINGS), 2))[1]
    with ChunkSource(2, 2, SETTINGS, [second.position, None], turn=1) as source:
        drawn_chunks = list(islice(source, 2))
    assert torch.equal(drawn_chunks[0].encoded, chunks[1].encoded)
    assert torch.equal(drawn_chunks[1].encoded, second.encoded)
    assert drawn_chunks[1].position == second.position


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
def test_only_the_same_training_is_resumed(tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    with pytest.raises(ValueError, match=r"no training to resume: .* was not found\.$"):
        next(steps(out, resume=True))  # type: ignore[call-overload]
    run = steps(out)
    for _ in range(3):
        next(run)  # type: ignore[call-overload]
    run.close()  # type: ignore[attr-defined]
    stored = checkpoint_path(out).read_bytes()
    for config, seed in ((replace(TINY, uses=9.0), 3), (TINY, 4)):
        with pytest.raises(ValueError, match=r"a training with other settings; .*\.$"):
            next(train_steps(config, seed, out, resume=True))
    assert checkpoint_path(out).read_bytes() == stored


def test_a_damaged_checkpoint_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "w.checkpoint.safetensors"
    save_checkpoint(path, Snapshot({"a": torch.ones(3)}, {"seen": 1}), {"seed": 0})
    whole = path.read_bytes()
    snapshot, about = load_checkpoint(path, {"seed": 0})
    assert torch.equal(snapshot.tensors["a"], torch.ones(3))
    assert (snapshot.numbers, about) == ({"seen": 1}, {"seed": 0})
    for damaged in (b"", whole[:40], b"x" * 100, whole[:-4]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"is not a checkpoint of a training\.$"):
            load_checkpoint(path, {})
    save_file({"a": torch.ones(1)}, path)  # weights of something else
    with pytest.raises(ValueError, match=r"is not a checkpoint of a training\.$"):
        load_checkpoint(path, {})


def test_a_checkpoint_is_replaced_atomically_and_contains_no_shared_memory(tmp_path: Path) -> None:
    path = tmp_path / "w.checkpoint.safetensors"
    shared = torch.arange(6.0)
    for seen in (1, 2):
        save_checkpoint(path, Snapshot({"a": shared, "b": shared[2:]}, {"seen": seen}), {})
    assert load_file(path)["b"].tolist() == [2, 3, 4, 5]
    assert load_checkpoint(path, {})[0].numbers == {"seen": 2}
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_chunks_without_a_position_restart_the_streams() -> None:
    chunk = Chunk(torch.zeros(1), torch.zeros(1))
    assert positions_from(stream_positions([chunk], 1, 2)) == [None, None]
