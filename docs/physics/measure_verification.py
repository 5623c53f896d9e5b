"""Measure how well claims are tested by physics; the figures are in docs/physics/verification.md.

    python -m docs.physics.measure_verification closed COUNT OUT.jsonl
    python -m docs.physics.measure_verification independent COUNT OUT.jsonl [CACHE]
    python -m docs.physics.measure_verification powders FOLDER COUNT OUT.jsonl
    python -m docs.physics.measure_verification table OUT.jsonl

Each line of OUT is one spectrum. A run can be stopped and its table made from what it has.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_xrf_pigments.cube import Acquisition, EnergyAxis
from napari_xrf_pigments.evaluation._cache import load_stack
from napari_xrf_pigments.evaluation.independent_simulation.detector_response import draw_response
from napari_xrf_pigments.evaluation.independent_simulation.instruments import INSTRUMENTS
from napari_xrf_pigments.evaluation.independent_simulation.make import measure as measure_fisx
from napari_xrf_pigments.inversion import FittedInstrument, Verification, fit_instrument
from napari_xrf_pigments.inversion.candidates import DetectedElements
from napari_xrf_pigments.inversion.verify import verify_spectrum
from napari_xrf_pigments.network.predict import Predictor
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment, pigment_catalogue
from napari_xrf_pigments.simulation.materials import ELEMENTS
from napari_xrf_pigments.simulation.spectra import emit, measure
from napari_xrf_pigments.simulation.stratigraphy import random_stratigraphy
from napari_xrf_pigments.simulation.stratigraphy_batch import pool_of

GROUPS = ambiguity_groups()
INSTRUMENT = FittedInstrument(
    "Rh", 50.0, 2000, 0.02, 0.0, path_mm=12.0, fwhm_mn_ka_ev=148.0, argon_share=4e-3,
    background=((2e-3, 200.0), (2e-3, 6.0), (1e-3, -8.0)),
)  # fmt: skip
CLEAR_SIGMA = 8.0


def members(group: str) -> list[set[str]]:
    """Return the diagnostic elements of each pigment of a group."""
    return [{f.split()[0] for f in pigment(name).diagnostic} for name in GROUPS[group]]


def elements_of(group: str) -> set[str]:
    """Return the elements that identify the pigments of a group."""
    return set().union(*members(group))


def replaceable(group: str, present: set[str]) -> bool:
    """Return whether other groups, with elements that are there, show a group's elements."""
    there = set().union(*(elements_of(name) for name in present))
    others = [
        own for other in GROUPS if other != group for own in members(other) if own <= there
    ]  # fmt: skip
    supplied = set().union(*others, set())
    return any(own <= supplied for own in members(group))


def absent_claims(rng: np.random.Generator, present: set[str], count: int = 2) -> list[str]:
    """Choose groups that are not there, of whose pigments each has an element that is not."""
    there = set().union(*(elements_of(group) for group in present), set())
    absent = [g for g in GROUPS if not any(own <= there for own in members(g))]
    return [str(name) for name in rng.choice(absent, min(count, len(absent)), replace=False)]


def imitated(present: set[str]) -> list[str]:
    """Return groups that are not there and whose elements a mixture that is there shows."""
    there = set().union(*(elements_of(group) for group in present), set())
    return [g for g in GROUPS if g not in present and any(own <= there for own in members(g))]


def record(
    found: Verification,
    kinds: dict[str, str],
    paints: list[dict[str, Any]],
    seconds: float,
    **more: Any,
) -> dict[str, Any]:
    """Describe the result of one spectrum beside the truth."""
    fitted = [layer for layer in found.layers if layer.role == "paint"]
    return {
        "claims": [
            [c.group, kinds[c.group], c.verdict, c.log_ratio, list(c.alternatives)]
            for c in found.claims
        ],
        "chi2": found.chi2_per_dof,
        "seconds": seconds,
        "paints": paints,
        "fitted": [
            [
                layer.thickness_um.value, layer.thickness_um.low, layer.thickness_um.high,
                layer.thickness_um.constrained, [name for name, _ in layer.pigments[:2]],
            ]
            for layer in fitted
        ],
        "order": found.order_constrained,
        "amounts": {
            a.name: [a.ug_cm2.value, a.ug_cm2.low, a.ug_cm2.high, a.ug_cm2.constrained]
            for a in found.amounts
            if a.kind == "element" and a.name in ("Pb", "Hg", "Cu", "Zn")
        },
        **more,
    }  # fmt: skip


def closed(count: int) -> Iterable[dict[str, Any]]:
    """Test spectra of the own simulation with the true instrument."""
    rng = np.random.default_rng(5)
    sections = [random_stratigraphy(rng, 0.5, 0.0) for _ in range(count)]
    totals = 10 ** rng.uniform(np.log10(3000), np.log10(60_000), count)
    emission = emit(pool_of(sections, ELEMENTS), INSTRUMENT.excitation, secondary=True)
    drawn = measure(
        emission, INSTRUMENT.readout, torch.tensor(totals).float(), torch.Generator().manual_seed(5)
    )
    entries = pigment_catalogue()
    for i, section in enumerate(sections):
        sigma: dict[str, float] = {}
        for number, value in zip(drawn.pool.pigment[i].tolist(), drawn.sigma[i].tolist(),
                                 strict=True):  # fmt: skip
            if number >= 0:
                group = entries[number].group
                sigma[group] = max(sigma.get(group, 0.0), value)
        paints = [
            {
                "um": layer.thickness_um,
                "pigments": dict(layer.pigments),
                "ug": {z: f * layer.density_g_cm3 * layer.thickness_um * 100
                       for z, f in layer.fractions.items()},
            }
            for layer in section if layer.role == "paint"
        ]  # fmt: skip
        counts = drawn.counts[i].double().numpy()
        yield tested(rng, counts, INSTRUMENT.energies, None, INSTRUMENT, sigma, paints)


def tested(
    rng: np.random.Generator,
    counts: np.ndarray,
    axis: EnergyAxis,
    acquisition: Acquisition | None,
    instrument: FittedInstrument | None,
    sigma: dict[str, float],
    paints: list[dict[str, Any]],
    **more: Any,
) -> dict[str, Any]:
    """Test the groups that are there, some that are not, and imitations."""
    present = set(sigma)
    kinds = {}
    for group, value in sigma.items():
        if value >= CLEAR_SIGMA:
            kinds[group] = "replaceable" if replaceable(group, present) else "there"
    clear = {group for group, value in sigma.items() if value >= CLEAR_SIGMA}
    for group in [name for name in imitated(clear) if name not in present][:2]:
        kinds[group] = "imitated"
    for group in absent_claims(rng, present):
        kinds[group] = "absent"
    begun = time.process_time()
    made = instrument or fit_instrument(counts, axis, acquisition)
    found = verify_spectrum(counts, axis, acquisition, list(kinds), instrument=made)
    return record(
        found, kinds, paints, time.process_time() - begun, counts=float(counts.sum()),
        sigma={group: float(value) for group, value in sigma.items()}, **more,
    )  # fmt: skip


def independent(count: int, cache: Path | None) -> Iterable[dict[str, Any]]:
    """Test fisx's spectra, with the instrument fitted to each spectrum."""
    rng = np.random.default_rng(7)
    for index in range(count):
        for name in ("A", "C") if cache is None else ("B", "D"):
            seed, secondary = (0, 0) if cache is None else (17, 1)
            strata, emission = load_stack(name, index, seed=seed, secondary=secondary, cache=cache)
            instrument = INSTRUMENTS[name]
            draw = np.random.default_rng([seed, ord(name), index, 0])
            response = draw_response(draw, instrument)
            total = float(np.exp(draw.uniform(np.log(3000), np.log(60_000))))
            mean, label = measure_fisx(strata, emission, instrument, response, total)
            counts = draw.poisson(mean).astype(float)
            sigma: dict[str, float] = {}
            for number, entry in enumerate(pigment_catalogue()):
                if label.where[number]:
                    value = float(label.sigma[number])
                    sigma[entry.group] = max(sigma.get(entry.group, 0.0), value)
            paints = [
                {
                    "um": layer.thickness_um,
                    "pigments": dict(layer.pigments),
                    "ug": {z: f * layer.density * layer.thickness_um * 100
                           for z, f in layer.elements.items()},
                }
                for layer in strata.layers if layer.role == "paint"
            ]  # fmt: skip
            yield tested(
                rng, counts, instrument.energies, instrument.acquisition, None, sigma, paints,
                set=name, index=index,
            )  # fmt: skip


def powders(folder: Path, count: int) -> Iterable[dict[str, Any]]:
    """Test labelled powders, thinned to 3,000-60,000 counts, with one instrument for all."""
    rng = np.random.default_rng(3)
    file = np.load(folder / "spectra.npz", allow_pickle=False)
    names = [str(name) for name in file["names"]]
    rows = list(csv.DictReader((folder / "labels.csv").open()))
    known = {entry.id: entry.group for entry in pigment_catalogue()}
    usable = [row for row in rows if row["pigments"] in known and row["file"] in names]
    gain = float(np.median(file["ev_per_channel"])) * 1e-3
    axis = EnergyAxis(file["counts"].shape[1], gain, -0.006, "file")
    known_settings = Acquisition(anode="Rh", tube_kv=40.0, filter=(), atmosphere="vacuum")
    spectra = {row["file"]: file["counts"][names.index(row["file"])] for row in usable}
    several = np.array([spectra[row["file"]] for row in usable[:: max(1, len(usable) // 6)]])
    made = fit_instrument(several, axis, known_settings)
    print(made, flush=True)
    network = Predictor("cpu")
    for row in (usable[i] for i in rng.permutation(len(usable))[:count]):
        full = spectra[row["file"]]
        own = float(file["ev_per_channel"][names.index(row["file"])]) * 1e-3
        instrument = replace(made, gain_kev=made.gain_kev * own / gain)
        maps = network.bind(instrument.energies, known_settings)
        total = float(np.exp(rng.uniform(np.log(3000), np.log(60_000))))
        counts = rng.binomial(full, min(1.0, total / full.sum())).astype(float)
        group = known[row["pigments"]]
        kinds = {group: "labelled"}
        predicted = maps(counts[None])
        for name, probability in zip(predicted.groups, predicted.group_probability, strict=True):
            if float(probability[0]) >= 0.5:
                kinds.setdefault(name, "claimed")
        elements = DetectedElements.of(full.astype(float), instrument)
        weak = [
            g for g in GROUPS
            if all(elements.sigma.get(e, 0.0) * (total / full.sum()) ** 0.5 < 1
                   for e in elements_of(g))
        ]  # fmt: skip
        for name in rng.choice(weak, min(2, len(weak)), replace=False):
            kinds.setdefault(str(name), "absent")
        begun = time.process_time()
        found = verify_spectrum(counts, axis, None, list(kinds), instrument=instrument)
        yield record(found, kinds, [], time.process_time() - begun, file=row["file"],
                     counts=float(counts.sum()))  # fmt: skip


def table(path: Path) -> None:
    """Print the figures of a file."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    print(f"{len(rows)} spectra, median chi2 {np.median([r['chi2'] for r in rows]):.2f}, "
          f"CPU seconds {np.median([r['seconds'] for r in rows]):.1f}")  # fmt: skip
    claims = [claim for row in rows for claim in row["claims"]]
    for kind in dict.fromkeys(claim[1] for claim in claims):
        verdicts = [claim[2] for claim in claims if claim[1] == kind]
        each = {str(v): verdicts.count(v) for v in dict.fromkeys(verdicts)}
        print(f"{kind}: {len(verdicts)} {each}")
    _thickness(rows)
    _amounts(rows)
    _order(rows)


def _thickness(rows: list[dict[str, Any]]) -> None:
    errors, inside = [], []
    usable = [r for r in rows if r["paints"] and r["fitted"]]
    for row in usable:
        value, low, high, known, _ = row["fitted"][0]
        truth = row["paints"][0]["um"]
        if known:
            errors.append(abs(value / truth - 1))
            inside.append(low <= truth <= high)
    if errors:
        print(f"top thickness constrained in {len(errors)} of {len(usable)}: median error "
              f"{np.median(errors):.0%}, inside {np.mean(inside):.0%}")  # fmt: skip


def _amounts(rows: list[dict[str, Any]]) -> None:
    numbers = {"Pb": "82", "Hg": "80", "Cu": "29", "Zn": "30"}
    errors: dict[str, list[float]] = {}
    inside: list[bool] = []
    for row in rows:
        if len(row["paints"]) != 1:
            continue
        truth = {str(z): value for z, value in row["paints"][0]["ug"].items()}
        for name, (value, low, high, known) in row["amounts"].items():
            expected = truth.get(numbers[name], 0.0)
            if known and expected > 20:
                errors.setdefault(name, []).append(abs(value / expected - 1))
                inside.append(low <= expected <= high)
    for name, each in errors.items():
        print(f"{name} in one-layer paint: {len(each)} constrained, median error "
              f"{np.median(each):.0%}")  # fmt: skip
    if inside:
        print(f"amounts inside their interval: {np.mean(inside):.0%}")


def _order(rows: list[dict[str, Any]]) -> None:
    """Compare the top paint's main pigments where the order is called known."""
    right = total = 0
    for row in rows:
        if len(row["paints"]) != 2 or len(row["fitted"]) != 2:
            continue
        total += 1
        if row["order"]:
            member = {entry.id: entry.group for entry in pigment_catalogue()}
            top, below = ({member[n] for n in paint["pigments"]} for paint in row["paints"])
            first = {member[name] for name in row["fitted"][0][4][:1]}
            right += bool(first & top) or not first & below
    known = sum(r["order"] for r in rows if len(r["paints"]) == 2 and len(r["fitted"]) == 2)
    print(f"two-layer cases: {total}, order known in {known}, right in {right}")


def main(arguments: list[str]) -> None:
    """Run one of the measurements."""
    kind = arguments[0]
    if kind == "table":
        table(Path(arguments[1]))
        return
    if kind == "powders":
        results = powders(Path(arguments[1]), int(arguments[2]))
        out = Path(arguments[3])
    else:
        out = Path(arguments[2])
        cache = Path(arguments[3]) if len(arguments) > 3 else None
        count = int(arguments[1])
        results = closed(count) if kind == "closed" else independent(count, cache)
    with out.open("w") as file:
        for result in results:
            file.write(json.dumps(result, default=float) + "\n")
            file.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
