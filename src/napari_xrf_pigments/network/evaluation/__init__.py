"""How good is the network? Independent test sets, figures and reports."""
