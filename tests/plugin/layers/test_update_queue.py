"""Layers are worked on one an event-loop turn, passes begin at most four times a second."""

import time
from itertools import pairwise

import pytest
from qtpy.QtCore import QObject, QTimer

from napari_xrf_pigments.plugin.layers.update_queue import INTERVAL_S, LayerFeed, feed_once


@pytest.fixture
def feed(qapp):
    parent = QObject()
    yield LayerFeed(parent)
    parent.deleteLater()


def steps(log, name, count=3):
    def work():
        for number in range(count):
            log.append(f"{name}{number}")
            yield

    return work


def test_what_a_click_wants_comes_before_the_rest_of_a_pass(feed, qtbot):
    log = []
    feed.show(steps(log, "pass", 50))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    before = len(log)
    feed.soon(steps(log, "click", 2))
    qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert log[before : before + 2] == ["click0", "click1"]
    assert len(log) == 52


def test_other_events_come_between_two_steps(feed, qtbot):
    log = []

    def tick():
        log.append("event")
        if feed.busy:
            QTimer.singleShot(0, tick)

    feed.show(steps(log, "a"))
    QTimer.singleShot(0, tick)
    qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    places = [log.index(f"a{number}") for number in range(3)]
    assert all(after - before > 1 for before, after in pairwise(places))


def test_of_many_wishes_the_last_is_done_and_not_too_often(feed, qtbot):
    begun, log = [], []

    def work(name):
        def run():
            begun.append(time.monotonic())
            yield from steps(log, name, 1)()

        return run

    feed.show(work("first"))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    for number in range(20):
        feed.show(work(f"later{number}-"))
    qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert log == ["first0", "later19-0"]
    assert begun[1] - begun[0] > 0.9 * INTERVAL_S


def test_a_pass_that_became_pointless_is_left(feed, qtbot):
    log = []
    feed.show(steps(log, "old", 100_000))
    qtbot.waitUntil(lambda: len(log) > 2, timeout=10_000)
    feed.show(steps(log, "new"), anew=True)
    qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert log[-3:] == ["new0", "new1", "new2"]
    assert len(log) < 100_000


def fails_at_once():
    raise RuntimeError("the layer is gone")


def fails_later():
    yield
    raise RuntimeError("the layer is gone")


@pytest.mark.parametrize("failing", [fails_at_once, fails_later])
def test_what_a_click_wants_may_fail_and_the_pass_goes_on(feed, qtbot, failing):
    log = []
    feed.show(steps(log, "pass", 50))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    with qtbot.captureExceptions() as raised:
        feed.soon(failing)
        qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert [str(error[1]) for error in raised] == ["the layer is gone"]
    assert len(log) == 50


def test_a_pass_that_fails_is_followed_by_the_next(feed, qtbot):
    log = []

    def failing():
        log.append("failing")
        yield
        raise RuntimeError("the layer is gone")

    with qtbot.captureExceptions() as raised:
        feed.show(failing)
        qtbot.waitUntil(lambda: bool(log), timeout=10_000)
        feed.show(steps(log, "next", 2))
        qtbot.waitUntil(lambda: not feed.busy, timeout=10_000)
    assert len(raised) == 1
    assert log == ["failing", "next0", "next1"]


def test_stop_forgets_all(feed, qtbot):
    log = []
    feed.show(steps(log, "a", 1000))
    qtbot.waitUntil(lambda: bool(log), timeout=10_000)
    feed.stop()
    assert not feed.busy
    done = len(log)
    qtbot.wait(50)
    assert len(log) == done


@pytest.mark.parametrize("fails", [False, True])
def test_a_feed_for_one_pass_is_gone_after_it(qtbot, fails):
    parent, log = QObject(), []

    def work():
        yield from steps(log, "pass")()
        if fails:
            raise RuntimeError("broken")

    with qtbot.capture_exceptions() as errors:
        feed_once(parent, work())
        assert parent.findChildren(LayerFeed)
        qtbot.waitUntil(lambda: not parent.findChildren(LayerFeed), timeout=10_000)
    assert log == ["pass0", "pass1", "pass2"]
    assert [str(error) for _, error, _ in errors] == (["broken"] if fails else [])
    parent.deleteLater()


def test_a_window_that_goes_before_the_pass_ends_takes_the_feed_along(qtbot):
    parent, gone = QObject(), []

    def endless():
        while True:
            yield

    feed_once(parent, endless())
    feed = parent.findChildren(LayerFeed)[0]
    qtbot.waitUntil(lambda: feed._under_way is not None, timeout=10_000)
    under_way = feed._under_way
    parent.destroyed.connect(lambda: gone.append(True))
    parent.deleteLater()
    qtbot.waitUntil(lambda: bool(gone), timeout=10_000)
    # As the interpreter does with what is left of the steps.
    under_way.close()
