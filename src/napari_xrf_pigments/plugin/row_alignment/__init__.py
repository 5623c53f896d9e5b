"""The Sawtooth dock: alignment of odd and even rows."""
