"""The rules of a model as source: their tables, what they remember, what they decide, by how much they act."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, get_args

from trialsim.dynamics.model import Action, ActionKind, Branch, CourseModel, Rule
from trialsim.dynamics.system import System
from trialsim.dynamics.transcription import read
from trialsim.foundation.expression import Expr, names_of

KINDS = get_args(ActionKind)
_SEES = "p, c, t, tc, y, z, s, m, l"


class Writes(Protocol):
    """What writes functions from a tape."""

    def function(self, head: str, targets: list[tuple[str, int]]) -> str:
        """Return the source of a function that assigns values to targets."""

    def returning(self, head: str, value: int) -> str:
        """Return the source of a function that returns a value."""


def rule_functions(model: CourseModel, found: System, writer: Writes) -> str:
    """Return the tables and functions of all rules."""
    tape, parts = found.tape, [_tables(model)]
    signals = [read(tape, signal.value, found.seen) for signal in model.signals]
    parts.append(writer.function("signal_values(p, c, t, tc, y, z, out)",
                                 [(f"out[{k}]", i) for k, i in enumerate(signals)]))
    starts = [start for rule in model.rules for _, start, _ in rule.remembers]
    parts.append(writer.function("remembered_starts(m)", [(f"m[{k}]", tape.number(x)) for k, x in enumerate(starts)]))
    for r, rule in enumerate(model.rules):
        names = _names(model, found, r)
        new = [(f"m[{_first_kept(model, r) + j}]", read(tape, expr, names))
               for j, (_, _, expr) in enumerate(rule.remembers)]
        holds = [(f"holds[{k}]", tape.node("==", tape.number(0.0), tape.number(0.0)) if branch.when is None
                  else read(tape, branch.when, names)) for k, branch in _branches(model, r)]
        parts += [writer.function(f"remember_{r}({_SEES})", new), writer.function(f"decide_{r}({_SEES}, holds)", holds)]
        parts += [writer.returning(f"amount_{r}_{k}(p, c)", read(tape, amount, _parameters(model, found)))
                  for k, amount in enumerate(rule.ladder)]
    for a, (r, action) in enumerate(_actions(model)):
        for what, expr in (("value", action.value), ("duration", action.duration)):
            if expr is not None:
                parts.append(writer.returning(f"{what}_{a}({_SEES})", read(tape, expr, _names(model, found, r))))
    return "\n\n".join([*parts, *_dispatchers(model)])


def _parameters(model: CourseModel, found: System) -> dict[str, int]:
    return {name: found.tape.node("parameter", j) for j, name in enumerate(model.parameters)}


def _names(model: CourseModel, found: System, r: int) -> Mapping[str, int]:
    """Return what a rule's expressions may use."""
    tape, first = found.tape, _first_kept(model, r)
    return {
        **{f.name: found.seen[f.name] for f in model.functionals if f.name in found.seen},
        **_parameters(model, found), "t": tape.node("t"), "level": tape.node("level", r),
        **{signal.name: tape.node("signal", k) for k, signal in enumerate(model.signals)},
        **{name: tape.node("kept", first + j) for j, (name, _, _) in enumerate(model.rules[r].remembers)}}


def _first_kept(model: CourseModel, r: int) -> int:
    return sum(len(rule.remembers) for rule in model.rules[:r])


def _branches(model: CourseModel, r: int) -> Iterator[tuple[int, Branch]]:
    first = sum(len(rule.branches) for rule in model.rules[:r])
    yield from enumerate(model.rules[r].branches, first)


def _actions(model: CourseModel) -> Iterator[tuple[int, Action]]:
    for r, rule in enumerate(model.rules):
        for branch in rule.branches:
            for action in branch.actions:
                yield r, action


def _tables(model: CourseModel) -> str:
    branches = [(r, branch) for r, rule in enumerate(model.rules) for branch in rule.branches]
    actions = [(k, action) for k, (_, branch) in enumerate(branches) for action in branch.actions]
    wholes = {
        "BRANCH_RULE": [r for r, _ in branches], "IN_A_ROW": [branch.in_a_row for _, branch in branches],
        "LEVELS": [len(rule.ladder) for rule in model.rules], "START_LEVELS": [r.start_level for r in model.rules],
        "ON_EVENTS": [sum(1 << e for e in rule.on_events) for rule in model.rules],
        "ACTION_BRANCH": [k for k, _ in actions], "ACTION_KIND": [KINDS.index(a.kind) for _, a in actions],
        "ACTION_LINES": [sum(1 << line for line in a.lines) for _, a in actions],
        "ACTION_INLET": [-1 if a.inlet is None else a.inlet for _, a in actions]}
    floats = {"ADDITIVE": [s.additive for s in model.signals], "PROPORTIONAL": [s.proportional for s in model.signals]}
    floats |= {"ACTION_STEP": [a.step for _, a in actions], "ACTION_LEAST": [a.least for _, a in actions],
               "SPACING": [s.spacing for s in model.signals]}
    wholes["INTERVALS"] = [s.intervals for s in model.signals]
    mosts = ["np.inf" if a.most == math.inf else repr(float(a.most)) for _, a in actions]
    limits = ["-np.inf" if s.lloq is None else repr(float(s.lloq)) for s in model.signals]
    lines = [f"{name} = np.array({numbers}, dtype=np.int64)" for name, numbers in wholes.items()]
    lines += [f"{name} = np.array({numbers}, dtype=np.float64)" for name, numbers in floats.items()]
    lines.append(f"ACTION_MOST = np.array([{', '.join(mosts)}], dtype=np.float64)")
    return "\n".join([*lines, f"LLOQ = np.array([{', '.join(limits)}], dtype=np.float64)", ""])


def _dispatchers(model: CourseModel) -> list[str]:
    """Return the functions that call the right one by its number."""
    decide = []
    for r, rule in enumerate(model.rules):
        unknown = [f"s[{k}] != s[{k}]" for k in _signals_of(model, rule)]
        refuses = [f"        if {' or '.join(unknown)}:", "            return False"] if unknown else []
        decide += [f"    if r == {r}:", *refuses,
                   f"        remember_{r}({_SEES})", f"        decide_{r}({_SEES}, holds)"]
    values = {what: [(a, f"{what}_{a}({_SEES})") for a, (_, action) in enumerate(_actions(model))
                     if getattr(action, what) is not None] for what in ("value", "duration")}
    amounts = [(r, k) for r, rule in enumerate(model.rules) for k in range(len(rule.ladder))]
    return [
        _dispatcher(f"decisions(r, {_SEES}, holds)", decide, "True"),
        *(_dispatcher(f"action_{what}(a, {_SEES})", [
            line for a, call in calls for line in (f"    if a == {a}:", f"        return {call}")], "0.0")
          for what, calls in values.items()),
        _dispatcher("level_amount(r, level, p, c)", [
            line for r, k in amounts
            for line in (f"    if r == {r} and level == {k}.0:", f"        return amount_{r}_{k}(p, c)")], "np.nan"),
    ]


def _dispatcher(head: str, lines: Iterable[str], otherwise: str) -> str:
    return "\n".join(["@kernel", f"def {head}:", *lines, f"    return {otherwise}", ""])


def _signals_of(model: CourseModel, rule: Rule) -> list[int]:
    """Return the signals that a rule cannot do without."""
    used: set[str] = set()
    expressions: list[Expr | None] = [expr for _, _, expr in rule.remembers]
    for branch in rule.branches:
        expressions += [branch.when, *(action.value for action in branch.actions)]
        expressions += [action.duration for action in branch.actions]
    for expr in expressions:
        used |= names_of(expr) if expr is not None else set()
    return [k for k, signal in enumerate(model.signals) if signal.name in used]
