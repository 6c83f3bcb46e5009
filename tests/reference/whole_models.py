"""Three models that between them use every part of a course: the tests that hold kernels against the plain twin."""

from __future__ import annotations

from dataclasses import replace

from tests.reference.course_models import built, formulas
from trialsim.dynamics.model import (
    Action,
    Branch,
    CourseModel,
    Functional,
    Hazard,
    Inlet,
    Rule,
    Signal,
    Transit,
    Trigger,
)
from trialsim.foundation.expression import Expr


def _one(text: str) -> Expr:
    names = text.replace("(", " ").replace(")", " ").replace(",", " ")
    words = " ".join(word for word in names.split() if word.isidentifier() and word not in _WORDS)
    return formulas(words, text)[0]


_WORDS = {"if", "min", "max", "and", "or", "not", "exp", "log", "sqrt"}


def doses_and_events() -> CourseModel:
    """Return a linear model with every way in, a piecewise hazard, a recurrent one, and functionals."""
    model = built(
        "depot cent", "ka cl v f lag d h hs", ("-ka * depot", "ka * depot - cl / v * cent"),
        quantities={"conc": "cent / v"})
    inlets = (
        Inlet(drug="x", route="oral", state="depot", lag=_one("lag"), bioavailability=_one("f")),
        Inlet(drug="x", route="iv", state="cent"),
        Inlet(drug="x", route="patch", state="cent", duration=_one("d"), lag=_one("lag / 2")),
        Inlet(drug="x", route="sc", state="cent", rate=_one("20 * d"), bioavailability=_one("f")))
    conc = _one("conc")
    functionals = (
        Functional(name="auc", kind="integral", of=conc), Functional(name="peak", kind="highest", of=conc),
        Functional(name="trough_9", kind="lowest", of=conc, over=9.3),
        Functional(name="above", kind="share", of=_one("conc - 1")),
        Functional(name="auc_7", kind="integral", of=conc, over=7.1))
    shown = tuple((f"q_{f.name}", _one(f"1 * {f.name}")) for f in functionals)
    return replace(
        model, inlets=inlets, functionals=functionals, quantities=(*model.quantities, *shown),
        outputs=("conc", "depot", *(name for name, _ in shown)),
        hazards=(Hazard(name="death", rate=_one("if(t > 30, 2 * h, h)")),
                 Hazard(name="seizure", rate=_one("hs"), recurrent=True)))


def tumour() -> CourseModel:
    """Return a tumour under a drug with saturable elimination that comes through a chain, with triggers."""
    model = built(
        "depot cent size", "ka vm km number mtt grow kill cap hd ha lag",
        ("-ka * depot", "ka * depot - vm * cent / (km + cent)", "grow * size * (1 - size / cap) - kill * cent * size"),
        starts=("0", "0", "10"))
    functionals = (
        Functional(name="nadir", kind="lowest", of=_one("size")), Functional(name="peak", kind="highest",
                                                                             of=_one("cent")),
        Functional(name="auc_11", kind="integral", of=_one("cent"), over=11.3),
        Functional(name="within", kind="share", of=_one("min(cent - 2, 30 - cent)")))
    shown = tuple((f"q_{f.name}", _one(f"1 * {f.name}")) for f in functionals)
    return replace(
        model, functionals=functionals, quantities=shown, outputs=("cent", "size", *(name for name, _ in shown)),
        inlets=(Inlet(drug="x", route="chain", state="depot", bioavailability=_one("0.8"), lag=_one("lag"),
                      transit=Transit(number=_one("number"), mean_time=_one("mtt"))),
                Inlet(drug="x", route="iv", state="cent", lag=_one("lag / 3"))),
        hazards=(Hazard(name="death", rate=_one("hd * size")), Hazard(name="rash", rate=_one("ha * cent"),
                                                                      recurrent=True)),
        triggers=(Trigger(name="progression", excess=_one("size - 1.2 * nadir")),
                  Trigger(name="toxicity", excess=_one("cent - 60"))))


def clinic() -> CourseModel:
    """Return neutrophils under a drug, three signals, and four rules with every kind of action; lines 0, 1 asleep, 2.

    Rule 0 is asked before doses, rule 1 by the calendar, rule 2 on the event; rule 3, by the calendar, sets the rate of
    what runs in by line 2.
    """
    model = built(
        "cent neut", "vm km kin imax ic kout lag low high target tox",
        ("-vm * cent / (km + cent)", "kin * (1 - imax * cent / (ic + cent)) - kout * neut"),
        starts=("0", "kin / kout"), outputs="cent neut")
    before_doses = Rule(
        name="before doses", ladder=(_one("0.5 * target"), _one("target"), _one("1.5 * target"), _one("2 * target")),
        start_level=1, remembers=(("worst", 1e3, _one("min(worst, anc)")), ("asked", 0.0, _one("asked + 1"))),
        branches=(
            Branch(when=_one("anc < 0.3 * low"), actions=(Action(kind="stop", lines=(0,)),), in_a_row=2),
            Branch(when=_one("anc < low and asked > 1"), actions=(
                Action(kind="hold", lines=(0,)), Action(kind="level_down", lines=(0,)))),
            Branch(when=_one("anc < high"), actions=(Action(kind="delay", lines=(0,), value=_one("0.375")),
                                                     Action(kind="resume", lines=(0,)))),
            Branch(when=_one("worst > low"), actions=(Action(kind="level_up", lines=(0,)),), in_a_row=2),
            Branch(when=_one("anc > 2 * high"), actions=(
                Action(kind="resume", lines=(0,)), Action(kind="level_to", lines=(0,), value=_one("1"))), in_a_row=3)))
    by_calendar = Rule(
        name="by calendar", branches=(
            Branch(when=_one("read < 0.2 * target"), actions=(
                Action(kind="give", inlet=1, value=_one("0.7 * target"), duration=_one("1.25")),
                Action(kind="rate", inlet=0, value=_one("0.4 * vm")))),
            Branch(when=_one("read > target"), actions=(
                Action(kind="rate", inlet=0, value=_one("0")), Action(kind="amount", lines=(0, 1),
                                                                      value=_one("0.6 * target")))),
            Branch(when=_one("low_so_far < 0.2 * low"), actions=(Action(kind="leave"),))))
    on_event = Rule(name="on the event", on_events=(0,), branches=(
        Branch(when=None, actions=(Action(kind="start", lines=(1,)),)),))
    pump = Rule(
        name="pump", remembers=(("steepness", 0.0, _one("0.5 * steepness + trend")), ("n", 1.0, _one("n + 1"))),
        branches=(
            Branch(when=_one("trend < -0.5 * low"), actions=(
                Action(kind="rate", lines=(2,), inlet=2, value=_one("0")), Action(kind="note"))),
            Branch(when=_one("n > 5"), actions=(Action(kind="rate", lines=(2,), inlet=2, value=_one("0")),
                                                Action(kind="stop", lines=(2,)))),
            Branch(when=None, actions=(Action(kind="rate", lines=(2,), inlet=2, step=0.3, least=0.2, most=4.0,
                                              value=_one("0.2 * vm + 2 * steepness")),))))
    return replace(
        model, inlets=(Inlet(drug="x", route="iv", state="cent", lag=_one("lag")),
                       Inlet(drug="x", route="short", state="cent", bioavailability=_one("0.9")),
                       Inlet(drug="x", route="pump", state="cent", bioavailability=_one("0.7"), lag=_one("lag / 2"))),
        signals=(Signal(name="anc", value=_one("neut"), additive=0.05, proportional=0.1, lloq=0.2),
                 Signal(name="read", value=_one("cent"), proportional=0.2),
                 Signal(name="trend", value=_one("neut"), additive=0.05, intervals=2, spacing=0.75)),
        functionals=(Functional(name="low_so_far", kind="lowest", of=_one("neut")),),
        triggers=(Trigger(name="toxicity", excess=_one("cent - tox")),),
        rules=(before_doses, by_calendar, on_event, pump))
