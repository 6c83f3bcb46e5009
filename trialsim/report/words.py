"""Names, designs and changes in words: what a reader says instead of a path into a document."""

from __future__ import annotations

import itertools

from trialsim.foundation.units import number_text
from trialsim.protocol.model import Analysis, Arm, Comparison, Endpoint, Method, Override, Protocol, Scenario
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
    "wilcoxon": "Wilcoxon's rank-sum test",
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
    "hommel": "Hommel's procedure",
    "fixed_sequence": "tested in fixed sequence",
    "co_primary": "all comparisons must be shown",
    "dunnett": "Dunnett's adjustment",
    "step_down_dunnett": "Dunnett's step-down procedure",
}
IMPUTED = {
    "missing_at_random": "as missing at random",
    "jump_to_reference": "jumping to the reference",
    "copy_reference": "copying the reference",
    "copy_increment": "copying the increments of the reference",
}
FAMILIES = {
    "graph": "graphical procedure",
    "fixed_sequence": "fixed sequence",
    "holm": "Holm's procedure",
    "fallback": "fallback procedure",
    "gatekeeping": "gatekeeping",
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
    of = {each.name: "" for each in every} | {
        f"{each.name} of {analysis.name}": f" of {spaced(analysis.name)}"
        for analysis in protocol.analyses for each in analysis.comparisons
    }  # fmt: skip
    bare = name.partition(" of ")[0]
    return next((comparison_words(protocol, each) + of.get(name, "") for each in every if each.name == bare), name)


def missing_words(protocol: Protocol, method: Method) -> str:
    """Return what becomes of missing values."""
    how = method.imputation
    if how is None:
        return "missing values count as not met" if method.missing == "failure" else "complete cases"
    arms = {arm.name: arm.label or spaced(arm.name) for arm in protocol.arms}
    words = f"missing values imputed {IMPUTED[how.strategy]}"
    if how.reference is not None:
        words += f" ({arms[how.reference]})"
    if how.after:
        words += f" after {', '.join(map(spaced, how.after))}, others as missing at random,"
    words += f" from {', '.join(map(spaced, how.visits))}"
    if how.delta_text:
        words += f", {' and '.join(f'{text} added in {arms[arm]}' for arm, text in how.delta_text)}"
    if how.variance == "rubin":
        return f"{words}, {how.imputations} imputations by Rubin's rules"
    return f"{words}, conditional means with a jackknife"


def error_rate_words(protocol: Protocol, analysis: Analysis) -> str:
    """Return where an analysis has its error rate from: its own rule, or the family it is in."""
    families = [
        family for family in protocol.families
        if any(part[0] == analysis.name for hypothesis in family.hypotheses for part in hypothesis.parts)
    ]  # fmt: skip
    if not families:
        return MULTIPLICITY[analysis.multiplicity]
    names = ", ".join(spaced(hypothesis.text) for hypothesis in families[0].hypotheses)
    return f"shared in the family {spaced(families[0].name)} ({FAMILIES[families[0].procedure]}: {names})"


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
