"""Drug and disease in time: arrays in, arrays out; no I/O, no randomness, no state."""
