"""Overview pages, figures and reports of finished maps."""
