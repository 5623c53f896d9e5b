"""``xrf-pigments map``: elemental and pigment maps of a scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from typer import Argument, BadParameter, Option

from ._console import echo, error_sentence, print_json, progress_bar, quiet
from ._options import (
    CalibrationOptions,
    Dataset,
    Detector,
    Device,
    Json,
    LineNames,
    PaletteOptions,
    PlacementOptions,
    Quiet,
    panel,
    parse_lines,
)
from ._summary import print_summary, summary_of
from ._workspace import resumable_workspace, temporary_workspace
from .report import write_report

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps, XRFCube
    from ..mapping.analysis.map_algebra import Normalisation
    from ..network import Predictor

_SUFFIXES = {None: ".zarr", "zarr": ".zarr", "hdf5": ".h5", "csv": ".csv"}
#: Endings of a name that is one result, not a folder of several.
_RESULTS = (".zarr", ".h5", ".hdf5", ".csv")
#: No tube of a scanner excites more: a family without lines here has none.
_HIGHEST_KEV = 150.0
_maps, _network, _extra = panel("Maps"), panel("Network"), panel("Picture and report")


@dataclass(frozen=True, kw_only=True)
class MapRequest(CalibrationOptions, PlacementOptions, PaletteOptions):
    """Make elemental maps and pigment maps of one scan or several.

    Examples
    --------
    xrf-pigments map scan.rpl -o maps.zarr --overview maps.png
    xrf-pigments map scan.h5 -o maps.h5 --gain-kev 0.0292 --anode Ag --kv 40
    xrf-pigments map scan.h5 -o maps --format tiff --lines "Fe, Pb L" --elements-only
    xrf-pigments map left.rpl right.rpl -o maps --painted 1880-1900 --overview overview.png
    """

    scans: Annotated[
        list[Path], Argument(metavar="SCAN...", help="Scans: files or folders, one or several.")
    ]
    out: Annotated[
        Path,
        Option(
            "-o",
            "--out",
            help="OUT.zarr, OUT.h5, OUT.csv, or the name of a folder; with several scans a folder "
            "that gets a result for each.",
        ),
    ]
    format: Annotated[
        Literal["zarr", "hdf5", "tiff", "csv", "csv-maps", "pictures"] | None,
        Option(
            help="Default: by the ending of OUT. tiff, csv-maps and pictures (TIFF at 600 dpi "
            "with scale bar and colour bar) make a folder with one file per map."
        ),
    ] = None
    overwrite: Annotated[bool, Option("--overwrite", help="Replace earlier results.")] = False
    resume: Annotated[bool, Option("--resume", help="Continue an interrupted run to OUT.")] = False
    dataset: Dataset = None
    detector: Detector = None
    lines: Annotated[
        LineNames | None,
        _maps(
            metavar="LINES",
            parser=parse_lines,
            help='Elements or line families, such as "Fe, Pb L" (default: those found).',
        ),
    ] = None
    fit_settings: Annotated[
        Path | None,
        _maps(
            metavar="CFG",
            help="Fit settings of PyMca: their lines, energy axis and excitation energy are used.",
        ),
    ] = None
    normalise: Annotated[
        Literal["live-time", "scatter", "total"] | None,
        _maps(help="Divide the elemental maps by it (default: net counts as measured)."),
    ] = None
    elements_only: Annotated[bool, _maps("--elements-only", help="Make no pigment maps.")] = False
    pigments_only: Annotated[bool, _maps("--pigments-only", help="Make no elemental maps.")] = False
    weights: Annotated[
        Path | None,
        _network(help="Weights, such as fine-tuned ones (default: the bundled ones)."),
    ] = None
    context: Annotated[
        bool,
        _network(
            "--context",
            help="Smooth with neighbours whose spectra are similar: for scans with few counts.",
        ),
    ] = False
    device: Device = "auto"
    scheduler: Annotated[
        str | None,
        Option(
            metavar="ADDRESS",
            help="Run the tiles on a dask.distributed cluster, such as tcp://host:8786; its "
            "workers must reach SCAN and OUT under the same paths.",
        ),
    ] = None
    overview: Annotated[
        Path | None,
        _extra(
            metavar="PNG",
            help="Also draw one picture; with several scans their names precede its name.",
        ),
    ] = None
    report: Annotated[
        Path | None, _extra(metavar="HTML", help="Also write a report; names as for --overview.")
    ] = None
    quiet: Quiet = False
    json: Json = False

    def __post_init__(self) -> None:
        """Refuse options that exclude each other."""
        super().__post_init__()
        if self.elements_only and self.pigments_only:
            raise BadParameter("not possible with --pigments-only", param_hint="--elements-only")
        local_only = (self.resume, self.normalise, self.weights, self.context)
        if self.scheduler is not None and any(local_only):
            raise BadParameter(
                "--resume, --normalise, --weights and --context are not available on a cluster",
                param_hint="--scheduler",
            )

    @property
    def scan(self) -> Path:
        """The scan; of several, the first."""
        return self.scans[0]

    def run(self) -> None:
        """Map the scans, save the maps, and print a summary of each."""
        with quiet(self.quiet or self.json):
            facts: Any = run_batch(self) if len(self.scans) > 1 else self.map_scan()
        if self.json:
            print_json(facts)
        failed = [each for each in facts if "error" in each] if isinstance(facts, list) else []
        if failed:
            sentences = " ".join(f"{each['scan']}: {each['error']}" for each in failed)
            raise ValueError(f"{len(failed)} of {len(facts)} scans were not mapped. {sentences}")

    def map_scan(self) -> dict[str, Any]:
        """Map one scan, and return what was found as plain values."""
        from ..io.outputs.output_lock import reserve_output
        from ..pigments.selection import select_pigments

        self.check_outputs()
        palette = self.chosen_palette()
        request = with_fit_settings(self)
        check_lines(request.lines)
        with reserve_output(self.out):
            # Opened first: a device or weights that cannot be used end the run at once.
            predictor = None if self.scheduler or self.elements_only else self._predictor()
            chosen = {"dataset": self.dataset, "detector": self.detector, **self.placement()}
            cube = open_scan(self.scan, request, **chosen)
            rows, columns, channels = cube.shape
            echo(f"{self.scan}: {rows} x {columns} pixels, {channels} channels.")
            if self.scheduler is None:
                made = map_locally(cube, request, predictor)
            else:
                made = map_on_cluster(cube, request)
            with made as (elements, pigments):
                shown = None if pigments is None else select_pigments(pigments, palette)
                print_summary(elements, shown, self.threshold)
                self._save(elements, pigments, shown)
                if self.overview is not None:
                    self._draw_overview(self.overview, elements, shown)
                if self.report is not None:
                    title, threshold = self.scan.stem, self.threshold
                    write_report(self.report, title, elements, shown, cube, threshold=threshold)
                found = summary_of(elements, shown, self.threshold)
        files = {"out": self.out, "overview": self.overview, "report": self.report}
        named = {name: str(path) for name, path in files.items() if path is not None}
        return {"scan": str(self.scan), **named, "shape": list(cube.shape), **found}

    def _predictor(self) -> Predictor:
        from ..network import Predictor

        return Predictor(self.device, self.weights)

    def check_outputs(self) -> None:
        """Check before the work that every output can be written.

        Raises
        ------
        ValueError, OSError
            If one cannot.
        """
        from ..io.outputs.atomic_write import check_output
        from ..io.results import check_results_output
        from ..reporting.overview import check_overview
        from ..reporting.report import check_report
        from ..reporting.tiff_figures import is_pictures

        options: dict[str, Any] = {"overwrite": self.overwrite, "scan": self.scan}
        if self.format == "pictures":
            check_output(self.out, is_pictures, **options)
        else:
            check_results_output(self.out, self.format, **options)
        if self.overview is not None:
            check_overview(self.overview, **options)
        if self.report is not None:
            check_report(self.report, **options)

    def _draw_overview(
        self, path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None
    ) -> None:
        from ..pigments.display import catalogue_naming
        from ..reporting.overview import save_overview

        save_overview(path, elements, pigments, catalogue_naming(), title=self.scan.stem)
        echo(f"Overview: {path}")

    def _save(
        self, elements: ElementMaps | None, pigments: PigmentMaps | None, shown: PigmentMaps | None
    ) -> None:
        from ..io import save_results
        from ..pigments.display import catalogue_naming
        from ..reporting.tiff_figures import save_pictures

        if self.format == "pictures":
            with progress_bar("Pictures", unit="") as progress:

                def show(done: int, name: str) -> bool:
                    progress(done, done + 1)
                    return False

                naming, threshold = catalogue_naming(), self.threshold
                save_pictures(self.out, elements, shown, naming, threshold=threshold, watch=show)
        else:
            save_results(self.out, elements=elements, pigments=pigments, format=self.format)
        echo(f"Maps: {self.out}")


def run_batch(request: MapRequest) -> list[dict[str, Any]]:
    """Map several scans, and return the findings of each, or its error.

    Parameters
    ----------
    request : MapRequest
        The options of all scans; its output is a folder, made if it does not exist.

    Raises
    ------
    ValueError
        If the output has the name of a single result, or is part of a scan.
    OSError
        If an output cannot be written; nothing has been mapped then.
    """
    folder = request.out
    if folder.suffix.lower() in _RESULTS:
        raise ValueError(
            f"{folder} would be one result, but there are {len(request.scans)} scans: give the "
            "name of a folder, which gets a result for each."
        )
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        single = split_scans(request)
        for each in single:
            each.check_outputs()
    except (ValueError, OSError):
        if made:
            folder.rmdir()
        raise
    found: list[dict[str, Any]] = []
    for each in single:
        try:
            found.append(each.map_scan())
        except (ValueError, OSError) as error:
            found.append({"scan": str(each.scan), "error": error_sentence(error)})
            echo(f"{each.scan} was not mapped: {error_sentence(error)}")
    return found


def split_scans(request: MapRequest) -> list[MapRequest]:
    """Return a request for each scan, with outputs that are named after it."""
    stems = Counter(scan.stem for scan in request.scans)
    names = [scan.stem if stems[scan.stem] == 1 else scan.name for scan in request.scans]
    if len(set(names)) < len(names):
        raise ValueError("Two scans have the same name; map them to different folders.")
    suffix = _SUFFIXES.get(request.format, "")

    def named(path: Path | None, name: str) -> Path | None:
        return None if path is None else path.with_name(f"{name}-{path.name}")

    return [
        replace(
            request,
            scans=[scan],
            out=request.out / f"{name}{suffix}",
            overview=named(request.overview, name),
            report=named(request.report, name),
        )
        for scan, name in zip(request.scans, names, strict=True)
    ]


def with_fit_settings(request: MapRequest) -> MapRequest:
    """Fill in lines, energy axis and voltage from fit settings of PyMca.

    Options that were given take precedence; settings that are not used are printed.

    Raises
    ------
    ValueError, OSError
        If the file contains no fit settings of PyMca, or cannot be read.
    """
    if request.fit_settings is None:
        return request
    from ..io.pymca_config import read_pymca_cfg

    settings = read_pymca_cfg(request.fit_settings)
    text = f"{request.fit_settings}: {len(settings.families)} line families. {settings.sentence}"
    echo(text.strip())
    lines, gain, offset = request.lines, request.gain_kev, request.offset_kev
    if lines is None and settings.families:
        lines = LineNames(list(settings.families))
    if (gain, offset, request.calibration) == (None, None, None) and settings.gain_kev is not None:
        gain, offset = settings.gain_kev, settings.offset_kev or 0.0
    tube_kv = settings.excitation_kev if request.tube_kv is None else request.tube_kv
    return replace(request, lines=lines, gain_kev=gain, offset_kev=offset, tube_kv=tube_kv)


def check_lines(lines: Sequence[str] | None) -> None:
    """Check that requested lines are those of elements, before a scan is opened.

    Raises
    ------
    ValueError
        If a name is not an element, or not an element and a shell.
    """
    from ..physics.lines import atomic_number, line_family

    for name in lines or ():
        if " " in name:
            line_family(name, _HIGHEST_KEV)
        else:
            atomic_number(name)


def open_scan(
    path: Path,
    options: CalibrationOptions,
    **chosen: Any,
) -> XRFCube:
    """Open a scan on the energy axis of the options, or on a fitted one, and print which.

    Parameters
    ----------
    path : Path
        The scan.
    options : CalibrationOptions
        Energy axis and tube.
    **chosen
        Further arguments of ``open_cube``.

    Raises
    ------
    ValueError, OSError
        If the scan or the saved calibration cannot be read, or they do not fit each other.
    """
    from ..calibration.anode import with_estimated_anode
    from ..calibration.automatic import calibrated
    from ..io import SLOW_FORMAT, open_cube
    from ..io.calibration_file import load_calibration
    from ..io.instrument_file import load_instrument

    saved = None if options.calibration is None else load_calibration(options.calibration)
    instrument = None if options.instrument is None else load_instrument(options.instrument)
    cube = open_cube(path, **chosen, **options.overrides())
    if instrument is not None:
        cube = instrument.applied(cube)
        tube = {"anode": options.anode, "tube_kv": options.tube_kv}
        cube = cube.with_acquisition(cube.acquisition.updated(**tube))
    if cube.source is not None and SLOW_FORMAT in cube.source.notes:
        echo(SLOW_FORMAT)
    if saved is not None and options.calibration is not None:
        cube = saved.applied(cube)
        tube = {"anode": options.anode, "tube_kv": options.tube_kv}
        cube = cube.with_acquisition(cube.acquisition.updated(**tube))
        echo(f"Energy axis from {options.calibration.name}.")
        if not saved.made_on(cube):
            echo(f"That calibration was made with {(saved.source or {}).get('name')}.")
    elif (options.gain_kev, options.offset_kev) == (None, None) and not options.no_calibrate:
        cube, calibration = calibrated(cube)
        echo(calibration.message)
    cube, message = with_estimated_anode(cube)
    if message:
        echo(message)
    return cube


@contextmanager
def map_locally(
    cube: XRFCube, request: MapRequest, predictor: Predictor | None
) -> Iterator[tuple[ElementMaps | None, PigmentMaps | None]]:
    """Make the requested maps, in a folder beside the output until the block ends."""
    from ..mapping import map_elements, map_pigments

    elements = pigments = None
    normalise = request.normalise and request.normalise.replace("-", " ")
    options = {"resume": request.resume, "overwrite": request.overwrite}
    with resumable_workspace(request.out, **options) as unfinished:
        if not request.pigments_only:
            with progress_bar("Elements") as progress:
                elements = map_elements(
                    cube,
                    request.lines,
                    progress=progress,
                    normalise=cast("Normalisation | None", normalise),
                    unfinished=unfinished,
                )
        if not request.elements_only:
            with progress_bar("Pigments") as progress:
                pigments = map_pigments(
                    cube,
                    predictor=predictor,
                    context=request.context,
                    progress=progress,
                    unfinished=unfinished,
                )
        yield elements, pigments


@contextmanager
def map_on_cluster(
    cube: XRFCube, request: MapRequest
) -> Iterator[tuple[ElementMaps | None, PigmentMaps | None]]:
    """Make the requested maps on a cluster, in a folder beside the output until the block ends."""
    from ..mapping.distributed import map_elements_on_cluster, map_pigments_on_cluster

    address = cast(str, request.scheduler)
    elements = pigments = None
    # The workers can write beside the output, not in the temporary folder of this machine.
    with temporary_workspace(request.out) as folder:
        if not request.pigments_only:
            out = folder / "elements.zarr"
            with progress_bar("Elements") as progress:
                elements = map_elements_on_cluster(
                    cube, address, out, request.lines, progress=progress
                )
        if not request.elements_only:
            out = folder / "pigments.zarr"
            with progress_bar("Pigments") as progress:
                pigments = map_pigments_on_cluster(
                    cube, address, out, device=request.device, progress=progress
                )
        yield elements, pigments
