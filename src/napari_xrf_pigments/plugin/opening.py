"""Read scans and maps and add them to a viewer, for the reader, the menus and the docks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import QCoreApplication, QEventLoop, QThread

from . import dialogs
from .layers.adding import LayerData, add_layer, counts_layer_data, results_layer_data
from .layers.metadata import LayerInfo
from .layers.sync import session_of, unwrapped
from .layers.update_queue import run_incrementally
from .preferences import offer_preferred_reader
from .state.scan import Scan
from .state.services import CORE, Services
from .state.totals import TotalCounts
from .tasks import ProgressCallback, Task, error_message, start_worker

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

T = TypeVar("T")

#: Time to wait for the total counts of a scan; those of a large one are completed later.
TOTALS_WAIT_S = 1.2


def run_blocking_in_thread(work: Callable[[], T]) -> T:
    """Run a function in a thread and return its result, while the window processes events.

    napari calls readers and samples in the main thread and expects layers in return. A local event
    loop keeps the window responsive until then. Outside the main thread, or without an
    application, the function is called directly.

    Raises
    ------
    Exception
        The exception of the function.
    OSError
        If the window was closed before.
    """
    app = QCoreApplication.instance()
    if app is None or QThread.currentThread() is not app.thread():
        return work()
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:
            errors.append(error)

    loop = QEventLoop()
    start_worker(run, ended=loop.quit)
    loop.exec()
    if errors:
        raise errors[0]
    if not results:
        raise OSError("The window was closed before the file was read.")
    return results[0]


def deduplicate_paired_files(paths: Iterable[str | Path]) -> list[Path]:
    """Return one path per scan, since files such as ``.rpl`` and ``.raw`` make one scan."""
    from ..io import scan_path

    first: dict[Path, Path] = {}
    for path in map(Path, paths):
        first.setdefault(scan_path(path), path)
    return list(first.values())


def scan_name(path: Path) -> str:
    """Return the name of a scan for the layer list."""
    return path.name if path.is_dir() else path.stem


def read_scan(
    path: Path, services: Services = CORE, detector: str | None = None
) -> list[LayerData]:
    """Read the layer data of a scan, its total counts, or of maps.

    The total counts of a large scan are completed later.

    Parameters
    ----------
    path : Path
        File or folder.
    services : Services
        Functions of the core.
    detector : str, optional
        Name of one of several detectors, or ``"sum"``.

    Raises
    ------
    ValueError, OSError
        With a message for the user, if the path is neither a readable scan nor maps.
    """
    from ..io import can_open, is_maps, is_results, load_maps, load_results

    if is_results(path):
        return results_layer_data(*load_results(path), path=path)
    if is_maps(path) and not can_open(path):
        maps = load_maps(path)
        dialogs.info(f"{path.name} holds element maps, not spectra. They are shown as layers.")
        return results_layer_data(maps, None, path=path)
    choice = {} if detector is None else {"detector": detector}
    cube = services.open_cube(path, **choice)
    totals = TotalCounts(cube)
    totals.wait(TOTALS_WAIT_S)
    if totals.error:
        raise ValueError(totals.error)
    name = scan_name(path) if detector in (None, "sum") else f"{scan_name(path)} {detector}"
    return [counts_layer_data(cube, totals, name, path=path)]


def open_detector(viewer: Viewer, scan: Scan, detector: str, services: Services = CORE) -> bool:
    """Open another detector of a scan, or the sum of all, as a scan of its own.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    scan : Scan
        A scan that was opened from a file or folder.
    detector : str
        Name of the detector, or ``"sum"``.
    services : Services
        Functions of the core.

    Returns
    -------
    bool
        Whether it was opened; an error is shown if not.
    """
    source = scan.cube.source
    if source is None:
        return False
    try:
        layers = run_blocking_in_thread(partial(read_scan, source.path, services, detector))
    except (ValueError, OSError) as error:
        dialogs.error(error_message(error))
        return False
    add_layers_incrementally(viewer, layers)
    return True


def is_open(layers: Iterable[Layer], path: Path) -> bool:
    """Return whether the scan of a path is open, through any of its files."""
    from ..io import scan_path

    opened = (LayerInfo.of(layer).path for layer in layers)
    return any(scan_path(each) == scan_path(path) for each in opened if each)


class ViewerChanges:
    """Changes of a viewer since this object was created, as while files are read.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = unwrapped(viewer)
        self._before = list(viewer.layers)
        self._had_window = self._has_window

    def opened(self, path: Path) -> bool:
        """Return whether the scan of a path was opened since."""
        return is_open((layer for layer in self._viewer.layers if layer not in self._before), path)

    @property
    def closed(self) -> bool:
        """Whether the window was closed."""
        return self._had_window and not self._has_window

    @property
    def _has_window(self) -> bool:
        return dialogs.main_window(self._viewer) is not None


def discard_layer_data(layers: Iterable[LayerData]) -> None:
    """Stop reading the counts of layer data that no viewer will show."""
    for _, settings, _ in layers:
        scan = LayerInfo.from_metadata(settings["metadata"]).scan
        if scan is not None:
            scan.totals.stop()


def open_paths(
    viewer: Viewer, paths: Sequence[str | Path], services: Services = CORE
) -> list[Path]:
    """Open scans in a viewer; show an error for each that cannot be read.

    Returns
    -------
    list of Path
        The paths that were opened.
    """
    opened, changes = [], ViewerChanges(viewer)
    for path in run_blocking_in_thread(partial(deduplicate_paired_files, paths)):
        if changes.closed:
            break
        if changes.opened(path):
            continue
        try:
            layers = run_blocking_in_thread(partial(read_scan, path, services))
        except (ValueError, OSError) as error:
            dialogs.error(error_message(error))
        else:
            if changes.closed or changes.opened(path):
                discard_layer_data(layers)
                continue
            add_layers_incrementally(viewer, layers)
            offer_conversion(path, layers)
            opened.append(path)
    return opened


def open_scans(viewer: Viewer, paths: Sequence[str | Path]) -> None:
    """Open scans in a viewer, and offer to become the preferred reader of their format."""
    for path in open_paths(viewer, paths, session_of(viewer).services):
        offer_preferred_reader(path)


def offer_conversion(path: Path, layers: Iterable[LayerData]) -> None:
    """Offer to save a copy of a scan whose format is slow to read.

    Parameters
    ----------
    path : Path
        The scan.
    layers : iterable of tuple
        Layer data of the scan.
    """
    from ..io import SLOW_FORMAT

    scans = (LayerInfo.from_metadata(settings["metadata"]).scan for _, settings, _ in layers)
    sources = [scan.cube.source for scan in scans if scan is not None]
    if any(source is not None and SLOW_FORMAT in source.notes for source in sources):
        dialogs.offer(
            f"{path.name}: this format is slow to read. A copy in another format opens faster.",
            "Save a copy...",
            partial(_save_copy, path),
        )


def _save_copy(path: Path) -> None:
    filters = {"OME-Zarr (*.zarr)": ".zarr", "HDF5 (*.h5)": ".h5", "Ripple (*.rpl)": ".rpl"}
    chosen = dialogs.ask_save("Save a copy", str(path.with_suffix(".zarr")), filters)
    if chosen is None:
        return
    target, suffix = chosen
    if target.suffix.lower() not in filters.values():
        target = target.with_name(target.name + suffix)
    Task(
        f"Saving {target.name}",
        partial(_convert, path, target),
        lambda saved: dialogs.info(f"{dialogs.saved_as(target)}; open it instead of {path.name}."),
    )


def _convert(path: Path, target: Path, progress: ProgressCallback) -> None:
    from ..io import open_cube, save_cube

    def on_block(done: int, total: int) -> None:
        if progress(done, total):
            raise OSError(f"Cancelled; {target.name} was not written.")

    save_cube(open_cube(path), target, progress=on_block)


def add_layers_incrementally(viewer: Viewer, layers: list[LayerData]) -> None:
    """Add layers, one per turn of the event loop if there are several.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    layers : list of tuple
        Data, settings and type of each.
    """
    viewer = unwrapped(viewer)
    window = dialogs.main_window(viewer)

    def steps() -> Iterator[None]:
        for data, settings, _ in layers:
            add_layer(viewer, "image", data, select=False, **settings)
            yield

    if len(layers) > 1 and window is not None:
        run_incrementally(window, steps())
    else:
        deque(steps(), maxlen=0)
