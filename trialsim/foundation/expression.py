"""Expressions: mathematics as text, parsed to a tree that is checked for units, simulated and fitted alike."""

from __future__ import annotations

from trialsim.foundation.expression_algebra import derivative, simplify, substitute
from trialsim.foundation.expression_dimensions import check_condition, dimension_of
from trialsim.foundation.expression_numbers import numeric
from trialsim.foundation.expression_parse import parse
from trialsim.foundation.expression_text import to_text
from trialsim.foundation.expression_tree import (
    FUNCTIONS,
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
    events_of,
    is_condition,
    names_of,
    nodes,
    parts,
    place_of,
)
from trialsim.foundation.expression_values import values

__all__ = [
    "FUNCTIONS", "Binary", "Call", "Compare", "Constant", "Expr", "Logic", "Name", "Not", "Number", "Unary",
    "check_condition", "depth_of", "derivative", "dimension_of", "events_of", "is_condition", "names_of", "nodes",
    "numeric", "parse", "parts", "place_of", "simplify", "substitute", "to_text", "values",
]  # fmt: skip
