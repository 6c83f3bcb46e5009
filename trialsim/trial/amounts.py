"""How much each patient is given at a dose: by weight, surface and other covariates, within limits, as dispensed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trialsim.cohort.model import Cohort
from trialsim.foundation.elementary import power_array
from trialsim.foundation.expression import values
from trialsim.foundation.units import Unit, unit
from trialsim.protocol.dosing_model import (
    BandedAmount,
    CategoryAmount,
    DoseAmount,
    Dosing,
    FormulaAmount,
    PlainAmount,
    Rounding,
    Surface,
)
from trialsim.protocol.dosing_strengths import Sums, sums_of
from trialsim.trial.enrolled import Enrolled

KG, CM, M2 = unit("kg"), unit("cm"), unit("m^2")
AS_WHOLE = 1e-9  # relative: 0.1 mg/kg of 30 kg is 3 mg, not a little more

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def line_amounts(lines: tuple[Dosing, ...], cohort: Cohort, patients: Enrolled) -> Floats:
    """Return each patient's amount at a dose of each line, in the unit of its state, [lines, N].

    Not a number where a formula comes out as nothing that can be given.
    """
    found = np.empty((len(lines), patients.trials.shape[0]))
    for i, line in enumerate(lines):
        amount = amounts_of(line.amount, line.surface, cohort, patients)
        if line.at_most is not None:
            amount = np.minimum(amount, line.at_most.to(line.unit))
        if line.at_least is not None:
            amount = np.maximum(amount, line.at_least.to(line.unit))
        amount = np.where((amount > 0) & (amount < np.inf), amount, np.nan)
        if line.strengths is not None:
            sums = sums_of(line.strengths.available, line.unit, line.at_least, line.at_most)
            assert sums is not None
            amount = dispensed(amount, sums, line.strengths.rounded)
        found[i] = amount
    return found


def line_rates(lines: tuple[Dosing, ...], cohort: Cohort, patients: Enrolled) -> Floats:
    """Return each patient's rate of infusion of each line in the unit of its state per hour, 0 where none is said."""
    found = np.zeros((len(lines), patients.trials.shape[0]))
    for i, line in enumerate(lines):
        if line.rate is not None:
            found[i] = amounts_of(line.rate, line.surface, cohort, patients)
    return found


def amounts_of(amount: DoseAmount, surface: Surface | None, cohort: Cohort, patients: Enrolled) -> Floats:
    """Return each patient's amount before limits and rounding."""
    n = patients.trials.shape[0]
    match amount:
        case PlainAmount():
            return np.full(n, amount.value) * size(amount, surface, cohort, patients)
        case BandedAmount():
            each = [amounts_of(band, surface, cohort, patients) for band in amount.amounts]
            band = np.searchsorted(np.array(amount.limits), patients.covariates[amount.by], side="right")
            return np.stack(each)[band, np.arange(n)]
        case CategoryAmount():
            each = [amounts_of(one, surface, cohort, patients) for _, one in amount.amounts]
            return np.stack(each)[patients.covariates[amount.by].astype(np.int64), np.arange(n)]
        case FormulaAmount():
            return np.broadcast_to(np.asarray(values(amount.value, patients.covariates), dtype=np.float64), n)


def size(amount: PlainAmount, surface: Surface | None, cohort: Cohort, patients: Enrolled) -> Floats | float:
    """Return what an amount is multiplied by: weights in kg, surfaces in m2, or one."""
    if amount.per == "kg":
        return in_unit("weight", KG, cohort, patients)
    if amount.per == "m2":
        assert surface is not None
        return surfaces(surface, cohort, patients)
    return 1.0


def surfaces(surface: Surface, cohort: Cohort, patients: Enrolled) -> Floats:
    """Return each patient's body surface in m2.

    mosteller: sqrt(height weight / 3600) (Mosteller 1987, N Engl J Med 317:1098); dubois: 0.007184 weight^0.425
    height^0.725 (Du Bois and Du Bois 1916, Arch Intern Med 17:863); cm and kg.
    """
    if surface == "bsa":
        return in_unit("bsa", M2, cohort, patients)
    weight, height = in_unit("weight", KG, cohort, patients), in_unit("height", CM, cohort, patients)
    if surface == "mosteller":
        return np.sqrt(height * weight / 3600.0)
    return 0.007184 * power_array(weight, 0.425) * power_array(height, 0.725)


def in_unit(name: str, wanted: Unit, cohort: Cohort, patients: Enrolled) -> Floats:
    """Return a covariate's values in a unit of its kind."""
    covariate = next(each for each in cohort.covariates if each.name == name)
    return np.asarray(patients.covariates[name]) * (covariate.unit.factor / wanted.factor)


def dispensed(amounts: Floats, sums: Sums, rounded: Rounding) -> Floats:
    """Return for each amount the sum of strengths that is given: below or above it, or the nearer, the lower of two.

    Where every sum is above an amount the lowest is given, where every sum is below it the highest.
    """
    over, under = float(sums.grain.denominator), float(sums.grain.numerator)
    counts = amounts * over / under
    whole = np.rint(counts)
    counts = np.where(np.abs(counts - whole) <= AS_WHOLE * whole, whole, counts)
    known = np.where(np.isfinite(counts), counts, sums.lowest)
    known = np.clip(known, sums.lowest, np.inf if sums.highest is None else sums.highest)
    least = np.array(sums.least, dtype=np.int64)
    down = _at_or_below(least, np.floor(known).astype(np.int64))
    up = _at_or_above(least, np.ceil(known).astype(np.int64))
    if rounded == "nearest":
        chosen = np.where(up - known < known - down, up, down)
    else:
        chosen = down if rounded == "down" else up
    return np.where(np.isfinite(amounts), chosen * under / over, np.nan)


def _at_or_below(least: Ints, counts: Ints) -> Ints:
    n, best = least.shape[0], np.zeros(counts.shape, dtype=np.int64)
    for each in least:
        best = np.where(each <= counts, np.maximum(best, each + (counts - each) // n * n), best)
    return best


def _at_or_above(least: Ints, counts: Ints) -> Ints:
    n, best = least.shape[0], np.full(counts.shape, np.iinfo(np.int64).max)
    for each in least:
        best = np.minimum(best, each + np.maximum(0, -(-(counts - each) // n)) * n)
    return best
