"""Test the lock of an output."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from napari_xrf_pigments.io.outputs.output_lock import reserve_output

HOLD = """
import sys, time
from pathlib import Path
from napari_xrf_pigments.io.outputs.output_lock import reserve_output
with reserve_output(Path(sys.argv[1])):
    print("reserved", flush=True)
    time.sleep(600)
"""


def test_a_second_run_is_refused_with_the_holder_and_nothing_is_left(tmp_path):
    out = tmp_path / "maps.zarr"
    with (
        reserve_output(out),
        pytest.raises(OSError, match=rf"process {os.getpid()} on .*, since 20"),
        reserve_output(out),
    ):
        pass
    with reserve_output(out):
        pass
    assert list(tmp_path.iterdir()) == []


def test_other_outputs_are_free(tmp_path):
    with reserve_output(tmp_path / "a.zarr"), reserve_output(tmp_path / "b.zarr"):
        pass


def test_a_killed_holder_does_not_block_the_next_run(tmp_path):
    out = tmp_path / "maps.zarr"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"reserved"
    with pytest.raises(OSError, match=f"process {holder.pid} on"), reserve_output(out):
        pass
    holder.kill()
    holder.communicate()
    with reserve_output(out):
        pass
    assert list(tmp_path.iterdir()) == []
