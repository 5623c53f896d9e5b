"""``python -m napari_xrf_pigments.cli``: the command line."""

import sys

from . import main

sys.exit(main())
