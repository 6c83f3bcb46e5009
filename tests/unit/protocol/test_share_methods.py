"""Methods for yes-or-no endpoints: what they mean unless written, and that they survive being written."""

from pathlib import Path

import pytest

from trialsim.protocol.read import read_protocol
from trialsim.protocol.write import protocol_text

ERRORS = Path(__file__).parents[2] / "errors" / "protocol"
DOCUMENT = ERRORS / "method-endpoint--risk-difference-of-a-number" / "document.yaml"


def read(tmp_path, method, margin=""):
    text = DOCUMENT.read_text("utf-8")
    text = text.replace("    estimand: main\n    method: risk_difference\n", "    estimand: main\n    method: t_test\n")
    head, tail = text.split("  secondary:\n")
    rest = tail[tail.index("success:") :]
    compare = f"{{high vs placebo: {{better: higher{margin}}}}}"
    text = f"{head}  secondary:\n    estimand: response\n    method: {method}\n    compare: {compare}\n{rest}"
    (tmp_path / "document.yaml").write_text(text, "utf-8")
    return read_protocol(tmp_path / "document.yaml", library=ERRORS / "_library")[0]


@pytest.mark.parametrize(
    ("method", "measure", "test", "variance", "separated"),
    [
        ("risk_difference", "risk_difference", "wald", None, None),
        ("{risk_difference: {test: farrington_manning}}", "risk_difference", "farrington_manning", None, None),
        ("risk_ratio", "risk_ratio", "miettinen_nurminen", None, None),
        ("{odds_ratio: {test: wald, strata: [sex]}}", "odds_ratio", "wald", None, None),
        ("cmh", "odds_ratio", None, None, None),
        ("{cmh: {strata: [sex], measure: risk_difference}}", "risk_difference", None, None, None),
        ("logistic", "risk_difference", None, "robust", "not_estimable"),
        (
            "{logistic: {covariates: [sbp at baseline], strata: [sex], measure: risk_ratio, variance: model, "
            "separated: firth}}",
            "risk_ratio", None, "model", "firth",
        ),
    ],
)  # fmt: skip
def test_a_method_says_what_it_measures_and_reads_back(tmp_path, method, measure, test, variance, separated):
    protocol = read(tmp_path, method)
    found = protocol.analyses[1].method
    assert (found.measure, found.test, found.variance, found.separated) == (measure, test, variance, separated)
    assert found.is_ratio == (measure != "risk_difference")
    (tmp_path / "again.yaml").write_text(protocol_text(protocol), "utf-8")
    again = read_protocol(tmp_path / "again.yaml", library=ERRORS / "_library")[0]
    assert again.analyses == protocol.analyses
    assert again.digest == protocol.digest


@pytest.mark.parametrize(
    ("method", "margin", "null", "text"),
    [
        ("risk_ratio", ", margin: 80%", -0.2231435513142097, "0.8"),
        ("odds_ratio", ", margin: 1.25", 0.22314355131420976, "1.25"),
        ("{logistic: {measure: odds_ratio}}", "", 0.0, "1"),
        ("{risk_difference: {test: miettinen_nurminen}}", ", margin: -10%", -0.1, "-0.1"),
    ],
)
def test_margins_of_ratios_are_ratios(tmp_path, method, margin, null, text):
    comparison = read(tmp_path, method, margin).analyses[1].comparisons[0]
    assert (comparison.margin, comparison.margin_text) == (null, text)
