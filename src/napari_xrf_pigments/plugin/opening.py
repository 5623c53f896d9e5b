"""Opening scans from anywhere: the reader, the menu, a drop on a dock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import QCoreApplication, QEventLoop, QThread

from . import dialogs as notices
from .layers.adding import LayerData, add_layer, counts_layer_data, results_layer_data
from .layers.metadata import LayerInfo
from .layers.sync import session_of, unwrapped
from .layers.update_queue import run_incrementally
from .preferences import offer_preferred_reader
from .state.services import CORE, Services
from .state.totals import TotalCounts
from .tasks import start_worker

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

T = TypeVar("T")

#: Small scans are complete when they appear; larger ones go on filling in.
PATIENCE_S = 1.2


def run_blocking_in_thread(work: Callable[[], T]) -> T:
    """Run a function in a thread and return its result, while the window takes events.

    napari's readers and samples must return their layers from one call: an event loop of its own
    draws the window until then. Outside the main thread, or without an application, the function
    runs at once.

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


def one_of_each_scan(paths: Iterable[str | Path]) -> list[Path]:
    """The paths without the second half of an ``.rpl`` and ``.raw`` pair."""
    from ..io import scan_path

    kept: dict[Path, Path] = {}
    for path in map(Path, paths):
        kept.setdefault(scan_path(path), path)
    return list(kept.values())


def scan_name(path: Path) -> str:
    """Name of a scan for people."""
    return path.name if path.is_dir() else path.stem


def read_scan(path: Path, services: Services = CORE) -> list[LayerData]:
    """Layer data of a scan's total counts, complete or still filling in, or of maps.

    Parameters
    ----------
    path : Path
        File or folder.
    services : Services
        The core's functions.

    Raises
    ------
    ValueError, OSError
        With one sentence, if it is neither a scan nor maps that can be read.
    """
    from ..io import can_open, is_maps, is_results, load_maps, load_results

    if is_results(path):
        return results_layer_data(*load_results(path), path=path)
    if is_maps(path) and not can_open(path):
        maps = load_maps(path)
        notices.info(f"{path.name} holds element maps, no spectra: they are shown as layers.")
        return results_layer_data(maps, None, path=path)
    cube = services.open_cube(path)
    totals = TotalCounts(cube)
    totals.wait(PATIENCE_S)
    if totals.error:
        raise ValueError(totals.error)
    return [counts_layer_data(cube, totals, scan_name(path), path=path)]


def is_open(layers: Iterable[Layer], path: Path) -> bool:
    """Whether what a path holds is open, by whichever part of it."""
    from ..io import scan_path

    opened = (LayerInfo.of(layer).path for layer in layers)
    return any(scan_path(each) == scan_path(path) for each in opened if each)


class Meanwhile:
    """What happens to a viewer while files are read: its window takes clicks and drops.

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
        """Whether a path was opened; what was open before does not count."""
        return is_open((layer for layer in self._viewer.layers if layer not in self._before), path)

    @property
    def closed(self) -> bool:
        """Whether the window was closed."""
        return self._had_window and not self._has_window

    @property
    def _has_window(self) -> bool:
        return notices.main_window(self._viewer) is not None


def forget(layers: Iterable[LayerData]) -> None:
    """Layer data that nobody wants any more: no more of them is read."""
    for _, settings, _ in layers:
        scan = LayerInfo.from_metadata(settings["metadata"]).scan
        if scan is not None:
            scan.totals.stop()


def sentence_of(error: Exception, path: Path) -> str:
    """What to tell the user about a path that could not be opened."""
    text = " ".join(str(error).split())
    return text or f"{path.name} is not a scan that can be read."


def open_paths(
    viewer: Viewer, paths: Sequence[str | Path], services: Services = CORE
) -> list[Path]:
    """Open scans in a viewer; what cannot be opened is told in one sentence.

    Returns
    -------
    list of Path
        The paths that were opened.
    """
    opened, meanwhile = [], Meanwhile(viewer)
    for path in run_blocking_in_thread(partial(one_of_each_scan, paths)):
        if meanwhile.closed:
            break
        if meanwhile.opened(path):
            continue
        try:
            found = run_blocking_in_thread(partial(read_scan, path, services))
        except (ValueError, OSError) as error:
            notices.error(sentence_of(error, path))
        else:
            if meanwhile.closed or meanwhile.opened(path):
                forget(found)
                continue
            add_in_turn(viewer, found)
            opened.append(path)
    return opened


def open_and_offer(viewer: Viewer, paths: Sequence[str | Path]) -> None:
    """Open scans in a viewer and offer to remember the choice where napari would ask."""
    for path in open_paths(viewer, paths, session_of(viewer).services):
        offer_preferred_reader(path)


def add_in_turn(viewer: Viewer, found: list[LayerData]) -> None:
    """Add layers; of many, as a file of maps holds, one an event-loop turn.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    found : list of tuple
        Data, settings and type of each.
    """
    viewer = unwrapped(viewer)
    window = notices.main_window(viewer)

    def steps() -> Iterator[None]:
        for data, settings, _ in found:
            add_layer(viewer, "image", data, select=False, **settings)
            yield

    if len(found) > 1 and window is not None:
        run_incrementally(window, steps())
    else:
        deque(steps(), maxlen=0)
