"""Any patient's course by the kernels is the one that the plain twin follows: doses, events, paths and decisions."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.reference.any_patients import (
    patients_of_the_clinic,
    patients_with_doses_and_events,
    patients_with_tumours,
)
from tests.reference.plain_course import plain_course
from tests.reference.plain_doses import Dose
from tests.reference.plain_patient import Patient
from tests.reference.side_by_side import by_kernels, differences, with_luck
from tests.reference.whole_models import clinic, doses_and_events, tumour

KINDS = {"doses and events": (doses_and_events(), patients_with_doses_and_events()),
         "tumour": (tumour(), patients_with_tumours()), "clinic": (clinic(), patients_of_the_clinic())}
RTOL, ATOL = 2e-7, 1e-9
QUIET = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": list(HealthCheck)}


def compared(name, n, **more):
    """Compare n patients of one kind."""
    model, patients = KINDS[name]

    @settings(max_examples=n, **QUIET)
    @given(patient=patients)
    def one_by_one(patient):
        lucky = with_luck(model, patient, 0)
        found = by_kernels(model, [lucky], **more)
        assert differences(model, found, 0, plain_course(model, lucky), RTOL, ATOL) == []

    one_by_one()


def drawn(name, n):
    """Return n patients of one kind."""
    model, patients = KINDS[name]
    found = []

    @settings(max_examples=n, phases=[Phase.generate], **QUIET)
    @given(patient=patients)
    def collect(patient):
        found.append(with_luck(model, patient, len(found)))

    collect()
    return model, found


@pytest.mark.parametrize("name", KINDS)
def test_courses_are_the_plain_ones(name):
    compared(name, 15)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("size", [1, 7])
def test_the_chunk_changes_no_bit(name, size):
    model, patients = drawn(name, 30)
    together = by_kernels(model, patients)
    for first in range(0, len(patients), size):
        part = by_kernels(model, patients[first : first + size], first=first)
        for array in ("outputs", "event_times", "status", "steps", "n_events"):
            ours, theirs = getattr(part, array), getattr(together, array)[first : first + size]
            # As wide as the patient with most samples asks for.
            theirs = theirs[:, : ours.shape[1]] if array == "outputs" else theirs
            assert ours.tobytes() == theirs.tobytes(), (first, array)
        for i in range(len(part.status)):
            ours, theirs = part.happening(i), together.happening(first + i)
            for ledger in ("event", "event_time", "dose", "decision"):
                assert getattr(ours, ledger).tobytes() == getattr(theirs, ledger).tobytes(), (first + i, ledger)


def test_time_within_a_margin_that_is_nought_when_the_path_begins():
    """The share of time with at least as much as at the beginning is none, for a drug that only leaves."""
    patient = Patient(
        parameters=(0.9, 5.0, 30.0, 0.8, 1.1, 2.5, 0.01, 0.06), samples=(0.3, 2.0, 12.0), horizon=20.0,
        thresholds=((math.inf,), (math.inf,)), stops_dosing=(False, True), ends_course=(True, False),
        lines=((Dose(time=0.0, inlet=1, amount=30.0),), ()))
    model = KINDS["doses and events"][0]
    found = by_kernels(model, [with_luck(model, patient, 0)]).outputs[0, :, model.outputs.index("q_above")]
    assert found.tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize("changed", [3, 4])
def test_a_chain_is_that_of_the_instant_at_which_the_dose_was_taken(changed):
    row = (1.3, 4.2, 5.0, 2.4, 1.0, 0.03, 0.01, 200.0, 0.0004, 0.0015, 1.2)
    later = tuple(1.3 * value if k == changed else value for k, value in enumerate(row))
    patient = Patient(
        parameters=row, samples=(3.0,), lines=((Dose(time=0.5, amount=60.0),), ()), changes=((1.0, later),),
        thresholds=((math.inf,), (math.inf,)), stops_dosing=(False,) * 4, ends_course=(False,) * 4, horizon=20.0)
    model = KINDS["tumour"][0]
    expected = plain_course(model, patient).outputs[0][0]
    assert by_kernels(model, [patient]).outputs[0, 0, 0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_many_more_courses_are_the_plain_ones(name):
    compared(name, 400)


@pytest.mark.long
@pytest.mark.parametrize("name", ["tumour", "clinic"])
def test_stiff_courses_are_the_plain_ones(name):
    compared(name, 100, solver="stiff")
