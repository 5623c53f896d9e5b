"""Fuzz the parsers of the readers with atheris, guided by coverage; not part of the tests.

``python -m tests.fuzz rpl -max_total_time=600`` varies the header of a valid file of the format,
opens it as the program does, and stops at an input that neither opens nor gives a
one-sentence error.
``python -m tests.fuzz all FOLDER -max_total_time=600`` fuzzes every parser in turn; logs, crashes
and inputs that reached new code go to FOLDER. Every crash becomes a test in ``tests/hostile`` and
a fix. The valid files come from ``tests/hostile/seeds.py``; ``pip install atheris`` (Linux, macOS).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

#: An input times out after 20 s and may take 1,500 MB.
LIMITS = ["-timeout=20", "-rss_limit_mb=1500", "-max_len=65536"]


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz the parser of one seed until libFuzzer stops.

    Parameters
    ----------
    name : str
        A key of ``SEEDS``.
    arguments : list of str
        Options of libFuzzer, and folders of further inputs.
    """
    import atheris

    with atheris.instrument_imports(include=["napari_xrf_pigments.io"]):
        from napari_xrf_pigments.io import _registry

        _registry.readers()

    from tests.hostile.probe import state, touch
    from tests.hostile.seeds import SEEDS

    warnings.simplefilter("ignore")
    seed = SEEDS[name]
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    seed.files(folder)
    varied = folder / seed.header
    good = varied.read_bytes()
    corpus = Path(tempfile.mkdtemp())
    (corpus / "good").write_bytes(good)
    # Imports during the first opening would count as time of an input.
    for warm_up in (good, good[: len(good) // 2], b""):
        varied.write_bytes(warm_up)
        touch(folder / seed.opened)

    def run_one(data: bytes) -> None:
        varied.write_bytes(data)
        before = state(folder)
        touch(folder / seed.opened)
        if state(folder) != before:
            raise AssertionError("something was written beside the file")

    atheris.Setup([sys.argv[0], *LIMITS, *arguments, str(corpus)], run_one)
    atheris.Fuzz()


def fuzz_all(folder: Path, arguments: list[str]) -> int:
    """Fuzz every parser in a separate process; return the number of parsers with a crash."""
    from tests.hostile.seeds import SEEDS

    crashes = 0
    for name in sorted(set(SEEDS) - {"other"}):
        new = folder / "inputs" / name
        new.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.fuzz", name, *arguments]
        command += [f"-artifact_prefix={folder / name}-", str(new)]
        with (folder / f"{name}.log").open("w") as log:
            failed = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode != 0
        crashes += failed
        print(f"{name}: {'crash, see ' if failed else 'no crash, '}{log.name}", flush=True)
    return crashes


if __name__ == "__main__":
    if sys.argv[1] == "all":
        raise SystemExit(fuzz_all(Path(sys.argv[2]), sys.argv[3:]))
    fuzz(sys.argv[1], sys.argv[2:])
