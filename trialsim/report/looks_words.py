"""Looks in words: when the trial is looked at, what is done then, how the error rate is spent."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.protocol.milestone_model import Condition, Futility, Joined, Milestone, Reach, Spend, Test
from trialsim.protocol.model import Protocol
from trialsim.report.numbers import listed, share
from trialsim.report.times import duration_words
from trialsim.report.words import endpoint_words, first_upper, spaced

FAMILIES = {
    "obrien_fleming": "O'Brien and Fleming's spending function",
    "pocock": "Pocock's spending function",
    "hwang_shih_decani": "Hwang, Shih and DeCani's spending function",
    "kim_demets": "Kim and DeMets's spending function",
    "haybittle_peto": "Haybittle and Peto's bound",
    "wang_tsiatis": "Wang and Tsiatis's bounds",
    "custom": "a spending function of its own",
}
POWERS = {"conditional_power": "conditional power", "predictive_power": "predictive power"}


def cut_words(protocol: Protocol) -> list[str]:
    """Return when the data are cut: at milestones, or once at the end."""
    if protocol.milestones:
        return [milestone_words(protocol, each) for each in protocol.milestones]
    delay = f"{duration_words(protocol.cut_delay)} after" if protocol.cut_delay else "as soon as"
    return [f"Data are cut {delay} the last value of an endpoint is known."]


def milestone_words(protocol: Protocol, milestone: Milestone) -> str:
    """Return one milestone as a sentence."""
    later = f"; data are cut {duration_words(milestone.cut_delay)} later" if milestone.cut_delay else ""
    tests = [f"{spaced(act.analysis)} is tested" for act in milestone.do if isinstance(act, Test)]
    stops = [
        f"the trial stops if the {POWERS[act.judged]} of {spaced(act.analysis)} is below {share(act.below)}"
        for act in milestone.do
        if not isinstance(act, Test)
    ]
    when = condition_words(protocol, milestone.when)
    return f"{first_upper(spaced(milestone.name))} look: when {when}{later}; {listed([*tests, *stops])}."


def condition_words(protocol: Protocol, condition: Condition) -> str:
    """Return what a milestone waits for."""
    if isinstance(condition, Joined):
        return f" {condition.op} ".join(condition_words(protocol, part) for part in condition.parts)
    return reach_words(protocol, condition)


def reach_words(protocol: Protocol, reach: Reach) -> str:
    if reach.counted == "since":
        return f"{duration_words(reach.number)} have passed since the first patient"
    number = share(reach.number) if reach.is_share else number_text(reach.number)
    if reach.counted == "randomised":
        return f"{number}{' of the' if reach.is_share else ''} patients are randomised"
    endpoint = endpoint_words(protocol.endpoint(reach.of))
    words = {
        "due": f"{endpoint} is due for {number}{' of the' if reach.is_share else ''} patients",
        "observed": f"{endpoint} is known of {number}{' of the' if reach.is_share else ''} patients",
        "events": f"{number} events are known ({endpoint})",
    }
    return words[reach.counted]


def spending_words(spend: Spend) -> str:
    """Return how an error rate is spent over looks."""
    words = f"spent over the looks by {FAMILIES[spend.family]}, all of it at {number_text(spend.full)} {spend.counted}"
    return words + (f"; {futility_words(spend.futility)}" if spend.futility else "")


def futility_words(futility: Futility) -> str:
    kind = "binding" if futility.binding else "not binding"
    if futility.family is None:
        return f"futile below a statistic of {number_text(futility.z or 0.0)} ({kind})"
    return f"futile by {FAMILIES[futility.family]} of {share(futility.beta)} ({kind})"
