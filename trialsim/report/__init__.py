"""Telling a run: content (run folder → numbers and words), figures, render; reads folders and computes nothing twice."""
