"""Models of drug and disease that the tests of trialsim.dynamics share."""

from __future__ import annotations

from trialsim.dynamics.model import CourseModel, Hazard, Inlet
from trialsim.foundation.expression import Expr, parse


def formulas(names: str, *texts: str) -> tuple[Expr, ...]:
    """Return the trees of some texts that use the given names."""
    return tuple(parse(text, None, {*names.split(), "t"}) for text in texts)


def built(
    states: str, parameters: str, rates: tuple[str, ...], starts: tuple[str, ...] = (), outputs: str = "",
    quantities: dict[str, str] | None = None, inlets: tuple[tuple[str, str | None, str | None], ...] = (),
    hazards: dict[str, str] | None = None,
) -> CourseModel:
    """Return a model written compactly; an inlet is (state, lag, bioavailability)."""
    quantities, hazards = quantities or {}, hazards or {}
    names = " ".join([states, parameters, *quantities])

    def one(text: str | None) -> Expr | None:
        return None if text is None else formulas(names, text)[0]

    return CourseModel(
        states=tuple(states.split()), parameters=tuple(parameters.split()), rates=formulas(names, *rates),
        starts=formulas(names, *(starts or ("0",) * len(rates))), outputs=tuple((outputs or states).split()),
        quantities=tuple((name, formulas(names, text)[0]) for name, text in quantities.items()),
        inlets=tuple(Inlet(drug="x", route=f"route {i}", state=state, lag=one(lag), bioavailability=one(share))
                     for i, (state, lag, share) in enumerate(inlets)),
        hazards=tuple(Hazard(name=name, rate=formulas(names, text)[0]) for name, text in hazards.items()))


def one_compartment(twist: str = "") -> CourseModel:
    """Return a depot and a central compartment; inlets: 0 oral with lag and bioavailability, 1 intravenous."""
    return built("depot cent", "ka cl v f lag", ("-ka * depot", "ka * depot - cl / v * cent" + twist),
                 outputs="conc", quantities={"conc": "cent / v"},
                 inlets=(("depot", "lag", "f"), ("cent", None, None)))


def two_compartments(twist: str = "") -> CourseModel:
    """Return depot, central and one peripheral compartment; inlets as in one_compartment."""
    return built("depot cent peri", "ka cl v q v2",
                 ("-ka * depot", "ka * depot - (cl + q) / v * cent + q / v2 * peri" + twist,
                  "q / v * cent - q / v2 * peri"),
                 outputs="conc", quantities={"conc": "cent / v"}, inlets=(("depot", None, None), ("cent", None, None)))


def three_compartments(twist: str = "") -> CourseModel:
    """Return central and two peripheral compartments by rate constants; inlet 0 intravenous."""
    return built("cent slow deep", "k k12 k21 k13 k31",
                 ("-(k + k12 + k13) * cent + k21 * slow + k31 * deep" + twist, "k12 * cent - k21 * slow",
                  "k13 * cent - k31 * deep"), outputs="cent", inlets=(("cent", None, None),))


# A term too small to matter, but not linear: the same model through the adaptive tier.
TWIST = " + 1e-280 * cent * cent"
