"""Spectra as text: folders of files, and single files."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np

from .case import Made, Peer, Real, Row, small_counts

HANDS = "aurora-antico1-prova1.zip"


def mca_folder(real: Path, folder: Path) -> Made:
    with zipfile.ZipFile(real / "hands" / HANDS) as archive:
        archive.extractall(folder)
    pixels = {}
    for path in folder.rglob("*.mca"):
        if not path.name.startswith("SPOT"):
            pixels[int(path.stem.rsplit("_", 1)[1])] = _pmca(path)
    counts = np.stack([pixels[number] for number in sorted(pixels)]).reshape(60, 120, 1024)
    # The points stated in the file; the true energy scale is checked in the calibration tests.
    return Made(folder, counts, _pmca_axis(next(folder.rglob("*.mca"))))


def mca(real: Path, folder: Path) -> Made:
    with zipfile.ZipFile(real / "hands" / HANDS) as archive:
        name = min(name for name in archive.namelist() if name.endswith(".mca"))
        (folder / "spectrum.mca").write_bytes(archive.read(name))
    path = folder / "spectrum.mca"
    return Made(path, _pmca(path)[None, None], _pmca_axis(path))


def msa(real: Path, folder: Path) -> Made:
    from rsciio.msa import file_reader

    path = real / "nist" / "Steel_50kv_50_ma_Rh_vac_D1.msa"
    (signal,) = file_reader(str(path))
    axis = signal["axes"][0]
    scale = 1e-3 if axis["units"].lower() == "ev" else 1.0
    counts = np.rint(signal["data"]).astype(np.int64)[None, None]
    return Made(path, counts, (axis["scale"] * scale, axis["offset"] * scale))


def rosettasciio_msa(folder: Path) -> Made:
    from rsciio.msa import file_writer

    counts = small_counts(1, 1)
    axis = {"name": "Energy", "size": 160, "scale": 0.02, "offset": -0.1, "units": "keV"}
    about = {"Signal": {"signal_type": "EDS_TEM"}, "General": {"title": "one"}}
    signal = {
        "data": counts[0, 0].astype(np.float32),
        "axes": [{**axis, "navigate": False, "index_in_array": 0}],
        "metadata": about,
        "original_metadata": {},
    }
    file_writer(str(folder / "one.msa"), signal)
    return Made(folder / "one.msa", counts, (0.02, -0.1))


def spx(real: Path, folder: Path) -> Made:
    (path,) = (real / "m6").glob("*.spx")
    tree = ElementTree.parse(path)
    counts = np.array(tree.findtext(".//Channels").split(","), dtype=np.int64)
    gain, offset = (float(tree.findtext(f".//{tag}")) for tag in ("CalibLin", "CalibAbs"))
    return Made(path, counts[None, None], (gain, offset))


def _pmca(path: Path) -> np.ndarray:
    text = path.read_text(encoding="latin-1")
    return np.array(text.split("<<DATA>>")[1].split("<<END>>")[0].split(), dtype=np.int64)


def _pmca_axis(path: Path) -> tuple[float, float]:
    text = path.read_text(encoding="latin-1").split("<<CALIBRATION>>")[1].split("<<")[0]
    points = np.array([line.split() for line in text.split("\n") if line[:1].isdigit()], float)
    gain, offset = np.polyfit(points[:, 0], points[:, 1], 1)
    return float(gain), float(offset)


ROWS = [
    Row(
        "folder of `.mca`",
        "CHNet, XISMuS and Elio: one PMCA text file per pixel, and `colonneXrighe.txt` with rows, "
        "columns and dwell time. A missing or truncated file is a missing pixel; `SPOT_*.mca` "
        "files are not pixels. The live time is read, otherwise the real time, otherwise the dwell "
        "time. Several folders are several detectors: they are summed, and `--detector 10264` "
        "selects one. A note states if the odd rows are shifted or reversed.",
        (Real("CHNet scanner", mca_folder),),
        described_as="folder of PMCA spectra",
    ),
    Row("`.mca`", "PMCA text.", (Real("CHNet scanner", mca),), "spectrum", "PMCA"),
    Row(
        "`.msa`, `.emsa`",
        "EMSA/MAS text (ISO 22029).",
        (
            Real("NIST, Bruker Rh tube", msa, ("rsciio",)),
            Peer("RosettaSciIO", rosettasciio_msa, ("rsciio",)),
        ),
        "spectrum",
        "EMSA",
    ),
    Row("`.spx`", "Bruker's XML.", (Real("Bruker M6", spx),), "spectrum", "Bruker"),
]
