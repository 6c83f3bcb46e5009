"""What a rule's amount comes to for a patient: an expression of parameters, as `amounts` computes planned doses."""

from __future__ import annotations

from trialsim.cohort.model import Cohort
from trialsim.foundation.expression import Binary, Call, Expr, Name, Number
from trialsim.foundation.units import Quantity, Unit, unit
from trialsim.protocol.dosing_amounts import per_patient
from trialsim.protocol.dosing_model import Dosing, Surface


def amount_given(amount: Quantity, line: Dosing, cohort: Cohort) -> Expr:
    """Return an amount in the unit of the state it enters, within the limits of the line whose doses it changes."""
    each, per = per_patient(amount)
    given: Expr = Number(each.to(line.unit))
    if per == "kg":
        given = Binary("*", given, covariate_in("weight", "kg", cohort))
    elif per == "m2":
        given = Binary("*", given, surface_of(line.surface or "bsa", cohort))
    if line.at_most is not None:
        given = Call("min", (given, Number(line.at_most.to(line.unit))))
    if line.at_least is not None:
        given = Call("max", (given, Number(line.at_least.to(line.unit))))
    return given


def surface_of(surface: Surface, cohort: Cohort) -> Expr:
    """Return the body surface in m2, by the formulas of `amounts.surfaces`."""
    if surface == "bsa":
        return covariate_in("bsa", "m^2", cohort)
    weight, height = covariate_in("weight", "kg", cohort), covariate_in("height", "cm", cohort)
    if surface == "mosteller":
        return Call("sqrt", (Binary("/", Binary("*", height, weight), Number(3600.0)),))
    powers = Binary("*", Number(0.007184), Binary("^", weight, Number(0.425)))
    return Binary("*", powers, Binary("^", height, Number(0.725)))


def covariate_in(name: str, wanted: str, cohort: Cohort) -> Expr:
    """Return a covariate in a unit of its kind."""
    of: Unit = next(covariate for covariate in cohort.covariates if covariate.name == name).unit
    return Binary("*", Name(name), Number(of.factor / unit(wanted).factor))
