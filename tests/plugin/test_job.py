"""Long work that is not a map."""

from napari_xrf_pigments.plugin._job import steps
from napari_xrf_pigments.plugin._running import Failure


def test_items_come_as_they_are():
    assert list(steps(lambda: range(4))) == [0, 1, 2, 3]


def test_it_stops_when_told_and_closes_what_it_began():
    closed = []

    def work():
        try:
            yield from range(100)
        finally:
            closed.append(True)

    seen = []
    for item in steps(work, lambda: len(seen) >= 3):
        seen.append(item)
    assert seen == [0, 1, 2]
    assert closed == [True]


def test_what_goes_wrong_is_one_sentence_after_what_was_done():
    def work():
        yield 1
        raise ValueError("The points lie on a line.")

    assert list(steps(work)) == [1, Failure("The points lie on a line.")]
