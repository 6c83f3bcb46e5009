"""The functions that read the outputs of many samples or many patients at once, as source: loops without branches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from trialsim.dynamics.model import CourseModel
from trialsim.dynamics.system import System
from trialsim.dynamics.tape import LEAVES

DECORATOR = "@kernel"
FUNCTIONS = ("exp", "log", "power", "logistic", "logit")
ACROSS = "ws[(ACROSS_{2} + {1}) * WIDE + k]"
CALLS = re.compile(rf"\b({'|'.join(FUNCTIONS)}|lane_power)\(")
VALUES = re.compile(r"\bv\d+\b")


class Lines(Protocol):
    """What writes the lines of one lane: `source.Writer`."""

    def lines(self, targets: Sequence[int], states: str, time: str, suffix: str) -> tuple[list[str], list[str]]:
        """Return lines that compute targets, and the names of the results."""

    def read(self, place: str = ...) -> list[str]:
        """Return the lines that read what these lines use."""


def read_together(writer: Lines, found: System) -> str:
    """Return the function that reads the outputs of many samples at once: a loop without branches."""
    writer.read()
    shown = shown_states(found)
    lines, values = writer.lines(found.outputs, "x{0}", "t", "")
    rows = [("times", "TIMES"), *((f"row{i}", f"SEEN + {k}") for k, i in enumerate(shown)),
            *((f"out{k}", f"SEEN + N_SHOWN + {k}") for k in range(len(values)))]
    head = [f"{name} = room[{row}, 0:n]" for name, row in rows] + writer.read("{0}[{1}]")
    body = ["t = times[k]", "tc = t", *(f"x{i} = row{i}[k]" for i in shown), *lines,
            *(f"out{k}[k] = {value}" for k, value in enumerate(values))]
    return "\n".join([DECORATOR, "def read_together(p, c, n, room):", *(f"    {line}" for line in head),
                      "    for k in range(n):", *(f"        {line}" for line in body), ""])


def read_modes(writer: Lines, found: System) -> str:
    """Return the function that reads the outputs of a stretch from modes: a loop without branches for each."""
    n, n_outputs = len(found.states), len(found.outputs)
    source = [DECORATOR, "def read_modes(p, c, n, times, parts, shares, room, numbers):", "    odd = 0"]
    source += [f"    mode{m} = shares[{m}, 0:n]" for m in range(n)]
    for q, output in enumerate(found.outputs):
        writer.read()
        lines, (value,) = writer.lines([output], "x{0}", "t", "")
        seen = states_below(found, [output])
        states = []
        for i in seen:
            source += [f"    a{i}_{m} = parts[{m}, {i}]" for m in range(n + 1)]
            states.append(f"x{i} = {'(' * n}a{i}_{n}" + "".join(f" + a{i}_{m} * mode{m}[k])" for m in range(n)))
        source += [f"    {line}" for line in writer.read("{0}[{1}]")]
        source.append(f"    out{q} = {'numbers' if n_outputs == 1 else f'room[{q}, 0:n]'}")
        source += ["    for k in range(n):", *(f"        {line}" for line in (
            "t = times[k]", "tc = t", *states, *lines, f"value = {value}", f"out{q}[k] = value",
            "odd |= 0 if value == value else 1"))]
    if n_outputs > 1:
        source += [f"    for k in range(n):\n        numbers[k * {n_outputs} + {q}] = out{q}[k]"
                   for q in range(n_outputs)]
    return "\n".join([*source, "    return odd", ""])


def across(head: str, body: Sequence[str]) -> str:
    """Return a function that does the same for all patients who stand side by side."""
    return "\n".join([DECORATOR, f"def {head}:", "    for k in range(WIDE):",
                      *(f"        {line}" for line in (body or ["pass"])), ""])


def read_across(writer: Lines, found: System) -> tuple[str, int]:
    """Return the function that reads the outputs of many patients side by side, and how many rows of room it needs.

    One loop for each elementary function: a loop with two, one after the other, waits for the first.
    """
    writer.read()
    lines, values = writer.lines(found.outputs, "x{0}", "t", "")
    reads = writer.read(ACROSS)
    lines += [f"ws[(N_ACROSS - N_OUTPUTS + {k}) * WIDE + k] = {value}" for k, value in enumerate(values)]
    loops: list[list[str]] = [[]]
    for line in lines:
        loops[-1].append(line)
        if CALLS.search(line):
            loops.append([])
    room: dict[str, str] = {}
    source = f"{DECORATOR}\ndef read_across(ws):\n"
    for at, loop in enumerate(loops):
        later = set(VALUES.findall("\n".join(line for more in loops[at + 1 :] for line in more)))
        named, used = {line.split(" = ")[0] for line in loop}, set(VALUES.findall("\n".join(loop)))
        body = [line for line in reads if re.search(rf"\b{line.split(' = ')[0]}\b", "\n".join(loop))]
        body += ["t = ws[k]", "tc = t", *(f"{name} = {room[name]}" for name in sorted(used & room.keys())), *loop]
        kept = sorted(named & later)
        room.update({name: f"ws[(ACROSS_ROOM + {len(room) + k}) * WIDE + k]" for k, name in enumerate(kept)})
        body += [f"{room[name]} = {name}" for name in kept]
        source += "\n".join(["    for k in range(WIDE):", *(f"        {line}" for line in body), ""])
    return source, len(room)


def across_sizes(model: CourseModel, n_constants: int, n_kept: int) -> str:
    """Return where patients' rows stand in the work space of a closed form, as assignments."""
    return (f"ACROSS_C = ACROSS_P + {len(model.parameters)}\nACROSS_ROOM = ACROSS_C + {n_constants}\n"
            f"N_ACROSS = ACROSS_ROOM + {n_kept + len(model.outputs)}\n")


def shown_states(found: System) -> list[int]:
    """Return the states that outputs depend on."""
    return states_below(found, found.outputs)


def states_below(found: System, targets: Sequence[int]) -> list[int]:
    seen: set[int] = set()
    waiting = list(targets)
    while waiting:
        i = waiting.pop()
        if i not in seen:
            seen.add(i)
            waiting += [] if found.tape.nodes[i][0] in LEAVES else found.tape.nodes[i][1:]
    return sorted(found.tape.nodes[i][1] for i in seen if found.tape.nodes[i][0] == "state")
