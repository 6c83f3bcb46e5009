"""Any patient's course by the kernels is the one that the plain twin follows: doses, events, paths and decisions."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.reference.any_patients import (
    patients_of_the_clinic,
    patients_with_doses_and_events,
    patients_with_tumours,
)
from tests.reference.plain_course import plain_course
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


@pytest.mark.long
@pytest.mark.parametrize("name", KINDS)
def test_many_more_courses_are_the_plain_ones(name):
    compared(name, 400)


@pytest.mark.long
@pytest.mark.parametrize("name", ["tumour", "clinic"])
def test_stiff_courses_are_the_plain_ones(name):
    compared(name, 100, solver="stiff")
