"""Derivatives on a tape: against differences, at kinks, at zero, and sharing what they have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.course_models import formulas
from trialsim.dynamics.tape import Tape
from trialsim.dynamics.tape_derivative import derivative, jacobian
from trialsim.dynamics.transcription import read

NAMES = "x y k"
VALUES = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "neg": lambda a: -a, "exp": math.exp, "log": lambda a: math.log(a) if a else -math.inf, "sqrt": math.sqrt,
    "power": lambda a, b: math.inf if a == 0.0 and b < 0.0 else a**b, "abs": abs, "min": min, "max": max,
    "logistic": lambda a: 1 / (1 + math.exp(-a)), "logit": lambda p: math.log(p / (1 - p)),
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "and": lambda a, b: a and b, "or": lambda a, b: a or b,
    "not": lambda a: not a,
}


def on_tape(text):
    tape = Tape()
    names = {"x": tape.node("state", 0), "y": tape.node("state", 1), "k": tape.node("parameter", 0),
             "t": tape.node("t")}
    return tape, names, read(tape, formulas(NAMES, text)[0], names)


def value(tape, i, x, y, k, t):
    operation, *arguments = tape.nodes[i]
    if operation == "number":
        return arguments[0]
    if operation in ("state", "parameter"):
        return k if operation == "parameter" else (x, y)[arguments[0]]
    if operation in ("t", "tc"):
        return t
    if operation == "if":
        return value(tape, arguments[1 if value(tape, arguments[0], x, y, k, t) else 2], x, y, k, t)
    return VALUES[operation](*(value(tape, j, x, y, k, t) for j in arguments))


def slope(text, name, x, y=0.7, k=1.3, t=2.1):
    tape, names, i = on_tape(text)
    return value(tape, derivative(tape, i, names[name]), x, y, k, t)


@pytest.mark.parametrize(("text", "expected"), [
    ("x ^ 3", lambda x, y: 3 * x**2),
    ("x ^ y", lambda x, y: y * x ** (y - 1)),
    ("x ^ 0.5", lambda x, y: 0.5 * x**-0.5),
    ("x ^ -1.5", lambda x, y: -1.5 * x**-2.5),
    ("k * x / (y + x)", lambda x, y: 1.3 * y / (y + x) ** 2),
    ("exp(-x * y) * log(x) + sqrt(x)",
     lambda x, y: math.exp(-x * y) * (1 / x - y * math.log(x)) + 0.5 / math.sqrt(x)),
    ("logistic(x) + logit(x)", lambda x, y: math.exp(-x) / (1 + math.exp(-x)) ** 2 + 1 / (x * (1 - x))),
    ("abs(x - 1) + abs(x)", lambda x, y: 0.0),
    ("min(x, y) + 2 * max(x, y)", lambda x, y: 1.0 if x < y else 2.0),
    ("if(x * y > 0.2, x * x, -x)", lambda x, y: 2 * x if x * y > 0.2 else -1.0),
    ("y * k", lambda x, y: 0.0),
])
@pytest.mark.parametrize("x", [0.21, 0.81])
def test_each_operation_by_its_formula(text, expected, x):
    assert slope(text, "x", x) == pytest.approx(expected(x, 0.7), rel=1e-13)


def test_by_time():
    assert slope("k * exp(-k * t) * x", "t", 0.5) == pytest.approx(-1.3**2 * math.exp(-1.3 * 2.1) * 0.5)
    # A condition linear in time is held: it turns at a breakpoint, not inside a step.
    assert slope("if(t > 1, t * t, 3)", "t", 0.5) == pytest.approx(4.2)
    assert slope("y ^ t", "t", 0.5) == pytest.approx(math.log(0.7) * 0.7**2.1)


@pytest.mark.parametrize(("text", "expected"), [
    ("x ^ 1.7", 0.0), ("x ^ 0.7", 0.0), ("x ^ (k + 0.1)", 0.0), ("x ^ (k - 1)", 0.0), ("x ^ (k - 0.3)", 1.0),
    ("x ^ (k + y)", 0.0), ("sqrt(x)", 0.0), ("x ^ x", 0.0), ("x ^ k / (y ^ k + x ^ k)", 0.0), ("x ^ 1", 1.0),
])
def test_powers_are_safe_at_zero(text, expected):
    assert slope(text, "x", 0.0) == expected


def test_the_power_itself_is_shared_with_its_derivative():
    tape, names, i = on_tape("exp(k * x)")
    found = derivative(tape, i, names["x"])
    assert tape.nodes[found] == ("*", names["k"], i) or tape.nodes[found] == ("*", i, names["k"])
    n = len(tape.nodes)
    assert derivative(tape, i, names["x"]) == found
    assert len(tape.nodes) == n


def test_the_jacobian_leaves_zeros_out():
    tape, names, first = on_tape("-k * x")
    second = read(tape, formulas(NAMES, "k * x - y * y + t")[0], names)
    found = jacobian(tape, [first, second], [names["x"], names["y"], names["t"]])
    assert sorted(found) == [(0, 0), (1, 0), (1, 1), (1, 2)]
    assert [value(tape, found[place], 0.2, 0.7, 1.3, 0.0) for place in sorted(found)] == [-1.3, 1.3, -1.4, 1.0]


def test_a_chain_of_a_thousand_products_is_not_worked_out_twice():
    tape, names, i = on_tape("x")
    for _ in range(1000):
        i = tape.binary("*", i, tape.binary("+", i, names["k"]))
    derivative(tape, i, names["x"])
    assert len(tape.nodes) < 10_000


def test_a_condition_has_no_derivative():
    tape, names, _ = on_tape("x")
    with pytest.raises(ValueError) as caught:
        derivative(tape, tape.node("<", names["x"], names["y"]), names["x"])
    assert str(caught.value) == "a value made by '<' has no derivative"


SMOOTH = st.recursive(
    st.sampled_from(["x", "y", "k", "t", "2", "0.3"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("({} / (1.5 + ({}) ^ 2))".format, inner, inner),
        st.builds("{}({})".format, st.sampled_from(["logistic", "-", "abs"]), inner),
        st.builds("exp(-({}) ^ 2)".format, inner),
        st.builds("log(1.2 + abs({}))".format, inner),
        st.builds("sqrt(0.5 + ({}) ^ 2)".format, inner),
        st.builds("(0.4 + abs({})) ^ (({}) / (1 + abs({})))".format, inner, inner, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("if({} > {}, {}, {})".format, inner, inner, inner, inner)),
    max_leaves=8)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=SMOOTH, name=st.sampled_from(["x", "y", "t"]), where=st.tuples(*[st.floats(0.1, 1.9)] * 4))
def test_any_expression_against_differences(text, name, where):
    point = dict(zip("xykt", where, strict=True))
    tape, names, i = on_tape(text)

    def at(shift):
        return value(tape, i, **{**point, name: point[name] + shift})

    h = 1e-6
    left, right = (at(0.0) - at(-h)) / h, (at(h) - at(0.0)) / h
    found = value(tape, derivative(tape, i, names[name]), **point)
    assert math.isfinite(found)
    size = 1.0 + abs(at(0.0)) + abs(left) + abs(right)
    # At a kink or a jump either side will do; a jump's difference is no slope.
    if abs(left - right) > 1e-3 * size:
        return
    np.testing.assert_allclose(found, (at(h) - at(-h)) / (2 * h), rtol=1e-4, atol=1e-5 * size)
