"""Patients given to the kernels and to the plain twin alike, and how the two differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.reference.plain_patient import Course, Patient
from trialsim.dynamics.courses import Changes, Courses, Luck, Tolerance, Watch, courses
from trialsim.dynamics.doses import Schedule
from trialsim.dynamics.model import CourseModel
from trialsim.foundation.streams import exponentials, label, normals

SEED = 7
N_HAPPENINGS = 60
SHARP = Tolerance(relative=1e-11, absolute=1e-14)


def event_key(h: int) -> int:
    """Return the key of the thresholds of hazard h."""
    return label("event", str(h))


def signal_key(s: int) -> int:
    """Return the key of the errors of signal s."""
    return label("measurement", str(s))


def with_luck(model: CourseModel, patient: Patient, number: int) -> Patient:
    """Return a patient with the thresholds after the first one and the errors of readings that the streams hold."""
    thresholds = tuple(
        (*first[:1], *(exponentials(SEED, event_key(h), 0, number, np.arange(1, N_HAPPENINGS))
                       if model.hazards[h].recurrent else ()))
        for h, first in enumerate(patient.thresholds))
    counts = [0] * len(model.signals)
    readings = []
    for reading in patient.readings:
        luck = float(normals(SEED, signal_key(reading.signal), 0, number, counts[reading.signal]))
        counts[reading.signal] += 1
        readings.append(replace(reading, luck=luck))
    return replace(patient, thresholds=thresholds, readings=tuple(readings))


def by_kernels(
    model: CourseModel, patients: Sequence[Patient], tolerance: Tolerance = SHARP, first: int = 0, **more: Any
) -> Courses:
    """Return the courses of patients, all of one model, computed together; the first has this number in the streams."""
    n, (one, *_) = len(patients), patients
    n_samples = max(len(patient.samples) for patient in patients)
    samples, after = np.full((n, n_samples), np.nan), np.zeros((n, n_samples), dtype=np.bool_)
    for i, patient in enumerate(patients):
        samples[i, : len(patient.samples)] = patient.samples
        after[i, : len(patient.after)] = patient.after
    thresholds = np.array([[each[0] if each else np.inf for each in patient.thresholds] for patient in patients])
    return courses(
        model, np.array([patient.parameters for patient in patients]), _schedule(patients), samples,
        thresholds.reshape(n, len(model.hazards)), one.stops_dosing, one.ends_course,
        [patient.horizon for patient in patients], tolerance, [patient.begin for patient in patients],
        sample_after=after, changes=_changes(model, patients), watch=_watch(model, patients),
        luck=Luck(seed=SEED, trial=np.zeros(n, dtype=np.int64), patient=first + np.arange(n, dtype=np.int64),
                  events=tuple(event_key(h) for h in range(len(model.hazards))),
                  signals=tuple(signal_key(s) for s in range(len(model.signals)))),
        told=np.ones(n, dtype=np.bool_), **more)


def _offsets(lengths: Sequence[int]) -> Any:
    return np.append(0, np.cumsum(np.asarray(lengths, dtype=np.int64))).astype(np.int64)


def _schedule(patients: Sequence[Patient]) -> Schedule:
    lines = [line for patient in patients for line in patient.lines]
    rows = [dose for line in lines for dose in line]
    names = ("time", "inlet", "amount", "duration", "rate", "kind", "interval", "check")
    columns: dict[str, Any] = {name: np.array([getattr(dose, name) for dose in rows]) for name in names}
    return Schedule(offsets=_offsets([len(line) for line in lines]), n_lines=len(patients[0].lines),
                    dormant=patients[0].dormant, **columns)


def _changes(model: CourseModel, patients: Sequence[Patient]) -> Changes:
    every = [change for patient in patients for change in patient.changes]
    return Changes(
        offsets=_offsets([len(patient.changes) for patient in patients]), time=np.array([time for time, _ in every]),
        row=np.arange(len(every)), rows=np.array([row for _, row in every]).reshape(-1, len(model.parameters)))


def _watch(model: CourseModel, patients: Sequence[Patient]) -> Watch:
    readings = [[reading for reading in patient.readings if reading.signal == s]
                for patient in patients for s in range(len(model.signals))]
    checks = [patient.checks[r] if r < len(patient.checks) else () for patient in patients
              for r in range(len(model.rules))]
    delays = np.zeros(len(model.signals))
    for reading in (reading for patient in patients for reading in patient.readings):
        delays[reading.signal] = reading.delay
    return Watch(
        reading_offsets=_offsets([len(each) for each in readings]),
        reading_time=np.array([reading.time for each in readings for reading in each]),
        reading_index=np.array([k for each in readings for k in range(len(each))], dtype=np.int64), delays=delays,
        check_offsets=_offsets([len(each) for each in checks]),
        check_time=np.array([time for each in checks for time in each]))


def differences(model: CourseModel, found: Courses, i: int, plain: Course, rtol: float, atol: float) -> list[str]:
    """Return in words how patient i's course differs from the plain one; nothing if it does not."""
    said: list[str] = []
    if found.status[i] != plain.status:
        return [f"status {found.status[i]}, plainly {plain.status}"]
    for s, row in enumerate(plain.outputs):
        for name, ours, theirs in zip(model.outputs, found.outputs[i, s], row, strict=True):
            if not _alike(ours, theirs, rtol, atol):
                said.append(f"sample {s}: {name} is {ours!r}, plainly {theirs!r}")
    for e, theirs in enumerate(plain.event_times):
        if not _alike(found.event_times[i, e], theirs, rtol, atol):
            said.append(f"event {e} at {found.event_times[i, e]!r}, plainly {theirs!r}")
    told = found.happening(i)
    said += _rows("events", [(time, float(event)) for event, time in zip(told.event, told.event_time, strict=True)],
                  [(time, float(event)) for event, time in plain.happenings], rtol, atol)
    said += _rows("doses", [tuple(row[:4]) for row in told.dose],
                  [(time, line, dose.inlet, dose.amount) for time, line, dose in plain.doses], rtol, atol)
    signals = [signal.name for signal in model.signals]
    said += _rows("decisions", [tuple(row) for row in told.decision], [
        (d.time, d.rule, d.branch, d.level, *(d.seen[name] for name in signals)) for d in plain.decisions], rtol, atol)
    return said


def _rows(what: str, ours: list[Any], theirs: list[Any], rtol: float, atol: float) -> list[str]:
    same = len(ours) == len(theirs) and all(
        _alike(a, b, rtol, atol) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True))
    return [] if same else [f"{what} {[tuple(map(float, row)) for row in ours]}, plainly {theirs}"]


def _alike(a: float, b: float, rtol: float, atol: float) -> bool:
    if math.isnan(a) or math.isnan(b) or math.isinf(a) or math.isinf(b):
        return a == b or (math.isnan(a) and math.isnan(b))
    return abs(a - b) <= atol + rtol * max(abs(a), abs(b))
