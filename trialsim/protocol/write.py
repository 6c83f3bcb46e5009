"""A protocol as text with nothing implied; read again, it is the same protocol."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from trialsim.foundation.units import number_text
from trialsim.protocol.decision_write import rule_data
from trialsim.protocol.dosing_write import Data as Data
from trialsim.protocol.dosing_write import adherence_data, dosing_data
from trialsim.protocol.family_model import Family
from trialsim.protocol.milestone_write import milestone_data, spend_data
from trialsim.protocol.missing_model import MissingValues
from trialsim.protocol.model import (
    Accrual,
    Analysis,
    Arm,
    Comparison,
    Conduct,
    Endpoint,
    Method,
    Protocol,
    Scenario,
    Simulate,
)
from trialsim.protocol.rules_shares import MEASURE_UNLESS_WRITTEN, TEST_UNLESS_WRITTEN
from trialsim.protocol.rules_times import WITHOUT_MARGIN
from trialsim.protocol.settings import setting_data
from trialsim.protocol.time_method_write import time_options
from trialsim.protocol.times import duration_text, moment_text, rate_text

PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_ .%+*/^()<>='-]*[A-Za-z0-9_.%)])?")
INDENT = "  "


def protocol_text(protocol: Protocol) -> str:
    """Return the resolved document as YAML: every default written out, one way of writing everything."""
    return "\n".join(lines_of(protocol_data(protocol), "")) + "\n"


def protocol_digest(protocol: Protocol) -> str:
    """Return the SHA-256 of the resolved document."""
    return hashlib.sha256(protocol_text(replace(protocol, digest="", designs=())).encode()).hexdigest()


def protocol_data(protocol: Protocol) -> dict[str, Data]:
    """Return the resolved document as plain data: mappings, lists and texts."""
    context, patients = protocol.context_of_use, protocol.patients
    return {
        "language": "protocol 1",
        "id": protocol.id,
        "title": protocol.title,
        "phase": protocol.phase,
        "context_of_use": {
            "question": context.question,
            "decision": context.decision,
            "model_influence": context.model_influence,
            "consequence": context.consequence,
        },
        "patients": {
            "cohort": patients.cohort,
            "eligible": list(patients.eligible_text),
            "randomised": str(patients.randomised),
        },
        "arms": {arm.name: arm_data(arm) for arm in protocol.arms},
        **({"rules": {rule.name: rule_data(rule) for rule in protocol.rules}} if protocol.rules else {}),
        "randomise": {
            "ratio": {arm.name: str(share) for arm, share in zip(protocol.arms, protocol.randomise.ratio, strict=True)},
            "blocks": str(protocol.randomise.block),
            "strata": list(protocol.randomise.strata),
        },
        "visits": {
            visit.name: {"at": moment_text(visit.at), "window": duration_text(visit.window)}
            for visit in protocol.visits
        },
        "assess": assessed_data(protocol),
        "conduct": conduct_data(protocol.conduct),
        **({"follow_up": duration_text(protocol.follow_up)} if protocol.follow_up else {}),
        "cut_delay": duration_text(protocol.cut_delay),
        "endpoints": {endpoint.name: endpoint_data(endpoint) for endpoint in protocol.endpoints},
        "estimands": {
            item.name: {"endpoint": item.endpoint, "events": dict(item.strategies)} for item in protocol.estimands
        },
        "analyses": {analysis.name: analysis_data(analysis) for analysis in protocol.analyses},
        **({"families": {each.name: family_data(each) for each in protocol.families}} if protocol.families else {}),
        **(
            {"milestones": {each.name: milestone_data(each) for each in protocol.milestones}}
            if protocol.milestones
            else {}
        ),
        "success": f"{protocol.success.quantifier} of {protocol.success.analysis}",
        "scenarios": {scenario.name: scenario_data(scenario) for scenario in protocol.scenarios},
        "vary": {".".join(variation.path): list(variation.values) for variation in protocol.vary},
        "simulate": simulate_data(protocol.simulate),
        "keep": {"patients_of": kept_text(protocol.keep.patients_of, protocol.simulate.at_most)},
    }


def assessed_data(protocol: Protocol) -> dict[str, Data]:
    data: dict[str, Data] = {
        item.measure: {
            "at": list(item.visits),
            "after_dose": [duration_text(time) for time in item.after_dose],
            "known_after": duration_text(item.known_after),
        }
        for item in protocol.assess
    }
    for item in protocol.lookouts:
        data[item.event] = {"every": duration_text(item.every), "known_after": duration_text(item.known_after)}
    return data


def arm_data(arm: Arm) -> dict[str, Data]:
    data: dict[str, Data] = {"label": arm.label, "dosing": [dosing_data(line) for line in arm.dosing]}
    data |= {"rules": list(arm.rules)} if arm.rules else {}
    return data | ({"sets": {each.input: setting_data(each) for each in arm.sets}} if arm.sets else {})


def shape_data(accrual: Accrual) -> dict[str, Data]:
    """Return how the rate of accrual changes with time, in the one way it does."""
    if accrual.opening:
        return {"opening": duration_text(accrual.opening)}
    if not accrual.pattern:
        return {"ramp_up": duration_text(accrual.ramp_up)}
    steps: dict[str, Data] = {moment_text(day): number_text(share) for day, share in accrual.pattern}
    data: dict[str, Data] = {"pattern": steps}
    return data | ({"repeats": duration_text(accrual.repeats)} if accrual.repeats else {})


def conduct_data(conduct: Conduct) -> dict[str, Data]:
    accrual = conduct.accrual
    return {
        "accrual": {
            "rate": rate_text(accrual.rate),
            "sites": str(accrual.sites),
            **shape_data(accrual),
        },
        "adherence": adherence_data(conduct.adherence),
        "intercurrent_events": {
            event.name: {"hazard": event.hazard_text, "then": event.action} for event in conduct.intercurrent_events
        },
        "missed_visits": number_text(conduct.missed_visits),
        "lost_to_follow_up": {loss.name: {"hazard": loss.hazard_text} for loss in conduct.lost_to_follow_up},
    }


def endpoint_data(endpoint: Endpoint) -> dict[str, Data]:
    if endpoint.is_time:
        competing: dict[str, Data] = {"competing": list(endpoint.competing)} if endpoint.competing else {}
        return {"first_of": list(endpoint.events), **competing, "label": endpoint.label}
    if endpoint.derive == "happened":
        return {"happened": endpoint.events[0], "by": moment_text(endpoint.by), "label": endpoint.label}
    data: dict[str, Data] = {"measure": endpoint.measure, "derive": endpoint.derive}
    if endpoint.threshold:
        texts = list[Data](endpoint.threshold_text)
        data["value"] = texts if endpoint.derive == "within" else texts[0]
    data |= {"at": endpoint.at, "after_dose": duration_text(endpoint.after_dose)}
    if endpoint.baseline is not None:
        data["baseline"] = endpoint.baseline
    return data | {"label": endpoint.label}


def analysis_data(analysis: Analysis) -> dict[str, Data]:
    method = analysis.method
    options: dict[str, Data] = {}
    if method.kind == "mmrm":
        options["visits"] = list(method.visits)
    if method.kind in ("ancova", "mmrm", "logistic"):
        options["covariates"] = covariate_texts(method)
    if method.kind in ("ancova", "mmrm") or method.measure is not None:
        options["strata"] = list(method.strata)
    if method.kind == "ancova" and method.slopes == "by_arm":
        options["slopes"] = "by_arm"
    elif method.kind == "ancova" and method.variance != "model":
        options["variance"] = str(method.variance)
    if method.kind == "wilcoxon":
        options["continuity"] = "true" if method.continuity else "false"
    if method.kind == "mmrm":
        options["covariance"] = method.covariances[0]
        options["fallback"] = list[Data](method.covariances[1:])
        options["df"] = str(method.df)
    if method.test not in (None, TEST_UNLESS_WRITTEN.get(method.kind)):
        options["test"] = str(method.test)
    if method.kind in MEASURE_UNLESS_WRITTEN:
        options["measure"] = str(method.measure)
    if method.times is not None:
        options |= time_options(method.kind, method.strata, method.times)
        if method.kind == "cox":
            options["covariates"] = covariate_texts(method)
    if method.kind == "logistic":
        options |= {"variance": str(method.variance), "separated": str(method.separated)}
    own: dict[str, Data] = {
        "alpha": f"{number_text(analysis.alpha)} one-sided", "multiplicity": analysis.multiplicity
    }  # fmt: skip
    return {
        "estimand": analysis.estimand,
        "method": {method.kind: options} if options else method.kind,
        "missing": method.missing if method.imputation is None else imputation_data(method.imputation),
        "compare": {item.name: comparison_data(method, item) for item in analysis.comparisons},
        **({} if analysis.multiplicity == "family" else own),
        **({"spend": spend_data(analysis.spend)} if analysis.spend else {}),
    }


def imputation_data(how: MissingValues) -> dict[str, Data]:
    data: dict[str, Data] = {"reference": how.reference} if how.reference is not None else {}
    if how.after:
        data["after"] = list[Data](how.after)
    if how.variance == "rubin":
        data["imputations"] = str(how.imputations)
    data |= {"variance": how.variance, "visits": list[Data](how.visits), "delta": dict(how.delta_text)}
    return {how.strategy: data}


def family_data(family: Family) -> dict[str, Data]:
    names = [hypothesis.text for hypothesis in family.hypotheses]
    said: Data = list[Data](names)
    if family.procedure == "fallback":
        said = {name: number_text(weight) for name, weight in zip(names, family.weights, strict=True)}
    elif family.procedure == "graph":
        said = {
            name: {
                "weight": number_text(weight),
                "to": {other: number_text(share) for other, share in zip(names, row, strict=True) if share > 0.0},
            }
            for name, weight, row in zip(names, family.weights, family.transitions, strict=True)
        }
    elif family.procedure == "gatekeeping":
        left = iter(names)
        said = [
            {"test": list[Data](islice(left, n)), "keep": number_text(keep)}
            for n, keep in zip(family.gates, family.keeps, strict=True)
        ]
    return {"alpha": f"{number_text(family.alpha)} one-sided", family.procedure: said}


def comparison_data(method: Method, comparison: Comparison) -> dict[str, Data]:
    """Return a comparison; some tests have no margin."""
    if comparison.within is not None:
        return {comparison.within_key: list[Data](comparison.within_text)}
    data: dict[str, Data] = {"better": comparison.better}
    return data if method.kind in ("cmh", *WITHOUT_MARGIN) else data | {"margin": comparison.margin_text}


def covariate_texts(method: Method) -> list[Data]:
    return [name if visit is None else f"{name} at {visit}" for name, visit in method.covariates]


def scenario_data(scenario: Scenario) -> dict[str, Data]:
    changes: dict[str, dict[str, Data]] = {"parameters": {}, "covariates": {}, "conduct": {}}
    for override in scenario.overrides:
        changes[override.path[0]][".".join(override.path[1:])] = override.text
    return {"label": scenario.label, **changes, "null": list(scenario.null)}


def simulate_data(simulate: Simulate) -> dict[str, Data]:
    trials: Data = str(simulate.at_most)
    if simulate.until is not None:
        precision: Data = {"power": {"standard_error": number_text(simulate.until.power_standard_error)}}
        trials = {"at_least": str(simulate.at_least), "until": precision, "at_most": str(simulate.at_most)}
    modes = "both" if len(simulate.parameters) > 1 else simulate.parameters[0]
    return {
        "seed": str(simulate.seed),
        "parameters": modes,
        "trials": trials,
        **({"trials_per_draw": str(simulate.trials_per_draw)} if simulate.trials_per_draw > 1 else {}),
        "solver": simulate.solver or "by pilot",
    }


def kept_text(number: int, at_most: int) -> str:
    if number == 0:
        return "none"
    return "all" if number >= at_most else f"first {number} trials"


def lines_of(data: dict[str, Data], indent: str) -> Iterator[str]:
    """Return a mapping as lines of block-style YAML; lists of texts stay on one line."""
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{scalar_text(key)}:"
            yield from lines_of(value, indent + INDENT)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield f"{indent}{scalar_text(key)}:"
            for item in value:
                yield f"{indent}{INDENT}- {flat_text(item)}"
        else:
            yield f"{indent}{scalar_text(key)}: {flat_text(value)}"


def flat_text(value: Data) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{scalar_text(key)}: {flat_text(each)}' for key, each in value.items())}}}"
    return f"[{', '.join(map(flat_text, value))}]" if isinstance(value, list) else scalar_text(value)


def scalar_text(text: str) -> str:
    """Return a text as one YAML scalar: plain where nothing in it means anything to YAML, else in double quotes."""
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
