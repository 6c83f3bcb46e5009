"""Cohorts around kinetics by name, made from what their documents need."""

from pathlib import Path

from trialsim.cohort.course_model import course_model
from trialsim.cohort.kinetics_read import read_kinetics
from trialsim.cohort.read import cohort_of_text
from trialsim.foundation.expression import values
from trialsim.foundation.library import documents

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = {path.stem: read_kinetics(path).kinetics for path in documents(ROOT / "kinetics")}
UNITS = {
    "amount": "nmol", "response": "mmHg", "concentration": "IU", "size": "cm", "cells": "1/L", "exposure": "mg",
    "status": "%", "time": "h", "volume": "L",
}  # fmt: skip
HEAD = "language: cohort 1\nid: host\ntitle: A host\ncontext_of_use: Tests of kinetics.\ntime: h\n"


def unit_of_kind(kind, units=UNITS):
    """Return a unit of a kind, every word with its own."""
    if kind == "number":
        return ""
    return "/".join("*".join(units.get(word, word) for word in part.split("*")) for part in kind.split("/"))


def host(*uses, parameters=None, rest="", bare=False):
    """Return a cohort that uses kinetics, with a parameter of one for each argument (`bare`: that it has to have)."""
    lines = {}
    brought = {name for use, _ in uses for name in DOCUMENTS[use].names}
    for use, _ in uses:
        for name, need in DOCUMENTS[use].needs.items():
            may_be_left_out = name == "into" or (bare and (need.optional or need.default is not None))
            if name not in brought and not may_be_left_out:
                lines[name] = f"  {name}: {{typical: 1 {unit_of_kind(need.kind.text)}}}"
    lines |= {name: f"  {name}: {{typical: {value}}}" for name, value in (parameters or {}).items()}
    written = [f"  - {{use: {use}{', drug: x' if DOCUMENTS[use].routes else ''}{more}}}" for use, more in uses]
    text = HEAD + "\n".join(["parameters:", *lines.values(), "kinetics:", *written]) + "\n" + rest
    return cohort_of_text(text, "host.yaml", ROOT / "cohorts")[0]


def at_a_point(cohort, numbers):
    """Return starts, rates and quantities of a cohort where its states and parameters have these values."""
    model = course_model(cohort, [], [], 0.0)
    known = {"t": 0.0, **dict.fromkeys(model.parameters, 1.0), **numbers}
    for name, value in model.quantities:
        known[name] = float(values(value, known))
    rates = {name: float(values(rate, known)) for name, rate in zip(model.states, model.rates, strict=True)}
    starts = {name: float(values(start, known)) for name, start in zip(model.states, model.starts, strict=True)}
    return rates, starts, known
