"""Telling a run: content (run folder → numbers and words), figures, render. Reads folders; computes nothing twice."""
