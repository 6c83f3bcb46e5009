"""Derivatives of values on a tape, written onto the same tape, so that they share what they have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trialsim.dynamics.tape import LEAVES, Tape


def derivative(tape: Tape, i: int, leaf: int) -> int:
    """Return the position of the derivative of a value with respect to a leaf (a state, or the time `t`).

    A kink (`abs`, `min`, `max`, `if`) has the derivative of the branch taken: conditions are held, and so is `tc`.
    Where a power or a square root has an infinite slope at zero its derivative there is 0: a solver that sees a state
    rest at zero must not meet an infinity, and one that leaves it does so by short steps.
    """
    return _derivatives(tape, [i], leaf)[0]


def jacobian(tape: Tape, values: Sequence[int], leaves: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return the positions of the derivatives of values with respect to leaves, by (value, leaf), zeros left out."""
    columns = [_derivatives(tape, values, leaf) for leaf in leaves]
    return {(k, j): column[k] for k in range(len(values)) for j, column in enumerate(columns)
            if tape.value(column[k]) != 0.0}


def _derivatives(tape: Tape, roots: Sequence[int], leaf: int) -> list[int]:
    zero, known = tape.number(0.0), {leaf: tape.number(1.0)}
    # Arguments stand before what is made of them, so that going up the tape meets each value after its parts.
    for i in sorted(_parts(tape, roots)):
        if i not in known:
            known[i] = zero if tape.nodes[i][0] in LEAVES else _slope(tape, i, known)
    return [known[i] for i in roots]


def _parts(tape: Tape, roots: Iterable[int]) -> set[int]:
    """Return all values of which the roots are made, conditions apart."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        i = waiting.pop()
        if i not in found:
            found.add(i)
            waiting += _moving(tape, i)
    return found


def _moving(tape: Tape, i: int) -> tuple[int, ...]:
    """Return the arguments of a node that are differentiated."""
    operation, *arguments = tape.nodes[i]
    if operation in LEAVES:
        return ()
    return tuple(arguments[1:] if operation == "if" else arguments)


def _slope(tape: Tape, i: int, known: dict[int, int]) -> int:
    """Return the derivative of a node from those of its arguments."""
    operation, *arguments = tape.nodes[i]
    moving = _moving(tape, i)
    slopes = [known[j] for j in moving]
    if all(tape.value(slope) == 0.0 for slope in slopes):
        return tape.number(0.0)
    if operation == "if":
        return tape.choice(arguments[0], *slopes)
    if len(moving) == 2:
        return _slope_of_two(tape, i, operation, *moving, *slopes)
    return _slope_of_one(tape, i, operation, moving[0], slopes[0])


def _slope_of_two(tape: Tape, i: int, operation: str, a: int, b: int, da: int, db: int) -> int:
    if operation in ("+", "-"):
        return tape.binary(operation, da, db)
    if operation == "*":
        return tape.binary("+", tape.binary("*", da, b), tape.binary("*", a, db))
    if operation == "/":
        return tape.binary("/", tape.binary("-", da, tape.binary("*", i, db)), b)
    if operation == "power":
        return tape.binary("+", _by_base(tape, a, b, da), _by_exponent(tape, i, a, db))
    if operation in ("min", "max"):
        return tape.choice(tape.node("<" if operation == "min" else ">", a, b), da, db)
    raise ValueError(f"a value made by {operation!r} has no derivative")


def _slope_of_one(tape: Tape, i: int, operation: str, a: int, da: int) -> int:
    one = tape.number(1.0)
    if operation == "neg":
        return tape.negative(da)
    if operation == "exp":
        return tape.binary("*", i, da)
    if operation == "log":
        return tape.binary("/", da, a)
    if operation == "sqrt":
        inner = tape.binary("/", da, tape.binary("*", tape.number(2.0), i))
        return tape.choice(_is_zero(tape, a), tape.number(0.0), inner)
    if operation == "abs":
        return tape.choice(tape.node(">=", a, tape.number(0.0)), da, tape.negative(da))
    if operation == "logistic":
        return tape.binary("*", tape.binary("*", i, tape.binary("-", one, i)), da)
    if operation == "logit":
        return tape.binary("/", da, tape.binary("*", a, tape.binary("-", one, a)))
    raise ValueError(f"a value made by {operation!r} has no derivative")


def _by_base(tape: Tape, a: int, b: int, da: int) -> int:
    """Return the part of a power's derivative that its base brings: b a^(b - 1) da, never b a^b / a."""
    if tape.value(da) == 0.0:
        return da
    one, exponent = tape.number(1.0), tape.value(b)
    steep = tape.binary("*", b, tape.power(a, tape.binary("-", b, one)))
    if exponent is None:
        steep = tape.choice(tape.node("and", _is_zero(tape, a), tape.node("<", b, one)), tape.number(0.0), steep)
    elif exponent < 1.0:
        steep = tape.choice(_is_zero(tape, a), tape.number(0.0), steep)
    return tape.binary("*", steep, da)


def _by_exponent(tape: Tape, i: int, a: int, db: int) -> int:
    """Return the part of a power's derivative that its exponent brings: a^b log(a) db, 0 at a = 0."""
    if tape.value(db) == 0.0:
        return db
    steep = tape.choice(_is_zero(tape, a), tape.number(0.0), tape.binary("*", i, tape.node("log", a)))
    return tape.binary("*", steep, db)


def _is_zero(tape: Tape, a: int) -> int:
    return tape.node("==", a, tape.number(0.0))
