"""Faults: their order, their number, their text, and the list of all of them."""

import ast
import pickle
from pathlib import Path

import pytest

import trialsim.foundation.errors as errors_module
from trialsim.foundation.errors import (
    Diagnostic,
    InvalidDocument,
    Place,
    Problems,
    TrialsimError,
    UnreadableText,
    diagnostic_data,
    diagnostic_text,
)
from trialsim.foundation.slugs import SLUGS

SOURCE = "\n" * 9 + "low:\n    dosin: [...]\n"
LANGUAGE = ("errors", "positions", "yaml_faults", "units", "unit_names", "dimensions", "expression*", "section*")


def test_one_fault_reads_as_the_language_says() -> None:
    fault = Diagnostic(
        Place("protocols/phase2/bp.yaml", 11, 5, 10),
        "unknown-key",
        "an arm has no field 'dosin'",
        "not a field of an arm",
        ("expected: dosing, rules, sets, opens, closes, label", "nearest name: dosing"),
    )
    assert diagnostic_text(fault, SOURCE) == (
        "protocols/phase2/bp.yaml:11:5: error[unknown-key]: an arm has no field 'dosin'\n"
        "   |\n"
        "11 |     dosin: [...]\n"
        "   |     ^^^^^ not a field of an arm\n"
        "   = expected: dosing, rules, sets, opens, closes, label\n"
        "   = nearest name: dosing"
    )


def test_two_places_are_both_shown_in_one_gutter() -> None:
    fault = Diagnostic(Place("a.yaml", 11, 5, 10), "s", "m", "again", (), ((Place("a.yaml", 10, 1, 4), "first"),))
    assert diagnostic_text(fault, SOURCE) == (
        "a.yaml:11:5: error[s]: m\n   |\n11 |     dosin: [...]\n   |     ^^^^^ again\n"
        "   ::: a.yaml:10:1\n   |\n10 | low:\n   | ^^^ first"
    )


def test_a_place_in_another_file_is_named_without_its_line() -> None:
    fault = Diagnostic(Place("a.yaml", 10, 1, 4), "s", "m", "", ("n",), ((Place("b.yaml", 10, 1, 4), "there"),))
    assert diagnostic_text(fault, SOURCE) == (
        "a.yaml:10:1: error[s]: m\n   |\n10 | low:\n   | ^^^\n   ::: b.yaml:10:1 there\n   = n"
    )


def test_without_source_or_place_only_words_are_left() -> None:
    assert diagnostic_text(Diagnostic(None, "s", "m", severity="warning"), None) == "warning[s]: m"
    assert diagnostic_text(Diagnostic(Place("a", 99, 1, 2), "s", "m"), "one line") == "a:99:1: error[s]: m"


def test_a_very_long_line_is_shown_around_its_fault() -> None:
    text = diagnostic_text(Diagnostic(Place("a", 1, 5001, 5004), "s", "m"), "x" * 5000 + "BAD" + "y" * 5000)
    lines = text.splitlines()
    assert lines[2] == "1 | …" + "x" * 40 + "BAD" + "y" * 117 + "…"
    assert lines[3] == "  | " + " " * 41 + "^^^"


def test_wide_characters_take_two_columns() -> None:
    text = diagnostic_text(Diagnostic(Place("a", 1, 3, 4), "s", "m"), "日本x")
    assert text.splitlines()[3] == "  |     ^"


def test_control_characters_never_reach_a_terminal() -> None:
    assert "\x1b" not in diagnostic_text(Diagnostic(Place("a", 1, 1, 2), "s", "m"), "\x1b[31mred")


def test_faults_come_in_order_and_only_once() -> None:
    problems = Problems()
    late, early = Place("a", 5, 1, 2), Place("a", 2, 1, 2)
    problems.error(late, "s", "late")
    problems.warning(None, "w", "nowhere")
    problems.error(early, "s", "early")
    problems.error(early, "s", "early")
    assert [fault.message for fault in problems.diagnostics] == ["early", "late", "nowhere"]
    assert [fault.message for fault in problems.warnings] == ["nowhere"]
    with pytest.raises(InvalidDocument) as caught:
        problems.raise_if_any()
    assert [fault.message for fault in caught.value.diagnostics] == ["early", "late"]
    assert caught.value.exit_code == 3


def test_warnings_alone_stop_nothing() -> None:
    problems = Problems()
    problems.warning(None, "w", "careful")
    assert not problems.any_errors
    problems.raise_if_any()


@pytest.mark.parametrize(("n", "note"), [(21, "1 more fault is not shown"), (50, "30 more faults are not shown")])
def test_twenty_faults_are_shown_and_the_rest_counted(n: int, note: str) -> None:
    fault = InvalidDocument(Diagnostic(Place("a", i + 1, 1, 2), "s", f"fault {i}") for i in range(n))
    assert [each.message for each in fault.diagnostics] == [f"fault {i}" for i in range(20)]
    assert fault.diagnostics[-1].notes == (note,)
    assert fault.diagnostics[0].notes == ()


@pytest.mark.parametrize(
    "fault",
    [
        TrialsimError("s", "m", ["n"], 4),
        UnreadableText("s", "m", ["n"], 2, 3),
        InvalidDocument([Diagnostic(Place("a", 1, 1, 2), "s", "m")]),
    ],
)
def test_errors_survive_the_way_between_processes(fault: TrialsimError) -> None:
    again = pickle.loads(pickle.dumps(fault))
    assert type(again) is type(fault)
    assert vars(again) == vars(fault)
    assert str(again) == str(fault)


def test_a_part_of_a_scalar_is_found_whether_plain_or_quoted() -> None:
    plain, quoted, escaped = Place("a", 1, 5, 10), Place("a", 1, 5, 12), Place("a", 1, 5, 14)
    assert plain.part("a + b", 4, 5) == Place("a", 1, 9, 10)
    assert quoted.part("a + b", 4, 5) == Place("a", 1, 10, 11)
    assert escaped.part("a + b", 4, 5) == escaped


def test_a_fault_as_data() -> None:
    place, other = Place("a", 1, 2, 3), Place("b", 4, 5, 6)
    assert diagnostic_data(Diagnostic(place, "s", "m", "l", ("n",), ((other, "o"),))) == {
        "place": {"file": "a", "line": 1, "column": 2, "end_column": 3},
        "severity": "error",
        "slug": "s",
        "message": "m",
        "label": "l",
        "notes": ["n"],
        "also": [{"place": {"file": "b", "line": 4, "column": 5, "end_column": 6}, "label": "o"}],
    }


def raised_slugs(source: str) -> set[str]:
    """Return the slugs that calls in a source hand to errors: the literal behind a place, or the first one."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    first = {"TrialsimError", "UnreadableText"}
    second = {"error", "warning", "fault", "refuse", "Diagnostic"}
    found = set()
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        at = 0 if name in first else 1 if name in second else None
        if at is not None and len(call.args) > at and isinstance(call.args[at], ast.Constant):
            found.add(call.args[at].value)
    return found


def test_every_slug_raised_is_explained_and_every_slug_explained_is_raised() -> None:
    folder = Path(errors_module.__file__).parent
    raised = {
        slug for name in LANGUAGE for path in folder.glob(f"{name}.py") for slug in raised_slugs(path.read_text())
    }
    assert raised == set(SLUGS)


def test_explanations_are_whole() -> None:
    for slug, told in SLUGS.items():
        assert slug == slug.lower() and " " not in slug
        assert all((told.title, told.meaning, told.wrong_example, told.remedy)), slug
