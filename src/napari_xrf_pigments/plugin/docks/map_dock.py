"""The base of the docks that map scans: run, cancel, resume, progress, updates of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import dialogs
from ..layers.specs import ELEMENT_KINDS, PIGMENT_KINDS
from ..layers.visibility import iter_show_only, release_visibility
from ..state.results import Results
from ..state.scan import Scan, Snapshot
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

    Attributes
    ----------
    results_kind : str
        The results that the dock computes, ``"elements"`` or ``"pigments"``.
    layer_kinds : frozenset of str
        The kinds of layers that show them.
    """

    results_kind = ""
    layer_kinds: frozenset[str] = frozenset()

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
        #: The scan of the run, and its results before.
        self._replaced: tuple[Scan, Snapshot] | None = None
        self._has_tiles = False
        self._shows_run = True
        self._stale_text = ""

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
            self.layer_updates.schedule(lambda: self._update(scan), restart=True)

    def show_stale_reason(self) -> None:
        """Say in the status why the maps are stale, and no longer once they are not."""
        scan = self.scan
        if scan is None or self.running:
            return
        reason = scan.stale_reason_of(self.results_kind)
        if reason:
            self._stale_text = (
                f"Computed with the {reason}; map the {self.results_kind} again to update."
            )
            self.run_bar.set_status(self._stale_text)
        elif self._stale_text and self.run_bar.status.text() == self._stale_text:
            self.run_bar.set_status(self.finished_text(scan))

    def replace_results(self, scan: Scan, *kinds: str) -> None:
        """Remember the results of a scan that a new run replaces, the kind that it computes first.

        They are used again if that kind is complete and the run is stopped. The maps of the run
        are shown in place of those that are visible now.
        """
        self._replaced = scan, scan.snapshot(*kinds)
        self._has_tiles = self._shows_run = False

    def on_close(self) -> None:
        """Stop the run, say so, and use earlier complete results again."""
        if not self._runs:
            return
        replaced = self._replaced
        self._runs.pop().detach(lambda: _restore(replaced))
        activity, self._activity = self._activity, None
        if activity is not None:
            activity.close()
        kept = (
            "the earlier maps are kept"
            if replaced is not None and replaced[1].complete
            else "the finished tiles are kept, and Resume continues with the others"
        )
        dialogs.warning(f"{self.title} was stopped, because its dock was closed; {kept}.")

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
            self._has_tiles = True
            self.run_bar.set_status(f"{100 * state.done / state.total:.0f} % of the pixels mapped")
            self.layer_updates.schedule(lambda: self._update(scan))
        if self._activity is not None:
            self._activity.set_done(state.done)

    def _ended(self, scan: Scan, end: str | Failure) -> None:
        self._runs.clear()
        activity, self._activity = self._activity, None
        self.run_bar.set_running(False)
        shown = "the finished tiles are shown."
        if end != "finished" and _restore(self._replaced):
            shown = "the earlier maps are shown again."
        self._replaced = None
        if isinstance(end, Failure):
            if end.message:
                self.session.show_error(end.message)
            self.run_bar.set_status(f"Stopped by an error; {shown}")
        elif end == "cancelled":
            self.run_bar.set_status(f"Cancelled; {shown}")
        else:
            self.run_bar.set_status(self.finished_text(scan))
        warnings, self.pending_warnings = self.pending_warnings, []
        for warning in warnings:
            dialogs.warning(warning)
        self.layer_updates.schedule(lambda: self._update(scan), restart=True)
        self.update_bar()
        if activity is not None:
            activity.close()

    def _update(self, scan: Scan) -> Iterator[None]:
        """Update layers and lists; at the first tiles of a run, show its maps alone."""
        if self._has_tiles and not self._shows_run and scan in self.session.scans:
            others = {*ELEMENT_KINDS, *PIGMENT_KINDS, "counts", "projection"} - self.layer_kinds
            yield from iter_show_only(self.viewer, scan, others, set())
            release_visibility(self.viewer, scan, self.layer_kinds)
            self._shows_run = True
        yield from self.update_layers(scan)


def _restore(replaced: tuple[Scan, Snapshot] | None) -> bool:
    """Use complete earlier results again; return whether there are any."""
    if replaced is None or not replaced[1].complete:
        return False
    scan, snapshot = replaced
    scan.restore(snapshot)
    return True
