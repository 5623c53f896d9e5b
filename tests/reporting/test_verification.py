"""Results of claims tested by physics, as files and sentences."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.inversion import (
    Amount,
    ClaimTest,
    FittedInstrument,
    FittedLayer,
    Interval,
    Verification,
)
from napari_xrf_pigments.reporting.verification import claim_sentence, save_verifications

NEEDED = ClaimTest("mercury", ("vermilion",), 0.97, 120.0, "needed", (), 1240.0, "Hg L")
OPEN = ClaimTest(
    "lead-chromium", ("chrome_yellow",), 0.6, -1.0, "cannot tell", ("chromium", "lead"), 3.0, "Cr K"
)
KNOWN, UNKNOWN = Interval(25.0, 20.0, 30.0, True), Interval(90.0, 20.0, 400.0, False)


@pytest.fixture
def result() -> Verification:
    kev = np.linspace(1, 30, 200)
    counts = np.full(200, 50.0)
    return Verification(
        claims=(NEEDED, OPEN),
        layers=(
            FittedLayer("paint", (("vermilion", Interval(0.8, 0.7, 0.9, True)),), KNOWN),
            FittedLayer("ground", (), UNKNOWN),
        ),
        order_constrained=False,
        amounts=(Amount("Hg", "element", KNOWN), Amount("Pb", "element", UNKNOWN)),
        energies=kev,
        counts=counts,
        expected=counts,
        residual_sigma=0 * counts,
        chi2_per_dof=1.1,
        converged=True,
        instrument=FittedInstrument("Rh", 50.0, 2048, 0.02, 0.0),
        notes=("The anode was estimated.",),
    )


def test_a_verdict_is_one_plain_sentence() -> None:
    assert claim_sentence(NEEDED) == (
        "Vermilion: needed; without it the fit misses Hg L by 1,240 counts."
    )
    assert "cannot tell" in claim_sentence(OPEN) and "with" in claim_sentence(OPEN)
    refused = replace(NEEDED, verdict=None, log_ratio=None)
    assert claim_sentence(refused).endswith("did not converge, so there is no verdict.")


def test_results_are_saved_in_three_formats(result: Verification, tmp_path: Path) -> None:
    paths = [save_verifications(tmp_path / f"out{s}", {"P1": result}) for s in
             (".json", ".csv", ".html")]  # fmt: skip
    content = json.loads(paths[0].read_text(encoding="utf-8"))["results"]["P1"]
    assert FittedInstrument.of(content["instrument"]) == result.instrument
    assert Verification.of(content).settings == result.settings
    with pytest.raises(ValueError, match="not the values"):
        Verification.of({"claims": [{}]})
    with paths[1].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["needed", "cannot tell"]
    page = paths[2].read_text(encoding="utf-8")
    assert "data:image/svg+xml" in page and "not constrained" in page
    for path in paths:
        save_verifications(path, {"P1": result})  # replaces its own


def test_another_file_is_not_replaced(result: Verification, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(FileExistsError):
        save_verifications(path, {"P1": result})
    with pytest.raises(ValueError, match="must end in"):
        save_verifications(tmp_path / "out.txt", {"P1": result})
