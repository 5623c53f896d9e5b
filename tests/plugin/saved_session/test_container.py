"""Sessions on disk: what goes in comes out, and what somebody else made is refused."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from napari_xrf_pigments.plugin.saved_session.container import (
    ArrayShelf,
    SavedSession,
    Stopped,
    is_session,
    write_session,
)


def never(done, total):
    return False


def saved(tmp_path, **arrays):
    path = tmp_path / "work.xrfsession"
    write_session(path, {"note": "café"}, arrays, never)
    return path


def forged(tmp_path, document, members=()):
    path = tmp_path / "forged.xrfsession"
    with zipfile.ZipFile(path, "w") as archive:
        if document is not None:
            archive.writestr("session.json", document)
        for name, data in members:
            archive.writestr(name, data)
    return path


def npy(array, **settings):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), **settings)
    return file.getvalue()


GOOD = json.dumps({"kind": "napari-xrf-pigments session", "version": 1})


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i8", ">u2", "?"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (7,), (0, 4), ()])
def test_arrays_come_back_as_they_were(tmp_path, dtype, shape):
    array = np.random.default_rng(1).integers(0, 2, shape).astype(dtype)
    found = SavedSession(saved(tmp_path, a0=array)).array({"array": "a0"})
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_the_document_comes_back(tmp_path):
    document = SavedSession(saved(tmp_path)).document
    assert document["note"] == "café" and document["version"] == 1


def test_views_are_saved_in_their_own_order(tmp_path):
    array = np.arange(24.0).reshape(4, 6)[::2, ::-1]
    found = SavedSession(saved(tmp_path, a0=array)).array({"array": "a0"})
    np.testing.assert_array_equal(found, array)


def test_the_same_memory_is_kept_once_and_its_maps_are_known():
    shelf, stack = ArrayShelf(), np.zeros((3, 4, 5), np.float32)
    assert shelf.add(stack, maps=True) == {"array": "a0"}
    assert shelf.add(stack) == {"array": "a0"}
    assert shelf.add(stack[2]) == {"array": "a0", "index": 2}
    assert shelf.add(stack[2].copy()) == {"array": "a1"}
    assert list(shelf.arrays) == ["a0", "a1"]


def test_a_map_of_a_stack_shares_its_memory(tmp_path):
    opened = SavedSession(saved(tmp_path, a0=np.arange(24.0).reshape(2, 3, 4)))
    whole, one = opened.array({"array": "a0"}), opened.array({"array": "a0", "index": 1})
    assert np.shares_memory(whole, one)
    np.testing.assert_array_equal(one, np.arange(12.0, 24.0).reshape(3, 4))


def test_a_foreign_file_is_not_replaced(tmp_path):
    path = tmp_path / "work.xrfsession"
    path.write_text("mine")
    with pytest.raises(OSError, match="was left"):
        write_session(path, {}, {}, never)
    assert path.read_text() == "mine"


def test_stopping_leaves_the_earlier_session(tmp_path):
    path = saved(tmp_path, a0=np.ones(5))
    with pytest.raises(Stopped):
        write_session(path, {"note": "new"}, {"a0": np.zeros(5)}, lambda done, total: True)
    assert SavedSession(path).document["note"] == "café"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_objects_are_never_saved(tmp_path):
    with pytest.raises(ValueError, match="numbers"):
        write_session(tmp_path / "w.xrfsession", {}, {"a0": np.array([{}])}, never)
    assert list(tmp_path.iterdir()) == []


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


@pytest.mark.parametrize(
    "data",
    [
        npy(np.array([Bomb()], dtype=object), allow_pickle=True),
        pickle.dumps(Bomb()),
        b"",
        npy(np.zeros(10))[:-8],
        npy(np.zeros(10)) + b"more",
        npy(np.array(["text"])),
        npy(np.asfortranarray(np.zeros((3, 4)))),
        b"\x93NUMPY\x01\x00\x20\x00" + b"{'descr': '<f8', 'shape': (1,".ljust(32),
        b"\x93NUMPY\x01\x00\x50\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}".ljust(80),
        b"\x93NUMPY\x01\x00\x50\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3, -3)}".ljust(80),
    ],
)
def test_an_array_of_somebody_else_is_refused(tmp_path, data):
    opened = SavedSession(forged(tmp_path, GOOD, [("a0.npy", data)]))
    with pytest.raises(ValueError, match="damaged"):
        opened.array({"array": "a0"})


@pytest.mark.parametrize(
    "place",
    [{}, None, "a0", {"array": "a9"}, {"array": "../a0"}, {"array": 3},
     {"array": "a0", "index": 7}, {"array": "a0", "index": "1"}, {"array": "a0", "index": -1}],
)  # fmt: skip
def test_a_place_that_does_not_exist_is_refused(tmp_path, place):
    opened = SavedSession(saved(tmp_path, a0=np.zeros((2, 3))))
    with pytest.raises(ValueError, match="damaged"):
        opened.array(place)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, "not a saved session"),
        ("{}", "not a saved session"),
        ("[1]", "damaged"),
        ("not json", "damaged"),
        ("[" * 100_000, "damaged"),
        ('{"kind": "napari-xrf-pigments session", "version": 99}', "newer version"),
        ('{"kind": "napari-xrf-pigments session", "version": "1"}', "version"),
        ('{"kind": "napari-xrf-pigments session"}', "version"),
    ],
)
def test_a_document_of_somebody_else_is_refused(tmp_path, document, said):
    with pytest.raises(ValueError, match=said):
        SavedSession(forged(tmp_path, document))


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(60)])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "work.xrfsession"
    path.write_bytes(content)
    assert not is_session(path)
    with pytest.raises(ValueError, match="not a saved session"):
        SavedSession(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path):
    data = npy(np.zeros(3))
    with pytest.raises(ValueError, match="damaged"):
        SavedSession(forged(tmp_path, GOOD, [("a0.npy", data), ("a0.npy", data)]))
