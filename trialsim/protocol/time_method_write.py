"""The options of a method that compares times to an event, as plain data for a YAML document."""

from __future__ import annotations

from trialsim.foundation.units import number_text
from trialsim.protocol.dosing_write import Data
from trialsim.protocol.rules_times import WITH_HORIZON
from trialsim.protocol.time_method_model import TimeMethod
from trialsim.protocol.times import duration_text


def time_options(kind: str, strata: tuple[str, ...], times: TimeMethod) -> dict[str, Data]:
    """Return the options of a method that compares times."""
    if kind in WITH_HORIZON:
        data: dict[str, Data] = {"horizon": duration_text(times.horizon)}
        return data | ({"measure": times.measure.removeprefix("rmst_")} if kind == "rmst" else {})
    data = {"strata": list(strata)}
    if kind == "cox":
        data["ties"] = times.ties
    if kind == "log_rank" and times.delay is not None:
        data["delay"] = duration_text(times.delay)
    elif kind == "log_rank":
        data |= {"rho": number_text(times.weights[0][0]), "gamma": number_text(times.weights[0][1])}
    if kind == "max_combo":
        data["weights"] = [[number_text(rho), number_text(gamma)] for rho, gamma in times.weights]
    return data
