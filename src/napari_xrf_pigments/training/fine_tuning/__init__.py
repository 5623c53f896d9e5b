"""Fine-tuning of the released network on a user's annotated spectra."""
