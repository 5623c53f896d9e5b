"""Work around a crash of Mesa's software renderer, which draws the virtual screen of the tests.

llvmpipe crashes when a shader program is deleted and another one with the same shaders is drawn,
which napari does whenever a layer is removed: see docs/upstream.md.
"""

from __future__ import annotations

from typing import Any


def keep_shader_programs() -> None:
    """Never delete vispy's programs in this process; each takes some kilobytes."""
    from vispy.gloo.glir import GlirProgram

    def delete(self: Any) -> None:
        return None

    GlirProgram.delete = delete
