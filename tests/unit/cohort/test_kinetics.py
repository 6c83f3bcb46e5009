"""Kinetics by name: every document reads, its units check in a cohort, and its equations are the published ones."""

from math import exp, isclose, log, sqrt
from pathlib import Path

import numpy as np
import pytest

from tests.unit.cohort.kinetics_hosts import DOCUMENTS, HEAD, ROOT, at_a_point, host, unit_of_kind
from trialsim.cohort.course_model import course_model
from trialsim.cohort.kinds import kind_of
from trialsim.cohort.read import cohort_of_text
from trialsim.cohort.write import cohort_text
from trialsim.dynamics.courses import courses
from trialsim.dynamics.doses import Schedule
from trialsim.foundation.errors import InvalidDocument, TrialsimError
from trialsim.foundation.expression import to_text


def at(*base, **numbers):
    return dict(*base, **numbers)


FIRST = {name: [("one_compartment", "")] for name in DOCUMENTS if "into" in DOCUMENTS[name].needs}
EACH = pytest.mark.parametrize("name", DOCUMENTS)


@EACH
def test_a_document_is_named_as_its_file_says_what_it_is_and_cites(name):
    kinetics = DOCUMENTS[name]
    assert kinetics.id == name
    assert kinetics.references and kinetics.needs and kinetics.names + kinetics.routes


@EACH
def test_units_check_through_every_document_and_what_is_written_out_reads_back(name):
    cohort = host(*FIRST.get(name, []), (name, ""))
    again, _ = cohort_of_text(cohort_text(cohort), "again.yaml", ROOT)
    assert again == cohort
    assert {s.name for s in cohort.states} | {q.name for q in cohort.quantities} >= set(DOCUMENTS[name].names)


@EACH
def test_an_argument_of_another_kind_is_refused_with_its_place(name):
    kinetics = DOCUMENTS[name]
    told = [n for n, need in kinetics.needs.items() if not need.kind.free and n != "into"]
    for argument in told:
        with pytest.raises(InvalidDocument) as fault:
            host(*FIRST.get(name, []), (name, ""), parameters={argument: "1 degC"})
        assert f"the argument {argument!r} of {name} is in the wrong kind of unit" in str(fault.value)
    assert told or name in ("linear_link", "emax_link", "log_linear_link", "linear_progression")


def test_a_free_word_means_one_thing_throughout_a_use():
    with pytest.raises(InvalidDocument) as fault:
        host(("emax_link", ""), parameters={"EC50": "1 mmHg"})
    assert fault.value.message == "the argument 'EC50' of emax_link is in the wrong kind of unit"
    assert fault.value.notes == (
        "EC50: concentration of half the largest effect", "given: pressure",
        "expected: concentration (activity (IU or U))",
    )  # fmt: skip


LINEAR = {
    "one_compartment": ("CL, V", "central: {rate: -CL / V * central + ka * depot, DOORS}", "V"),
    "two_compartment": (
        "CL, V1, Q, V2",
        "central: {rate: Q / V2 * peripheral - (CL / V1 + Q / V1) * central + ka * depot, DOORS}\n"
        "  peripheral: {rate: Q / V1 * central - Q / V2 * peripheral}",
        "V1",
    ),
    "three_compartment": (
        "CL, V1, Q2, V2, Q3, V3",
        "central: {rate: Q2 / V2 * peripheral + Q3 / V3 * deep - (CL / V1 + Q2 / V1 + Q3 / V1) * central + ka * depot,"
        " DOORS}\n  peripheral: {rate: Q2 / V1 * central - Q2 / V2 * peripheral}\n"
        "  deep: {rate: Q3 / V1 * central - Q3 / V3 * deep}",
        "V1",
    ),
}
VALUES = {"CL": "3 L/h", "V": "20 L", "V1": "20 L", "Q": "2 L/h", "V2": "50 L", "Q2": "2 L/h", "Q3": "0.5 L/h",
          "V3": "100 L", "ka": "0.9 1/h", "lag": "0.25 h", "F": "80%"}  # fmt: skip


def outputs(cohort):
    """Concentrations after a bolus, an infusion and an oral dose, as the bytes they are."""
    model = course_model(cohort, [], ["conc"], 0.0)
    parameters = [[p.typical for p in cohort.parameters]]
    inlets = [i.route for i in model.inlets]
    doses = Schedule(
        offsets=np.array([0, 3]),
        time=np.array([0.0, 5.0, 7.0]),
        amount=np.array([100.0, 50.0, 200.0]),
        inlet=np.array([inlets.index(r) for r in ("iv", "iv", "oral")]),
        duration=np.array([0.0, 1.5, 0.0]),
    )
    samples = np.array([[0.1, 1.0, 4.0, 5.5, 6.0, 7.0, 7.5, 9.0, 24.0]])
    run = courses(model, np.array(parameters), doses, samples, np.empty((1, 0)), [], [], [30.0])
    assert run.status[0] == 0
    return run.outputs.tobytes()


@pytest.mark.long
@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_system_by_name_is_the_system_by_its_rates_bit_for_bit(name):
    needs, states, volume = LINEAR[name]
    used = [*needs.split(", "), "ka", "lag", "F"]
    parameters = "parameters:\n" + "".join(f"  {n}: {{typical: {VALUES[n]}}}\n" for n in used)
    written = states.replace("DOORS", "receives: [{drug: x, route: iv}]")
    depot = "  depot: {rate: -ka * depot, receives: [{drug: x, route: oral, lag: lag, bioavailability: F}]}\n"
    by_hand = (
        f"{parameters}dynamics:\n  {written}\n{depot}quantities:\n  conc: {{is: central / {volume}, unit: mg/L}}\n"
    )
    by_name = f"{parameters}kinetics: [{{use: {name}, drug: x}}, {{use: first_order_absorption, drug: x}}]\n"
    made = [cohort_of_text(HEAD + text, "x.yaml", ROOT / "cohorts")[0] for text in (by_hand, by_name)]
    assert outputs(made[0]) == outputs(made[1])


def close(a, b):
    return isclose(a, b, rel_tol=1e-12, abs_tol=1e-14)


def test_the_full_target_mediated_model_is_mager_and_jusko():
    numbers = at(CL=0.3, V=4.0, ksyn=0.7, kdeg=0.2, kint=0.05, kon=1.3, koff=0.11)
    state = at(central=10.0, target=2.0, complex=0.7)
    rates, starts, known = at_a_point(host(("tmdd_full", "")), {**numbers, **state})
    c, r, rc = 10.0 / 4.0, 2.0, 0.7
    binding = 1.3 * c * r - 0.11 * rc
    assert close(known["conc"], c) and close(starts["target"], 0.7 / 0.2)
    assert close(rates["central"] / 4.0, -0.3 / 4.0 * c - binding)
    assert close(rates["target"], 0.7 - 0.2 * r - binding)
    assert close(rates["complex"], binding - 0.05 * rc)


@pytest.mark.parametrize(("name", "constant"), [("tmdd_quasi_equilibrium", "KD"), ("tmdd_quasi_steady_state", "KSS")])
def test_the_approximations_are_those_of_gibiansky(name, constant):
    numbers = {
        "CL": 0.3,
        "V": 4.0,
        "ksyn": 0.7,
        "kdeg": 0.2,
        "kint": 0.05,
        constant: 0.6,
        "central": 10.0,
        "target": 2.0,
    }
    rates, starts, known = at_a_point(host((name, "")), numbers)
    total, r, k = 2.5, 2.0, 0.6
    c = 0.5 * (total - r - k + sqrt((total - r - k) ** 2 + 4 * k * total))
    bound = r * c / (k + c)  # what the root stands for
    assert close(known["conc"], c) and isclose(known["bound"], bound, rel_tol=1e-12)
    assert close(rates["central"] / 4.0, -0.3 / 4.0 * c - 0.05 * bound)
    assert close(rates["target"], 0.7 - 0.2 * r - (0.05 - 0.2) * bound)
    assert starts["target"] == 0.7 / 0.2


def test_saturable_eliminations():
    mm = at(Vmax=2.0, Km=0.5, V=4.0, central=10.0, V1=4.0, Q=0.7, V2=9.0, peripheral=3.0, CL=0.1)
    assert close(
        at_a_point(host(("one_compartment_saturable", ", with: {CL: 0 L/h}")), mm)[0]["central"], -2.0 * 2.5 / 3.0
    )
    two = at_a_point(host(("two_compartment_saturable", "")), mm)[0]
    exchange = 0.7 * (2.5 - 3.0 / 9.0)
    assert close(two["central"], -2.0 * 2.5 / 3.0 - 0.1 * 2.5 - exchange) and close(two["peripheral"], exchange)
    target = at_a_point(host(("tmdd_michaelis_menten", "")), at(mm, kint=0.2, target=3.0, KSS=0.5))[0]["central"]
    assert close(target, -0.1 * 2.5 - 0.2 * 3.0 * 4.0 * 2.5 / 3.0)
    beside = at_a_point(host(("one_compartment", ""), ("peripheral_compartment", "")), mm)[0]
    assert close(beside["peripheral"], exchange) and close(beside["central"], -0.1 * 2.5 - exchange)


@pytest.mark.parametrize(
    ("name", "effect", "expected"),
    [
        ("inhibited_production", at(Imax=0.8, IC50=2.0), 0.3 * 50.0 * (1 - 0.8 * 4.0 / 6.0) - 0.3 * 40.0),
        ("inhibited_loss", at(Imax=0.8, IC50=2.0), 0.3 * 50.0 - 0.3 * (1 - 0.8 * 4.0 / 6.0) * 40.0),
        ("stimulated_production", at(Emax=0.8, EC50=2.0), 0.3 * 50.0 * (1 + 0.8 * 4.0 / 6.0) - 0.3 * 40.0),
        ("stimulated_loss", at(Emax=0.8, EC50=2.0), 0.3 * 50.0 - 0.3 * (1 + 0.8 * 4.0 / 6.0) * 40.0),
    ],
)
def test_the_four_indirect_responses_are_daynekas(name, effect, expected):
    numbers = at(conc=4.0, baseline=50.0, kout=0.3, response=40.0, **effect)
    rates, starts, _ = at_a_point(host((name, "")), numbers)
    assert close(rates["response"], expected) and starts["response"] == 50.0


def test_effect_compartment_and_chain_of_cells():
    assert close(
        at_a_point(host(("effect_compartment", "")), at(conc=4.0, ke0=0.5, effect_site=1.0))[0]["effect_site"], 1.5
    )
    cells = at(effect=0.2, circ0=5.0, MTT=80.0, gamma=0.16, proliferating=4.0, maturing1=3.0, maturing2=2.5,
                 maturing3=2.2, circulating=2.0)  # fmt: skip
    rates, starts, _ = at_a_point(host(("friberg_myelosuppression", "")), cells)
    k = 4 / 80.0
    assert close(rates["proliferating"], k * 4.0 * 0.8 * (5.0 / 2.0) ** 0.16 - k * 4.0)
    assert close(rates["maturing1"], k * (4.0 - 3.0)) and close(rates["circulating"], k * (2.2 - 2.0))
    assert set(starts.values()) == {5.0}


def test_tumour_models_are_the_published_ones():
    claret = at(size=7.0, growth=0.02, exposure=3.0, kill=0.05, resistance=0.01, t=24.0)
    rate = at_a_point(host(("claret_growth_inhibition", "")), claret)[0]["size"]
    assert close(rate, 0.02 * 7.0 - 0.05 * 3.0 * exp(-0.01 * 24.0) * 7.0)
    stein = at_a_point(host(("stein_regression_growth", "")), at(size0=8.0, regression=0.02, growth=0.004, t=24.0))[2]
    assert close(stein["size"], 8.0 * (exp(-0.02 * 24) + exp(0.004 * 24) - 1))
    simeoni = at(conc=2.0, exponential_growth=0.3, linear_growth=0.8, kill=0.05, k1=0.4, growing=3.0, dying1=0.4,
                   dying2=0.3, dying3=0.2)  # fmt: skip
    rates, _, known = at_a_point(host(("simeoni_growth_inhibition", ", with: {psi: 20}")), simeoni)
    whole = 3.0 + 0.4 + 0.3 + 0.2
    assert close(known["size"], whole)
    assert close(rates["growing"], 0.3 * 3.0 / (1 + (0.3 / 0.8 * whole) ** 20) ** (1 / 20) - 0.05 * 2.0 * 3.0)
    assert close(rates["dying1"], 0.05 * 2.0 * 3.0 - 0.4 * 0.4) and close(rates["dying3"], 0.4 * (0.3 - 0.2))
    growth = at(size=7.0, growth=0.02, capacity=20.0, loss=0.001)
    assert close(at_a_point(host(("logistic_growth", "")), growth)[0]["size"], 0.02 * 7 * (1 - 7 / 20) - 0.007)
    assert close(at_a_point(host(("gompertz_growth", "")), growth)[0]["size"], 0.02 * 7 * log(20 / 7) - 0.007)


LINKS = at(conc=3.0, slope=2.0, Emax=10.0, EC50=5.0, gamma=1.7, unit_effect=4.0, reference=6.0)


@pytest.mark.parametrize(
    ("name", "expected", "without"),
    [
        ("linear_link", 6.0, 0.0),
        ("emax_link", 10 * 3 / 8, 0.0),
        ("sigmoid_emax_link", 10 * 3**1.7 / (5**1.7 + 3**1.7), 0.0),
        ("power_link", 4 * 0.5**1.7, 0.0),
        ("log_linear_link", 2 * log(1.5), 0.0),
    ],
)
def test_links(name, expected, without):
    cohort = host((name, ""))
    assert isclose(at_a_point(cohort, LINKS)[2]["effect"], expected, rel_tol=1e-12)
    assert at_a_point(cohort, at(LINKS, conc=0.0))[2]["effect"] == without


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("linear_progression", at(baseline=40.0, slope=0.1), 40 + 0.1 * 24),
        ("asymptotic_progression", at(baseline=40.0, final=90.0, rate=0.03), 90 - 50 * exp(-0.03 * 24)),
        ("gompertz_progression", at(baseline=40.0, final=90.0, rate=0.03), 90 * (40 / 90) ** exp(-0.03 * 24)),
        ("bounded_progression", at(baseline=40.0, maximum=70.0, slope=0.02),
         70 / (1 + exp(-(log(40 / 30) + 0.02 * 24)))),
    ],
)  # fmt: skip
def test_progressions(name, numbers, expected):
    cohort = host((name, ""))
    assert isclose(at_a_point(cohort, at(numbers, t=24.0))[2]["status"], expected, rel_tol=1e-12)
    assert isclose(at_a_point(cohort, at(numbers, t=0.0))[2]["status"], numbers["baseline"], rel_tol=1e-12)


@pytest.mark.parametrize(
    ("name", "numbers", "survival"),
    [
        ("exponential_hazard", at(median=30.0), lambda t: 0.5 ** (t / 30)),
        ("weibull_hazard", at(scale=40.0, shape=1.8), lambda t: exp(-((t / 40) ** 1.8))),
        ("gompertz_hazard", at(initial=0.01, growth=0.05), lambda t: exp(-0.01 / 0.05 * (exp(0.05 * t) - 1))),
        ("log_logistic_hazard", at(median=30.0, shape=2.5), lambda t: 1 / (1 + (t / 30) ** 2.5)),
    ],
)
def test_a_hazard_is_that_of_its_survival(name, numbers, survival):
    """minus the slope of the log of the survival function, by central differences."""
    cohort = host((name, ""))
    for t in (5.0, 24.0, 60.0):
        slope = (log(survival(t - 1e-4)) - log(survival(t + 1e-4))) / 2e-4
        assert isclose(at_a_point(cohort, at(numbers, t=t))[2]["hazard"], slope, rel_tol=1e-7)


def test_absorptions_lead_into_any_state_and_split_doses():
    cohort = host(("tmdd_quasi_steady_state", ""), ("parallel_absorption", ", routes: {oral: sc}"))
    model = course_model(cohort, [], [], 0.0)
    assert [(i.route, i.state) for i in model.inlets] == [("iv", "central"), ("sc", "depot1"), ("sc", "depot2")]
    rates = at_a_point(cohort, at(central=0.0, target=0.0, ka1=2.0, ka2=0.5, depot1=3.0, depot2=8.0, ksyn=0.0))[0]
    assert close(rates["central"], 10.0)
    split = host(("one_compartment", ""), ("zero_then_first_order_absorption", ""))
    inlets = course_model(split, [], [], 0.0).inlets
    assert [(i.route, i.state, i.duration is None, i.lag is None) for i in inlets] == [
        ("iv", "central", True, True), ("oral", "central", False, True), ("oral", "depot", True, False)
    ]  # fmt: skip
    for bare, lag, share in ((True, None, None), (False, "lag", "F")):
        uses = (("one_compartment", ""), ("transit_absorption", ", with: {mean_time: 2 h}"))
        chain = course_model(host(*uses, bare=bare), [], [], 0.0).inlets[1]
        assert (chain.state, to_text(chain.transit.number), to_text(chain.transit.mean_time)) == (
            "depot",
            "number",
            "2",
        )
        assert [term and to_text(term) for term in (chain.lag, chain.bioavailability)] == [lag, share]


def test_quantities_of_kinetics_stand_where_they_see_what_they_need():
    rest = "quantities:\n  load: {is: conc * V, unit: ug}\n  share: {is: load / (1 ug)}\n"
    cohort = host(("one_compartment", ""), ("linear_link", ", with: {conc: share, slope: 2 mmHg}"), rest=rest)
    assert [q.name for q in cohort.quantities] == ["conc", "load", "share", "effect"]
    assert [str(q.unit) for q in cohort.quantities] == ["mg/L", "ug", "", "mmHg"]


def test_the_documents_cited_are_those_used():
    uses = (("one_compartment", ""), ("first_order_absorption", ""), ("emax_link", ", with: {EC50: 1 mg/L}"))
    assert [reference.used_for for reference in host(*uses).references] == [
        "kinetics one_compartment: the equations", "kinetics emax_link: the equation"
    ]  # fmt: skip


def test_a_document_of_ones_own_beside_the_cohort(tmp_path):
    own = tmp_path / "kinetics" / "mine.yaml"
    own.parent.mkdir()
    (tmp_path / "cohorts").mkdir()
    text = (ROOT / "kinetics" / "disposition" / "one_compartment.yaml").read_text("utf-8")
    own.write_text(text.replace("id: one_compartment", "id: mine").replace("CL / V", "2 * CL / V"))
    cohort = HEAD + "parameters: {CL: {typical: 1 L/h}, V: {typical: 1 L}}\nkinetics: [{use: mine, drug: x}]\n"
    made, _ = cohort_of_text(cohort, "c.yaml", tmp_path / "cohorts")
    assert at_a_point(made, at(central=1.0))[0]["central"] == -2.0
    own.write_text(
        text.replace("central / V", "central / W").replace("[{route: iv}]", "[{route: iv, lag: since(dose)}]")
    )
    with pytest.raises(InvalidDocument) as fault:
        cohort_of_text(cohort, "c.yaml", tmp_path / "cohorts")
    assert [(d.slug, Path(d.place.file).name) for d in fault.value.diagnostics] == [
        ("unknown-event", "mine.yaml"), ("unknown-name", "mine.yaml")
    ]  # fmt: skip


def test_kinds():
    assert unit_of_kind(kind_of("amount/volume/time").text) == "nmol/L/h"
    with pytest.raises(TrialsimError) as fault:
        kind_of("L/h")
    assert str(fault.value) == (
        "'L/h' is no kind of argument\n  = a kind looks like: volume/time, 1/time, amount/volume, response"
    )
