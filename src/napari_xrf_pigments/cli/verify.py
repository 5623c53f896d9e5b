"""``xrf-pigments verify``: claims about spectra tested by physics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, BadParameter, Option

from ._console import echo, progress_bar
from ._options import CalibrationOptions, Dataset, Detector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..inversion.verification import Verification


@dataclass(frozen=True, kw_only=True)
class VerifyRequest(CalibrationOptions):
    """Test by physics which pigments a spectrum needs, by fits of layered paint with and without.

    Examples
    --------
    xrf-pigments verify scan.rpl --pixel 40,25 -o pixel.html
    xrf-pigments verify scan.h5 --regions labels.tif -o regions.json --claims "vermilion, lead"
    xrf-pigments verify --spectra board -o board.csv --anode Rh --kv 40
    """

    scan: Annotated[Path | None, Argument(metavar="[SCAN]", help="Scan: a file or a folder.")] = (
        None
    )
    out: Annotated[Path, Option("-o", "--out", help="OUT.json, OUT.csv or OUT.html.")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace earlier results.")] = False
    pixel: Annotated[
        str | None, Option(metavar="X,Y", help="Column and row of a pixel, from 0.")
    ] = None
    radius: Annotated[
        int, Option(help="Also sum the pixels up to this distance from the pixel.", min=0)
    ] = 0
    regions: Annotated[
        Path | None,
        Option(metavar="LABELS", help="Picture of region numbers (TIFF or PNG), 0 for none."),
    ] = None
    spectra: Annotated[
        Path | None,
        Option(metavar="FOLDER", help="Single spectra: a folder, a table or an archive."),
    ] = None
    claims: Annotated[
        str | None,
        Option(metavar="IDS", help="Pigments or groups (default: those the network claims)."),
    ] = None
    seed: Annotated[int, Option(help="Seed of the starts of the fits.")] = 0
    dataset: Dataset = None
    detector: Detector = None

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        super().__post_init__()
        if sum(each is not None for each in (self.pixel, self.regions, self.spectra)) != 1:
            raise BadParameter("give one of --pixel, --regions and --spectra")
        if (self.scan is None) != (self.spectra is not None):
            raise BadParameter("--pixel and --regions need a SCAN, --spectra takes none")

    def run(self) -> None:
        """Test the claims, print one sentence for each, and save the results."""
        from ..reporting.verification import (
            check_verification_output,
            claim_sentence,
            save_verifications,
        )

        check_verification_output(self.out, overwrite=self.overwrite, scan=self.scan)
        results = self._points() if self.spectra is not None else self._regions()
        for name, result in results.items():
            echo(f"{name}: chi-square per degree of freedom {result.chi2_per_dof:.2f}.")
            for claim in result.claims:
                echo(f"  {claim_sentence(claim)}")
            if not result.claims:
                echo("  Nothing is claimed.")
        save_verifications(self.out, results)
        echo(f"Saved: {self.out}")

    def _named(self) -> list[str] | None:
        if self.claims is None:
            return None
        return [name.strip() for name in self.claims.split(",") if name.strip()]

    def _regions(self) -> dict[str, Verification]:
        from ..mapping.verification import verify_regions
        from .map import open_scan

        assert self.scan is not None
        cube = open_scan(self.scan, self, dataset=self.dataset, detector=self.detector)
        if self.regions is not None:
            from ..io.images import read_picture

            labels, title = read_picture(self.regions), "Region {}"
        else:
            labels, title = _around(self.pixel or "", self.radius, cube.shape[:2]), self.pixel or ""
        with progress_bar("Regions", " regions") as progress:
            found = verify_regions(cube, labels, self._named(), seed=self.seed, progress=progress)
        return {title.format(number): result for number, result in found.items()}

    def _points(self) -> dict[str, Verification]:
        from ..inversion.instrument_fit import fit_instrument
        from ..inversion.verify import claimed_groups, verify_spectrum
        from ..io.point_spectra import read_point_spectra
        from ..network.predict import Predictor

        assert self.spectra is not None
        points = read_point_spectra(self.spectra)
        for note in points.notes:
            echo(note)
        tube = {"anode": self.anode, "tube_kv": self.tube_kv}
        claims = self._named()
        claimed_groups(claims, {})
        network = Predictor("cpu") if claims is None else None
        results: dict[str, Verification] = {}
        with progress_bar("Spectra", " spectra") as progress:
            for group in points.groups():
                axis = group.energies
                if self.gain_kev is not None:
                    offset = self.offset_kev if self.offset_kev is not None else axis.offset_kev
                    axis = axis.recalibrated(self.gain_kev, offset)
                known = group.acquisition.updated(**tube)
                instrument = fit_instrument(group.counts, axis, known)
                for index, counts in zip(group.indices, group.counts, strict=True):
                    progress(len(results), len(points))
                    results[points.spectra[index].name] = verify_spectrum(
                        counts, axis, known, claims,
                        instrument=instrument, predictor=network, seed=self.seed,
                    )  # fmt: skip
        return results


def _around(pixel: str, radius: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return labels with 1 for the pixels within a radius of one."""
    import numpy as np

    try:
        column, row = (int(part) for part in pixel.split(","))
    except ValueError:
        raise BadParameter(f'"{pixel}" is not X,Y, such as 40,25') from None
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise ValueError(
            f"The pixel {pixel} is outside the scan of {shape[1]} columns and {shape[0]} rows."
        )
    y, x = np.indices(shape)
    return ((y - row) ** 2 + (x - column) ** 2 <= radius**2).astype(np.uint8)
