"""Train and judge every row that FOLDER/rows.json lacks.

``python -m docs.studies.designs FOLDER`` prints the table.

FOLDER keeps the spectra and the finished rows, so that it can be stopped at any time. With
``--scan SCAN`` the rows have their columns for a real scan (an Ag tube at 40 kV).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.calibration.automatic import calibrated
from napari_xrf_pigments.cube import ElementMaps, PigmentMaps, XRFCube
from napari_xrf_pigments.evaluation import (
    evaluate,
    score_context,
    score_scan,
)
from napari_xrf_pigments.mapping import map_elements, map_pigments
from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.pigments import pigment
from napari_xrf_pigments.simulation import simulate_scan
from napari_xrf_pigments.simulation.paintings import mosaic_painting

from .learning import Learned, learn
from .networks import millions
from .nnls import NnlsLibrary
from .rule_baseline import RulePredictor, apply_rules
from .streams import LEFT_OUT, chunks
from .table import design_table

TITLES = {
    "ours": "ours: residual MLP on the encoded spectrum",
    "mlp": "plain MLP on the encoded spectrum",
    "cnn": "plain 1-D CNN on the spectrum (ours, after the common approach)",
}
_ABSENT = ("Cd", "Sn", "Ag", "Co", "As")
_SHARES = (0.003, 0.006, 0.012, 0.025, 0.05, 0.1)


def main() -> None:
    """Make the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--spectra", type=int, default=2_000_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--scan", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    scan = None if options.scan is None else _scan(options.scan)
    kept = options.folder / "rows.json"
    rows = json.loads(kept.read_text()) if kept.exists() else []
    done = {(row["name"], row["seed"]) for row in rows}
    for name, seed, make in _wanted(options.folder, options.spectra, options.seeds):
        if (name, seed) in done:
            continue
        begun = time.time()
        rows.append({"name": name, "seed": seed, **_judged(make(), scan)})
        kept.write_text(json.dumps(rows, indent=1))
        print(f"{name}, seed {seed}: {time.time() - begun:.0f} s", flush=True)
    print(design_table(rows))


def _wanted(folder: Path, spectra: int, seeds: int) -> Any:
    for design, title in TITLES.items():
        for seed in range(seeds):
            yield title, seed, lambda d=design, s=seed: _trained(folder, spectra, d, s, "")
    for left_out, title in LEFT_OUT.items():
        if left_out:
            yield (
                f"ours without {title}",
                0,
                lambda left=left_out: _trained(folder, spectra, "ours", 0, left),
            )
    yield "rule table on fitted elements, over 5 sigma", 0, RulePredictor
    yield "NNLS on a library of pigment spectra", 0, lambda: NnlsLibrary(_best_share())


def _trained(folder: Path, spectra: int, design: str, seed: int, left_out: str) -> Learned:
    # What is only hidden from the network needs no spectra of its own.
    own = "" if left_out == "conditioning" else left_out
    encoded, answers = _spectra(folder, spectra, own)
    return Learned(learn(design, encoded, answers, seed, left_out), left_out)


def _spectra(folder: Path, count: int, left_out: str) -> tuple[torch.Tensor, torch.Tensor]:
    path = folder / f"{left_out or 'all'}-{count}.npz"
    if not path.exists():
        # 512 sections by four detectors.
        made = list(chunks(left_out, 20_261_126, max(1, count // 2048)))
        part = path.with_suffix(".part.npz")
        np.savez(
            part,
            encoded=torch.cat([one.encoded for one in made]).numpy(),
            answers=torch.cat([one.targets for one in made]).numpy(),
        )
        part.replace(path)
    with np.load(path) as kept:
        return torch.from_numpy(kept["encoded"]), torch.from_numpy(kept["answers"])


def _judged(predictor: Any, scan: tuple[XRFCube, Any] | None) -> dict[str, float | None]:
    # The rules take their reference from the spectra of a call: a whole set.
    report = evaluate(predictor, bootstrap=0, batch=4096)
    # The last is all sets together; the first range is all counts.
    scores = next(iter(report.sets[-1].scores.values()))
    keys = (
        "macro_f1", "mean_average_precision", "false_positives", "covered_recall", "exact",
        "calibration",
    )  # fmt: skip
    row: dict[str, float | None] = {key: float(getattr(scores, key)) for key in keys}
    net = getattr(predictor, "net", None)
    row["millions"] = None if net is None else millions(net)
    row["us"] = None if net is None else _microseconds(net)
    row.update(_on_scan(predictor, scan))
    return row


def _microseconds(net: torch.nn.Module) -> float:
    batch = torch.zeros(1024, N_INPUTS)
    times = []
    with torch.inference_mode():
        for _ in range(7):
            begun = time.process_time()
            net(batch)
            times.append(time.process_time() - begun)
    return 1e6 * float(np.median(times)) / len(batch)


def _scan(path: Path) -> tuple[XRFCube, Any]:
    cube, _ = calibrated(open_cube(path, anode="Ag", tube_kv=40.0))
    return cube, map_elements(cube)


def _on_scan(predictor: Any, scan: tuple[XRFCube, Any] | None) -> dict[str, float]:
    if scan is None:
        nothing = float("nan")
        return {"hands_auc": nothing, "hands_false": nothing, "hands_absent": nothing}
    cube, elements = scan
    by_rules = isinstance(predictor, RulePredictor)
    maps = _by_rules(elements) if by_rules else map_pigments(cube, predictor=predictor)
    rows = score_scan(elements, maps)
    known = [row.auc for row in rows if row.name in ("vermilion", "azurite") and row.auc == row.auc]
    absent = [
        row.over_half
        for row in rows
        if any(family.split()[0] in _ABSENT for family in pigment(row.name).diagnostic)
    ]
    return {
        "hands_auc": min(known),
        "hands_false": max(row.false_share for row in rows),
        "hands_absent": max(absent),
    }


def _by_rules(elements: ElementMaps) -> PigmentMaps:
    """Apply the rules to maps as a row of spectra."""
    count = len(elements.names)
    flat = (np.asarray(each).reshape(count, -1) for each in (elements.counts, elements.sigma))
    return apply_rules(ElementMaps(elements.names, *flat))


def _best_share() -> float:
    """Return the share with the best F1 on simulated mosaics, none of them a test set."""
    found = {}
    for share in _SHARES:
        scores = []
        for seed in range(3):
            painting = mosaic_painting(np.random.default_rng(100 + seed), (16, 16))
            cube, truth = simulate_scan(100 + seed, (16, 16), painting=painting)
            maps = map_pigments(cube, predictor=NnlsLibrary(share))
            scores.append(score_context(truth, maps, 20_000.0, context=False)[0].macro_f1)
        found[share] = float(np.mean(scores))
    return max(found, key=lambda share: found[share])


if __name__ == "__main__":
    main()
