"""Session files round-trip; damaged and foreign ones are refused."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from napari_xrf_pigments import ElementMaps, PigmentMaps
from napari_xrf_pigments.io import load_results
from napari_xrf_pigments.plugin.saved_session.container import (
    ArrayStore,
    Cancelled,
    is_session,
    read_session,
    write_session,
)

SHAPE = (6, 5)


def never_cancel(done, total):
    return False


def saved(tmp_path, *arrays, document=None, results=(), progress=never_cancel):
    store = ArrayStore()
    for elements, pigments in results:
        store.add_results(elements, pigments)
    for array in arrays:
        store.add(array)
    path = tmp_path / "work.xrfsession"
    write_session(path, document or {}, store, progress)
    return path


def reopened(path):
    return read_session(path).arrays["array-0"]


def maps():
    rng = np.random.default_rng(1)
    elements = ElementMaps(
        ("Fe K", "Pb L"),
        rng.normal(size=(2, *SHAPE)).astype("f4"),
        rng.random((2, *SHAPE), "f4"),
        (0.5, 0.25),
        {"settings": {"lines": ["Fe K", "Pb L"]}},
    )
    stacks = [rng.random((3, *SHAPE), "f4") for _ in range(3)]
    stacks[0][:, 3:] = np.nan  # not mapped yet
    pigments = PigmentMaps(
        ("azurite", "minium", "vermilion"),
        *stacks,
        ("copper",),
        rng.random((1, *SHAPE), "f4"),
        rng.random(SHAPE, "f4"),
        (0.5, 0.25),
        {"weights_hash": "abc"},
        signal=rng.random((1, *SHAPE), "f4"),
        depth_known=rng.random((3, *SHAPE), "f4"),
    )
    return elements, pigments


def forged(tmp_path, document, members=(), compression=zipfile.ZIP_STORED):
    path = tmp_path / "forged.xrfsession"
    with zipfile.ZipFile(path, "w", compression) as archive:
        if document is not None:
            archive.writestr("session.json", document)
        for name, data in members:
            archive.writestr(name, data)
    return path


def npy(array, **settings):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), **settings)
    return file.getvalue()


GOOD = json.dumps({"kind": "napari-xrf-pigments session", "version": 2})


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i8", ">u2", "?"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (7,), (0, 4), ()])
def test_arrays_round_trip(tmp_path, dtype, shape):
    array = np.random.default_rng(1).integers(0, 2, shape).astype(dtype)
    again = reopened(saved(tmp_path, array))
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize("parts", [(True, True), (True, False), (False, True)])
def test_results_round_trip(tmp_path, parts):
    before = tuple(one if wanted else None for one, wanted in zip(maps(), parts, strict=True))
    path = saved(tmp_path, results=[before])
    after = read_session(path).results["results-0"]
    for old, new in zip(before, after, strict=True):
        if old is None:
            assert new is None
            continue
        for name, value in vars(old).items():
            np.testing.assert_array_equal(getattr(new, name), value)


def test_results_are_an_ome_zarr_that_is_readable_alone(tmp_path):
    path = saved(tmp_path, results=[maps(), maps()])
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unzipped")
    elements, pigments = load_results(tmp_path / "unzipped" / "results-1.zarr")
    assert elements.names == ("Fe K", "Pb L") and pigments.groups == ("copper",)


def test_the_document_round_trips(tmp_path):
    document = {"text": "café", "number": np.float32(0.5), "list": (1, np.arange(2)), "no": None}
    again = read_session(saved(tmp_path, document=document)).document
    expected = {"text": "café", "number": 0.5, "list": [1, [0, 1]], "no": None}
    assert {key: again[key] for key in expected} == expected


def test_strided_views_round_trip(tmp_path):
    array = np.arange(24.0).reshape(4, 6)[::2, ::-1]
    np.testing.assert_array_equal(reopened(saved(tmp_path, array)), array)


def test_shared_memory_is_written_once(tmp_path):
    store, (elements, pigments), image = ArrayStore(), maps(), np.zeros(SHAPE)
    assert store.add_results(elements, pigments) == "results-0"
    assert store.add(pigments.top) == "results-0/pigments/top"
    assert store.add(pigments.top[2]) == "results-0/pigments/top/2"
    assert store.add(pigments.unexplained) == "results-0/pigments/unexplained"
    assert store.add(pigments.signal[0]) == "results-0/pigments/signal/0"
    assert store.add(image) == store.add(image) == "array-0"
    assert store.add(image.copy()) == "array-1"
    assert list(store.arrays) == ["array-0", "array-1"]


def test_maps_share_memory_with_their_results_and_stay_writable(tmp_path):
    session = read_session(saved(tmp_path, results=[maps()]))
    _, pigments = session.results["results-0"]
    pigments.top[1] = 0.25
    np.testing.assert_array_equal(session.arrays["results-0/pigments/top/1"], pigments.top[1])


def test_a_foreign_file_is_not_replaced(tmp_path):
    path = tmp_path / "work.xrfsession"
    path.write_text("mine")
    with pytest.raises(OSError, match="was left"):
        saved(tmp_path)
    assert path.read_text() == "mine"


def test_cancelling_leaves_the_earlier_session(tmp_path):
    path = saved(tmp_path, np.ones(5))
    with pytest.raises(Cancelled):
        saved(tmp_path, np.zeros(5), results=[maps()], progress=lambda done, total: True)
    np.testing.assert_array_equal(reopened(path), np.ones(5))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_progress_ends_at_its_total(tmp_path):
    steps = []
    saved(tmp_path, np.ones(5), results=[maps()], progress=lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3), (3, 3)]


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s)}"


@pytest.mark.parametrize(
    "data",
    [
        npy(np.array([Bomb()], dtype=object), allow_pickle=True),
        pickle.dumps(Bomb()),
        b"",
        npy(np.zeros(10))[:-8],
        npy(np.array(["text"])),
        b"\x93NUMPY\x01\x00\x20\x00" + b"{'descr': '<f8', 'shape': (1,".ljust(32),
        b"\x93NUMPY\x01\x00\x50\x00" + (HEADER % "99999999999999,").encode().ljust(80),
        b"\x93NUMPY\x01\x00\x50\x00" + (HEADER % "-3, -3").encode().ljust(80),
    ],
)
def test_a_foreign_array_is_refused(tmp_path, data):
    arrays = forged(tmp_path, None, [("array-0.npy", data)]).read_bytes()
    with pytest.raises(ValueError, match="is damaged"):
        read_session(forged(tmp_path, GOOD, [("arrays.npz", arrays)]))


@pytest.mark.parametrize("arrays", [b"", b"text", npy(np.zeros(3)), pickle.dumps(Bomb())])
def test_arrays_that_are_no_archive_are_refused(tmp_path, arrays):
    with pytest.raises(ValueError, match="is damaged"):
        read_session(forged(tmp_path, GOOD, [("arrays.npz", arrays)]))


def test_damaged_results_are_refused(tmp_path):
    path = saved(tmp_path, results=[maps()])
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    chunk = next(name for name, _ in members if "/c/" in name and not name.endswith("/"))
    for changed in (chunk, "results-0.zarr/zarr.json"):
        content = [(name, b"damaged" if name == changed else data) for name, data in members[:-1]]
        with pytest.raises(ValueError, match="is damaged"):
            read_session(forged(tmp_path, GOOD, content))


def test_results_that_declare_an_impossible_size_are_refused(tmp_path):
    path = saved(tmp_path, results=[maps()])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = "results-0.zarr/top/0/zarr.json"
    about = json.loads(members[name])
    for shape, chunk in (([3, 10**6, 10**6], [1, 6, 5]), ([3, 6, 5], [1, 10**5, 10**5])):
        about["shape"], about["chunk_grid"]["configuration"]["chunk_shape"] = shape, chunk
        content = [(key, value) for key, value in members.items() if key != "session.json"]
        content = [(key, json.dumps(about) if key == name else value) for key, value in content]
        with pytest.raises(ValueError, match="is damaged"):
            read_session(forged(tmp_path, GOOD, content))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (None, "not a saved session"),
        ("{}", "not a saved session"),
        ("[1]", "not a saved session"),
        ("not json", "not a saved session"),
        ("[" * 100_000, "not a saved session"),
        ('{"kind": "napari-xrf-pigments session", "version": "1"}', "not a saved session"),
        ('{"kind": "napari-xrf-pigments session"}', "not a saved session"),
        ('{"kind": "napari-xrf-pigments session", "version": 99}', "another version"),
        (
            '{"kind": "napari-xrf-pigments session", "version": 1}',
            "forged.xrfsession was saved by version 0.1.0 and cannot be opened; open the scan and "
            "map it again.",
        ),
    ],
)
def test_a_foreign_document_is_refused(tmp_path, document, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_session(forged(tmp_path, document))


def test_a_session_of_another_version_may_be_replaced(tmp_path):
    document = '{"kind": "napari-xrf-pigments session", "version": 1}'
    assert is_session(forged(tmp_path, document, compression=zipfile.ZIP_DEFLATED))


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + bytes(60)])
def test_a_file_that_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "work.xrfsession"
    path.write_bytes(content)
    assert not is_session(path)
    with pytest.raises(ValueError, match="not a saved session"):
        read_session(path)


def test_a_file_that_unpacks_to_more_than_its_size_is_refused(tmp_path):
    bomb = [("arrays.npz", bytes(10_000_000))]
    path = forged(tmp_path, GOOD, bomb, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="is damaged"):
        read_session(path)


def test_a_compressed_archive_of_arrays_is_refused(tmp_path):
    inner = forged(tmp_path, None, [("array-0.npy", npy(np.zeros(10_000)))], zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="is damaged"):
        read_session(forged(tmp_path, GOOD, [("arrays.npz", inner.read_bytes())]))


def test_a_damaged_member_is_refused(tmp_path):
    path = saved(tmp_path, np.arange(1000.0))
    content = path.read_bytes()
    path.write_bytes(content.replace(np.float64(500).tobytes(), np.float64(501).tobytes()))
    with pytest.raises(ValueError, match="is damaged"):
        reopened(path)


def test_no_member_is_unpacked_outside_the_temporary_folder(tmp_path):
    with zipfile.ZipFile(saved(tmp_path)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    (tmp_path / "work.xrfsession").unlink()
    path = forged(tmp_path, None, [*members, ("../outside.npy", b"x"), ("/outside.npy", b"x")])
    read_session(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
