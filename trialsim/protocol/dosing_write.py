"""Dosing lines and adherence as a document says them, with nothing implied."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.protocol.dosing_model import (
    Adherence,
    BandedAmount,
    CategoryAmount,
    Cycle,
    DoseAmount,
    DoseTimes,
    Dosing,
    FormulaAmount,
    Holidays,
    PlainAmount,
    Timing,
)
from trialsim.protocol.times import duration_text, moment_text, rate_text

Data = str | list["Data"] | dict[str, "Data"]


def dosing_data(line: Dosing) -> dict[str, Data]:
    """Return a dosing line as plain data."""
    data: dict[str, Data] = {"drug": line.drug, "amount": amount_data(line.amount)}
    data |= {"surface": line.surface} if line.surface is not None else {}
    data |= {"at_least": str(line.at_least)} if line.at_least is not None else {}
    data |= {"at_most": str(line.at_most)} if line.at_most is not None else {}
    if line.strengths is not None:
        data |= {"strengths": [str(each) for each in line.strengths.available], "rounded": line.strengths.rounded}
    data |= {"route": line.route, **times_data(line.when)}
    if line.rate is not None:
        data["rate"] = str(line.rate.written)
    else:
        data["over"] = "modelled" if line.is_modelled else duration_text(line.infusion)
    return data | ({"steady_state": "true"} if line.is_steady else {})


def amount_data(amount: DoseAmount) -> Data:
    """Return an amount: one text where it is the same for all, or depends on weight or surface alone."""
    match amount:
        case PlainAmount():
            return str(amount.written)
        case BandedAmount():
            below: dict[str, Data] = {
                str(limit): str(each.written) for limit, each in zip(amount.below, amount.amounts, strict=False)
            }
            return {"by": amount.by, "below": below, "otherwise": str(amount.amounts[-1].written)}
        case CategoryAmount():
            return {"by": amount.by, "each": {name: str(each.written) for name, each in amount.amounts}}
        case FormulaAmount():
            return {"is": amount.text}


def times_data(when: DoseTimes) -> dict[str, Data]:
    if when.at:
        return {"at": moment_text(when.at[0]) if len(when.at) == 1 else [moment_text(at) for at in when.at]}
    assert when.every is not None
    data: dict[str, Data] = {"every": duration_text(when.every), "start": moment_text(when.start)}
    data |= {"until": moment_text(when.until)} if when.until is not None else {}
    data |= {"times": str(when.times)} if when.times is not None else {}
    data |= {"cycle": cycle_data(when.cycle)} if when.cycle is not None else {}
    return data | ({"days": list(when.days), "day_0": when.day_0} if when.days else {})


def cycle_data(cycle: Cycle) -> dict[str, Data]:
    data: dict[str, Data] = {"length": duration_text(cycle.length)}
    data |= {"on_days": [str(day) for day in cycle.on_days]} if cycle.on_days else {}
    data |= {"on_for": duration_text(cycle.on_for)} if cycle.on_for is not None else {}
    return data | ({"times": str(cycle.times)} if cycle.times is not None else {})


def adherence_data(adherence: Adherence) -> dict[str, Data]:
    """Return an adherence as plain data."""
    return {
        "takes": number_text(adherence.takes),
        "between_patients": {"logit_normal": number_text(adherence.between_patients_sd)},
        "timing": "none" if adherence.timing is None else timing_data(adherence.timing),
        "doubles": number_text(adherence.doubles),
        "holidays": "none" if adherence.holidays is None else holidays_data(adherence.holidays),
    }


def timing_data(timing: Timing) -> dict[str, Data]:
    if timing.kind == "normal":
        return {"normal": duration_text(timing.spread)}
    return {"lognormal": {"median": duration_text(timing.location), "cv": number_text(timing.spread)}}


def holidays_data(holidays: Holidays) -> dict[str, Data]:
    length: Data = duration_text(holidays.length)
    if holidays.cv > 0:
        length = {"lognormal": {"median": duration_text(holidays.length), "cv": number_text(holidays.cv)}}
    return {"rate": rate_text(holidays.rate), "length": length}
