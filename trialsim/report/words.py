"""Names, designs and changes in words: what a reader says instead of a path into a document."""

from __future__ import annotations

import itertools

from trialsim.foundation.units import number_text
from trialsim.protocol.model import Arm, Comparison, Endpoint, Override, Protocol, Scenario
from trialsim.protocol.time_method_model import TimeMethod
from trialsim.protocol.times import duration_text

METHODS = {
    "t_test": "Student's t test",
    "welch": "Welch's t test",
    "ancova": "analysis of covariance",
    "risk_difference": "risk difference",
    "risk_ratio": "risk ratio",
    "odds_ratio": "odds ratio",
    "logistic": "logistic regression",
    "cmh": "test of Cochran, Mantel and Haenszel",
    "log_rank": "log-rank test",
    "cox": "Cox regression",
    "rmst": "restricted mean survival times",
    "milestone_survival": "Kaplan-Meier shares",
    "max_combo": "MaxCombo test",
    "gray": "Gray's test",
    "cumulative_incidence": "cumulative incidences",
    "mmrm": "mixed model for repeated measures",
}
TESTS = {
    "miettinen_nurminen": "score test of Miettinen and Nurminen",
    "farrington_manning": "score test of Farrington and Manning",
    "wald": "Wald's test",
}
MULTIPLICITY = {
    "none": "no adjustment for multiplicity",
    "bonferroni": "Bonferroni's adjustment",
    "holm": "Holm's procedure",
    "hochberg": "Hochberg's procedure",
    "fixed_sequence": "tested in fixed sequence",
    "dunnett": "Dunnett's adjustment",
}
TIE_WORDS = {"efron": "ties after Efron", "breslow": "ties after Breslow"}
SHORT = 10  # letters beside a line of a drawing
STRATEGIES = {"treatment_policy": "treatment policy", "hypothetical": "hypothetical"}
CONDUCT = {
    "accrual.rate": "accrual",
    "accrual.sites": "number of sites",
    "accrual.ramp_up": "ramp-up of accrual",
    "adherence.takes": "share of doses taken",
    "adherence.between_patients.logit_normal": "variation of adherence between patients",
    "missed_visits": "share of missed visits",
}


def spaced(name: str) -> str:
    """Return a name of a document as words."""
    return name.replace("_", " ")


def first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def arm_words(arm: Arm) -> str:
    return arm.label or spaced(arm.name)


def short_arm_words(arm: Arm) -> str:
    """Return an arm in at most a few letters, for drawings: its label if that is short, else its name."""
    label = arm_words(arm)
    return label if len(label) <= SHORT else spaced(arm.name)


def comparison_words(protocol: Protocol, comparison: Comparison) -> str:
    """Return a comparison by the labels of its arms."""
    labels = {arm.name: arm_words(arm) for arm in protocol.arms}
    return f"{labels[comparison.treated]} vs {labels[comparison.control]}"


def comparison_label(protocol: Protocol, name: str) -> str:
    """Return a comparison, given by its name in tables, by the labels of its arms."""
    every = [comparison for analysis in protocol.analyses for comparison in analysis.comparisons]
    return next((comparison_words(protocol, each) for each in every if each.name == name), name)


def scenario_words(scenario: Scenario) -> str:
    """Return a scenario by its label, by its name if it has none."""
    return scenario.label or spaced(scenario.name)


def designs_words(protocol: Protocol) -> dict[str, str]:
    """Return each design's name in words: `60 patients`; empty if nothing varies."""
    points = itertools.product(*([(item.path, text) for text in item.values] for item in protocol.vary))
    return {
        design.name: ", ".join(variation_words(protocol, path, text) for path, text in point)
        for design, point in zip(protocol.designs, points, strict=True)
    }


def variation_words(protocol: Protocol, path: tuple[str, ...], text: str) -> str:
    """Return one setting of a design: `60 patients`, `high: amount 120 mg`, `blocks 4`."""
    if path == ("patients", "randomised"):
        return f"{text}\u00a0patients"
    of = ":" if path[0] == "arms" else ""
    return f"{path_words(protocol, path)}{of} {text}"


def path_words(protocol: Protocol, path: tuple[str, ...]) -> str:
    """Return what a path into the document leads to: `amount of 20 mg`, `blocks`."""
    if path[0] == "arms" and len(path) > 2:
        label = next((arm_words(arm) for arm in protocol.arms if arm.name == path[1]), path[1])
        return f"{spaced(path[-1])} of {label}"
    return spaced(" ".join(path[1:] or path))


def change_words(override: Override) -> str:
    """Return one change of a scenario: `Imax × 0.6`, `accrual × 0.5`, `hazard of lost × 2`."""
    path = override.path
    if path[0] == "conduct":
        tail = ".".join(path[1:])
        what = f"hazard of {spaced(path[-2])}" if path[-1] == "hazard" else CONDUCT.get(tail, tail)
    else:
        what = path[1] if len(path) == 2 else ".".join(path[1:])
    if override.factor is not None:
        return f"{what} \u00d7 {number_text(override.factor)}"
    return f"{what} = {override.text}"


def changes_words(scenario: Scenario) -> str:
    """Return every change of a scenario in one line."""
    return "; ".join(change_words(override) for override in scenario.overrides) or "nothing changed"


def time_method_words(kind: str, times: TimeMethod) -> str:
    """Return how times to an event are compared, after the name of the method: `, up to 12 months`."""
    if times.horizon:
        ratio = ", as a ratio" if times.measure == "rmst_ratio" else ""
        return f", {'up to' if kind == 'rmst' else 'at'} {duration_text(times.horizon)}{ratio}"
    if kind == "cox":
        return f", {TIE_WORDS[times.ties]}"
    if times.delay is not None:
        return f", weights growing until {duration_text(times.delay)}"
    if kind == "gray" or times.weights == ((0.0, 0.0),):
        return ""
    pairs = [f"rho {number_text(rho)} and gamma {number_text(gamma)}" for rho, gamma in times.weights]
    return f", Fleming and Harrington's weights with {'; '.join(pairs)}"


def endpoint_words(endpoint: Endpoint) -> str:
    return endpoint.label or spaced(endpoint.name)


def unit_words(unit: str) -> str:
    """Return the unit of a difference: shares differ by percentage points."""
    return unit or "percentage points"
