"""Test that opening, mapping and predicting open no connection, start no process, unpickle nothing.

Python reports such acts to audit hooks, whatever package does them.
"""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, socket, sys, traceback

events = []
acts = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname",
        "socket.sendto", "urllib.Request", "http.client.connect", "ftplib.connect",
        "os.system", "os.exec", "os.fork", "os.posix_spawn", "pickle.find_class")

def note(act, about):
    # dask names tasks by pickling its functions and reading them back at once. PyTorch for CUDA
    # looks its libraries up with ldconfig while it is imported.
    if act in acts and "/sbin/ldconfig" not in str(about) and not any(
        "dask/tokenize.py" in f.filename.replace("\\\\", "/") for f in traceback.extract_stack()
    ):
        events.append([act, str(about)])

sys.addaudithook(note)
# An attempted connection must not succeed.
socket.socket.connect = socket.create_connection = None

from pathlib import Path
import numpy as np
import napari_xrf_pigments as xp
from napari_xrf_pigments.io import load_results, save_results

folder = Path(sys.argv[1])
made, _ = xp.simulate_scan(0, (5, 6), n_channels=1024, gain_kev=0.03)
np.save(folder / "scan.npy", np.asarray(made.counts))
cube = xp.open_cube(folder / "scan.npy", gain_kev=0.03, offset_kev=made.energies.offset_kev)
elements = xp.map_elements(cube, ["Fe", "Pb"])
pigments = xp.map_pigments(cube, device="cpu")
xp.predict_spectra(np.asarray(made.counts)[0], made.energies, device="cpu")
for name in ("maps.zarr", "maps.h5"):
    save_results(folder / name, elements=elements, pigments=pigments)
    load_results(folder / name)
print(json.dumps(events))
"""


def test_connections_processes_and_unpickling_are_detected(tmp_path: Path) -> None:
    acts = (
        SCRIPT.split("from pathlib")[0]
        + """
import pickle, json
from contextlib import suppress
pickle.loads(pickle.dumps(json.JSONDecoder))
with suppress(Exception):
    socket.getaddrinfo("localhost", 80)
print(json.dumps([act for act, _ in events]))
"""
    )
    done = subprocess.run([sys.executable, "-c", acts], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["pickle.find_class", "socket.getaddrinfo"]


def test_a_run_from_file_to_maps_opens_no_connection_or_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
