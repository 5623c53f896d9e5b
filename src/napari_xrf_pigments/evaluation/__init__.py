"""Evaluation of the network: independent test sets, scores and reports.

The test sets are made with other programs than the training spectra: fluorescence by fisx, the
tube by PyMca's Ebel model, another detector, other paintings.
"""

from .evaluate import Report, check_scores, evaluate, load_standard_set, score_set
from .independent_simulation.make import make_set
from .independent_simulation.truth import TestSet, Truth
from .indistinguishable import GroupRatio, compare_groups, ratio_table
from .metrics import Scores, score
from .neighbour_pooling import ContextScore, context_table, measure_context, score_context
from .real_scan import ScanScore, scan_table, score_scan
from .references import ReferenceReport, read_labels, score_references

__all__ = [
    "ContextScore",
    "GroupRatio",
    "ReferenceReport",
    "Report",
    "ScanScore",
    "Scores",
    "TestSet",
    "Truth",
    "check_scores",
    "compare_groups",
    "context_table",
    "evaluate",
    "load_standard_set",
    "make_set",
    "measure_context",
    "ratio_table",
    "read_labels",
    "scan_table",
    "score",
    "score_context",
    "score_references",
    "score_scan",
    "score_set",
]
