"""Spectra as text: folders of files, and single files."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import numpy as np

from ...made_spectra import handheld_text, spec_text
from .case import Layout, Made, Peer, Real, Row, small_counts

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


def msa_of_iso(real: Path, folder: Path) -> Made:
    path = real / "peers" / "ISO_22029_2022_compliance.msa"
    lines = path.read_text().split("#SPECTRUM")[1].split("#END")[0].splitlines()[1:]
    counts = np.array([float(line.split(",")[1]) for line in lines if line.strip()])
    return Made(path, counts.astype(np.int64)[None, None], (0.0031, 0.52013))


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


def text_columns(real: Path, folder: Path) -> Made:
    path = real / "peers" / "steel_sample.txt"
    energies, counts = np.loadtxt(path, unpack=True)
    gain = (energies[-1] - energies[0]) / (energies.size - 1)
    return Made(path, np.rint(counts).astype(np.int64)[None, None], (gain, energies[0]))


def handheld(folder: Path) -> Made:
    counts = small_counts(1, 1)
    (folder / "one.csv").write_text(handheld_text(counts[0, 0]))
    return Made(folder / "one.csv", counts, (0.0198374, 0.0))


def spe(real: Path, folder: Path) -> Made:
    path = real / "peers" / "Steel.spe"
    words = path.read_text().split("$DATA:")[1].split()
    return Made(path, np.array(words[2:], float).astype(np.int64)[None, None])


def gsecars(real: Path, folder: Path) -> Made:
    path = real / "peers" / "srm1832.mca"
    head, data = path.read_text().split("\nDATA:")
    counts = np.array(data.split(), np.int64).reshape(-1, 4)[:, 0]
    line = {key: text.split() for key, _, text in (row.partition(":") for row in head.split("\n"))}
    kev = float(line["CAL_SLOPE"][0]), float(line["CAL_OFFSET"][0])
    return Made(path, counts[None, None], kev)


def spec(folder: Path) -> Made:
    from silx.io.specfile import SpecFile

    path = folder / "one.mca"
    path.write_text(spec_text(small_counts(1, 1)[0, 0]).partition("\n#S 2")[0])
    counts = np.asarray(SpecFile(str(path))[0].mca[0])
    return Made(path, counts.astype(np.int64)[None, None], (0.02, -0.1))


def spectra_folder(folder: Path) -> Made:
    counts = small_counts()
    for index, spectrum in enumerate(counts.reshape(12, -1)):
        (folder / f"P{index + 1}.csv").write_text(handheld_text(spectrum))
    lines = [f"P{index + 1},{0.5 * (index % 4)},{0.5 * (index // 4)}" for index in range(12)]
    (folder / "places.txt").write_text("name,x (mm),y (mm)\n" + "\n".join(lines))
    return Made(folder, counts, (0.0198374, 0.0))


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
        "selects one; a folder with the sum of the others is not counted again. A note states if "
        "the odd rows are shifted or reversed.",
        (Real("CHNet scanner", mca_folder),),
        described_as="folder of PMCA spectra",
    ),
    Row("`.mca`", "PMCA text.", (Real("CHNet scanner", mca),), "spectrum", "PMCA"),
    Row(
        "`.msa`, `.emsa`",
        "EMSA/MAS text (ISO 22029).",
        (
            Real("NIST, Bruker Rh tube", msa, ("rsciio",)),
            Real("the standard's example", msa_of_iso),
            Peer("RosettaSciIO", rosettasciio_msa, ("rsciio",)),
        ),
        "spectrum",
        "EMSA",
    ),
    Row("`.spx`", "Bruker's XML.", (Real("Bruker M6", spx),), "spectrum", "Bruker"),
    Row(
        "spectra as text (`.csv`, `.txt`, `.dat`)",
        "One column of counts, or channels or energies (keV or eV) and counts, with or without a "
        "header, from which gain, offset, live time and voltage are read; commas, semicolons, tabs "
        "or blanks, decimal commas. Several columns of counts open as a row of points.",
        (Real("a text of a spectrum of steel", text_columns),),
        "spectrum",
        "spectrum as text",
    ),
    Row(
        "Bruker handheld `.csv`",
        "S1PXRF: counts, eV per channel, live time, voltage and current.",
        (Layout("Bruker's S1PXRF", handheld),),
        "spectrum",
        "S1PXRF",
    ),
    Row("`.spe`", "Text with `$DATA:`.", (Real("a spectrum of steel", spe),), "spectrum", ".spe"),
    Row(
        "`.mca` of GSECARS",
        "Several detectors: they are summed if their energies agree, otherwise the first is "
        "opened; `--detector 2` selects one.",
        (Real("GSECARS, four detectors", gsecars),),
        "spectrum",
        "GSECARS",
    ),
    Row(
        "SPEC (`.dat`, `.mca` of PyMca)",
        "Spectra after `@A`, with `#@CALIB` and `#@CTIME`. Several open as a row of points.",
        (Layout("a SPEC file that silx reads in the same way", spec, ("silx",)),),
        "spectrum",
        "SPEC",
    ),
    Row(
        "folder of single spectra",
        "Spectra in any of these formats. Positions in a table (`name,x_mm,y_mm`) or in the "
        "headers, or `--shape`, make a scan; without them they are a row of points.",
        (Layout("Bruker's S1PXRF, with a table of positions", spectra_folder),),
        described_as="folder of single spectra",
    ),
]
