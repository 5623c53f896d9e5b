"""Puts weights into the package: ``python -m napari_xrf_pigments.network._bundle [WEIGHTS]``.

The weights are checked, written anew with their checksum, and their SHA-256 is noted beside
them. Without WEIGHTS only the SHA-256 of those that are there is noted anew.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from .weights import (
    bundled_hash_file,
    bundled_weights,
    load_weights,
    save_weights,
    training_of,
    weights_hash,
)


def bundle(weights: Path | None = None) -> str:
    """Make weights the bundled ones, or take those in place as they are.

    Parameters
    ----------
    weights : Path, optional
        Weights of this network; None: the file that is in the package already.

    Returns
    -------
    str
        Their SHA-256.

    Raises
    ------
    ValueError, OSError
        If they are no weights of this network, or cannot be written.
    """
    target = bundled_weights()
    if weights is not None:
        with warnings.catch_warnings():
            # They get a checksum now.
            warnings.simplefilter("ignore", UserWarning)
            net, training = load_weights(weights), training_of(weights)
        save_weights(net, target, training)
    found = weights_hash(target)
    bundled_hash_file().write_text(f"{found}  {target.name}\n", encoding="ascii")
    load_weights(target)
    return found


if __name__ == "__main__":
    print(bundle(*map(Path, sys.argv[1:2])))
