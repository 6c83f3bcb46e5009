"""Rank sums, robust variances and equivalence in whole trials, against the same from what the tables hold."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.unit.protocol.documents import cohort, protocol
from tests.unit.trial.test_simulate import WHO, WORLD, frames
from tests.unit.trial.worlds import comparison, method
from trialsim.analysis.own_slopes import ancova_by_arm
from trialsim.analysis.robust_ancova import robust_ancova
from trialsim.protocol.model import Analysis
from trialsim.protocol.read import protocol_from
from trialsim.protocol.write import protocol_text

WITHIN = (-9.5, 4.0)
ARMS = ["placebo", "low", "high"]


def analysis(name, *comparisons, **parts):
    return Analysis(name=name, estimand="policy", method=method(**parts), comparisons=comparisons, alpha=0.05,
                    multiplicity="none")  # fmt: skip


EQUIVALENT = replace(
    comparison("low", "placebo", "higher"), within=WITHIN, within_text=("-9.5", "4"), within_key="difference within"
)
ADJUSTED = {"covariates": (("sbp", "baseline"),), "strata": ("sex",)}
ANALYSES = (
    analysis("primary", comparison("high", "placebo"), kind="wilcoxon", continuity=True),
    analysis("hc3", comparison("high", "placebo"), kind="ancova", variance="hc3", slopes="common", **ADJUSTED),
    analysis("slopes", comparison("high", "placebo"), kind="ancova", variance="model", slopes="by_arm", **ADJUSTED),
    analysis("same", EQUIVALENT, comparison("high", "placebo"), kind="welch"),
    analysis("same_ranks", EQUIVALENT, kind="wilcoxon", continuity=False),
)


@pytest.fixture(scope="module")
def tables():
    return frames(replace(WORLD, protocol=replace(WORLD.protocol, analyses=ANALYSES)), 6)


def arms_of(tables, trial):
    rows = tables["endpoints"]
    rows = rows[(rows.trial == trial) & (rows.estimand == "policy")]
    return {arm: rows[rows.arm == arm].value.dropna().to_numpy() for arm in ARMS}


def looks(tables, name):
    return tables["looks"][tables["looks"].analysis == name].reset_index()


def test_rank_sums_are_those_of_scipy_and_their_truth_is_a_median(tables):
    worlds = tables["counterfactuals"]
    worlds = worlds[worlds.estimand == "policy"].pivot(index=WHO, columns="arm", values="value")
    rows = looks(tables, "primary")
    for number, row in rows.iterrows():
        arms = arms_of(tables, row.trial)
        peer = stats.mannwhitneyu(
            arms["high"], arms["placebo"], alternative="less", method="asymptotic", use_continuity=True
        )
        assert row.p_value == pytest.approx(peer.pvalue, rel=1e-9)
        assert row.estimate == np.median(arms["high"][:, None] - arms["placebo"])
        own = worlds.loc[number]
        assert row.truth == np.median(own.high.to_numpy()[:, None] - own.placebo.to_numpy())
        assert row.lower <= row.estimate <= row.upper and row.status is None


def test_robust_variances_take_the_covariates_and_strata_of_the_analysis(tables):
    patients = tables["patients"].set_index(WHO)
    sbp = tables["visits"][tables["visits"].measure == "sbp"].pivot(index=WHO, columns="visit", values="value")
    sbp = sbp.reindex(patients.index)
    arguments = (
        sbp.w4 - sbp.baseline, [ARMS.index(arm) for arm in patients.arm], np.arange(7) * 60,
        sbp[["baseline"]], (patients.sex == "male").astype(int), 2, [(2, 0)], -1, 0.05, 0.0, 3,
    )  # fmt: skip
    for name, peer in (("hc3", robust_ancova(*arguments)), ("slopes", ancova_by_arm(*arguments))):
        rows = looks(tables, name)
        for column, expected in (("estimate", peer.estimate), ("standard_error", peer.se), ("p_value", peer.p_value)):
            assert rows[column].to_numpy() == pytest.approx(expected[:, 0], rel=1e-12), (name, column)


def test_equivalence_is_rejected_from_both_sides(tables):
    rows = looks(tables, "same")
    rejected = []
    for _, row in rows[rows.comparison == "low vs placebo"].iterrows():
        arms = arms_of(tables, row.trial)
        sides = [
            stats.ttest_ind(arms["low"] - end, arms["placebo"], equal_var=False, alternative=side)
            for end, side in zip(WITHIN, ("greater", "less"), strict=True)
        ]
        worst = max(sides, key=lambda side: side.pvalue)
        assert row.p_value == pytest.approx(worst.pvalue, rel=1e-9)
        assert abs(row.statistic) == pytest.approx(abs(worst.statistic), rel=1e-9)
        assert row.rejected == (WITHIN[0] < row.lower and row.upper < WITHIN[1])
        rejected.append(row.rejected)
    assert 0 < sum(rejected) < 6
    other = looks(tables, "same")
    high = other[other.comparison == "high vs placebo"]
    assert ((high.p_value < 0.05) == (high.upper < 0.0)).all()


def test_equivalence_by_rank_sums(tables):
    for _, row in looks(tables, "same_ranks").iterrows():
        arms = arms_of(tables, row.trial)
        p = [
            stats.mannwhitneyu(
                arms["low"] - end, arms["placebo"], alternative=side, method="asymptotic", use_continuity=False
            ).pvalue
            for end, side in zip(WITHIN, ("greater", "less"), strict=True)
        ]  # fmt: skip
        assert row.p_value == pytest.approx(max(p), rel=1e-9)


def test_gain_is_how_far_inside_the_ends_an_effect_lies():
    assert [EQUIVALENT.gain(effect) for effect in (-10.0, -9.5, 0.0, 3.0, 5.0)] == [-0.5, 0.0, 4.0, 1.0, -1.0]
    assert EQUIVALENT.null_words == "-9.5 or 4"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{ancova: {variance: hc3}}", ("ancova", "hc3", "common", None)),
        ("{ancova: {slopes: by_arm}}", ("ancova", "model", "by_arm", None)),
        ("ancova", ("ancova", "model", "common", None)),
        ("wilcoxon", ("wilcoxon", None, None, True)),
        ("{wilcoxon: {continuity: false}}", ("wilcoxon", None, None, False)),
    ],
)
def test_a_document_says_all_of_it_and_read_again_it_is_the_same(written, expected):
    found = protocol(
        ("{ancova: {covariates: [sbp at baseline, weight], strata: [sex]}}", written), ("dunnett", "holm"),
        ("low vs placebo: {better: lower, margin: -2 mmHg}", "low vs placebo: {difference within: [-3 mmHg, 5 mmHg]}"),
    )  # fmt: skip
    own = found.analyses[0].method
    assert (own.kind, own.variance, own.slopes, own.continuity) == expected
    low = found.analyses[0].comparisons[1]
    assert (low.within, low.within_text, low.better) == ((-3.0, 5.0), ("-3 mmHg", "5 mmHg"), "higher")
    assert protocol_from(protocol_text(found), cohort()) == found


def test_ratios_are_written_as_such_and_tested_as_logarithms():
    found = protocol(
        ("derive: change_from_baseline", "derive: log_ratio_to_baseline"), ("dunnett", "holm"),
        ("low vs placebo: {better: lower, margin: -2 mmHg}", "low vs placebo: {ratio within: [80%, 1.25]}"),
    )  # fmt: skip
    low = found.analyses[0].comparisons[1]
    assert low.within == (-0.2231435513142097, 0.22314355131420976) and low.within_text == ("0.8", "1.25")
    assert protocol_from(protocol_text(found), cohort()) == found
