"""The Teach dock: fine-tuning of the network on annotated regions."""
