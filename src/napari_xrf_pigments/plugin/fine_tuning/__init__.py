"""The Teach dock: fine-tuning of the network on painted labels."""
