"""Test that the source never unpickles, evaluates text, calls a shell or opens a connection."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "napari_xrf_pigments"
FILES = sorted(SOURCE.rglob("*.py"))

#: Modules that execute the content of a file or open connections.
FORBIDDEN_MODULES = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal",
    "socket", "ssl", "ftplib", "smtplib", "telnetlib", "requests", "httpx", "aiohttp", "urllib3",
    "pty", "code", "codeop",
}  # fmt: skip
FORBIDDEN_PREFIXES = ("urllib.request", "http.client", "http.server", "xmlrpc", "torch.hub")
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_ATTRIBUTES = {
    ("os", "system"), ("os", "popen"), ("os", "execv"), ("os", "execvp"), ("os", "spawnv"),
    ("torch", "load"), ("torch", "save"), ("pd", "read_pickle"), ("subprocess", "getoutput"),
    ("yaml", "load"),
}  # fmt: skip
#: Opens napari in a separate process, with a list of arguments and no shell.
MAY_START_PROCESSES = {"demo.py"}
#: Measures the size of a task that dask.distributed sends to the cluster of the user: writes
#: pickles and reads none.
MAY_WRITE_PICKLES = {"distributed.py"}


def findings(tree: ast.AST, name: str) -> Iterator[str]:
    """Describe all forbidden code of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
            modules += [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            modules = []
        for module in modules:
            if module == "pickle" and name in MAY_WRITE_PICKLES:
                continue
            if module.split(".")[0] in FORBIDDEN_MODULES or module.startswith(FORBIDDEN_PREFIXES):
                yield f"line {node.lineno} imports {module}"
            if module.split(".")[0] == "subprocess" and name not in MAY_START_PROCESSES:
                yield f"line {node.lineno} imports subprocess"
        if isinstance(node, ast.Call):
            yield from _call(node)


def _call(node: ast.Call) -> Iterator[str]:
    called = node.func
    arguments = {word.arg: word.value for word in node.keywords}
    if isinstance(called, ast.Name) and called.id in FORBIDDEN_CALLS:
        yield f"line {node.lineno} calls {called.id}"
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        pair = called.value.id, called.attr
        if pair[0] == "pickle" and pair[1] not in ("dumps", "dump"):
            yield f"line {node.lineno} calls {'.'.join(pair)}"
        if pair in FORBIDDEN_ATTRIBUTES:
            yield f"line {node.lineno} calls {'.'.join(pair)}"
        if pair == ("np", "load"):
            value = arguments.get("allow_pickle")
            if not (isinstance(value, ast.Constant) and value.value is False):
                yield f"line {node.lineno} calls np.load without allow_pickle=False"
    pickled = arguments.get("allow_pickle")
    if pickled is not None and not (isinstance(pickled, ast.Constant) and pickled.value is False):
        yield f"line {node.lineno} allows pickled arrays"
    if "shell" in arguments:
        yield f"line {node.lineno} calls a shell"


def test_the_checked_sources_exist() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_the_source_executes_no_content_of_files(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert list(findings(tree, path.name)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "x = pickle.loads(data)",
        "import urllib.request",
        "from urllib import request",
        "import http.client as c",
        "import subprocess",
        "x = eval('1')",
        "exec(text)",
        "__import__('os')",
        "os.system('ls')",
        "torch.load(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.lib.format.read_array(f, allow_pickle=known)",
        "run(words, shell=True)",
    ],
)
def test_forbidden_code_is_found(text: str) -> None:
    assert len(list(findings(ast.parse(text), "any.py"))) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "np.load(path, allow_pickle=False)",
        "dialog.exec()",
        "re.compile('a')",
        "from urllib.parse import quote",
        "model.eval()",
    ],
)
def test_permitted_code_is_not_found(text: str) -> None:
    assert list(findings(ast.parse(text), "any.py")) == []
