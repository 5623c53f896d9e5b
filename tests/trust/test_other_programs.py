"""Test that the source changes no process-wide setting, private attribute or other package.

Names imported from other packages are followed to the attributes that are read, called or assigned.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "napari_xrf_pigments"
OWN = "napari_xrf_pigments"

#: Calls that change a setting of the whole process.
SETTINGS = {
    "gc.set_threshold", "gc.freeze", "gc.unfreeze", "gc.disable", "gc.enable", "gc.collect",
    "sys.setswitchinterval", "sys.setdlopenflags", "sys.setrecursionlimit", "sys.setprofile",
    "sys.settrace", "threading.setprofile", "threading.settrace", "threading.stack_size",
    "os.putenv", "os.unsetenv", "os.chdir", "os.umask", "locale.setlocale", "signal.signal",
    "ctypes.CDLL", "multiprocessing.set_start_method", "socket.setdefaulttimeout",
    "numpy.seterr", "torch.set_num_threads", "torch.set_default_dtype", "matplotlib.use",
    "torch.set_num_interop_threads", "pint.set_application_registry",
}  # fmt: skip
#: Objects of the whole process that are only read.
SHARED = {
    "sys.meta_path", "sys.path_hooks", "sys.path", "sys.modules", "os.environ",
    "matplotlib.rcParams", "warnings.filters",
}  # fmt: skip
CHANGING_METHODS = {
    "append", "insert", "extend", "remove", "clear", "update", "setdefault", "pop", "popitem",
    "__setitem__", "__delitem__",
}  # fmt: skip
#: Methods of objects that belong to the whole process, by any path.
SHARED_METHODS = {"setMaxThreadCount", "setSwitchInterval"}
STACK_WALKS = {
    "sys._getframe", "sys._current_frames", "inspect.currentframe", "inspect.stack",
    "traceback.extract_stack", "traceback.walk_stack",
}  # fmt: skip
#: Variables with objects of napari, vispy or Qt, for any annotation.
FOREIGN_VARIABLES = {"viewer", "window", "layer", "layers", "canvas", "camera", "app", "event"}

#: What is allowed, with the reason.
ALLOWED = {
    ("training/_stage.py", "torch.set_num_threads"): "restored when the block of training ends",
    ("training/_simulation_workers.py", "torch.set_num_threads"): "in a worker process of ours",
    ("training/_simulation_workers.py", "os.environ"): "for the worker processes of ours",
    (
        "io/outputs/atomic_write.py",
        "ctypes.CDLL",
    ): "calls a function of the C library that exchanges two names",
}


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


class Imports(ast.NodeVisitor):
    """Names in a module that stand for modules, classes or functions of other packages."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.paths: list[tuple[ast.AST, str]] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] != OWN:
                self.paths.append((node, alias.name))
                root = alias.name if alias.asname else alias.name.split(".")[0]
                self.names[alias.asname or root] = root

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or module.split(".")[0] == OWN:
            return
        for alias in node.names:
            path = f"{module}.{alias.name}"
            self.paths.append((node, path))
            self.names[alias.asname or alias.name] = path


def own_private_names(trees: list[ast.AST]) -> set[str]:
    """Return the names with an underscore that this package itself defines."""
    names = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id in ("self", "cls")
            ):
                names.add(node.attr)
    return {name for name in names if is_private(name)}


class Findings(ast.NodeVisitor):
    """Find code in a module that changes another package or uses its private parts."""

    def __init__(self, tree: ast.AST, own: set[str]) -> None:
        imports = Imports()
        imports.visit(tree)
        self.names, self.own = imports.names, own
        self.objects: set[str] = set()
        self.found: list[tuple[int, str]] = []
        for node, path in imports.paths:
            if any(is_private(part) for part in path.split(".")):
                self.add(node, path)
        self.visit(tree)

    def add(self, node: ast.AST, what: str) -> None:
        self.found.append((getattr(node, "lineno", 0), what))

    def path(self, node: ast.AST) -> str | None:
        """Return the dotted path of an expression that begins with an imported name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in self.names:
            return ".".join([self.names[node.id], *reversed(parts)])
        return None

    def is_foreign(self, node: ast.AST) -> bool:
        """Return whether an expression is known to be an object of another package."""
        if isinstance(node, ast.Attribute) and node.attr in FOREIGN_VARIABLES:
            return True
        if isinstance(node, ast.Call):
            return self.is_foreign(node.func)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self.is_foreign(node.value)
        return isinstance(node, ast.Name) and (
            node.id in FOREIGN_VARIABLES or node.id in self.names or node.id in self.objects
        )

    def check_target(self, node: ast.AST) -> None:
        if isinstance(node, ast.Tuple | ast.List):
            for part in node.elts:
                self.check_target(part)
        elif isinstance(node, ast.Attribute):
            path = self.path(node)
            if path is not None or (
                isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Name)
                and node.value.func.id == "type"
            ):
                self.add(node, f"assignment to {path or ast.unparse(node)}")
        elif isinstance(node, ast.Subscript):
            path = self.path(node.value)
            if path in SHARED:
                self.add(node, path)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.check_target(target)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.check_target(node.target)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.check_target(node.target)
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.check_target(target)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Follow arguments whose annotation is a class of another package."""
        names, objects = dict(self.names), set(self.objects)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            self.names.pop(argument.arg, None)
            annotation = argument.annotation
            if annotation is not None and self.path(annotation) is not None:
                self.objects.add(argument.arg)
        self.generic_visit(node)
        self.names, self.objects = names, objects

    def visit_Call(self, node: ast.Call) -> None:
        path = self.path(node.func)
        if path in SETTINGS or path in STACK_WALKS:
            self.add(node, path)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in CHANGING_METHODS and self.path(node.func.value) in SHARED:
                self.add(node, str(self.path(node.func.value)))
            if node.func.attr in SHARED_METHODS:
                self.add(node, node.func.attr)
        if isinstance(node.func, ast.Name) and node.func.id in ("getattr", "setattr", "delattr"):
            name = node.args[1] if len(node.args) > 1 else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                if is_private(name.value) and name.value not in self.own:
                    self.add(node, name.value)
            if node.func.id != "getattr" and self.path(node.args[0]) is not None:
                self.add(node, f"assignment to an attribute of {self.path(node.args[0])}")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if is_private(node.attr):
            base = node.value
            ours = isinstance(base, ast.Name) and base.id in ("self", "cls")
            if node.attr not in self.own or (not ours and self.is_foreign(base)):
                path = self.path(node)
                if path not in STACK_WALKS:
                    self.add(node, ast.unparse(node))
        self.generic_visit(node)


def findings(text: str) -> Iterator[str]:
    """Describe each place in a piece of source that changes another program."""
    tree = ast.parse(text)
    for line, what in Findings(tree, own_private_names([tree])).found:
        yield f"line {line}: {what}"


def test_no_other_package_is_changed() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}
    own = own_private_names(list(trees.values()))
    found, used = [], set()
    for path, tree in trees.items():
        place = path.relative_to(SOURCE).as_posix()
        for line, what in Findings(tree, own).found:
            if (place, what) in ALLOWED:
                used.add((place, what))
            else:
                found.append(f"{place}:{line}: {what}")
    assert found == []
    assert used == set(ALLOWED)


@pytest.mark.parametrize(
    "text",
    [
        # settings of the process
        "import gc\ngc.freeze()",
        "from gc import set_threshold\nset_threshold(10)",
        "import gc as collector\ncollector.disable()",
        "import sys\nsys.setswitchinterval(0.001)",
        "import sys\nsys.setdlopenflags(2)",
        "import sys\nsys.meta_path.insert(0, finder)",
        "from sys import meta_path\nmeta_path.append(finder)",
        "import ctypes\nctypes.CDLL(None).dlopen(b'libtorch.so', 2)",
        "import os\nos.environ['OMP_NUM_THREADS'] = '1'",
        "from os import environ\nenviron.update(A='1')",
        "import os\nos.putenv('A', '1')",
        "import os\ndel os.environ['A']",
        "from qtpy.QtCore import QThreadPool\nQThreadPool.globalInstance().setMaxThreadCount(8)",
        # private attributes
        "def f(viewer):\n    return viewer.window._qt_window",
        "def f(viewer):\n    return getattr(viewer.window, '_qt_window', None)",
        "from napari.layers import Layer\ndef f(chosen: Layer):\n    return chosen._type_string",
        "from napari._qt.qt_main_window import _QtMainWindow",
        "import napari._vispy.canvas",
        "from rsciio.bruker._api import BCF_reader",
        "import npe2\nnpe2.PluginManager.instance()._index",
        "import sys\nsys._current_frames()",
        "class Ours:\n    def __init__(self):\n        self._gen = 1\n"
        "def f(layer):\n    return layer._gen",
        "from superqt.utils import GeneratorWorker\nclass Ours(GeneratorWorker):\n"
        "    def work(self):\n        self._gen.close()",
        # patches
        "import gc\nimport napari\nnapari.gc = None",
        "from vispy.gloo.glir import GlirProgram\nGlirProgram.delete = lambda self: None",
        "from vispy.gloo.glir import GlirProgram\nsetattr(GlirProgram, 'delete', None)",
        "import warnings\nwarnings.showwarning, x = print, 1",
        "def f(layer):\n    type(layer).get_status = None",
        "import napari\ndel napari.Viewer",
        # walks up the stack
        "import sys\nsys._getframe()",
        "from inspect import currentframe\ncurrentframe().f_back",
        "import inspect as look\nlook.stack()",
        "import traceback\ntraceback.extract_stack()",
    ],
)
def test_each_kind_of_change_is_found(text: str) -> None:
    assert list(findings(text))


@pytest.mark.parametrize(
    "text",
    [
        "import os\nthreads = os.environ.get('OMP_NUM_THREADS')\nfirst = os.environ['A']",
        "import sys\nknown = 'torch' in sys.modules",
        "class Ours:\n    def __init__(self):\n        self._n = 1\n    def __eq__(self, other):\n"
        "        return self._n == other._n",
        "def f(viewer):\n    viewer.window.add_dock_widget(1)\n    viewer.status = 'text'",
        "from napari.layers import Image\nlayer = Image([[1]])\nlayer.visible = False",
        "from __future__ import annotations\nname = type(1).__name__",
    ],
)
def test_public_use_is_not_found(text: str) -> None:
    assert list(findings(text)) == []
