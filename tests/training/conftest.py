"""A few chunks of training spectra, made once for each file of tests."""

from itertools import islice

import pytest
import torch

from napari_xrf_pigments.training import _simulation_workers as feeder
from napari_xrf_pigments.training import train as training
from napari_xrf_pigments.training.spectra_stream import Chunk, training_stream


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    torch.set_num_threads(1)
    return list(islice(training_stream((3, 0), sections=128, beams=3, readouts=2), 3))


@pytest.fixture
def fed(chunks: list[Chunk], monkeypatch: pytest.MonkeyPatch) -> None:
    """Training draws the same few chunks."""

    def given(seed: object, draws: object, place: object = None) -> list[Chunk]:
        return chunks

    monkeypatch.setattr(feeder, "training_stream", given)
    monkeypatch.setattr(training, "training_stream", given)
