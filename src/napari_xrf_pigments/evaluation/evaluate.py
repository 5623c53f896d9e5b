"""Evaluation of a network on the independent test sets, and its report as markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..cube import ElementMaps, PigmentMaps, combine_maps
from ..io.outputs.atomic_write import check_output, write_atomically
from ._cache import VERSION, cache_folder
from .independent_simulation.make import DRAWS, STACKS, make_set
from .independent_simulation.truth import TestSet, Truth, concatenate_truths
from .metrics import confusion_table, recall_by, score
from .real_scan import ScanScore, scan_table, score_scan
from .tables import SetReport, format_set

#: Ranges of counts that are reported separately.
COUNT_RANGES = {
    "3,000-60,000 counts": (3_000.0, 60_001.0),
    "300-3,000 counts": (300.0, 3_000.0),
    "300-1,000 counts": (300.0, 1_000.0),
    "1,000-3,000 counts": (1_000.0, 3_000.0),
    "3,000-10,000 counts": (3_000.0, 10_000.0),
    "10,000-60,000 counts": (10_000.0, 60_001.0),
}


_MAIN_SCORES = (
    "macro_f1", "mean_average_precision", "false_positives", "covered_recall", "calibration",
    "exact", "below_auc",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """Result of `evaluate`; ``str(report)`` is its text.

    Parameters
    ----------
    sets : tuple of SetReport
        Scores of each test set, and of all together.
    scan : tuple of ScanScore
        Scores on a real scan.
    """

    sets: tuple[SetReport, ...]
    scan: tuple[ScanScore, ...] = ()

    def main_scores(self) -> dict[str, float]:
        """Collect the main scores by name, such as ``"A: all counts: macro_f1"``."""
        return {
            f"{part.name}: {label}: {key}": float(getattr(scores, key))
            for part in self.sets
            for label, scores in part.scores.items()
            for key in _MAIN_SCORES
        }

    def save(self, path: Path | str) -> None:
        """Write the main scores as JSON, in place of earlier scores at most.

        Raises
        ------
        ValueError
            If the name does not end in ``.json``.
        OSError
            If another file has that name, or the disk fails.
        """
        text = json.dumps(self.main_scores(), indent=1)
        check_scores(Path(path))
        write_atomically(
            Path(path), lambda part: part.write_text(text, encoding="utf-8"), is_scores
        )

    def __str__(self) -> str:
        text = "\n\n".join(format_set(part) for part in self.sets)
        if self.scan:
            text += "\n\n## Scan\n\n" + scan_table(self.scan)
        return text


def check_scores(path: Path, *, overwrite: bool = True, scan: Path | None = None) -> None:
    """Check before the work that scores can be written; errors as :meth:`Report.save`."""
    check_output(path, is_scores, overwrite=overwrite, scan=scan, suffixes=(".json",))


def is_scores(path: Path) -> bool:
    """Return whether a file holds scores that :meth:`Report.save` wrote."""
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
        names = [name.split(": ") for name in scores]
    except (OSError, ValueError, AttributeError, TypeError):
        return False
    return bool(names) and all(len(name) == 3 and name[2] in _MAIN_SCORES for name in names)


def evaluate(
    predictor: Any = None,
    sets: Sequence[str | Path | TestSet] = ("A", "B", "C", "D"),
    scan: tuple[ElementMaps, PigmentMaps] | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    bootstrap: int = 500,
    batch: int = 512,
    seed: int = 0,
) -> Report:
    """Evaluate a network on the independent test sets.

    Parameters
    ----------
    predictor : Predictor or callable, optional
        Object with ``bind(energies, acquisition)``, or function of counts (spectrum, channel),
        energies and acquisition that returns maps (pigment, spectrum); by default the bundled
        network.
    sets : sequence of str, Path or TestSet
        Letters of the standard sets (made if the cache lacks them), files, or sets.
    scan : (ElementMaps, PigmentMaps) or None
        Elemental and pigment maps of a real scan.
    cache : Path or None
        Folder of the standard sets; None for `cache_folder`.
    progress : callable or None
        Called with (spectra done, spectra in all).
    bootstrap : int
        Resamplings for the intervals.
    batch : int
        Spectra per call of the predictor.
    seed : int
        Seed of the standard sets: their paintings, instruments and noise.

    Raises
    ------
    ImportError
        If a set has to be made and fisx or PyMca is not installed.
    OSError, ValueError
        If a file is not a test set.
    """
    if predictor is None:
        from ..network import Predictor

        predictor = Predictor()
    loaded = [entry if isinstance(entry, TestSet) else _open(entry, cache, seed) for entry in sets]
    total = sum(len(entry.counts) for entry in loaded)
    done = 0
    reports = []
    predictions = []
    for entry in loaded:
        predict = _bind(predictor, entry)
        parts = []
        for start in range(0, len(entry.counts), batch):
            parts.append(predict(entry.counts[start : start + batch]))
            done += len(entry.counts[start : start + batch])
            if progress is not None:
                progress(done, total)
        predictions.append(concatenate(parts))
        reports.append(score_set(entry.name, entry.truth, predictions[-1], bootstrap))
    if len(loaded) > 1:
        whole = concatenate_truths([entry.truth for entry in loaded])
        prediction = concatenate(predictions)
        reports.append(score_set(_joint_name(loaded), whole, prediction, bootstrap))
    return Report(tuple(reports), score_scan(*scan) if scan else ())


def _joint_name(sets: Sequence[TestSet]) -> str:
    return f"{', '.join(entry.name for entry in sets[:-1])} and {sets[-1].name} together"


def score_set(name: str, truth: Truth, prediction: PigmentMaps, bootstrap: int = 0) -> SetReport:
    """Compute all scores of a prediction for the spectra of a set."""
    scores = {"all counts": score(truth, prediction, bootstrap=bootstrap)}
    for label, (low, high) in COUNT_RANGES.items():
        rows = np.asarray((truth.counts >= low) & (truth.counts < high))
        if not rows.any():
            continue
        scores[label] = score(truth, prediction, rows=rows, bootstrap=bootstrap)
        if label == next(iter(COUNT_RANGES)):
            scores[f"elements decide, {label}"] = score(
                truth, prediction, rows=rows, elements_decide=True, bootstrap=bootstrap
            )
    slices = {by: recall_by(truth, prediction, by) for by in ("cover_um", "weight", "sigma")}
    table = confusion_table(truth, prediction)
    order = np.argsort(-table, axis=None)[:10]
    pairs = [np.unravel_index(k, table.shape) for k in order if table.flat[k] > 0]
    confused = tuple(
        (truth.groups[row], truth.groups[column], int(table[row, column])) for row, column in pairs
    )
    return SetReport(name, scores, slices, confused)


def concatenate(parts: Sequence[PigmentMaps]) -> PigmentMaps:
    """Concatenate predictions along the spectra."""
    return combine_maps(lambda *arrays: np.concatenate(arrays, axis=-1), *parts)


def load_standard_set(name: str, cache: Path | None = None, *, seed: int = 0) -> TestSet:
    """Load a standard set from the cache; make it first if the cache lacks it.

    Raises
    ------
    ValueError
        If there is no such set.
    """
    if name not in STACKS:
        raise ValueError(f"There is no test set {name!r}; there are {', '.join(STACKS)}.")
    folder = cache or cache_folder()
    path = folder / f"v{VERSION}-{seed}-{name}-{STACKS[name]}x{DRAWS}.npz"
    if not path.exists():
        make_set(name, seed=seed, cache=folder).save(path)
    return TestSet.load(path)


def _open(entry: str | Path, cache: Path | None, seed: int) -> TestSet:
    if isinstance(entry, str) and len(entry) == 1:
        return load_standard_set(entry, cache, seed=seed)
    return TestSet.load(entry)


def _bind(predictor: Any, entry: TestSet) -> Callable[[Any], PigmentMaps]:
    if not hasattr(predictor, "bind"):
        return lambda counts: predictor(counts, entry.energies, entry.acquisition)
    bound: Callable[[Any], PigmentMaps] = predictor.bind(entry.energies, entry.acquisition)
    return bound
