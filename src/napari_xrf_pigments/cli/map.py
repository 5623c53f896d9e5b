"""``xrf-pigments map``: a scan in, maps out."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from . import report as cli_report
from ._console import free_to_write, progress_bar, say
from ._fit_settings import take_fit_settings
from ._room import room_on_disk
from ._workspace import unfinished_maps

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps, XRFCube
    from ..mapping.analysis.map_algebra import Normalisation
    from ..network import Predictor

Format = Literal["zarr", "hdf5", "tiff", "csv", "csv-maps", "pictures"]


@dataclass(frozen=True)
class Maps:
    """The maps of a scan; None is what was not asked for.

    Parameters
    ----------
    elements : ElementMaps or None
        Elemental maps.
    pigments : PigmentMaps or None
        Pigment maps.
    """

    elements: ElementMaps | None
    pigments: PigmentMaps | None


def run(options: argparse.Namespace) -> None:
    """Map a scan and save the maps."""
    _check_output(options)
    if options.overview is not None:
        free_to_write(options.overview, overwrite=options.overwrite, scan=options.scan)
    if options.report is not None:
        cli_report.check_report(options.report, overwrite=options.overwrite, scan=options.scan)
    take_fit_settings(options)
    cube = open_scan(options)
    rows, columns, channels = cube.shape
    say(f"{options.scan}: {rows} x {columns} pixels, {channels} channels.")
    wanted = {
        "lines": options.lines,
        "device": options.device,
        "with_elements": not options.pigments_only,
        "with_pigments": not options.elements_only,
    }
    if options.scheduler is None:
        earlier = {"resume": options.resume, "overwrite": options.overwrite}
        with (
            room_on_disk(options.out, rows * columns) as folder,
            unfinished_maps(options.out, **earlier) as unfinished,
        ):
            normalise = options.normalise and options.normalise.replace("-", " ")
            maps = map_cube(
                cube,
                predictor=_taught(options),
                folder=folder,
                unfinished=unfinished,
                normalise=normalise,
                context=options.context,
                **wanted,
            )
            _finish(options, cube, maps)
        return
    if options.resume or options.normalise or options.weights or options.context:
        raise ValueError(
            "On a cluster, --resume, --normalise, --weights and --context are not offered."
        )
    from ._cluster import maps_of_cluster

    with maps_of_cluster(cube, options.scheduler, options.out, **wanted) as made:
        _finish(options, cube, Maps(*made))


def _finish(options: argparse.Namespace, cube: XRFCube, maps: Maps) -> None:
    report(maps)
    save(maps, options.out, options.format)
    if options.overview is not None:
        overview(maps, options.overview, options.scan.stem)
    if options.report is not None:
        cli_report.report(options.report, options.scan.stem, maps.elements, maps.pigments, cube)


def _taught(options: argparse.Namespace) -> Predictor | None:
    """The network with weights of the user's own, where some were named."""
    if options.weights is None or options.elements_only:
        return None
    from ..network import Predictor

    return Predictor(options.device, options.weights)


def _check_output(options: argparse.Namespace) -> None:
    """Complain before the work, not after it."""
    from ..io import is_results
    from ..reporting._save_pictures import is_pictures

    out: Path = options.out
    if options.format is None and out.suffix.lower() not in (".zarr", ".h5", ".hdf5", ".csv"):
        raise ValueError(
            f"It is not clear how to save {out}: end its name in .zarr, .h5 or .csv, "
            "or add --format tiff for a folder of pictures."
        )
    free_to_write(out, overwrite=options.overwrite, scan=options.scan)
    ours = is_pictures if options.format == "pictures" else is_results
    if out.exists() and not ours(out):
        raise FileExistsError(f"{out} exists and is no result of this program; it stays as it is.")


def open_scan(options: argparse.Namespace) -> XRFCube:
    """Open a scan on the energy axis that the user gave, or on a fitted one.

    Raises
    ------
    ValueError
        If a saved calibration is given beside a gain or an offset, or does not fit the scan.
    """
    from ..io import SLOW_FORMAT, open_cube
    from ..io.calibration_file import load_calibration

    given = options.gain_kev is not None or options.offset_kev is not None
    saved = None
    if options.calibration is not None:
        if given:
            raise ValueError("Give either --calibration or --gain-kev and --offset-kev, not both.")
        saved = load_calibration(options.calibration)
    cube = open_cube(
        options.scan,
        gain_kev=options.gain_kev,
        offset_kev=options.offset_kev,
        anode=options.anode,
        tube_kv=options.kv,
        dataset=options.dataset,
        detector=options.detector,
    )
    if cube.source is not None and SLOW_FORMAT in cube.source.notes:
        say(SLOW_FORMAT)
    from ..calibration.anode import with_estimated_anode
    from ..calibration.automatic import calibrated

    if saved is not None:
        cube = saved.applied(cube)
        asked = cube.acquisition.updated(anode=options.anode, tube_kv=options.kv)
        cube = cube.with_acquisition(asked)
        say(f"Energy axis from {options.calibration.name}.")
        if not saved.made_on(cube):
            say(f"That calibration was made on {(saved.source or {}).get('name')}.")
    elif not given and not options.no_calibrate:
        cube, calibration = calibrated(cube)
        say(calibration.message)
    cube, told = with_estimated_anode(cube)
    if told:
        say(told)
    return cube


def map_cube(
    cube: XRFCube,
    *,
    lines: list[str] | None = None,
    device: str = "auto",
    with_elements: bool = True,
    with_pigments: bool = True,
    predictor: Predictor | None = None,
    folder: Path | None = None,
    unfinished: Path | None = None,
    normalise: Normalisation | None = None,
    context: bool = False,
) -> Maps:
    """Make the maps of a scan, each kind with a progress bar; on disk where a folder is given."""
    from ..mapping import map_elements, map_pigments

    names = ("elements.zarr", "pigments.zarr")
    places = [None if folder is None else folder / name for name in names]
    elements = pigments = None
    if with_elements:
        with progress_bar("Elements") as progress:
            elements = map_elements(
                cube,
                lines,
                out=places[0],
                progress=progress,
                normalise=normalise,
                unfinished=unfinished and unfinished / "elements",
            )
    if with_pigments:
        with progress_bar("Pigments") as progress:
            pigments = map_pigments(
                cube,
                device=device,
                predictor=predictor,
                context=context,
                out=places[1],
                progress=progress,
                unfinished=unfinished and unfinished / "pigments",
            )
    return Maps(elements, pigments)


def report(maps: Maps) -> None:
    """Say what was found."""
    from ..reporting.overview import found_elements

    if maps.elements is not None:
        names = ", ".join(entry.name for entry in found_elements(maps.elements))
        say(f"Elements over 5 sigma somewhere: {names or 'none'}.")
    if maps.pigments is not None:
        _report_pigments(maps.pigments)
    told = [m.provenance.get("warnings", ()) for m in (maps.elements, maps.pigments) if m]
    for text in dict.fromkeys(text for texts in told for text in texts):
        say(f"Warning: {text}")


def _report_pigments(pigments: PigmentMaps) -> None:
    from ..pigments import ambiguity_groups, pigment_catalogue
    from ..reporting.overview import found_pigments, undecided_groups

    labels = {entry.id: entry.name for entry in pigment_catalogue()}
    sure = found_pigments(pigments)
    say("Pigments likelier than not, and the share of the pixels where they are:")
    for entry in sure:
        say(f"  {labels.get(entry.name, entry.name)}: {percent(entry.share)}")
    for entry in undecided_groups(pigments, ambiguity_groups()):
        names = " / ".join(labels[name] for name in ambiguity_groups()[entry.name])
        say(f"  {names} (not told apart everywhere): {percent(entry.share)}")
    if not sure:
        say("  no single pigment")


def percent(share: float) -> str:
    """A share as a percentage that a person would say."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"


def save(maps: Maps, out: Path, form: Format | None = None) -> None:
    """Save maps and say where they are."""
    from ..io import save_results
    from ..pigments.display_names import catalogue_naming
    from ..reporting._save_pictures import save_pictures

    if form == "pictures":
        with progress_bar("Pictures", unit="") as progress:

            def watch(done: int, name: str) -> bool:
                progress(done, done + 1)
                return False

            save_pictures(out, maps.elements, maps.pigments, catalogue_naming(), watch=watch)
    else:
        save_results(out, elements=maps.elements, pigments=maps.pigments, format=form)
    say(f"Maps: {out}")


def overview(maps: Maps, path: Path, title: str) -> None:
    """Draw the overview picture with the names and colours of the pigments."""
    from ..pigments import ambiguity_groups, pigment_catalogue
    from ..reporting.overview import save_overview

    save_overview(
        path,
        maps.elements,
        maps.pigments,
        labels={entry.id: entry.name for entry in pigment_catalogue()},
        colours={entry.id: entry.hex for entry in pigment_catalogue()},
        members=ambiguity_groups(),
        title=title,
    )
    say(f"Overview: {path}")
