"""Settings: the inputs of the cohort that an arm sets, from randomisation or later points in time on."""

from __future__ import annotations

from collections.abc import Mapping

from trialsim.foundation.dimensions import dimension_name
from trialsim.foundation.errors import UnreadableText
from trialsim.foundation.units import Quantity, Unit, moment, quantity_text
from trialsim.protocol.dosing_write import Data
from trialsim.protocol.draft import Draft, Path
from trialsim.protocol.model import Setting
from trialsim.protocol.times import moment_text
from trialsim.protocol.written import WrittenArm


def check_settings(draft: Draft) -> None:
    """Arms set inputs that the cohort has, to values of their kind, at points in time that follow each other."""
    inputs = {each.name: each for each in draft.cohort.inputs}
    for arm, written in draft.written.arms.items():
        for name, value in written.sets.items():
            path: Path = ("arms", arm, "sets", name)
            if not draft.is_known(draft.key(*path), "input", name, inputs):
                continue
            if isinstance(value, Quantity):
                check_value(draft, path, name, value, inputs[name].unit)
            else:
                check_steps(draft, path, name, value, inputs[name].unit)


def check_value(draft: Draft, path: Path, name: str, value: Quantity, unit: Unit) -> None:
    if value.dimension != unit.dimension:
        notes = [f"given: {dimension_name(value.dimension)}", f"expected: {dimension_name(unit.dimension)}"]
        draft.error(path, "wrong-unit", f"the input '{name}' is set in the wrong kind of unit", "", notes)


def check_steps(draft: Draft, path: Path, name: str, steps: Mapping[str, Quantity], unit: Unit) -> None:
    last = -1.0
    for text, value in steps.items():
        place = draft.key(*path, text)
        try:
            day = moment(text)
        except UnreadableText as fault:
            draft.error(place, fault.slug, fault.message, "", fault.notes)
            return
        if day < 0.0:
            notes = ["before the first point the input has its default"]
            draft.error(place, "input-steps", "an arm sets nothing before day 0", "", notes)
        elif day <= last:
            draft.error(place, "input-steps", "the points of an input come one after the other")
        last = day
        check_value(draft, (*path, text), name, value, unit)


def settings(draft: Draft, arm: WrittenArm) -> tuple[Setting, ...]:
    """Return what a valid arm sets, in the units of the inputs."""
    units = {each.name: each.unit for each in draft.cohort.inputs}
    made = []
    for name, value in arm.sets.items():
        steps = {"day 0": value} if isinstance(value, Quantity) else value
        found = tuple((moment(text), each.to(units[name])) for text, each in steps.items())
        made.append(Setting(input=name, unit=units[name], steps=found))
    return tuple(made)


def setting_data(setting: Setting) -> Data:
    """Return a setting as a document says it: one value from day 0 on, or values from points in time on."""
    data = {moment_text(day): quantity_text(value, setting.unit) for day, value in setting.steps}
    return data["day 0"] if list(data) == ["day 0"] else dict[str, Data](data)
