"""Work in a thread whose answer is waited for, and imports made beforehand."""

import importlib.util
import threading

import pytest
from qtpy.QtCore import QTimer

from napari_xrf_pigments.plugin import warming
from napari_xrf_pigments.plugin._aside import aside


def test_the_window_goes_on_until_the_answer_is_there(qapp):
    ticked = threading.Event()
    QTimer.singleShot(0, ticked.set)
    # The work only ends when the event loop has run the timer.
    assert aside(lambda: ticked.wait(60)) is True


def test_the_work_is_done_in_another_thread(qapp):
    assert aside(threading.current_thread) is not threading.main_thread()


def test_what_the_work_raises_is_raised(qapp):
    def work():
        raise ValueError("The file ends in the middle of a row.")

    with pytest.raises(ValueError, match="middle of a row"):
        aside(work)


def test_outside_the_main_thread_it_is_simply_done(qapp):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(aside(threading.current_thread)))
    thread.start()
    thread.join()
    assert seen == [thread]


@pytest.mark.parametrize("name", warming.MODULES)
def test_what_is_imported_beforehand_exists(name):
    assert importlib.util.find_spec(name) is not None


@pytest.fixture
def unread(monkeypatch):
    """A program in which nobody has asked for a unit."""
    import pint
    from pint.registry import LazyRegistry

    from napari_xrf_pigments.plugin import units

    before, lazy = pint.get_application_registry().get(), LazyRegistry()
    monkeypatch.setattr(units, "_made", None)
    pint.set_application_registry(lazy)
    yield lazy
    pint.set_application_registry(before)


def test_units_are_read_before_the_answer_becomes_layers(qapp, unread):
    import pint
    from pint.registry import LazyRegistry

    aside(lambda: 1)
    registry = pint.get_application_registry().get()
    assert type(registry) is not LazyRegistry
    assert registry.parse_expression("3 mm").to("um").magnitude == pytest.approx(3000)


def test_units_that_are_in_use_stay(qapp, unread):
    import pint

    millimetre = pint.get_application_registry().mm
    aside(lambda: 1)
    assert pint.get_application_registry().get() is unread
    assert pint.get_application_registry().mm == millimetre
