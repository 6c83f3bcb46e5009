"""YAML as text with places, and everything a document may not do."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialsim.foundation.errors import InvalidDocument, Place, diagnostic_text
from trialsim.foundation.positions import LINE_END, MOST_NODES, Entry, Mapping, Node, Scalar, Sequence, node


def refusal(text: str | bytes) -> str:
    with pytest.raises(InvalidDocument) as caught:
        node(text, "f")
    source = text if isinstance(text, str) else None
    return "\n".join(diagnostic_text(fault, source) for fault in caught.value.diagnostics)


def test_every_scalar_is_text() -> None:
    read = node("[no, null, 1e-3, 12:30, NO, 0o7, ~, true, 2024-01-01]", "f")
    assert isinstance(read, Sequence)
    assert [item.text for item in read.items if isinstance(item, Scalar)] == [
        "no", "null", "1e-3", "12:30", "NO", "0o7", "~", "true", "2024-01-01",
    ]  # fmt: skip


def test_keys_and_values_have_places() -> None:
    assert node('arms:\n  low: {n: "5"}\n', "f") == Mapping(
        (
            Entry(
                Scalar("arms", False, Place("f", 1, 1, 5)),
                Mapping(
                    (
                        Entry(
                            Scalar("low", False, Place("f", 2, 3, 6)),
                            Mapping(
                                (
                                    Entry(
                                        Scalar("n", False, Place("f", 2, 9, 10)),
                                        Scalar("5", True, Place("f", 2, 12, 15)),
                                    ),
                                ),
                                Place("f", 2, 8, 16),
                            ),
                        ),
                    ),
                    Place("f", 2, 3, 6),
                ),
            ),
        ),
        Place("f", 1, 1, 5),
    )


def test_columns_count_characters_and_not_bytes() -> None:
    read = node("é😀: b", "f")
    assert isinstance(read, Mapping)
    assert read.entries[0].value.place == Place("f", 1, 5, 6)


def test_text_over_several_lines_ends_with_its_first() -> None:
    read = node("a: one\n  two\nb: |\n  x\n", "f")
    assert read == Mapping(
        (
            Entry(Scalar("a", False, Place("f", 1, 1, 2)), Scalar("one two", False, Place("f", 1, 4, 7))),
            Entry(Scalar("b", False, Place("f", 3, 1, 2)), Scalar("x\n", True, Place("f", 3, 4, 5))),
        ),
        Place("f", 1, 1, 2),
    )


def test_a_few_aliases_are_written_out() -> None:
    read = node("a: &x [1]\nb: *x\n", "f")
    assert isinstance(read, Mapping)
    assert read.get("a") == read.get("b")
    assert read.get("c") is None


def test_bytes_and_a_byte_order_mark_are_read() -> None:
    assert node("\ufeffa: é".encode(), "f") == node("a: é", "f")


REFUSALS = [
    (
        "a: {hazard: if(a, b, c)}",
        "f:1:13: error[torn-expression]: the expression that begins with 'if(a' is torn apart at its comma\n  |\n"
        "1 | a: {hazard: if(a, b, c)}\n  |             ^^^^ inside { } and [ ] a comma ends a value\n"
        '  = quote the expression, like "if(a, b, c)"',
    ),
    (
        "[max(x, 2)]",
        "f:1:2: error[torn-expression]: the expression that begins with 'max(x' is torn apart at its comma\n  |\n"
        "1 | [max(x, 2)]\n  |  ^^^^^ inside { } and [ ] a comma ends a value\n"
        '  = quote the expression, like "if(a, b, c)"',
    ),
    (
        "a: 1\nb: 2\na: 3",
        "f:3:1: error[duplicate-key]: the key 'a' is given twice\n  |\n3 | a: 3\n  | ^ given again here\n"
        "  ::: f:1:1\n  |\n1 | a: 1\n  | ^ first given here",
    ),
    (
        "a: !!python/name:os.system",
        "f:1:4: error[tag]: the tag tag:yaml.org,2002:python/name:os.system is not allowed\n  |\n"
        "1 | a: !!python/name:os.system\n  |    ^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  = documents hold no types and no code; text that begins with ! is quoted",
    ),
    (
        "- &x [*x]",
        "f:1:7: error[unknown-alias]: there is no anchor &x before this alias\n  |\n1 | - &x [*x]\n  |       ^^\n"
        '  = text that begins with * is quoted: "*x"',
    ),
    (
        "<<: {a: b}",
        "f:1:1: error[merge-key]: merging with << is not supported\n  |\n1 | <<: {a: b}\n  | ^^\n"
        "  = write the fields out, so that the document can be read line by line",
    ),
    (
        "? [a]\n: b",
        "f:1:3: error[key-not-text]: a key is plain text, no list and no mapping\n  |\n1 | ? [a]\n  |   ^",
    ),
    (
        "a: 1\n---\nb: 2",
        "f:2:1: error[several-documents]: a second document begins here\n  |\n2 | ---\n  | ^^^\n"
        "  = one file holds one document",
    ),
    ("", "f:1:1: error[empty-document]: this document is empty"),
    ("# only\n", "f:1:1: error[empty-document]: this document is empty\n  |\n1 | # only\n  | ^"),
    ("a:\n\tb: 1", "f:2:1: error[tab]: a tab character\n  |\n2 |  b: 1\n  | ^\n  = use spaces"),
    (
        "a: x\x00",
        "f:1:5: error[control-character]: the character U+0000 is not allowed in a document\n  |\n1 | a: x \n  |     ^",
    ),
    (
        "a: \u202ex",
        "f:1:4: error[control-character]: the character U+202E is not allowed in a document\n  |\n1 | a:  x\n  |    ^",
    ),
    (
        'a: "\\e[31m"',
        "f:1:4: error[control-character]: the character U+001B is not allowed in a document\n  |\n"
        '1 | a: "\\e[31m"\n  |    ^^^^^^^^',
    ),
    (b"a: ok\nb: \xff", "f:2:4: error[not-utf-8]: this file is not written in UTF-8\n  = save it as UTF-8"),
    (
        "x" * 1_000_001,
        "f:1:1: error[document-too-large]: a document is at most 1 MB of text\n  |\n1 | " + "x" * 160 + "…\n  | ^",
    ),
    ('a: "x\ny', 'f:1:4: error[yaml-syntax]: this quote is never closed\n  |\n1 | a: "x\n  |    ^'),
    (
        "a: b: c",
        "f:1:5: error[yaml-syntax]: a ':' stands where no key can be\n  |\n1 | a: b: c\n  |     ^\n"
        "  = text with ': ' in it is quoted\n  = check the indentation of this line and the one above",
    ),
    (
        "a: [1, 2",
        "f:1:9: error[yaml-syntax]: a ',' or ']' is missing\n  |\n1 | a: [1, 2\n  |         ^\n  = every [ needs its ]",
    ),
    (
        "a: @b",
        "f:1:4: error[yaml-syntax]: text cannot begin with '@'\n  |\n1 | a: @b\n  |    ^\n"
        "  = quote the text, or leave it out",
    ),
    (
        "a:\n  - 1\n - 2",
        "f:3:2: error[yaml-syntax]: this fits nothing that was begun above\n  |\n3 |  - 2\n  |  ^\n"
        "  ::: f:1:1\n  |\n1 | a:\n  | ^ begun here\n  = check the indentation\n"
        "  = an expression that begins with a quoted word is quoted as a whole",
    ),
]


@pytest.mark.parametrize(("text", "told"), REFUSALS)
def test_refusals_in_full(text: str | bytes, told: str) -> None:
    assert refusal(text) == told


def test_faults_of_one_document_come_together_and_in_order() -> None:
    told = refusal("a: !x 1\nb: {c: f(1, 2)}\na: 2\n")
    assert [line.split(": ")[0] for line in told.splitlines() if line.startswith("f:")] == ["f:1:4", "f:2:8", "f:3:1"]


BOMBS = {
    "doubling aliases": "a0: &a0 ["
    + "x," * 2000
    + "]\n"
    + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(9)),
    "many aliases": "- &a 1\n" + "- *a\n" * 21,
    "deep by aliases": "- &a0 " + "[" * 30 + "]" * 30 + "\n- " + "[" * 20 + "*a0" + "]" * 20,
    "lists": "[" * 900_000,
    "mappings": "{a: " * 200_000,
    "dashes": "- " * 400_000,
    "items": "- a\n" * 240_000,
    "keys": "a: 1\n" * 20_000,
    "question marks": "? " * 400_000,
    "tags": "- !a\n" * 20_000,
    "tabs": "\t\n" * 400_000,
    "control characters": "\x01" * 900_000,
    "anchors": "&a " * 300_000,
    "torn": "[" + "(," * 20_000 + "]",
    "empty lines": "\n" * 900_000,
}
SLUGS = {
    "doubling aliases": "document-too-large",
    "many aliases": "too-many-aliases",
    "deep by aliases": "too-deep",
    "lists": "too-deep",
    "mappings": "too-deep",
    "dashes": "too-deep",
    "items": "document-too-large",
    "keys": "duplicate-key",
    "question marks": "key-not-text",
    "tags": "tag",
    "tabs": "tab",
    "control characters": "control-character",
    "anchors": "yaml-syntax",
    "torn": "torn-expression",
    "empty lines": "empty-document",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_before_they_go_off(bomb: str) -> None:
    start = time.process_time()
    with pytest.raises(InvalidDocument) as caught:
        node(BOMBS[bomb], "f")
    assert time.process_time() - start < 5.0
    assert caught.value.slug == SLUGS[bomb]


def test_a_large_honest_document_is_read() -> None:
    read = node("".join(f"k{i}: 1\n" for i in range(MOST_NODES // 2 - 1)), "f")
    assert isinstance(read, Mapping)
    assert len(read.entries) == MOST_NODES // 2 - 1


def within_lines(read: Node, lines: list[str]) -> bool:
    own = 1 <= read.place.line <= len(lines) and 1 <= read.place.column < read.place.end_column
    match read:
        case Sequence(items):
            return own and all(within_lines(item, lines) for item in items)
        case Mapping(entries):
            return own and all(within_lines(e.key, lines) and within_lines(e.value, lines) for e in entries)
    return own


@given(st.text(max_size=60) | st.text(alphabet="ab:-?[]{},&*!|>'\"%@` \n#<(\\0", max_size=60) | st.binary(max_size=40))
@settings(max_examples=500, deadline=None)
def test_hostile_texts_are_refused_and_nothing_worse(text: str | bytes) -> None:
    try:
        read = node(text, "f")
    except InvalidDocument as fault:
        source = text if isinstance(text, str) else text.decode("utf-8", "replace")
        assert all(diagnostic_text(each, source) for each in fault.diagnostics)
        assert all(each.place is not None and each.place.column >= 1 for each in fault.diagnostics)
        return
    whole = text if isinstance(text, str) else text.decode()
    assert within_lines(read, LINE_END.split(whole.removeprefix("\ufeff")))
