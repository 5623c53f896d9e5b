"""``xrf-pigments clean``: remove what interrupted runs left beside an output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument

from ._console import echo


@dataclass(frozen=True, kw_only=True)
class CleanRequest:
    """Remove the hidden files that interrupted runs left beside an output.

    The output itself is not changed.

    Examples
    --------
    xrf-pigments clean maps.zarr
    """

    out: Annotated[Path, Argument(metavar="OUT", help="Output of the run that was interrupted.")]

    def run(self) -> None:
        """Remove the files, and print each with its size."""
        from ..io.describe import format_size
        from ..io.outputs.atomic_write import remove
        from ..io.outputs.output_lock import reserve_output
        from ._workspace import leftovers, size_of

        folder = self.out.absolute().parent
        if not folder.is_dir():
            raise FileNotFoundError(f"The folder {folder} does not exist.")
        with reserve_output(self.out):
            found = leftovers(self.out)
            for each in found:
                size = format_size(size_of(each.path))
                remove(each.path)
                echo(f"Removed {each.path.name} ({size}): {each.description}.")
        if not found:
            echo(f"Interrupted runs left nothing beside {self.out}.")
