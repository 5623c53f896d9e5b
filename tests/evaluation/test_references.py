"""Scores on spectra of known pigments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, PigmentMaps
from napari_xrf_pigments.evaluation.references import own_lines, read_labels, score_references
from napari_xrf_pigments.io.point_spectra import PointSpectra, PointSpectrum
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment_catalogue

AXIS = EnergyAxis(2048, 0.02, 0.0)
GROUPS = tuple(ambiguity_groups())
#: Main lines in keV.
IRON, COPPER, MERCURY = 6.40, 8.04, 9.99


def spectrum(*lines_kev: float, counts: int = 200_000) -> np.ndarray:
    shape = np.full(AXIS.n_channels, 2e-5)
    for kev in lines_kev:
        shape += np.exp(-(((AXIS.kev - kev) / 0.06) ** 2) / 2) / 8
    return np.random.default_rng(0).poisson(shape / shape.sum() * counts).astype(np.int64)


def points(**spectra: np.ndarray) -> PointSpectra:
    return PointSpectra(
        tuple(
            PointSpectrum(name, counts, AXIS, Acquisition(), None, Path(f"{name}.txt"))
            for name, counts in spectra.items()
        ),
        Path("board"),
    )


class Oracle:
    """A network that claims the groups whose own lines show, and always one more."""

    def __init__(self, always: str | None = None) -> None:
        self.always = always

    def bind(self, energies: EnergyAxis, acquisition: Acquisition) -> Any:
        def predict(counts: np.ndarray) -> PigmentMaps:
            groups = own_lines(counts, energies).T.astype(np.float32)
            if self.always is not None:
                groups[GROUPS.index(self.always)] = 0.99
            names = tuple(entry.id for entry in pigment_catalogue())
            empty = np.zeros((len(names), len(counts)), np.float32)
            share = np.zeros(len(counts), np.float32)
            return PigmentMaps(names, empty, empty, empty, GROUPS, groups, share)

        return predict


def test_a_line_is_a_peak_over_its_shoulders() -> None:
    shown = own_lines(np.stack([spectrum(IRON), spectrum(COPPER)]), AXIS)
    assert shown[0, GROUPS.index("iron")]
    assert not shown[0, GROUPS.index("copper")]
    assert shown[1, GROUPS.index("copper")]


def test_an_oracle_finds_everything_and_claims_nothing_without_a_line() -> None:
    board = points(
        rust=spectrum(IRON), malachite=spectrum(COPPER), carbon=spectrum(), blend=spectrum(COPPER)
    )
    labels = {
        "rust": ("iron_oxide",),
        "malachite": ("malachite",),
        "carbon": (),
        "blend": ("azurite", "malachite"),
    }
    report = score_references(Oracle(), board, labels, mixtures=40)
    assert [tally.found for tally in report.by_counts] == [1.0, 1.0, 1.0]
    assert report.bare_share == 0
    assert report.nothing.others == 0
    assert report.mixtures[2] == 1.0
    assert {tally.name for tally in report.by_pigment} == {
        "iron_oxide", "malachite", "azurite or malachite"
    }  # fmt: skip


def test_a_claim_without_a_line_is_counted() -> None:
    board = points(rust=spectrum(IRON))
    labels = {"rust": ("iron_oxide",)}
    report = score_references(Oracle(always="mercury"), board, labels, mixtures=0)
    assert report.by_counts[0].bare == 1.0
    assert report.bare_share > 0.2
    assert "Claims without a line of their own" in str(report)


def test_labels_are_ids_several_or_none(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,pigments\na,azurite|malachite\nb,none\n", encoding="utf-8")
    assert read_labels(table) == {"a": ("azurite", "malachite"), "b": ()}
    table.write_text("file,pigments\na,unobtainium\n", encoding="utf-8")
    with pytest.raises(ValueError, match="there is none of that id"):
        read_labels(table)
    table.write_text("name,pigment\na,azurite\n", encoding="utf-8")
    with pytest.raises(ValueError, match="needs the columns file and pigments"):
        read_labels(table)


def test_spectra_without_any_label_are_refused() -> None:
    with pytest.raises(ValueError, match="No spectrum has the name"):
        score_references(Oracle(), points(rust=spectrum(IRON)), {"other": ("azurite",)})
