"""One run for every test of the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.report.told import PROTOCOL, told_run


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which a null is none, a trial, a patient and some analyses fail."""
    return told_run(tmp_path_factory.mktemp("told"))


@pytest.fixture(scope="session")
def plain_told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without faults, of one design, one scenario, typical parameters, no patients kept."""
    text = PROTOCOL.replace("vary: {patients.randomised: [40, 80]}\n", "")
    text = text.replace("parameters: both", "parameters: typical")
    text = text[: text.index("  no_effect:")] + text[text.index("simulate:") :]
    text = text.replace("patients_of: first 2 trials", "patients_of: none")
    return told_run(tmp_path_factory.mktemp("plain"), text, faults=False)
