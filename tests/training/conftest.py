"""Simulate a few chunks of training spectra, once per file of tests."""

from itertools import islice

import pytest
import torch

from napari_xrf_pigments.training import _simulation_workers, train
from napari_xrf_pigments.training.spectra_stream import Chunk, training_stream


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    torch.set_num_threads(1)
    return list(islice(training_stream((3, 0), sections=128, beams=3), 3))


@pytest.fixture
def fixed_stream(chunks: list[Chunk], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the training draw the same few chunks."""

    def stream(seed: object, settings: object, position: object = None) -> list[Chunk]:
        return chunks

    monkeypatch.setattr(_simulation_workers, "training_stream", stream)
    monkeypatch.setattr(train, "training_stream", stream)
