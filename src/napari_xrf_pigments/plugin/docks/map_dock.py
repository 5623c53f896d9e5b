"""The base of the docks that map scans: run, cancel, resume, progress, updates of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import dialogs
from ..state.results import Results
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import ActivityBar, Failure, Progress, Run, consume_tiles
from ..widgets.run_bar import RunBar
from .base import ScanDock

if TYPE_CHECKING:
    from napari.viewer import Viewer


class MapDock(ScanDock):
    """A dock that maps a scan tile by tile and shows the maps.

    Parameters
    ----------
    napari_viewer : Viewer
        Filled in by napari.
    title : str
        Text of the button.
    session : Session, optional
        By default the session of the viewer.
    """

    def __init__(self, napari_viewer: Viewer, title: str, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.title = title
        self.run_bar = RunBar(title)
        self.run_bar.run_requested.connect(self.run)
        self.run_bar.resume_requested.connect(self.resume)
        self.run_bar.cancel_requested.connect(self.cancel)
        self._activity: Any = None
        #: Warnings of the run, shown when it ends.
        self.pending_warnings: list[str] = []

    # For subclasses.

    def run(self) -> None:
        """Start a new run."""
        raise NotImplementedError

    def resume(self) -> None:
        """Continue with the tiles that are missing."""
        raise NotImplementedError

    def update_layers(self, scan: Scan) -> Iterator[None]:
        """Update layers and lists, one layer per step."""
        raise NotImplementedError

    def blocking_reason(self) -> str:
        """Return why no run can start now; empty if it can."""
        raise NotImplementedError

    def resumable_results(self) -> Results | None:
        """Return the results that a run can complete, or None."""
        raise NotImplementedError

    def finished_text(self, scan: Scan) -> str:
        """Return the status after a run."""
        return ""

    def cancel(self) -> None:
        """Stop the run; finished tiles stay."""
        if self._runs:
            self.run_bar.set_cancelling()
            self._runs[0].cancel()

    def refresh(self) -> None:
        """Update layers and lists soon."""
        scan = self.scan
        if scan is not None:
            self.layer_updates.schedule(lambda: self.update_layers(scan), restart=True)

    def update_bar(self) -> None:
        """Enable the buttons that can be used now."""
        reason = self.blocking_reason()
        self.run_bar.set_ready(not reason, reason)
        results = None if self.running or reason else self.resumable_results()
        share = 0.0 if results is None else float(np.mean(results.done))
        self.run_bar.set_resumable(share if 0 < share < 1 else None)

    def start_run(
        self,
        scan: Scan,
        shape: tuple[int, int],
        begin: Callable[[NDArray[np.bool_] | None], Iterable[Any]],
        add: Callable[[Any], None],
        status: str,
        done: NDArray[np.bool_] | None = None,
    ) -> None:
        """Compute tiles in a thread.

        Parameters
        ----------
        scan : Scan
            The scan.
        shape : tuple of int
            Rows and columns of the map.
        begin : callable
            Called in the thread with the mask of the finished pixels, or None; returns the tiles.
        add : callable
            Called in the thread with each tile.
        status : str
            Status until there is progress.
        done : ndarray of bool, shape (y, x), optional
            Pixels that an earlier run finished.
        """
        total = shape[0] * shape[1]
        skip = None if done is None else done.copy()
        before = 0 if skip is None else int(skip.sum())
        run = Run(
            lambda cancelled: consume_tiles(begin(skip), add, total, before, cancelled),
            lambda state: self._progress(scan, state),
            lambda end: self._ended(scan, end),
        )
        self._runs.append(run)
        self.run_bar.set_running(True)
        self.run_bar.set_status(status)
        self.update_bar()
        # Last, because the progress bar of napari processes events.
        self._activity = ActivityBar(f"{self.title}: {scan.name}", total, self.cancel)

    def _progress(self, scan: Scan, state: Progress) -> None:
        self.run_bar.set_progress(state.done, state.total)
        if state.done:
            self.run_bar.set_status(f"{100 * state.done / state.total:.0f} % of the pixels mapped")
            self.layer_updates.schedule(lambda: self.update_layers(scan))
        if self._activity is not None:
            self._activity.set_done(state.done)

    def _ended(self, scan: Scan, end: str | Failure) -> None:
        self._runs.clear()
        activity, self._activity = self._activity, None
        self.run_bar.set_running(False)
        if isinstance(end, Failure):
            if end.message:
                self.session.show_error(end.message)
            self.run_bar.set_status("Stopped by an error; the finished tiles are shown.")
        elif end == "cancelled":
            self.run_bar.set_status("Cancelled; the finished tiles are shown.")
        else:
            self.run_bar.set_status(self.finished_text(scan))
        warnings, self.pending_warnings = self.pending_warnings, []
        for warning in warnings:
            dialogs.warning(warning)
        self.layer_updates.schedule(lambda: self.update_layers(scan), restart=True)
        self.update_bar()
        if activity is not None:
            activity.close()
