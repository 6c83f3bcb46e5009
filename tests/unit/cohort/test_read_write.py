import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialsim.cohort.read import cohort_of_text, files_beside, read_cohort
from trialsim.cohort.resolve import digest_of
from trialsim.cohort.write import cohort_text
from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import to_text

SHIPPED = sorted((Path(__file__).parents[3] / "cohorts").glob("*.yaml"))
BEMPEDOIC_ACID = next(path for path in SHIPPED if path.stem == "bempedoic-acid")
EVERY_FIELD = """
language: cohort 1
id: every-field
title: "Every field: of the language"
context_of_use: no
references: [{cite: "A & B, 2020", doi: 10.1/x, for: structure, where: Table 2}]
limits: ["- it covers nothing", none]
time: day
covariates:
  weight: {lognormal: {median: 70 kg, cv: 20%}, within: [40 kg, 130 kg], label: Body weight,
           over_time: {points: {week 4: x 0.97, week 12: x 0.92}}}
  height: {uniform: {low: 150 cm, high: 2 m}, over_time: {trend: -0.1 mm/year, until: month 6}}
  gfr: {normal: {mean: 90 mL/min/1.73m2, sd: 20 mL/min/1.73m2}, within: [10 mL/min/1.73m2, 150 mL/min/1.73m2]}
  sex: {categories: {female: 0.5, male: 0.5}}
  age: {unit: year}
  cyp2c9: {categories: ["*1/*1", "*1/*x"]}
covariate_correlation: {weight ~ height: 0.5}
covariates_from: {rows_of: rows.csv}
parameters:
  CL:
    typical: 1.5 mL/min
    uncertainty: {rse: 4%}
    between_patients: {lognormal: 28%, uncertainty: {rse: 15%}}
    effects:
      weight: {power: 0.75, reference: 70 kg, uncertainty: {rse: 10%}}
      gfr: {exponential: 0.01 1.73m2*min/mL, reference: 90 mL/min/1.73m2}
      cyp2c9: {"*1/*x": {factor: 0.74, uncertainty: {se: 5%}}}
      sex: {male: x 0.9}
  V:
    typical: 8.1 L
    between_patients: {lognormal: {sd_log: 0.14}, box_cox: 0.5}
    effects: {age: {linear: 0.001 1/year, reference: 40 year}}
  F1: {typical: 80%, uncertainty: {se_logit: 0.2}, between_patients: {logit_normal: 0.5}, label: Bioavailability}
  ka: {typical: 1 1/h, uncertainty: {se_log: 0.25}, between_occasions: {lognormal: 30%, uncertainty: {rse: 40%}}}
  lag: {typical: 15 min}
  drop: {typical: -8 mmHg, uncertainty: {se: 1 mmHg}, between_patients: {normal: 3 mmHg}}
random_effect_correlation: {CL ~ V: 0.3}
occasions: {every: 1 week}
dynamics:
  depot: {rate: -ka * depot, receives: [{drug: w, route: oral, lag: 0.5 h + lag, bioavailability: F1}]}
  central: {rate: ka * depot - CL / V * central, receives: [{drug: w, route: iv}], unit: ug}
  chain: {rate: -ka * chain, unit: mg, receives: [{drug: w, route: chain, transit: {number: 2.5, mean_time: lag}}]}
  skin: {rate: -ka * skin, receives: [{drug: w, route: skin, duration: 2 h + lag, bioavailability: 0.4}], unit: ug}
  vein: {rate: -ka * vein, unit: ug, receives: [{drug: w, route: skin, bioavailability: 1 - 0.4, lag: lag},
         {drug: w, route: pump, rate: 3 mg/h}]}
  effect: {start: "if(sex == female, 1, 0.5)", rate: "(1 - effect) / (2 weeks)", unit: "1"}
quantities:
  conc: {is: central / V, unit: ng/mL, label: Concentration}
  share: {is: conc / (1 mg/L + conc)}
  auc: {integral: conc, over: 24 h, unit: mg*h/L}
  peak: {highest: conc, unit: ug/L, label: Peak}
  trough: {lowest: conc, over: 2 days, unit: ug/L}
  inside: {share_of_time: 1 mg/L <= conc and not (conc > 2 mg/L), over: 1 week}
  relative: {is: peak / (1 mg/L)}
events:
  bleed: {hazard: "0.02 1/year * if(sex == female, 1, 2)", recurrent: true, label: Bleed}
  relapse: {when: conc < 0.1 * highest(conc) or peak > 5 mg/L}
  death: {hazard: {day 0: 0.01 per month, month 6: 0.02 per month, year 1: 1 1/year}, terminal: true}
measures:
  w_conc: {is: conc, error: {proportional: {value: 10%, uncertainty: {rse: 20%}}, additive: 0.2 ug/L}, lloq: 1 ug/L,
           known_after: 1 day}
  pressure: {is: drop * share, unit: mmHg, error: {}}
posterior: every-field
fit:
  data: data.csv
  columns:
    patient: who
    time: {column: hours, unit: h}
    dose: {column: dose_mg, unit: mg, drug: w, route: oral}
    covariates:
      weight: {column: kg, unit: kg}
      gfr: {column: gfr, unit: mL/min/1.73m2}
      age: {column: age, unit: year}
      height: {column: m, unit: m}
    measures: {w_conc: {column: conc, unit: mg/L}}
  sampler: {seed: 1}
"""


def folder_with_files(folder):
    (folder / "rows.csv").write_text("age,cyp2c9,other\n30,*1/*1,x\n50,*1/*x,y\n")
    (folder / "data.csv").write_text(
        "who,hours,dose_mg,conc,kg,gfr,age,m\na,0,5,,70,90,40,1.7\na,2,,0.1,70,90,40,1.7\n"
    )
    return folder


@pytest.fixture
def every_field(tmp_path):
    text = EVERY_FIELD.replace("sex: {male: x 0.9}", "").replace('"if(sex == female, 1, 0.5)"', "1")
    for part in (
        ", over_time: {trend: -0.1 mm/year, until: month 6}",
        ",\n           over_time: {points: {week 4: x 0.97, week 12: x 0.92}}",
        ", between_occasions: {lognormal: 30%, uncertainty: {rse: 40%}}",
        "occasions: {every: 1 week}\n",
        ", box_cox: 0.5",
        text[text.index("  auc: {integral") : text.index("measures:")],
    ):
        assert part in text
        text = text.replace(part, "")
    text = text.replace('      cyp2c9: {"*1/*x": {factor: 0.74, uncertainty: {se: 5%}}}\n', "")
    return text, folder_with_files(tmp_path)


def test_what_is_written_reads_back_as_the_same_cohort(tmp_path):
    text = EVERY_FIELD.split("posterior:")[0]
    cohort, _ = cohort_of_text(text, "cohort.yaml", folder_with_files(tmp_path))
    again, _ = cohort_of_text(cohort_text(cohort), "again.yaml", tmp_path)
    assert again == cohort
    assert cohort_text(again) == cohort_text(cohort)
    assert cohort.context_of_use == "no" and cohort.limits == ("- it covers nothing", "none")


def test_units_are_the_declared_ones_and_numbers_in_them(tmp_path):
    cohort, _ = cohort_of_text(EVERY_FIELD.split("posterior:")[0], "cohort.yaml", folder_with_files(tmp_path))
    assert {s.name: str(s.unit) for s in cohort.states} == {
        "depot": "ng",
        "central": "ug",
        "chain": "mg",
        "skin": "ug",
        "vein": "ug",
        "effect": "",
    }
    assert {c.name: str(c.unit) for c in cohort.covariates} == {
        "weight": "kg", "height": "cm", "gfr": "mL/min/1.73m2", "sex": "", "age": "year", "cyp2c9": ""
    }  # fmt: skip
    height = next(c for c in cohort.covariates if c.name == "height")
    assert (height.distribution.location, height.distribution.spread) == (150.0, 200.0)
    measure = cohort.measures[0]
    assert (measure.error.additive, measure.lloq, measure.known_after) == (0.2, 1.0, 1.0)
    assert to_text(cohort.states[-1].start) == "if(sex == 0, 1, 0.5)"
    assert dict(cohort.covariates_from.columns) == {"age": (30.0, 50.0), "cyp2c9": (0.0, 1.0)}


def test_a_fit_reads_back_too_and_names_its_files(every_field):
    text, folder = every_field
    cohort, document = cohort_of_text(text, "cohort.yaml", folder)
    again, _ = cohort_of_text(cohort_text(cohort), "again.yaml", folder)
    assert again == cohort
    assert [(name, path.name) for name, path in files_beside(cohort)] == [
        ("rows.csv", "rows.csv"),
        ("data.csv", "data.csv"),
    ]
    assert (cohort.fit.chains, cohort.fit.target_accept, cohort.fit.largest_r_hat) == (4, 0.9, 1.01)
    assert document.plain["fit"]["sampler"] == {"seed": "1"}


def test_the_digest_is_that_of_everything_but_the_posterior(every_field):
    text, folder = every_field
    cohort, _ = cohort_of_text(text, "cohort.yaml", folder)
    assert digest_of(replace(cohort, posterior=None)) == cohort.digest
    assert digest_of(replace(cohort, title="another")) != cohort.digest


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_cohorts_read_cite_and_read_back(path):
    cohort, document = read_cohort(path)
    again, _ = cohort_of_text(cohort_text(cohort), "again.yaml", path.parent)
    assert again == cohort
    assert cohort.id == path.stem and cohort.references and cohort.limits
    schema = document.text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert schema == "../docs/reference/cohort.schema.json"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    typical=st.floats(1e-6, 1e6),
    cv=st.floats(0.001, 3.0),
    coefficient=st.floats(-2.0, 2.0),
    rse=st.floats(0.001, 2.0),
    bounds=st.tuples(st.floats(1.0, 60.0), st.floats(80.0, 300.0)),
    title=st.text(string.printable + "äß≥µ", min_size=1, max_size=60).filter(
        lambda t: t.strip() and "\t" not in t and "\x0b" not in t and "\x0c" not in t and "\r" not in t
    ),
)
def test_any_numbers_and_texts_read_back(typical, cv, coefficient, rse, bounds, title):
    cohort, _ = read_cohort(BEMPEDOIC_ACID)
    cl = cohort.parameters[0]
    changed = replace(
        cl,
        typical=typical,
        uncertainty=replace(cl.uncertainty, sd=rse),
        between_patients=replace(cl.between_patients, sd=cv),
        effects=(replace(cl.effects[0], coefficient=coefficient), *cl.effects[1:]),
    )
    weight = cohort.covariates[0]
    narrowed = replace(weight, distribution=replace(weight.distribution, lowest=bounds[0], highest=bounds[1]))
    cohort = replace(
        cohort, title=title, parameters=(changed, *cohort.parameters[1:]), covariates=(narrowed, *cohort.covariates[1:])
    )
    again, _ = cohort_of_text(cohort_text(cohort), "again.yaml", BEMPEDOIC_ACID.parent)
    assert replace(again, digest="") == replace(cohort, digest="")


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(TrialsimError) as fault:
        read_cohort(Path("nowhere/nothing.yaml"))
    assert str(fault.value) == "the file 'nowhere/nothing.yaml' cannot be read\n  = No such file or directory"
