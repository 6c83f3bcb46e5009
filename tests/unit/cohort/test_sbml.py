"""SBML models as cohorts: the same courses as the equations written by hand, the same units, refusals by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libsbml
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import trialsim
from tests.whole_runs import ROOT
from trialsim.cohort.course_model import course_model, parameter_matrix
from trialsim.cohort.model import Cohort
from trialsim.cohort.patients import Candidates
from trialsim.cohort.read import cohort_of_text
from trialsim.cohort.sbml_document import cohort_of_sbml, rates_at
from trialsim.cohort.sbml_names import cohort_names
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import no_doses
from trialsim.foundation.errors import TrialsimError

MODELS = ROOT / "tests" / "sbml"
Model = Any  # libsbml has no types


def imported(text: str, **options: Any) -> Cohort:
    """Return the cohort of an SBML text."""
    document = cohort_of_sbml(text, "model.xml", options.get("without_units", False), options.get("time_unit"))
    return cohort_of_text(document, "model.yaml", Path())[0]


def course(cohort: Cohort, times: list[float], outputs: list[str]) -> np.ndarray:
    """Return outputs [times, outputs] of the typical individual."""
    model = course_model(cohort, (), outputs, 0.0)
    typical = {parameter.name: np.array([parameter.typical]) for parameter in cohort.parameters}
    rows = parameter_matrix(model, Candidates(covariates={}, parameters=typical))
    found = courses(model, rows, no_doses(1), np.array([times]), np.zeros((1, 0)), [], [], times[-1])
    assert found.status.tolist() == [0]
    return found.outputs[0]


def written(build: Callable[[Model], None], level: int = 3, version: int = 1, time: str = "second") -> str:
    """Return the SBML text of a model that a function fills."""
    document = libsbml.SBMLDocument(level, version)
    model = document.createModel()
    model.setId("made")
    if level > 2 and time:
        model.setTimeUnits(time)
    build(model)
    return libsbml.writeSBMLToString(document)


def formula(text: str) -> Any:
    found = libsbml.parseL3Formula(text)
    assert found is not None, libsbml.getLastParseL3Error()
    return found


def parameter(model: Model, name: str, value: float | None = None, unit: str = "", constant: bool = True) -> None:
    own = model.createParameter()
    own.setId(name)
    own.setConstant(constant)
    if value is not None:
        own.setValue(value)
    if unit:
        own.setUnits(unit)


def rate_rule(model: Model, name: str, text: str) -> None:
    rule = model.createRateRule()
    rule.setVariable(name)
    rule.setMath(formula(text))


def assignment_rule(model: Model, name: str, text: str) -> None:
    rule = model.createAssignmentRule()
    rule.setVariable(name)
    rule.setMath(formula(text))


def compartment(model: Model, name: str, size: float, unit: str = "", constant: bool = True) -> None:
    own = model.createCompartment()
    own.setId(name)
    own.setSize(size)
    own.setSpatialDimensions(3)
    own.setConstant(constant)
    if unit:
        own.setUnits(unit)


def species(
    model: Model,
    name: str,
    where: str,
    amount: float | None = None,
    concentration: float | None = None,
    means_amount: bool = False,
    boundary: bool = False,
    constant: bool = False,
) -> None:
    own = model.createSpecies()
    own.setId(name)
    own.setCompartment(where)
    own.setHasOnlySubstanceUnits(means_amount)
    own.setBoundaryCondition(boundary)
    own.setConstant(constant)
    if amount is not None:
        own.setInitialAmount(amount)
    if concentration is not None:
        own.setInitialConcentration(concentration)


def reaction(model: Model, name: str, uses: dict[str, float], makes: dict[str, float], law: str, *others: str) -> Any:
    own = model.createReaction()
    own.setId(name)
    own.setReversible(False)
    own.setFast(False)
    for create, parts in ((own.createReactant, uses), (own.createProduct, makes)):
        for of, how_many in parts.items():
            reference = create()
            reference.setSpecies(of)
            reference.setStoichiometry(how_many)
            reference.setConstant(True)
    for other in others:
        own.createModifier().setSpecies(other)
    own.createKineticLaw().setMath(formula(law))
    return own


def refusal(text: str, **options: Any) -> TrialsimError:
    with pytest.raises(TrialsimError) as fault:
        imported(text, **options)
    return fault.value


@pytest.mark.long
def test_saturable_elimination_and_its_effect_with_units() -> None:
    cohort = imported((MODELS / "michaelis-menten.xml").read_text(encoding="utf-8"))
    assert (cohort.time.text, cohort.limits) == ("h", ())
    units = {state.name: state.unit.text for state in cohort.states}
    assert units == {"dose": "umol", "drug_amount": "umol", "gone": "umol", "marker": "umol/L"}

    def slopes(t: float, y: np.ndarray) -> list[float]:
        dose, amount, _, marker = y
        drug = amount / 5.5
        inhibition = drug / (3 + drug) if drug > 0.01 else 0.0
        eliminated = 5.5 * 6 * 2 * drug / (4 + drug)
        return [-0.9 * dose, 0.9 * dose - eliminated, eliminated, 0.15 * 10 * (1 - inhibition) - 0.15 * marker]

    times = [0.5, 2.0, 6.0, 12.0]
    by_hand = solve_ivp(slopes, (0, 12), [120, 0, 0, 10], "LSODA", times, rtol=1e-10, atol=1e-12, max_step=0.01)
    ours = course(cohort, times, ["dose", "drug_amount", "gone", "marker", "drug"])
    np.testing.assert_allclose(ours[:, :4], by_hand.y.T, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ours[:, 4], by_hand.y[1] / 5.5, rtol=1e-6)


@pytest.mark.long
def test_a_feedback_without_units() -> None:
    """The circadian feedback of Goldbeter 1995 (Proc R Soc Lond B 261:319), as models in BioModels are written."""
    cohort = imported((MODELS / "per-feedback.xml").read_text(encoding="utf-8"))
    assert cohort.limits == (
        "Units are not checked: every number is taken as it stands, and time counts h. The source gives none for vs, "
        "KI, n, ks, Pt, decay_Vm, decay_Km, r01_V and 11 more.",
    )

    def slopes(t: float, y: np.ndarray) -> list[float]:
        m, p0, p1, p2, pn = y
        r01, r10 = 3.2 * p0 / (2 + p0), 1.58 * p1 / (2 + p1)
        r12, r21 = 5 * p1 / (2 + p1), 2.5 * p2 / (2 + p2)
        return [
            0.76 / (1 + pn**4) - 0.65 * m / (0.5 + m), 0.38 * m - r01 + r10, r01 - r10 - r12 + r21,
            r12 - r21 - 0.95 * p2 / (0.2 + p2) - 1.9 * p2 + 1.3 * pn, 1.9 * p2 - 1.3 * pn,
        ]  # fmt: skip

    times = [6.0, 24.0, 48.0]
    by_hand = solve_ivp(slopes, (0, 48), [0.1] + [0.25] * 4, "DOP853", times, rtol=1e-11, atol=1e-13)
    ours = course(cohort, times, ["M", "P0", "P1", "P2", "PN", "Pt"])
    np.testing.assert_allclose(ours[:, :5], by_hand.y.T, rtol=1e-6)
    np.testing.assert_allclose(ours[:, 5], by_hand.y[1:].sum(axis=0), rtol=1e-6)


def test_units_and_bare_numbers_say_the_same() -> None:
    text = (MODELS / "michaelis-menten.xml").read_text(encoding="utf-8")
    with_units, bare = imported(text), imported(text, without_units=True)
    for how_far in (0.0, 1.0):
        assert rates_at(with_units, how_far, {}) == pytest.approx(rates_at(bare, how_far, {}), rel=1e-12)
    assert bare.limits == (
        "Units are not checked: every number is taken as it stands, and time counts h. They were left out on request.",
    )


def mathematics(model: Model) -> None:
    for name, value in (("a", 2.0), ("b", 3.0), ("t", 5.0), ("_x", 0.5), ("if", 7.0), ("s", 11.0)):
        parameter(model, name, value)
    parameter(model, "y", 1.0, constant=False)
    parameter(model, "z", 0.5, constant=False)
    rate_rule(model, "y", "root(3, a) + log10(b) + log(2, t) + ln(a) - sqrt(b) + exp(-_x) * if + s / 2^a + abs(-a)")
    rate_rule(model, "z", "piecewise(a, y > 2 && b < 4, b, y > 100, time + a) * min(a, b, t) - max(a, 1) * z - pi")


def test_formulas_and_names() -> None:
    cohort = imported(written(mathematics, version=2), without_units=True)
    names = [parameter.name for parameter in cohort.parameters]
    assert names == ["a", "b", "t_", "x", "if_", "s_", "y_0", "z_0"]
    assert [p.label for p in cohort.parameters][2:6] == ["t", "_x", "if", "s"]
    rates = rates_at(cohort, 1.0, {})  # t is 1, y is 1 * 1.3 + 0.7, z is 0.5 * 1.3 + 0.7
    expected = (2 ** (1 / 3) + math.log10(3) + math.log2(5) + math.log(2) - math.sqrt(3) + math.exp(-0.5) * 7
                + 11 / 4 + 2)  # fmt: skip
    assert rates["y"] == pytest.approx(expected, rel=1e-13)
    assert rates["z"] == pytest.approx((1 + 2) * 2 - 2 * (0.5 * 1.3 + 0.7) - math.pi, rel=1e-13)


def test_species_in_all_their_forms() -> None:
    def build(model: Model) -> None:
        compartment(model, "V", 4.0)
        species(model, "conc", "V", concentration=3.0)
        species(model, "given_as_amount", "V", amount=8.0)
        species(model, "amount", "V", concentration=2.0, means_amount=True)
        species(model, "pool", "V", concentration=5.0, boundary=True)
        species(model, "fixed_amount", "V", amount=6.0, constant=True)
        parameter(model, "k", 0.1)
        reaction(model, "r", {"conc": 2, "pool": 1}, {"amount": 1, "given_as_amount": 3},
                 "k * conc * pool * fixed_amount * V + k * amount", "fixed_amount")  # fmt: skip

    cohort = imported(written(build), without_units=True)
    assert {p.name: p.typical for p in cohort.parameters} == {
        "V": 4.0, "conc_0": 3.0, "given_as_amount_0": 8.0, "amount_0": 8.0, "pool": 5.0, "fixed_amount_amount": 6.0,
        "k": 0.1,
    }  # fmt: skip
    rate = 0.1 * 3 * 5 * (6 / 4) * 4 + 0.1 * 8
    assert rates_at(cohort, 0.0, {}) == pytest.approx(
        {"conc_amount": -2 * rate, "given_as_amount_amount": 3 * rate, "amount": rate}, rel=1e-13
    )


def test_what_begins_with_formulas() -> None:
    def build(model: Model) -> None:
        compartment(model, "V", 4.0)
        species(model, "x", "V")
        parameter(model, "twice", constant=True)
        parameter(model, "follows", constant=False)
        parameter(model, "w", 3.0)
        assignment_rule(model, "follows", "w * x + time")
        for name, text in (("x", "w + 1"), ("twice", "2 * follows")):
            start = model.createInitialAssignment()
            start.setSymbol(name)
            start.setMath(formula(text))
        reaction(model, "r", {"x": 1}, {}, "twice * V * x")

    cohort = imported(written(build), without_units=True)
    assert rates_at(cohort, 0.0, {}) == pytest.approx({"x_amount": -(2 * 3 * 4) * 4 * 4}, rel=1e-13)


def test_a_volume_that_changes_dilutes() -> None:
    def build(model: Model) -> None:
        compartment(model, "V", 2.0, constant=False)
        species(model, "c", "V", concentration=3.0)
        rate_rule(model, "V", "1")
        reaction(model, "r", {"c": 1}, {}, "0.1 * c * V")

    cohort = imported(written(build), without_units=True)
    states = {state.name for state in cohort.states}
    assert states == {"V", "c_amount"}
    # Away from the beginning the volume is 2 * 1.3 + 0.7 and the amount 6 * 1.3 + 0.7; the rate is a tenth of it.
    assert rates_at(cohort, 1.0, {})["c_amount"] == pytest.approx(-0.1 * 8.5, rel=1e-13)


def test_level_2_has_seconds_unless_somebody_knows_better() -> None:
    def build(model: Model) -> None:
        parameter(model, "y", 1.0, constant=False)
        rate_rule(model, "y", "-y")

    text = written(build, level=2, version=4)
    assert imported(text).time.text == "s"
    assert imported(text, time_unit="h").time.text == "h"


def test_time_has_to_be_said() -> None:
    def build(model: Model) -> None:
        parameter(model, "y", 1.0, constant=False)
        rate_rule(model, "y", "-y")

    fault = refusal(written(build, time=""))
    assert (fault.slug, fault.exit_code) == ("sbml-time", 2)
    assert str(fault) == "'model.xml' does not say in what time runs\n  = say it: --time-unit h"
    assert imported(written(build, time=""), time_unit="day").time.text == "day"
    assert str(refusal(written(build), time_unit="h")) == (
        "'model.xml' says itself that time runs in s\n  = leave --time-unit out"
    )  # fmt: skip
    assert str(refusal(written(build), time_unit="kg")) == "kg is no unit of time\n  = it looks like: h"


def test_everything_that_a_cohort_cannot_say_is_named_at_once() -> None:
    def build(model: Model) -> None:
        compartment(model, "V", 1.0)
        species(model, "x", "V", concentration=1.0)
        parameter(model, "k", 1.0)
        parameter(model, "free", constant=False)
        event = model.createEvent()
        event.setId("dosing")
        event.setUseValuesFromTriggerTime(True)
        trigger = event.createTrigger()
        trigger.setMath(formula("time > 5"))
        trigger.setInitialValue(True)
        trigger.setPersistent(True)
        rule = model.createAlgebraicRule()
        rule.setMath(formula("free - k"))
        own = reaction(model, "slow", {"x": 1}, {}, "delay(x, 2) * k")
        own.setFast(True)
        reaction(model, "wave", {}, {"x": 1}, "sin(time)")
        bare = model.createReaction()
        bare.setId("unsaid")
        bare.setReversible(False)
        bare.setFast(False)
        bare.createProduct().setSpecies("x")
        bare.getProduct(0).setConstant(True)
        bare.getProduct(0).setStoichiometry(1)

    fault = refusal(written(build))
    have = "the expressions of a cohort have exp, log, sqrt, abs, min, max, if, and powers"
    assert (fault.slug, fault.message) == ("sbml-not-supported", "'model.xml' says what a cohort cannot")
    assert fault.notes == (
        "event 'dosing'",
        "algebraic rule number 1",
        "fast reaction 'slow'",
        "reaction 'unsaid' without a kinetic law",
        f"the kinetic law of 'slow' uses 'delay'; {have}",
        f"the kinetic law of 'wave' uses 'sin'; {have}",
    )


def test_a_symbol_without_a_number() -> None:
    def build(model: Model) -> None:
        parameter(model, "k")
        parameter(model, "unused")
        parameter(model, "y", 1.0, constant=False)
        rate_rule(model, "y", "-k * y")

    assert str(refusal(written(build))) == "'k' has no number to begin with\n  = give it a value, or a rule"


def test_what_is_no_model() -> None:
    fault = refusal("<html/>")
    assert (fault.slug, fault.message) == ("sbml-invalid", "'model.xml' is no valid SBML")
    assert fault.notes == ("line 2: Document does not conform to the SBML XML schema",)


def decay(model: Model, unit: str, law: str) -> None:
    """A first-order loss in a model that declares every unit."""
    model.setSubstanceUnits("mole")
    model.setExtentUnits("mole")
    for name, multiplier in (("per_second", 1.0), ("per_minute", 60.0)):
        definition = model.createUnitDefinition()
        definition.setId(name)
        own = definition.createUnit()
        own.setKind(libsbml.UNIT_KIND_SECOND)
        own.setExponent(-1)
        own.setScale(0)
        own.setMultiplier(multiplier)
    compartment(model, "V", 1.0, "litre")
    species(model, "x", "V", amount=1.0, means_amount=True)
    model.getSpecies(0).setSubstanceUnits("mole")
    parameter(model, "k", 3.0, unit)
    reaction(model, "r", {"x": 1}, {}, law)


def test_units_that_contradict_each_other_are_refused() -> None:
    fault = refusal(written(lambda model: decay(model, "per_minute", "k * x")))
    assert fault.slug == "sbml-units"
    assert fault.message == "the units of 'model.xml' do not go through its equations"
    assert fault.notes[-1] == "--without-units takes the numbers as they stand"


def test_units_that_a_bare_number_converts_are_refused() -> None:
    """A division by 60 without a unit is right for the numbers and wrong for the units."""
    text = written(lambda model: decay(model, "per_minute", "k / 60 * x"))
    fault = refusal(text)
    assert (fault.slug, fault.message) == ("sbml-units", "the numbers of 'model.xml' do not agree with its units")
    assert fault.notes == (
        "the rate of x is -0.000833333 by its units and -0.05 by its bare numbers",
        "--without-units takes the numbers as they stand",
    )  # fmt: skip
    assert rates_at(imported(text, without_units=True), 0.0, {}) == {"x": -0.05}
    sound = imported(written(lambda model: decay(model, "per_second", "k * x")))
    assert rates_at(sound, 0.0, {}) == {"x": -3.0}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([("second", 1, 0, 60)], "min"), ([("second", 1, 0, 86400)], "d"), ([("mole", 1, -9, 1)], "nmol"),
        ([("mole", 1, -3, 1), ("litre", -1, 0, 1)], "mmol/L"), ([("metre", 3, -1, 1)], "dm^3"),
        ([("gram", 1, -3, 1), ("litre", -1, -3, 1)], "mg/mL"), ([("katal", 1, 0, 1)], "mol/s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_units_by_their_own_names(parts: list[tuple[str, int, int, float]], expected: str) -> None:
    from trialsim.cohort.sbml_units import unit_of_definition

    found = unit_of_definition(definition(parts))
    assert found is not None
    assert (found.unit.text, found.factor) == (expected, 1)


def test_units_without_a_name_of_their_own_become_a_factor() -> None:
    from trialsim.cohort.sbml_units import unit_of_definition

    found = unit_of_definition(definition([("second", -1, 0, 90), ("dimensionless", 1, -2, 1)]))
    assert found is not None
    assert (found.unit.text, float(found.factor)) == ("1/s", pytest.approx(0.01 / 90, rel=1e-15))
    assert unit_of_definition(definition([("volt", 1, 0, 1)])) is None


def definition(parts: list[tuple[str, int, int, float]]) -> Any:
    made = libsbml.UnitDefinition(3, 1)
    for kind, exponent, scale, multiplier in parts:
        own = made.createUnit()
        own.setKind(libsbml.UnitKind_forName(kind))
        own.setExponent(exponent)
        own.setScale(scale)
        own.setMultiplier(multiplier)
    return made


def test_names_that_a_cohort_cannot_have() -> None:
    names = cohort_names(["t", "t_", "_a", "a", "patient", "exp", "h", "k_additive"], ("h",))
    assert names == {"t": "t_2", "t_": "t_", "_a": "a_", "a": "a", "patient": "patient_", "exp": "exp_", "h": "h_",
                     "k_additive": "k_additive_"}  # fmt: skip


def test_an_imported_cohort_is_a_cohort(tmp_path: Path) -> None:
    document = trialsim.import_sbml(MODELS / "michaelis-menten.xml")
    path = tmp_path / "drug.yaml"
    path.write_text(document, encoding="utf-8")
    assert trialsim.check_document(path).notes[0].startswith("dynamics of drug_turnover: adaptive")
    reference = trialsim.load_cohort(path).references[0]
    assert reference.where is not None and reference.where.startswith("michaelis-menten.xml, SHA-256 ")


def test_without_libsbml(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "libsbml" else known(name))
    with pytest.raises(TrialsimError) as fault:
        trialsim.import_sbml(MODELS / "michaelis-menten.xml")
    assert (fault.value.slug, fault.value.exit_code) == ("no-libsbml", 2)
    assert str(fault.value) == (
        "importing SBML needs python-libsbml, which is not installed\n  = run: pip install 'trialsim[sbml]'"
    )  # fmt: skip


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(TrialsimError) as fault:
        trialsim.import_sbml("nowhere.xml")
    assert str(fault.value) == "the file 'nowhere.xml' cannot be read\n  = No such file or directory"
