"""Valid files of every format, from which the tests make damaged ones."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from ..io.conftest import RPL, mca_text
from ..io.formats.bruker import bcf_maker
from ..io.formats.bruker.test_spx import EMPTY, XML
from ..io.formats.test_msa import TEXT as MSA
from ..made_spectra import gsecars_text, handheld_text, spe_text, spec_text

# Arrays without names need sides other than 1, 3 and 4, which are those of pictures.
ARRAY = np.arange(30, dtype=np.uint16).reshape(5, 6, 1) + (16 * (np.arange(160) % 13)).astype("u2")
COUNTS = np.arange(12, dtype=np.uint16).reshape(3, 4, 1) + (16 * (np.arange(160) % 13)).astype("u2")


@dataclass(frozen=True)
class Seed:
    """A valid file.

    Parameters
    ----------
    name : str
        Name of the parser.
    files : callable
        Writes it into an empty folder.
    opened : str
        The path in that folder to open; ``"."`` is the folder.
    header : str
        The file with the header, which the tests damage.
    text : bool
        Whether that file is text with numbers.
    """

    name: str
    files: Callable[[Path], None]
    opened: str
    header: str
    text: bool = False


def _rpl(folder: Path) -> None:
    text = RPL.format(
        x=4, y=3, n=160, offset=0, length=2, kind="unsigned", order="little-endian", record="vector"
    )
    (folder / "scan.rpl").write_text(text)
    COUNTS.tofile(folder / "scan.raw")


def _envi(folder: Path) -> None:
    (folder / "scan.hdr").write_text(
        "ENVI\nsamples = 4\nlines = 3\nbands = 160\nheader offset = 0\ndata type = 12\n"
        "interleave = bip\nbyte order = 0\nwavelength units = keV\n"
        "wavelength = {" + ", ".join(f"{0.02 * i:.2f}" for i in range(160)) + "}\n"
    )
    COUNTS.tofile(folder / "scan.dat")


def _edf(folder: Path) -> None:
    for row in range(3):
        header = (
            "{\nHeaderID = EH:000001:000000:000000 ;\nByteOrder = LowByteFirst ;\n"
            "DataType = UnsignedShort ;\nDim_1 = 160 ;\nDim_2 = 4 ;\nSize = 1280 ;\n"
            "MCA a = -0.1 ;\nMCA b = 0.02 ;\nMCA c = 0 ;\n"
        )
        head = header.ljust(510).encode() + b"}\n"
        path = folder / f"map_xia00_0001_0000_{row:04d}.edf"
        path.write_bytes(head + COUNTS[row].tobytes())


def _mca_folder(folder: Path) -> None:
    (folder / "colonneXrighe.txt").write_text("righe  3\ncolonne  4\ndwell-time 3,0\n")
    for index, spectrum in enumerate(COUNTS.reshape(12, -1)):
        (folder / f"p_{index + 1}.mca").write_text(mca_text(spectrum), newline="")


def _mca(folder: Path) -> None:
    (folder / "one.mca").write_text(mca_text(COUNTS[0, 0]), newline="")


def _msa(folder: Path) -> None:
    numbers = ", ".join(str(value) for value in COUNTS[0, 0])
    values = {"points": 160, "unit": "keV", "kind": "Y", "gain": 0.01, "offset": -0.1}
    (folder / "one.msa").write_text(MSA.format(data=numbers, **values))


def _handheld(folder: Path) -> None:
    (folder / "one.csv").write_text(handheld_text(COUNTS[0, 0]))


def _spe(folder: Path) -> None:
    (folder / "one.spe").write_text(spe_text(COUNTS[0, 0]))


def _gsecars(folder: Path) -> None:
    (folder / "one.mca").write_text(gsecars_text(COUNTS[0, 0]))


def _spec(folder: Path) -> None:
    (folder / "one.dat").write_text(spec_text(COUNTS[0, 0]))


def _spx(folder: Path) -> None:
    numbers = ",".join(str(value) for value in COUNTS[0, 0])
    text = XML.format(data=numbers, count=160, filter=EMPTY, doctype="")
    (folder / "one.spx").write_text(text, encoding="cp1252")


def _pdz(folder: Path) -> None:
    from ..io.formats.bruker.test_pdz import version_24

    (folder / "one.pdz").write_bytes(version_24())


def _pdz25(folder: Path) -> None:
    from ..io.formats.bruker.test_pdz import phase, version_25

    (folder / "one.pdz").write_bytes(version_25(phase()))


def _bcf(folder: Path) -> None:
    bcf_maker.write(folder / "scan.bcf", [COUNTS.astype(np.int64)])


def _npy(folder: Path) -> None:
    np.save(folder / "scan.npy", ARRAY)


def _npz(folder: Path) -> None:
    np.savez_compressed(folder / "scan.npz", counts=COUNTS, gain_kev=0.02, offset_kev=-0.1)


def _hdf5(folder: Path) -> None:
    import h5py

    with h5py.File(folder / "scan.h5", "w") as file:
        data = file.create_group("entry/data")
        data.attrs.update(NX_class="NXdata", signal="counts", axes=["y", "x", "energy"])
        data.create_dataset("counts", data=COUNTS, chunks=(1, 4, 160), compression="gzip")
        data["energy"] = 0.02 * np.arange(160)


def _flat(folder: Path) -> None:
    import h5py

    with h5py.File(folder / "scan.h5", "w") as file:
        file["1.1/measurement/mca"] = COUNTS.reshape(12, -1)
        file["1.1/measurement/samx"] = 0.5 * (np.arange(12) % 4)
        file["1.1/measurement/samy"] = 0.5 * (np.arange(12) // 4)


def _crono(folder: Path) -> None:
    import h5py

    chosen = np.array([[1, 3, 4, 6], [12, 10, 9, 8], [13, 15, 16, 18]], np.uint64)
    spectra = np.zeros((20, 160), np.uint16)
    spectra[chosen.ravel()] = COUNTS.reshape(12, -1)
    with h5py.File(folder / "scan.hdf5", "w") as file:
        file["XRF/Spectra"] = spectra
        file["XRF/SpectraSelectedIndex"] = chosen[:, :, None]
        file["XRF/EnergyVector"] = (0.02 * np.arange(160)).astype(np.float32)
        file["XRF/LiveTimes"] = np.full(20, 59436, np.uint64)


def _tiff(folder: Path) -> None:
    import tifffile

    pages = np.ascontiguousarray(ARRAY.transpose(2, 0, 1))
    tifffile.imwrite(folder / "scan.tif", pages, photometric="minisblack")


def _zarr(folder: Path) -> None:
    import zarr

    root = zarr.open_group(str(folder / "scan.zarr"), mode="w")
    root.create_array("counts", shape=ARRAY.shape, dtype="u2", chunks=(5, 6, 160))[:] = ARRAY


def _dms(folder: Path) -> None:
    values = "\n".join(" ".join(str(v) for v in row) for row in COUNTS.reshape(12, -1)[:, :3])
    (folder / "scan.dms").write_text(f"2 4 3\nFe-K Pb-L Ca-K\n{values}\n")


def _map_table(folder: Path) -> None:
    lines = [f"{y},{x},{y + x},{y * x}" for y in range(3) for x in range(4)]
    (folder / "scan.csv").write_text("row,column,Fe-K,Pb-L\n" + "\n".join(lines) + "\n")


def _map_picture(folder: Path) -> None:
    import tifffile

    tifffile.imwrite(folder / "Fe-K.tif", COUNTS[:, :, 0].astype(np.float32))


def _geopixe(folder: Path) -> None:
    (folder / "scan.GeoPIXE").write_bytes(geopixe_bytes())


def geopixe_bytes(detectors: int = 2) -> bytes:
    """Make an export of COUNTS from one or more detectors, each with the same counts."""
    about = {
        "Dwell (mS)": 100.0, "Xres": 4, "Yres": 3, "Width (mm)": 2.0, "Height (mm)": 0.75,
        "Dets": detectors, "Chan": 160, "Gain (eV)": 20.0,
    }  # fmt: skip
    header = {"File Header": about, "X-ray Source": {"KV": 50.0, "Elt": "Mo", "Incid (°)": 70.0}}
    text = json.dumps(header, indent="\t").encode()
    data = struct.pack("<H", len(text)) + text
    for (y, x), detector in product(np.ndindex(3, 4), range(detectors)):
        (channels,) = np.nonzero(COUNTS[y, x])
        pairs = np.stack([channels, COUNTS[y, x, channels]], axis=1).astype("<u2")
        data += struct.pack("<2sIHHHf", b"DP", 16 + pairs.nbytes, x, y, detector, 5.0)
        data += pairs.tobytes()
    return data


def _pgm(folder: Path) -> None:
    (folder / "other.bin").write_bytes(struct.pack("<64I", *range(64)))


SEEDS = {
    seed.name: seed
    for seed in (
        Seed("rpl", _rpl, "scan.rpl", "scan.rpl", True),
        Seed("envi", _envi, "scan.hdr", "scan.hdr", True),
        Seed("edf", _edf, "map_xia00_0001_0000_0000.edf", "map_xia00_0001_0000_0000.edf", True),
        Seed("mca_folder", _mca_folder, ".", "colonneXrighe.txt", True),
        Seed("mca", _mca, "one.mca", "one.mca", True),
        Seed("msa", _msa, "one.msa", "one.msa", True),
        Seed("handheld", _handheld, "one.csv", "one.csv", True),
        Seed("spe", _spe, "one.spe", "one.spe", True),
        Seed("gsecars", _gsecars, "one.mca", "one.mca", True),
        Seed("spec", _spec, "one.dat", "one.dat", True),
        Seed("spx", _spx, "one.spx", "one.spx", True),
        Seed("pdz", _pdz, "one.pdz", "one.pdz"),
        Seed("pdz25", _pdz25, "one.pdz", "one.pdz"),
        Seed("bcf", _bcf, "scan.bcf", "scan.bcf"),
        Seed("npy", _npy, "scan.npy", "scan.npy", True),
        Seed("npz", _npz, "scan.npz", "scan.npz"),
        Seed("hdf5", _hdf5, "scan.h5", "scan.h5"),
        Seed("flat", _flat, "scan.h5", "scan.h5"),
        Seed("crono", _crono, "scan.hdf5", "scan.hdf5"),
        Seed("tiff", _tiff, "scan.tif", "scan.tif"),
        Seed("geopixe", _geopixe, "scan.GeoPIXE", "scan.GeoPIXE"),
        Seed("zarr", _zarr, "scan.zarr", "scan.zarr/counts/zarr.json", True),
        Seed("dms", _dms, "scan.dms", "scan.dms", True),
        Seed("map_table", _map_table, "scan.csv", "scan.csv", True),
        Seed("map_picture", _map_picture, "Fe-K.tif", "Fe-K.tif"),
        Seed("other", _pgm, "other.bin", "other.bin"),
    )
}
#: Seeds without a scan, which are refused unchanged.
NO_SCAN = {"dms", "map_table", "map_picture", "other"}
