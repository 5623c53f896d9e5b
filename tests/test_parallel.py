"""Test parallel work on one or several threads, and the threads of linear algebra."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from napari_xrf_pigments._parallel import on_one_thread, on_threads, split_blocks, thread_count


def blas_threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 5000])
def test_parts_are_whole_blocks_and_cover_everything_once(length: int, threads: int) -> None:
    cut = split_blocks(length, 256, threads)
    covered = np.concatenate([np.arange(length)[part] for part in cut]) if cut else np.arange(0)
    assert (covered == np.arange(length)).all()
    assert all(part.start % 256 == 0 for part in cut)
    assert len(cut) <= 2 * threads


@pytest.mark.parametrize("threads", [1, 3])
def test_all_items_are_processed(threads: int) -> None:
    done: list[int] = []
    with on_threads(threads) as spread:
        spread(done.append, range(100))
        assert sorted(done) == list(range(100))


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_is_raised_in_the_caller(threads: int) -> None:
    def fail(number: int) -> None:
        raise ValueError(f"no {number}")

    with pytest.raises(ValueError, match="no 7"), on_threads(threads) as spread:
        spread(fail, [7])


def test_linear_algebra_uses_one_thread_during_parallel_work() -> None:
    before = blas_threads()
    with on_threads(2):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_two_concurrent_uses_restore_the_number_of_threads() -> None:
    before = blas_threads()
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with on_threads(2):
            inside.set()
            leave.wait(30)

    worker = threading.Thread(target=other)
    with on_threads(2):
        worker.start()
        assert inside.wait(30)
        assert set(blas_threads()) == {1}
    leave.set()
    worker.join()
    assert blas_threads() == before


def test_on_one_thread_limits_pytorch_in_the_calling_thread_only() -> None:
    torch = pytest.importorskip("torch")
    set_up, limited, counts = threading.Barrier(2), threading.Event(), []

    def set_threads(threads: int) -> None:
        torch.get_num_threads()
        set_up.wait(30)
        torch.set_num_threads(threads)

    def other() -> None:
        set_threads(3)
        assert limited.wait(30)
        counts.append(torch.get_num_threads())

    def own() -> None:
        set_threads(2)
        with on_one_thread():
            limited.set()
            worker.join()
            counts.append(torch.get_num_threads())
            assert set(blas_threads()) == {1}
        counts.append(torch.get_num_threads())

    before = torch.get_num_threads()
    worker, mine = threading.Thread(target=other), threading.Thread(target=own)
    worker.start()
    mine.start()
    mine.join()
    torch.set_num_threads(before)
    assert counts == [3, 1, 2]


def test_the_decorator_is_reusable_and_reentrant() -> None:
    @on_one_thread()
    def inside(depth: int) -> list[int]:
        return inside(depth - 1) if depth else blas_threads()

    before = blas_threads()
    assert set(inside(2)) == set(inside(0)) == {1}
    assert blas_threads() == before


def test_the_environment_sets_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert thread_count() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "nonsense")
    assert thread_count() >= 1
