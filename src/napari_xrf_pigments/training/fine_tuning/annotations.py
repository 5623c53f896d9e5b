"""Annotated pixels: painted labels, the pigments they stand for and their spectra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from napari_xrf_pigments._typing import BoolArray, FloatArray, IntArray
from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.network.encoding import encode
from napari_xrf_pigments.network.outputs import MASKED, group_of_pigment, n_outputs, output_names

#: Pixels used per label; more pixels of one stroke add no information.
MAX_PIXELS = 3000
_FOLDS = 4
#: Pixels of a stroke nearer than this share the beam and the blur of the detector.
_GAP_PX = 3.0
#: Smallest block that can be scored.
_MIN_PIXELS = 12


@dataclass(frozen=True)
class Annotation:
    """Known presence or absence of a pigment in the pixels of a label.

    Parameters
    ----------
    pigment : str
        Pigment id.
    present : bool
        Whether the pigment is present (in any layer) or absent.
    """

    pigment: str
    present: bool


@dataclass(frozen=True)
class AnnotatedSpectra:
    """Encoded spectra of annotated pixels with their targets.

    Parameters
    ----------
    encoded : Tensor, shape (spectrum, input)
        See :mod:`napari_xrf_pigments.network.encoding`.
    targets : Tensor of int8, shape (spectrum, output)
        1, 0 or :data:`napari_xrf_pigments.network.outputs.MASKED`.
    folds : ndarray of int, shape (spectrum,)
        Part of the painting that a spectrum is from; each part is held out as a whole. -1 between
        two parts: used in the final fit but not in the test.
    annotations : tuple of Annotation
        The annotations.
    pixels : tuple of int
        Painted pixels of each annotation.
    spatially_separated : bool
        Whether every annotation was painted in more than one place, or in one large enough to be
        cut into blocks with gaps between them, so that no held-out pixel adjoins a fitted one.
    scan : str
        Name of the scan.
    """

    encoded: torch.Tensor
    targets: torch.Tensor
    folds: IntArray
    annotations: tuple[Annotation, ...]
    pixels: tuple[int, ...]
    spatially_separated: bool
    scan: str = ""

    @property
    def pigments(self) -> tuple[str, ...]:
        """Annotated pigments, each once."""
        return tuple(dict.fromkeys(annotation.pigment for annotation in self.annotations))

    @property
    def outputs(self) -> torch.Tensor:
        """Indices of the network's outputs that have a target."""
        return torch.nonzero((self.targets != MASKED).any(0)).flatten()

    def subset(self, chosen: torch.Tensor) -> AnnotatedSpectra:
        """Select spectra by a mask of shape (spectrum,)."""
        return replace(
            self,
            encoded=self.encoded[chosen],
            targets=self.targets[chosen],
            folds=self.folds[chosen.numpy()],
        )


def extract_annotations(
    cube: XRFCube,
    labels: NDArray[np.integer],
    annotations: Mapping[int, Annotation],
    *,
    scan: str = "",
    seed: int = 0,
) -> AnnotatedSpectra:
    """Extract the spectra under painted labels.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    labels : ndarray of int, shape (y, x)
        Painted labels; 0 and labels without an annotation are ignored.
    annotations : mapping of int to Annotation
        Meaning of each label.
    scan : str
        Name of the scan, stored with the weights.
    seed : int
        Seed of the selection where more than :data:`MAX_PIXELS` were painted.

    Raises
    ------
    ValueError
        If nothing was painted, a pigment is unknown, or the labels do not fit the scan.
    """
    painted = np.asarray(labels)
    if painted.shape != cube.shape[:2]:
        raise ValueError("The labels do not have the shape of the scan.")
    known, _ = output_names()
    valid = np.ones(painted.shape, bool) if cube.valid is None else cube.valid
    rng = np.random.default_rng(seed)
    positions, targets, folds = [], [], []
    used: list[Annotation] = []
    pixels: list[int] = []
    separated = True
    for value, annotation in annotations.items():
        if annotation.pigment not in known:
            raise ValueError(f"The network does not know the pigment {annotation.pigment!r}.")
        mask = (painted == value) & valid if value else np.zeros_like(valid)
        if not mask.any():
            continue
        fold, apart = spatial_folds(mask)
        ys, xs = np.nonzero(mask)
        chosen = np.sort(rng.permutation(ys.size)[:MAX_PIXELS])
        positions.append(np.stack([ys[chosen], xs[chosen]]))
        folds.append(fold[ys[chosen], xs[chosen]])
        targets.append(target_row(annotation).expand(chosen.size, -1))
        used.append(annotation)
        pixels.append(int(ys.size))
        separated &= apart
    if not used:
        raise ValueError("Nothing is painted yet: paint where a pigment is known.")
    y, x = np.concatenate(positions, axis=1)
    counts = np.asarray(cube.counts.vindex[y, x].compute(scheduler="synchronous"))
    spectra = torch.from_numpy(counts.astype(np.float32))
    return AnnotatedSpectra(
        encode(spectra, cube.energies, cube.acquisition),
        torch.cat(targets),
        np.concatenate(folds),
        tuple(used),
        tuple(pixels),
        separated,
        scan,
    )


def target_row(annotation: Annotation) -> torch.Tensor:
    """Derive the targets of the network's outputs from an annotation, shape (output,), int8.

    A present pigment sets its presence and its group's, but no layer. An absent pigment sets all
    its layers; its group may still be present through another member.
    """
    names, _ = output_names()
    count, index = len(names), names.index(annotation.pigment)
    groups = group_of_pigment()
    group = int(groups[index])
    row = torch.full((n_outputs(),), MASKED, dtype=torch.int8)
    only_member = int((groups == group).sum()) == 1
    if annotation.present:
        row[index] = 1
        row[3 * count + group] = 1
    else:
        row[[index, count + index, 2 * count + index]] = 0
        if only_member:
            row[3 * count + group] = 0
    return row


def spatial_folds(mask: BoolArray) -> tuple[IntArray, bool]:
    """Divide painted pixels into spatial parts for cross-validation.

    Neighbouring pixels share paint, thickness and the blur of the detector, so that a held-out
    pixel beside a fitted one tests nothing.

    Parameters
    ----------
    mask : ndarray of bool, shape (y, x)
        Painted pixels of one label.

    Returns
    -------
    folds : ndarray of int, shape (y, x)
        Part of each painted pixel; -1 elsewhere, and between two blocks of one stroke.
    separated : bool
        Whether the parts are separate strokes, or blocks of one stroke with gaps between them. A
        stroke too small for gaps is cut into adjoining strips.
    """
    strokes, count = ndimage.label(mask, structure=np.ones((3, 3)))
    folds = np.full(mask.shape, -1, np.int64)
    if count >= 2:
        sizes = np.bincount(strokes.ravel(), minlength=count + 1)[1:]
        filled = np.zeros(min(_FOLDS, count))
        for stroke in np.argsort(-sizes, kind="stable"):
            part = int(np.argmin(filled))
            filled[part] += sizes[stroke]
            folds[strokes == stroke + 1] = part
        return folds, True
    if count == 0:
        return folds, False
    ys, xs = np.nonzero(mask)
    along = _along(ys, xs)
    for blocks in range(_FOLDS, 1, -1):
        cut = _blocks(along, blocks)
        if cut is not None:
            folds[ys, xs] = cut
            return folds, True
    rank = np.argsort(np.argsort(along, kind="stable"), kind="stable")
    folds[ys, xs] = rank * min(_FOLDS, ys.size) // ys.size
    return folds, False


def _along(ys: NDArray[np.intp], xs: NDArray[np.intp]) -> FloatArray:
    """Project pixels onto the longest direction of a stroke, in pixels from its centre."""
    positions = np.stack([ys - ys.mean(), xs - xs.mean()]).astype(np.float64)
    _, directions = np.linalg.eigh(positions @ positions.T)
    along: FloatArray = directions[:, -1] @ positions
    return along


def _blocks(along: FloatArray, count: int) -> IntArray | None:
    """Divide positions into blocks with gaps between them; None where a block is too small.

    Positions in a gap are -1. Pixels of two blocks are at least the gap apart however the stroke
    bends, because they are along one direction.
    """
    cuts = np.quantile(along, np.arange(1, count) / count)
    part = np.searchsorted(cuts, along).astype(np.int64)
    part[(np.abs(along[:, None] - cuts) < _GAP_PX / 2).any(axis=1)] = -1
    sizes = np.bincount(part[part >= 0], minlength=count)
    return part if sizes.min() >= _MIN_PIXELS else None
