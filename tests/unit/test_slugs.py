"""Every fault that can be told anywhere is explained, and every explanation is of a fault that can be told.

The slugs are read off the syntax tree: constants where an error or a diagnostic takes its slug, and constants handed
to functions that hand them on. A slug that is put together at run time would escape, and is therefore a fault here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import trialsim
from trialsim.api.documents import explanations

PACKAGE = Path(trialsim.__file__).parent
# Where the slug stands among the arguments of what makes a fault.
Makers = dict[tuple[Path | None, str], set[int]]  # what starts with an underscore belongs to its file
MAKERS: Makers = {
    (None, "TrialsimError"): {0},
    (None, "UnreadableText"): {0},
    (None, "Diagnostic"): {1},
    (None, "error"): {1},
    (None, "warning"): {1},
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def called(call: ast.Call) -> str:
    """Return the bare name of what is called; a method and a function of one name count as one."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def known_as(path: Path, name: str) -> tuple[Path | None, str]:
    return (path if name.startswith("_") else None, name)


def slug_arguments(path: Path, call: ast.Call, makers: Makers) -> Iterator[ast.expr]:
    """Yield what a call hands over as the slug of a fault, both sides of a condition."""
    maker = known_as(path, called(call))
    if maker not in makers:
        return
    values = [call.args[position] for position in makers[maker] if position < len(call.args)]
    values += [keyword.value for keyword in call.keywords if keyword.arg == "slug"]
    for value in values:
        yield from [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]


def parameters(function: Function) -> list[str]:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def scopes(tree: ast.Module) -> Iterator[tuple[Function | None, ast.Call]]:
    """Yield every call with the function it stands in."""

    def visit(node: ast.AST, scope: Function | None) -> Iterator[tuple[Function | None, ast.Call]]:
        inner = node if isinstance(node, Function) else scope
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield inner, child
            yield from visit(child, inner)

    return visit(tree, None)


def told() -> tuple[set[str], set[str]]:
    """Return every slug that can be told, and the places where one is made up at run time."""
    makers = {maker: set(positions) for maker, positions in MAKERS.items()}
    calls = [(path, scope, call) for path, tree in trees().items() for scope, call in scopes(tree)]
    while True:
        slugs: set[str] = set()
        strange: set[str] = set()
        before = sum(map(len, makers.values()))
        for path, scope, call in calls:
            for value in slug_arguments(path, call, makers):
                match value:
                    case ast.Constant(value=str(slug)):
                        slugs.add(slug)
                    case ast.Name(id=name) if scope and name in parameters(scope):
                        handing_on = makers.setdefault(known_as(path, scope.name), set())
                        handing_on.add(parameters(scope).index(name))
                    case ast.Attribute(attr="slug"):
                        pass  # the slug of a fault that was made elsewhere
                    case _:
                        strange.add(f"{path.relative_to(PACKAGE)}:{call.lineno} {ast.unparse(value)}")
        if sum(map(len, makers.values())) == before:
            return slugs, strange


def test_every_fault_is_explained_and_every_explanation_is_of_a_fault() -> None:
    slugs, strange = told()
    assert strange == set()
    assert sorted(slugs) == sorted(explanations())
    assert len(slugs) > 100


def test_the_scan_finds_faults_that_are_handed_on() -> None:
    """Else the test above could be right about nothing."""
    slugs, _ = told()
    for slug in ("data-negative", "category-order", "too-few-eligible", "yaml-syntax", "unknown-slug", "no-cluster"):
        assert slug in slugs


def test_a_slug_that_two_packages_explain_says_both() -> None:
    files = sorted({*PACKAGE.rglob("slugs.py"), *PACKAGE.rglob("slugs_*.py")})
    names = [".".join(("trialsim", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in files]
    assert len(names) > 7
    for name in names:
        for slug, own in import_module(name).SLUGS.items():
            whole = explanations()[slug]
            assert own.meaning in whole.meaning and own.remedy in whole.remedy, slug
            assert own.wrong_example in whole.wrong_example, slug


def test_every_explanation_says_something() -> None:
    for slug, explanation in explanations().items():
        assert explanation.title and not explanation.title.endswith("."), slug
        assert explanation.meaning.endswith(".") and explanation.remedy.endswith("."), slug
        assert explanation.wrong_example, slug
