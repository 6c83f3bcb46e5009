"""A document on its way to a protocol: what was written, where it stands, the cohort it is about, its faults so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trialsim.cohort.model import Cohort
from trialsim.foundation.errors import InvalidDocument, Place, Problems
from trialsim.foundation.expression import Expr, parse
from trialsim.foundation.nearest import nearest
from trialsim.foundation.sections import FormulaText
from trialsim.protocol.written import Written

Path = tuple[str | int, ...]
KEY = "@key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    written: Written
    places: Mapping[Path, Place]
    problems: Problems
    cohort: Cohort
    formulas: dict[FormulaText, Expr] = field(default_factory=dict)  # parsed once, their faults told once

    def place(self, path: Path) -> Place | None:
        """Return where a value stands, or else the nearest thing around it."""
        while path:
            for candidate in (path, (*path, KEY)):
                if candidate in self.places:
                    return self.places[candidate]
            path = path[:-1]
        return self.places.get(())

    def key(self, *path: str | int) -> Place | None:
        """Return where the key of a value stands."""
        return self.places.get((*path, KEY)) or self.place(path)

    def error(
        self,
        where: Path | Place | None,
        slug: str,
        message: str,
        label: str = "",
        notes: Iterable[str] = (),
        also: Iterable[tuple[Path, str]] = (),
    ) -> None:
        places = [(self.place(path), text) for path, text in also]
        self.problems.error(
            where if isinstance(where, Place) or where is None else self.place(where),
            slug,
            message,
            label,
            tuple(notes),
            [(place, text) for place, text in places if place is not None],
        )

    def is_known(self, where: Path | Place | None, what: str, name: str, known: Iterable[str]) -> bool:
        """Return whether a name is among the known ones; if not, that is a fault."""
        names = list(known)
        if name in names:
            return True
        close = nearest(name, names)
        many = plural(what)
        notes = [f"{many}: {', '.join(names)}" if names else f"there are no {many}"]
        self.error(where, "unknown-name", f"there is no {what} '{name}'", "", notes + near(close))
        return False

    def parsed(self, formula: FormulaText, names: Iterable[str], asks: Iterable[str] = ()) -> Expr | None:
        """Return the tree of an expression, None if it has none; the fault is told. `asks` are further functions."""
        if formula not in self.formulas:
            try:
                self.formulas[formula] = parse(formula.text, formula.place, frozenset(names), frozenset(asks))
            except InvalidDocument as fault:
                self.problems.add(*fault.diagnostics)
                return None
        return self.formulas[formula]


def plural(what: str) -> str:
    """Return the word for several of a thing."""
    return what.removesuffix("is") + "es" if what.endswith("is") else what + "s"


def near(name: str | None) -> list[str]:
    return [f"nearest name: {name}"] if name else []
