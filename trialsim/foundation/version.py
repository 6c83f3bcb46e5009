"""The version, written once: part of every run's identity."""

from __future__ import annotations

VERSION = "0.1.0"
