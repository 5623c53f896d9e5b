"""Keeps Mesa's software renderer alive when layers are removed.

On llvmpipe (remote desktops, virtual screens), programs with the same shaders share what was
compiled; deleting one of them ends the whole process when another is drawn. napari alone has
this too. There a removed layer's program, some kilobytes, is kept instead of deleted.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

_SOFTWARE = ("llvmpipe", "softpipe", "swrast")


def keep_programs() -> None:
    """Let vispy keep the programs of removed layers where they are drawn by software."""
    from vispy.gloo.glir import GlirProgram

    delete = GlirProgram.delete
    if getattr(delete, "keeps_programs", False):
        return

    @wraps(delete)
    def delete_unless_software(self: Any) -> None:
        if not _drawn_by_software():
            delete(self)

    delete_unless_software.keeps_programs = True  # type: ignore[attr-defined]
    GlirProgram.delete = delete_unless_software


def _drawn_by_software() -> bool:
    """Whether the OpenGL context in use is one of Mesa's software renderers."""
    from vispy.gloo import gl

    renderer = gl.glGetParameter(gl.GL_RENDERER) or ""
    return any(name in str(renderer).lower() for name in _SOFTWARE)
