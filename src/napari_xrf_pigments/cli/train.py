"""``xrf-pigments train``: weights of the network from simulated spectra."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._console import echo, progress_bar


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """Train the network on simulated spectra.

    Examples
    --------
    xrf-pigments train -o weights.safetensors
    xrf-pigments train my_config.toml -o weights.safetensors --resume
    """

    config: Annotated[
        Path | None,
        Argument(metavar="CONFIG", help="Settings (.toml); default: those of the bundled weights."),
    ] = None
    out: Annotated[Path, Option("-o", "--out", help="Weights to write, OUT.safetensors.")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace earlier weights.")] = False
    resume: Annotated[
        bool, Option("--resume", help="Continue a training of OUT that was interrupted.")
    ] = False
    seed: Annotated[int, Option(help="Random seed.")] = 0
    start: Annotated[
        Path | None,
        Option(metavar="WEIGHTS", help="Weights made by the parts of CONFIG before PART."),
    ] = None
    from_part: Annotated[
        str | None, Option(metavar="PART", help="Part of CONFIG to start with.")
    ] = None

    def run(self) -> None:
        """Train the network and write its weights."""
        from ..io.outputs.atomic_write import check_output
        from ..io.outputs.output_lock import reserve_output
        from ..network.weights import is_weights
        from ..training.checkpoint import checkpoint_path, is_checkpoint
        from ..training.config import TrainingConfig
        from ..training.train import train_steps

        overwrite = self.overwrite or self.resume
        check_output(self.out, is_weights, overwrite=overwrite, suffixes=(".safetensors",))
        check_output(checkpoint_path(self.out), is_checkpoint)
        if self.start is not None and not self.start.is_file():
            raise FileNotFoundError(f"There are no weights at {self.start}.")
        bundled = files("napari_xrf_pigments.training").joinpath("data/training.toml")
        with as_file(bundled) as path:
            config = TrainingConfig.load(self.config or path)
        steps = train_steps(
            config,
            self.seed,
            self.out,
            start=self.start,
            from_part=self.from_part,
            resume=self.resume,
        )
        with reserve_output(self.out), progress_bar("Training", unit=" spectra") as progress:
            for step in steps:
                progress(step.spectra, step.total)
        echo(f"Weights: {self.out} (loss {step.loss:.3f})")
