"""From text to tree: a Pratt parser over our own whitelist (V. R. Pratt, Top down operator precedence, POPL 1973)."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from typing import NoReturn

from trialsim.foundation.errors import Diagnostic, InvalidDocument, Place, UnreadableText
from trialsim.foundation.expression_tokens import ELSEWHERE, FUNCTIONS_ELSEWHERE, Token, tokens
from trialsim.foundation.expression_tree import (
    ABOUT_EVENTS,
    FUNCTIONS,
    RESERVED,
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
    depth_of,
)
from trialsim.foundation.nearest import nearest
from trialsim.foundation.unit_names import unit_word
from trialsim.foundation.units import Quantity, Unit, unit, unknown_unit

LONGEST = 2_000
DEEPEST = 120  # a bracket behind an operator is two levels
DEEPEST_TREE = 150  # chains such as a + b + c + … make deep trees without any bracket
LARGEST_POWER = 100

OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER = range(1, 9)
BINARY = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
DIVIDES = ("/", "1/", "per")
SPELLINGS = (("s", "second"), ("min", "minute"), ("h", "hour"), ("d", "day"))  # of one unit


def parse(text: str, place: Place | None = None, names: Collection[str] = (), asks: Collection[str] = ()) -> Expr:
    """Return the tree of an expression; every fault is an InvalidDocument that points at its column.

    `place` is where the scalar stands in its file. `names` are the names declared in the document: where one is
    spelled like a unit, the name wins, and it is refused where it could be read as part of a written quantity.
    `asks` are further functions this part of the language has, each of one name, like `due(endpoint)`. Spans of the
    nodes count columns from `place`.

    >>> parse("a - 2 * b")
    Binary(op='-', a=Name(name='a'), b=Binary(op='*', a=Number(value=2.0), b=Name(name='b')))
    """
    return Parser(text, place or Place("<expression>", 1, 1, len(text) + 1), names, asks).whole()


class Parser:
    def __init__(self, text: str, place: Place, names: Collection[str], asks: Collection[str]) -> None:
        self.text = text
        self.place = place
        self.shift = place.text_shift(text)
        self.names = names
        self.asks = asks
        self.depth = 0
        self.at = 0
        if len(text) > LONGEST:
            self.fault(
                (0, 0),
                "expression-too-large",
                f"an expression of {len(text)} characters is longer than the {LONGEST} allowed",
                notes=["give parts of it names of their own"],
            )
        self.tokens = tokens(text)

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def following(self, n: int = 1) -> Token:
        return self.tokens[min(self.at + n, len(self.tokens) - 1)]

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def fault(
        self, where: Token | tuple[int, int], slug: str, message: str, label: str = "", notes: Iterable[str] = ()
    ) -> NoReturn:
        start, end = (where.start, where.end) if isinstance(where, Token) else where
        place = self.place.part(self.text, start, end) if (start, end) != (0, 0) else self.place
        raise InvalidDocument([Diagnostic(place, slug, message, label, tuple(notes))])

    def span(self, start: int) -> tuple[int, int]:
        """Return the columns from a start in the text to the last token read; (0, 0) where they cannot be told."""
        if self.shift is None:
            return (0, 0)
        return (start + self.shift, self.tokens[self.at - 1].end + self.shift)

    def whole(self) -> Expr:
        if self.token.kind == "end":
            self.fault((0, 0), "bad-expression", "an expression is missing")
        expr = self.expression(0)
        if self.token.kind != "end":
            self.unexpected(self.token)
        if depth_of(expr) > DEEPEST_TREE:
            self.too_deep((0, 0))
        return expr

    def too_deep(self, where: Token | tuple[int, int]) -> NoReturn:
        self.fault(
            where,
            "expression-too-large",
            "this expression is nested too deeply",
            notes=[
                f"at most {DEEPEST} levels of brackets and operators and {DEEPEST_TREE} operations one upon the other",
                "give parts of it names of their own",
            ],
        )

    def expression(self, binding: int) -> Expr:
        """Return the longest expression from here whose operators bind more strongly than `binding`."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.too_deep(self.token)
        start = self.token.start
        left = self.prefix(binding)
        while (power := self.power_of(self.token)) > binding:
            left = self.infix(left, start, power)
        self.depth -= 1
        return left

    def power_of(self, token: Token) -> int:
        if token.kind == "sign":
            return COMPARISON if token.text in COMPARISONS else BINARY.get(token.text, 0)
        if token.kind == "name" and token.text in ("and", "or"):
            return AND if token.text == "and" else OR
        return 0

    def infix(self, left: Expr, start: int, power: int) -> Expr:
        op = self.token.text
        if power == COMPARISON:
            ops, operands = [], [left]
            while self.token.kind == "sign" and self.token.text in COMPARISONS:
                ops.append(self.next().text)
                operands.append(self.expression(COMPARISON))
            return Compare(tuple(ops), tuple(operands), self.span(start))
        if power in (AND, OR):
            operands = [left]
            while self.token.kind == "name" and self.token.text == op:
                self.next()
                operands.append(self.expression(power))
            return Logic(op, tuple(operands), self.span(start))
        self.next()
        # A power groups to the right and lets a sign into its exponent: a ^ -b ^ c is a ^ (-(b ^ c)).
        right = self.expression(SIGN - 1 if power == POWER else power)
        if op == "^" and isinstance(right, Number) and right.value > LARGEST_POWER:
            self.fault(
                self.tokens[self.at - 1],
                "power-too-large",
                f"the power {self.tokens[self.at - 1].text} is larger than {LARGEST_POWER}",
            )
        return Binary(op, left, right, self.span(start))

    def prefix(self, binding: int) -> Expr:
        token = self.next()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.word(token, binding)
        if token.text == "(" and token.kind == "sign":
            inner = self.expression(0)
            if self.token.text != ")":
                self.unclosed(token)
            self.next()
            return inner
        if token.text in ("-", "+") and token.kind == "sign":
            operand = self.expression(SIGN - 1)
            return Unary("-", operand, self.span(token.start)) if token.text == "-" else operand
        return self.unexpected(token)

    def unclosed(self, opened: Token) -> NoReturn:
        if self.token.kind == "end":
            self.fault(opened, "bad-expression", "this bracket is never closed")
        self.unexpected(self.token)

    def unexpected(self, token: Token) -> NoReturn:
        """Raise the fault of a token that cannot stand where it does."""
        before = self.tokens[max(self.tokens.index(token) - 1, 0)]
        if token.kind == "stray":
            note = ELSEWHERE.get(token.text)
            if token.text == "=" and re.fullmatch(r"\s*d\w+\s*/\s*d\w+\s*", self.text[: token.start]):
                note = "write only what stands right of the =: the rate itself"
            self.fault(
                token,
                "bad-expression",
                f"{token.text!r} has no meaning in an expression",
                notes=[note] if note else [],
            )
        if token.kind == "end":
            self.fault(before, "bad-expression", f"the expression ends after {before.text!r}", "something must follow")
        if token.text == ")":
            self.fault(token, "bad-expression", "this bracket was never opened or closes nothing")
        if token.kind in ("name", "number") and token.text not in RESERVED or token.text == "(":
            self.fault(
                token,
                "bad-expression",
                f"an operator is missing between {before.text!r} and {token.text!r}",
                notes=[f"to multiply, write {before.text} * {token.text}" + ("…)" if token.text == "(" else "")],
            )
        self.fault(token, "bad-expression", f"{token.text!r} cannot stand here")

    def word(self, token: Token, binding: int) -> Expr:
        if token.text == "not":
            if binding > NOT:
                self.fault(token, "bad-expression", "'not' cannot stand here", notes=["put brackets: (not …)"])
            return Not(self.expression(NOT), self.span(token.start))
        if token.text in ("and", "or", "per"):
            self.unexpected(token)
        if self.token.kind == "sign" and self.token.text == "(":
            return self.call(token)
        if (token.text in FUNCTIONS or token.text in self.asks) and token.text not in self.names:
            self.fault(
                token,
                "bad-expression",
                f"{token.text!r} is a function",
                notes=[f"write {token.text}(…)"],
            )
        if not token.text.isascii():
            self.fault(token, "bad-expression", f"{token.text!r} is no name", notes=["names are of letters a to z"])
        return Name(token.text, self.span(token.start))

    def call(self, token: Token) -> Expr:
        if token.text not in FUNCTIONS and token.text not in self.asks:
            if token.text in FUNCTIONS_ELSEWHERE:
                notes = [FUNCTIONS_ELSEWHERE[token.text]]
                self.fault(token, "unknown-function", f"there is no function {token.text!r}", notes=notes)
            near = nearest(token.text, {*FUNCTIONS, *self.asks})
            notes = [f"functions: {', '.join([*FUNCTIONS, *sorted(self.asks)])}"]
            notes += [f"nearest name: {near}"] if near else []
            notes += [f"to multiply, write {token.text} * (…)"] if token.text in self.names else []
            self.fault(token, "unknown-function", f"there is no function {token.text!r}", notes=notes)
        opened = self.next()
        args: list[Expr] = []
        if self.token.text != ")":
            args.append(self.expression(0))
            while self.token.text == ",":
                self.next()
                args.append(self.expression(0))
        if self.token.text != ")":
            self.unclosed(opened)
        closed = self.next()
        self.check_arguments(token, closed, args)
        return Call(token.text, tuple(args), self.span(token.start))

    def check_arguments(self, token: Token, closed: Token, args: list[Expr]) -> None:
        least, most = FUNCTIONS.get(token.text, (1, 1))
        if not least <= len(args) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            given = f"{len(args)} {'is' if len(args) == 1 else 'are'} given"
            self.fault(
                (token.start, closed.end),
                "wrong-arguments",
                f"{token.text}() takes {wanted} argument{'' if wanted == '1' else 's'}, {given}",
                notes=["write if(condition, value if true, value if false)"] if token.text == "if" else [],
            )
        takes_a_name = token.text in ABOUT_EVENTS or token.text not in FUNCTIONS
        if takes_a_name and not isinstance(args[0], Name):
            self.fault((token.start, closed.end), "wrong-arguments", f"{token.text}() takes the name of one thing")

    def number(self, token: Token) -> Expr:
        """Return a number, or the quantity it makes with the unit behind it."""
        value = float(token.text)
        if not math.isfinite(value):
            self.fault(token, "bad-number", f"{token.text!r} is too large for a number")
        found = self.unit_behind(token)
        if found is not None:
            return Constant(Quantity(value, found), self.span(token.start))
        after = self.token
        if after.kind == "name" and after.text not in RESERVED:
            if after.text in self.names or after.text in FUNCTIONS:
                self.unexpected(after)
            fault = unknown_unit(after.text, after.text)
            self.fault(after, fault.slug, fault.message, notes=fault.notes)
        return Number(value, self.span(token.start))

    def unit_behind(self, number: Token) -> Unit | None:
        """Read UNIT (/UNIT | *UNIT | per UNIT)* as far as every part is a known unit and no declared name."""
        start = self.token
        self.name_for_unit(number, 2 if start.text == "1" and self.following().text == "/" else start.text == "per")
        if self.token.text == "per" and self.is_unit(1):
            self.next()
            written = "per " + self.unit_factor()
        elif self.token.text == "1" and self.following().text == "/" and self.is_unit(2):
            self.next()
            written = "1"
        elif self.is_unit(0):
            written = self.unit_factor()
        else:
            return None
        while True:
            sign = "/" if self.token.text == "per" else self.token.text
            if sign not in ("*", "/") or not (self.is_unit(1) or (sign == "/" and self.is_scaled_unit(1))):
                break
            self.next()
            scale = self.next().text if self.token.kind == "number" else ""
            written += sign + scale + self.unit_factor()
        touches = self.tokens[self.at - 1].end == self.token.start and self.token.end == self.following().start
        if self.token.text in ("/", "per") or (self.token.text == "*" and touches):  # mg * h is a product, mg*h a unit
            self.name_for_unit(number, 1)
        try:
            return unit(written)
        except UnreadableText as fault:
            self.fault((start.start, self.tokens[self.at - 1].end), fault.slug, fault.message, notes=fault.notes)

    def name_for_unit(self, number: Token, n: int) -> None:
        """Raise the fault of a declared name that stands where a unit would be part of the quantity."""
        name = self.following(n)
        word = unit_word(name.text) if name.kind == "name" and name.text in self.names else None
        if word is None or self.following(n + 1).text == "(":
            return
        signs = "".join(token.text for token in self.tokens[self.at : self.at + n])
        before = self.text[number.start : self.tokens[self.at - 1].end]
        value = before if before == number.text else f"({before})"
        another = next((w for pair in SPELLINGS if word in pair for w in pair if w not in (word, *self.names)), None)
        behind = {"": " ", "1/": " 1/", "per": " per "}.get(signs, signs)
        notes = [
            f"to {'divide by' if signs in DIVIDES else 'multiply with'} what is declared, write "
            f"{value} {'/' if signs in DIVIDES else '*'} {name.text}",
            f"for the unit, write {before}{behind}{another}" if another else f"for the unit, rename {name.text!r}",
        ]
        self.fault(name, "unit-or-name", f"{name.text!r} is declared here, and is a unit too", "which one?", notes)

    def is_unit(self, n: int) -> bool:
        token = self.following(n)
        if token.text == "%":
            return n == 0
        is_call = self.following(n + 1).text == "("
        return token.kind == "name" and token.text not in self.names and not is_call and bool(unit_word(token.text))

    def is_scaled_unit(self, n: int) -> bool:
        """Whether a number and a unit touch, as in `mL/min/1.73m2`."""
        number, name = self.following(n), self.following(n + 1)
        return number.kind == "number" and number.end == name.start and self.is_unit(n + 1)

    def unit_factor(self) -> str:
        word = self.next()
        if self.token.text != "^":
            return word.text
        sign = self.following().text if self.following().text == "-" else ""
        power = self.following(2 if sign else 1)
        if power.kind != "number" or not power.text.isdigit():
            self.fault(
                power,
                "bad-expression",
                "the power of a unit is a whole number",
                notes=[f"to raise the quantity, put it in brackets: (… {word.text})^…"],
            )
        for _ in range(3 if sign else 2):
            self.next()
        return f"{word.text}^{sign}{power.text}"
