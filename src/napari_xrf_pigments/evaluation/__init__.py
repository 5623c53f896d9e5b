"""How good is the network: independent test sets, figures and reports.

The test sets are made with other programs than those that train it: fluorescence by
fisx, the tube by PyMca's Ebel model, another detector, other paintings.
"""

from .evaluate import Report, evaluate, judge, standard_set
from .indistinguishable import Imitation, imitation_table, imitations
from .metrics import Scores, score
from .neighbour_pooling import ContextRow, context_table, score_context
from .real_scan import ScanRow, scan_table, score_scan
from .rule_baseline import RuleTable, fit_elements, rule_table
from .test_sets.make import make_set
from .test_sets.truth import TestSet, Truth

__all__ = [
    "ContextRow",
    "Imitation",
    "Report",
    "RuleTable",
    "ScanRow",
    "Scores",
    "TestSet",
    "Truth",
    "context_table",
    "evaluate",
    "fit_elements",
    "imitation_table",
    "imitations",
    "judge",
    "make_set",
    "rule_table",
    "scan_table",
    "score",
    "score_context",
    "score_scan",
    "standard_set",
]
