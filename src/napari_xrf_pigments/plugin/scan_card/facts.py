"""What was found in the files of a scan, in plain words (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_xrf_pigments.io import SLOW_FORMAT

from ..state.scan import Scan

#: Energies below are of no use for a calibration, keV.
_LOWEST_KEV = 1.0
#: Counts per pixel below which single pixels say little.
_FEW_COUNTS = 300


@dataclass(frozen=True)
class Fact:
    """A line of the card.

    Parameters
    ----------
    title, text : str
        The quantity, and its value in words.
    """

    title: str
    text: str


def facts_of(scan: Scan) -> list[Fact]:
    """Return the facts about a scan: file, size, counts, axis, tube, live time."""
    cube, source = scan.cube, scan.cube.source
    rows, columns, channels = cube.shape
    facts = []
    if source is not None:
        facts.append(Fact("File", f"{source.path.name}: {source.format}"))
    facts.append(
        Fact("Size", f"{columns} x {rows} = {rows * columns:,} pixels, {channels} channels")
    )
    if scan.totals.ended and not scan.totals.error:
        mean = _mean_counts(scan)
        facts.append(Fact("Counts", f"{mean:,.0f} a pixel on average"))
    facts.append(Fact("Energy", _axis_text(scan)))
    facts.append(Fact("Tube", _tube_text(scan)))
    facts.append(Fact("Live time", _time_text(scan)))
    return facts


def warnings_of(scan: Scan) -> list[str]:
    """Return the notes of the reader and the warnings about the scan, each a sentence."""
    source = scan.cube.source
    texts = [note for note in (source.notes if source is not None else ()) if note != SLOW_FORMAT]
    if scan.cube.valid is not None and not any("pixels are missing" in text for text in texts):
        missing = int(np.count_nonzero(~np.asarray(scan.cube.valid)))
        texts.append(f"{missing:,} pixels were not measured.")
    if scan.checked and scan.calibration is not None and not scan.can_estimate:
        texts.append(str(scan.calibration.message))
    if scan.axis_check is not None and scan.axis_check.fits is False:
        texts.append(scan.axis_check.sentence)
    if scan.totals.ended and not scan.totals.error and _mean_counts(scan) < _FEW_COUNTS:
        texts.append(
            f"The pixels have few counts ({_mean_counts(scan):,.0f} on average): smooth with "
            "similar neighbours when you map the pigments."
        )
    return texts


def detector_choices(scan: Scan) -> list[tuple[str, str]]:
    """Return pairs of title and key of the detectors that can be opened; empty for one alone."""
    source = scan.cube.source
    if source is None or len(source.detectors) < 2:
        return []
    return [("Sum of the detectors", "sum"), *((name, name) for name in source.detectors)]


def opened_detector(scan: Scan) -> str:
    """Return the key of the detector that a scan shows, ``"sum"`` for several."""
    source = scan.cube.source
    opened = () if source is None else source.opened
    return opened[0] if len(opened) == 1 else "sum"


def _mean_counts(scan: Scan) -> float:
    image = scan.totals.image
    if scan.cube.valid is not None:
        image = image[np.asarray(scan.cube.valid)]
    finite = image[np.isfinite(image)]
    return float(finite.mean(dtype=np.float64)) if finite.size else 0.0


def _axis_text(scan: Scan) -> str:
    text = scan.axis_sentence().removeprefix("Energy axis ")
    text = text[:1].upper() + text[1:]
    if not scan.uses_estimate:
        return text
    used, file = scan.cube.energies, scan.file_energies
    if file.source != "file":
        return text
    above = used.kev > _LOWEST_KEV
    off = 1e3 * float(np.abs(used.kev - file.kev)[above].max()) if above.any() else 0.0
    return f"{text} The file's own calibration is up to {off:.0f} eV off."


def _tube_text(scan: Scan) -> str:
    acquisition, calibration = scan.cube.acquisition, scan.calibration
    anode = acquisition.anode
    if anode is None:
        text = "anode not known"
    elif (
        scan.file_acquisition.anode is None
        and calibration is not None
        and calibration.anode == anode
    ):
        text = f"{anode} anode (from its scatter; the file states none)"
    else:
        text = f"{anode} anode"
    kv = acquisition.tube_kv
    return f"{text}, {'voltage not known' if kv is None else f'{kv:g} kV'}"


def _time_text(scan: Scan) -> str:
    times = scan.cube.live_time_s
    if times is None:
        return "not known"
    seconds = np.asarray(times) if scan.cube.valid is None else times[scan.cube.valid]
    total = float(np.sum(seconds)) / 3600
    return f"{float(np.median(seconds)):.3g} s a pixel, {total:.2g} h in all"
