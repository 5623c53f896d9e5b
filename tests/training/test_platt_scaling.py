"""Test the Platt scaling of the logits."""

from __future__ import annotations

import pytest
import torch

from napari_xrf_pigments.network.outputs import MASKED
from napari_xrf_pigments.training.platt_scaling import fit_platt


def test_overconfident_logits_are_corrected() -> None:
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(20_000, 2, generator=generator) * 2 - 1
    targets = torch.bernoulli(torch.sigmoid(true), generator=generator).to(torch.int8)
    slope, shift = fit_platt(true * 2 + 1, targets)
    assert slope.tolist() == pytest.approx([0.5, 0.5], abs=0.03)
    assert shift.tolist() == pytest.approx([-0.5, -0.5], abs=0.07)


def test_masked_targets_leave_an_output_unchanged() -> None:
    logits = torch.randn(100, 1)
    slope, shift = fit_platt(logits, torch.full((100, 1), MASKED, dtype=torch.int8))
    assert slope.tolist() == pytest.approx([1.0])
    assert shift.tolist() == pytest.approx([0.0], abs=1e-6)
