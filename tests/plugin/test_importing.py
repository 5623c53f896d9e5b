"""Imports of threads take turns with the window, and none is under way while PyTorch loads."""

from __future__ import annotations

import importlib
import sys
import threading
import time

import pytest

from napari_xrf_pigments._pauses import pause
from napari_xrf_pigments.plugin import importing, preloading, warming
from napari_xrf_pigments.plugin.giving_way import giving_way, window_works
from napari_xrf_pigments.plugin.importing import taking_turns


@pytest.fixture(autouse=True)
def nobody_else():
    if warming._thread is not None:
        warming._thread.join()
    before = list(sys.meta_path)
    yield
    assert sys.meta_path == before


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The name of a module that nobody has imported."""
    name = "made_for_a_test_of_turns"
    (tmp_path / f"{name}.py").write_text("number = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, name, raising=False)
    yield name
    sys.modules.pop(name, None)


class Importing(threading.Thread):
    """Imports something and tells when."""

    def __init__(self, name, turns=True, stopped=lambda: False):
        super().__init__()
        self.module, self.turns, self.stopped = name, turns, stopped
        self.ended = None
        self.start()

    def run(self):
        if self.turns:
            with taking_turns(self.stopped):
                importlib.import_module(self.module)
        else:
            importlib.import_module(self.module)
        self.ended = time.monotonic()


def keep_working(until):
    while not until():
        window_works()
        time.sleep(0.01)


def test_an_import_waits_while_the_window_works(module):
    window_works()
    thread = Importing(module)
    begun = time.monotonic()
    keep_working(lambda: time.monotonic() - begun > 0.4)
    assert thread.ended is None
    thread.join(30)
    assert thread.ended is not None
    assert sys.modules[module].number == 1


def test_it_does_not_wait_where_the_window_itself_imports(module, monkeypatch):
    monkeypatch.setattr(importing, "window_imports", lambda: True)
    window_works()
    thread = Importing(module)
    keep_working(lambda: thread.ended is not None)
    thread.join()


def test_it_does_not_wait_for_a_program_that_ends(module):
    window_works()
    thread = Importing(module, stopped=lambda: True)
    keep_working(lambda: thread.ended is not None)
    thread.join()


def test_imports_of_other_threads_and_of_the_window_do_not_wait(module):
    holding, done = threading.Event(), threading.Event()

    def hold():
        with taking_turns():
            holding.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(30)
    window_works()
    try:
        thread = Importing(module, turns=False)
        keep_working(lambda: thread.ended is not None)
        sys.modules.pop(module)
        window_works()
        assert importlib.import_module(module).number == 1
    finally:
        done.set()
        holder.join()


WAITS_FOR_THE_WINDOW = """
import time
from napari_xrf_pigments.plugin.importing import window_imports

end = time.monotonic() + 30
while not window_imports() and time.monotonic() < end:
    time.sleep(0.01)
seen = window_imports()
"""


def test_the_window_is_seen_to_wait_for_an_import(module, tmp_path):
    (tmp_path / f"{module}.py").write_text(WAITS_FOR_THE_WINDOW)
    assert not importing.window_imports()
    thread = Importing(module, turns=False)
    while module not in sys.modules:
        time.sleep(0.01)
    assert importlib.import_module(module).seen
    thread.join()


def test_torch_is_loaded_by_whoever_imports_it_and_others_wait(module, monkeypatch):
    loading, go_on = threading.Event(), threading.Event()

    def load():
        loading.set()
        go_on.wait(30)
        return True

    monkeypatch.setattr(importing, "preload_torch", load)
    holding, done = threading.Event(), threading.Event()

    def hold():
        with taking_turns():
            holding.set()
            done.wait(30)

    def look_for_torch():
        sys.meta_path[0].find_spec("torch", None, None)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(30)
    first = threading.Thread(target=look_for_torch)
    first.start()
    assert loading.wait(30)
    other = Importing(module, turns=False)
    other.join(0.3)
    waited = other.ended is None
    go_on.set()
    for thread in (first, other):
        thread.join(30)
    done.set()
    holder.join()
    assert waited
    assert other.ended is not None


def test_who_computes_stops_while_a_library_is_loaded():
    preloading._loading.set()
    ended = threading.Event()

    def compute():
        with giving_way():
            pause()
        ended.set()

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        assert not ended.wait(0.2)
    finally:
        preloading._loading.clear()
    assert ended.wait(30)
    thread.join()
