"""What a user teaches: painted pixels, the pigment that is there or is not, their spectra."""

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

#: Painted pixels of a label that are learned from; more of one stroke tell nothing new.
MOST_PIXELS = 3000
_FOLDS = 4
#: Pixels of a stroke as near as that share the beam and the detector's blur.
_GAP_PX = 3.0
#: A block of fewer pixels proves nothing.
_LEAST_PIXELS = 12


@dataclass(frozen=True)
class Statement:
    """What a label says of its pixels.

    Parameters
    ----------
    pigment : str
        Pigment id.
    present : bool
        Whether it is known to be there (in any layer), or known to be absent.
    """

    pigment: str
    present: bool


@dataclass(frozen=True)
class Lesson:
    """Painted spectra with what is known of them.

    Parameters
    ----------
    encoded : Tensor, shape (spectrum, input)
        See :mod:`.encoding`.
    answers : Tensor of int8, shape (spectrum, output)
        1, 0 or :data:`.labels.MASKED`.
    folds : ndarray of int, shape (spectrum,)
        Which part of the painting a spectrum is from; parts are held out together. -1: between
        two parts, learned from in the end but left out of the test.
    statements : tuple of Statement
        What was painted.
    pixels : tuple of int
        Painted pixels of each statement.
    apart : bool
        Whether every statement was painted in more than one place, or in one that is large
        enough to be cut into blocks with a gap between them, so that a held-out part is not
        the neighbour of what was learned.
    scan : str
        Name of the scan.
    """

    encoded: torch.Tensor
    answers: torch.Tensor
    folds: IntArray
    statements: tuple[Statement, ...]
    pixels: tuple[int, ...]
    apart: bool
    scan: str = ""

    @property
    def pigments(self) -> tuple[str, ...]:
        """Pigments that something is said of."""
        return tuple(dict.fromkeys(statement.pigment for statement in self.statements))

    @property
    def outputs(self) -> torch.Tensor:
        """Indices of the network's outputs that are taught."""
        return torch.nonzero((self.answers != MASKED).any(0)).flatten()

    def part(self, chosen: torch.Tensor) -> Lesson:
        """The lesson with some of its spectra, a mask of shape (spectrum,)."""
        return replace(
            self,
            encoded=self.encoded[chosen],
            answers=self.answers[chosen],
            folds=self.folds[chosen.numpy()],
        )


def read_lesson(
    cube: XRFCube,
    labels: NDArray[np.integer],
    statements: Mapping[int, Statement],
    *,
    scan: str = "",
    seed: int = 0,
) -> Lesson:
    """Read the spectra under painted labels.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    labels : ndarray of int, shape (y, x)
        Painted labels; 0 and labels without a statement are not used.
    statements : mapping of int to Statement
        What each label says.
    scan : str
        Name of the scan, kept in the weights.
    seed : int
        Of the pixels that are taken where more than :data:`MOST_PIXELS` were painted.

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
    drawing = np.random.default_rng(seed)
    places, answers, folds = [], [], []
    used: list[Statement] = []
    pixels: list[int] = []
    apart = True
    for value, statement in statements.items():
        if statement.pigment not in known:
            raise ValueError(f"The network does not know the pigment {statement.pigment!r}.")
        mask = (painted == value) & valid if value else np.zeros_like(valid)
        if not mask.any():
            continue
        fold, several = spatial_folds(mask)
        ys, xs = np.nonzero(mask)
        chosen = np.sort(drawing.permutation(ys.size)[:MOST_PIXELS])
        places.append(np.stack([ys[chosen], xs[chosen]]))
        folds.append(fold[ys[chosen], xs[chosen]])
        answers.append(answer_row(statement).expand(chosen.size, -1))
        used.append(statement)
        pixels.append(int(ys.size))
        apart &= several
    if not used:
        raise ValueError("Nothing is painted yet: paint where a pigment is known.")
    y, x = np.concatenate(places, axis=1)
    counts = np.asarray(cube.counts.vindex[y, x].compute(scheduler="synchronous"))
    spectra = torch.from_numpy(counts.astype(np.float32))
    return Lesson(
        encode(spectra, cube.energies, cube.acquisition),
        torch.cat(answers),
        np.concatenate(folds),
        tuple(used),
        tuple(pixels),
        apart,
        scan,
    )


def answer_row(statement: Statement) -> torch.Tensor:
    """The network's answers that a statement fixes, shape (output,), int8.

    Present fixes that the pigment is there and with it its group, not in which layer it
    is. Absent fixes that it is in no layer; its group may still be there by another member.
    """
    names, _ = output_names()
    count, index = len(names), names.index(statement.pigment)
    groups = group_of_pigment()
    group = int(groups[index])
    row = torch.full((n_outputs(),), MASKED, dtype=torch.int8)
    alone = int((groups == group).sum()) == 1
    if statement.present:
        row[index] = 1
        row[3 * count + group] = 1
    else:
        row[[index, count + index, 2 * count + index]] = 0
        if alone:
            row[3 * count + group] = 0
    return row


def spatial_folds(mask: BoolArray) -> tuple[IntArray, bool]:
    """Cut what was painted into parts that are held out together, never pixel by pixel.

    Neighbouring pixels share paint, thickness and the detector's blur, so that a pixel
    beside a learned one proves nothing.

    Parameters
    ----------
    mask : ndarray of bool, shape (y, x)
        What was painted for one label.

    Returns
    -------
    folds : ndarray of int, shape (y, x)
        Part of each painted pixel; -1 elsewhere, and between two blocks of one stroke.
    apart : bool
        Whether the parts are separate strokes, or blocks of one with a gap between them. A
        stroke that is too small for that is cut into strips that touch.
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
    place = np.argsort(np.argsort(along, kind="stable"), kind="stable")
    folds[ys, xs] = place * min(_FOLDS, ys.size) // ys.size
    return folds, False


def _along(ys: NDArray[np.intp], xs: NDArray[np.intp]) -> FloatArray:
    """Places of pixels along the longest direction of a stroke, pixels."""
    places = np.stack([ys - ys.mean(), xs - xs.mean()]).astype(np.float64)
    _, directions = np.linalg.eigh(places @ places.T)
    found: FloatArray = directions[:, -1] @ places
    return found


def _blocks(along: FloatArray, count: int) -> IntArray | None:
    """Cut places into blocks with gaps between them; None where a block would be too small.

    What lies in a gap is -1. However a stroke bends, pixels of two blocks are at least the gap
    apart, since they are so along one direction.
    """
    cuts = np.quantile(along, np.arange(1, count) / count)
    part = np.searchsorted(cuts, along).astype(np.int64)
    part[(np.abs(along[:, None] - cuts) < _GAP_PX / 2).any(axis=1)] = -1
    sizes = np.bincount(part[part >= 0], minlength=count)
    return part if sizes.min() >= _LEAST_PIXELS else None
