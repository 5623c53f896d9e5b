"""How good is the network: independent test sets, figures and reports.

The test sets are made with other programs than those that train it: fluorescence by
fisx, the tube by PyMca's Ebel model, another detector, other paintings.
"""

from .baseline import RuleTable, fit_elements, rule_table
from .context_score import ContextRow, context_table, score_context
from .imitation import Imitation, imitation_table, imitations
from .independent import make_set
from .metrics import Scores, score
from .report import Report, evaluate, judge, standard_set
from .scan_score import ScanRow, scan_table, score_scan
from .truth import TestSet, Truth

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
