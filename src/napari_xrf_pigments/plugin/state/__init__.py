"""Session state of a viewer: scan, results, totals and curves; no widgets, no layers."""
