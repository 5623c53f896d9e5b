"""Test the stream of training spectra."""

from itertools import islice

import numpy as np
import pytest
import torch

from napari_xrf_pigments.network.encoding import N_BINS, N_INPUTS
from napari_xrf_pigments.network.outputs import MASKED, n_outputs
from napari_xrf_pigments.physics.detector import DetectorModel
from napari_xrf_pigments.physics.layered_samples import Geometry
from napari_xrf_pigments.physics.tube import Beam
from napari_xrf_pigments.simulation.instruments import Excitation, Readout
from napari_xrf_pigments.training import spectra_stream as stream
from napari_xrf_pigments.training.spectra_stream import (
    Chunk,
    StreamSettings,
    known_settings,
    training_stream,
)


def test_chunks_contain_finite_inputs_and_targets(chunks: list[Chunk]) -> None:
    for chunk in chunks:
        assert chunk.encoded.shape == (256, N_INPUTS)
        assert chunk.targets.shape == (256, n_outputs())
        assert torch.isfinite(chunk.encoded).all()
        assert set(chunk.targets.unique().tolist()) == {MASKED, 0, 1}
        assert float(chunk.encoded[:, :N_BINS].float().square().sum(1).mean()) == pytest.approx(
            100, rel=0.02
        )


def test_instruments_differ_within_a_chunk_and_between_chunks(chunks: list[Chunk]) -> None:
    settings = torch.cat([chunk.encoded[:, N_BINS + 1 :] for chunk in chunks])
    assert len(settings.unique(dim=0)) >= 6


def test_a_seed_gives_the_same_stream() -> None:
    one, again, other = (
        next(training_stream((seed, 0), StreamSettings(readouts=1), sections=4))
        for seed in (5, 5, 6)
    )
    assert torch.equal(one.encoded, again.encoded)
    assert torch.equal(one.targets, again.targets)
    assert not torch.equal(one.encoded, other.encoded)


def test_known_settings_are_true_and_a_voltage_comes_with_its_anode() -> None:
    beam = Beam(np.array([20.0]), np.zeros(1), np.ones(1))
    measured = type("Measured", (), {})()
    measured.excitation = Excitation("Ag", 35.0, (("Al", 0.3),), Geometry(80.0, 50.0), beam)
    measured.readout = Readout(DetectorModel(), "helium", 5.0, 100, 0.1, 0.0)
    rng = np.random.default_rng(0)
    known = [known_settings(measured, rng) for _ in range(300)]
    for name, truth in (
        ("anode", "Ag"),
        ("tube_kv", 35.0),
        ("filter", (("Al", 0.3),)),
        ("atmosphere", "helium"),
        ("incidence_deg", 80.0),
        ("takeoff_deg", 50.0),
    ):
        assert {getattr(one, name) for one in known} == {None, truth}
    assert all(one.anode is not None for one in known if one.tube_kv is not None)


def test_a_stream_draws_secondary_excitation_for_some_beams_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = []
    real = stream.emit

    def emit(*args: object, secondary: bool, **more: object) -> object:
        chosen.append(secondary)
        return real(*args, secondary=False, **more)

    monkeypatch.setattr(stream, "emit", emit)
    for chance in (0.0, 0.5, 1.0):
        settings = StreamSettings(secondary=chance, readouts=1)
        list(islice(training_stream((3, 1), settings, sections=4, beams=4), 12))
    assert not any(chosen[:12])
    assert 0 < sum(chosen[12:24]) < 12
    assert all(chosen[24:])
