"""The name somebody probably meant."""

import pytest

from trialsim.foundation.nearest import edits, nearest


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("dosin", ["arms", "dosing", "rules"], "dosing"),
        ("DOSING", ["dosing"], "dosing"),
        ("rulse", ["rules", "arms"], "rules"),
        ("xyz", ["rules", "arms"], None),
        ("", ["a"], None),
        ("a", ["b"], None),
        ("ab", ["ac", "ad"], "ac"),
        ("x" * 100, ["x" * 99], None),
        ("randomized", ["randomised", "randomise"], "randomised"),
        ("dosing", ["dosing"], None),
    ],
)
def test_nearest(name: str, candidates: list[str], meant: str | None) -> None:
    assert nearest(name, candidates) == meant


def test_the_order_of_candidates_does_not_matter() -> None:
    assert nearest("ab", ["ad", "ac"]) == nearest("ab", ["ac", "ad"])


@pytest.mark.parametrize(
    ("a", "b", "n"), [("abc", "acb", 1), ("abc", "abcd", 1), ("kitten", "sitting", 3), ("", "ab", 2)]
)
def test_edits(a: str, b: str, n: int) -> None:
    assert edits(a, b) == n
