"""Mathematics of an SBML document as our expressions: MathML trees to trees, functions written in place.

The only modules that touch libsbml are `sbml_math`, `sbml_units` and `sbml_read`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import libsbml

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.expression import (
    Binary,
    Call,
    Compare,
    Constant,
    Expr,
    Logic,
    Name,
    Not,
    Number,
    Unary,
    substitute,
)
from trialsim.foundation.units import Quantity, Unit

TIME = "time since the beginning"  # no id of SBML can be so called
AVOGADRO = 6.02214179e23  # what SBML Level 3 fixes the symbol at
RELATIONS = {
    libsbml.AST_RELATIONAL_EQ: "==", libsbml.AST_RELATIONAL_NEQ: "!=", libsbml.AST_RELATIONAL_LT: "<",
    libsbml.AST_RELATIONAL_LEQ: "<=", libsbml.AST_RELATIONAL_GT: ">", libsbml.AST_RELATIONAL_GEQ: ">=",
}  # fmt: skip
CONSTANTS = {libsbml.AST_CONSTANT_E: math.e, libsbml.AST_CONSTANT_PI: math.pi, libsbml.AST_NAME_AVOGADRO: AVOGADRO}
NUMBERS = (libsbml.AST_INTEGER, libsbml.AST_REAL, libsbml.AST_REAL_E, libsbml.AST_RATIONAL)
SAME = {
    libsbml.AST_FUNCTION_EXP: "exp", libsbml.AST_FUNCTION_LN: "log", libsbml.AST_FUNCTION_ABS: "abs",
    libsbml.AST_FUNCTION_MIN: "min", libsbml.AST_FUNCTION_MAX: "max",
}  # fmt: skip
NO_SUCH = "the expressions of a cohort have exp, log, sqrt, abs, min, max, if, and powers"


@dataclass(frozen=True, slots=True)
class Function:
    """A function definition: its arguments and what it is."""

    arguments: tuple[str, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Mathematics:
    """What the formulas of one document may name: functions, and the units of written numbers."""

    functions: Mapping[str, Function] = field(default_factory=dict)
    units: Mapping[str, tuple[Unit, float]] | None = None  # None: written numbers have no units

    def tree(self, node: Any, where: str) -> Expr:
        """Return a MathML tree as an expression; TrialsimError names what our expressions do not have."""
        kind = node.getType()
        parts = [node.getChild(i) for i in range(node.getNumChildren())]
        if kind in NUMBERS:
            return self.number(float(node.getValue()), node.getUnits() if node.isSetUnits() else "")
        if kind in CONSTANTS:
            return Number(CONSTANTS[kind])
        if kind == libsbml.AST_NAME:
            return Name(node.getName())
        if kind == libsbml.AST_NAME_TIME:
            return Name(TIME)
        if kind == libsbml.AST_FUNCTION:
            return self.called(node.getName(), [self.tree(part, where) for part in parts], where)
        if kind == libsbml.AST_FUNCTION_PIECEWISE:
            return piecewise([self.tree(part, where) for part in parts], where)
        return operation(node, kind, [self.tree(part, where) for part in parts], where)

    def number(self, value: float, unit: str) -> Expr:
        """Return a written number, with its unit where units count and ours knows it."""
        if self.units is None or unit not in self.units:
            return Number(value)
        own, factor = self.units[unit]
        return Constant(Quantity(value * factor, own)) if own.text else Number(value * factor)

    def called(self, name: str, arguments: list[Expr], where: str) -> Expr:
        """Return a function's value with the arguments put in."""
        function = self.functions.get(name)
        if function is None or len(function.arguments) != len(arguments):
            raise refused(f"{where} calls {name!r}, which no function definition of the document fits")
        return substitute(function.value, dict(zip(function.arguments, arguments, strict=True)))


def operation(node: Any, kind: int, parts: list[Expr], where: str) -> Expr:
    """Return an operator or a function of its parts."""
    if kind == libsbml.AST_PLUS:
        return joined("+", parts, 0.0)
    if kind == libsbml.AST_TIMES:
        return joined("*", parts, 1.0)
    if kind == libsbml.AST_MINUS:
        return Unary("-", parts[0]) if len(parts) == 1 else Binary("-", parts[0], parts[1])
    if kind == libsbml.AST_DIVIDE:
        return Binary("/", parts[0], parts[1])
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        return Binary("^", parts[0], parts[1])
    if kind == libsbml.AST_FUNCTION_ROOT:  # the degree comes first
        if len(parts) == 1 or parts[0] == Number(2.0):
            return Call("sqrt", (parts[-1],))
        return Binary("^", parts[1], Binary("/", Number(1.0), parts[0]))
    if kind == libsbml.AST_FUNCTION_LOG:  # the base comes first; ten if there is none
        base = parts[0] if len(parts) == 2 else Number(10.0)
        return Binary("/", Call("log", (parts[-1],)), Call("log", (base,)))
    if kind in SAME:
        return Call(SAME[kind], tuple(parts))
    if kind in RELATIONS:
        return Compare((RELATIONS[kind],) * (len(parts) - 1), tuple(parts))
    if kind in (libsbml.AST_LOGICAL_AND, libsbml.AST_LOGICAL_OR):
        word = "and" if kind == libsbml.AST_LOGICAL_AND else "or"
        return parts[0] if len(parts) == 1 else Logic(word, tuple(parts))
    if kind == libsbml.AST_LOGICAL_NOT:
        return Not(parts[0])
    raise refused(f"{where} uses {word_of(node)!r}", NO_SUCH)


def piecewise(parts: list[Expr], where: str) -> Expr:
    """Return value, condition, value, condition, …, otherwise as nested choices."""
    if len(parts) % 2 == 0:
        raise refused(f"{where} is piecewise without an 'otherwise'", "say what it is when no condition holds")
    value = parts[-1]
    for i in range(len(parts) - 3, -1, -2):
        value = Call("if", (parts[i + 1], parts[i], value))
    return value


def joined(op: str, parts: list[Expr], nothing: float) -> Expr:
    """Return a sum or product of any number of parts."""
    if not parts:
        return Number(nothing)
    whole = parts[0]
    for part in parts[1:]:
        whole = Binary(op, whole, part)
    return whole


def word_of(node: Any) -> str:
    """Return what a MathML element is called."""
    names = {
        libsbml.AST_FUNCTION_DELAY: "delay", libsbml.AST_FUNCTION_RATE_OF: "rateOf", libsbml.AST_LOGICAL_XOR: "xor",
        libsbml.AST_CONSTANT_TRUE: "true", libsbml.AST_CONSTANT_FALSE: "false",
    }  # fmt: skip
    return names.get(node.getType()) or node.getOperatorName() or node.getName() or "an element without a name"


def refused(message: str, *notes: str) -> TrialsimError:
    """Return the fault of a document that says more than a cohort can."""
    return TrialsimError("sbml-not-supported", message, notes)
