"""Work in a thread whose result is awaited."""

import threading

import pytest
from qtpy.QtCore import QTimer

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
