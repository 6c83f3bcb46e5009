"""Content is found by path, in a named library, in the current directory, in what is shipped: in this order."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialsim.foundation.errors import TrialsimError
from trialsim.foundation.library import find, identifiers, roots, shipped


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"id: {path.stem}\n")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory without content of its own, and nothing shipped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trialsim.foundation.library.shipped", lambda kind: tmp_path / "shipped" / kind)
    return tmp_path


def test_a_path_is_that_file(here: Path) -> None:
    path = written(here / "odd" / "place.yaml")
    assert find("cohorts", str(path)) == path
    assert find("cohorts", "odd/place.yaml") == Path("odd/place.yaml")
    assert find("cohorts", path) == path


def test_the_nearest_root_wins(here: Path) -> None:
    last = written(here / "shipped" / "cohorts" / "a.yaml")
    assert find("cohorts", "a", here / "mine") == last
    written(here / "cohorts" / "a.yaml")
    assert find("cohorts", "a", here / "mine") == Path("cohorts/a.yaml")
    first = written(here / "mine" / "cohorts" / "a.yaml")
    assert find("cohorts", "a", here / "mine") == first
    assert find("cohorts", "a") == Path("cohorts/a.yaml")


def test_subfolders_are_searched_and_hidden_ones_are_not(here: Path) -> None:
    written(here / "protocols" / "phase2" / "b.yaml")
    written(here / "protocols" / ".drafts" / "c.yaml")
    assert find("protocols", "b") == Path("protocols/phase2/b.yaml")
    assert identifiers("protocols") == {"b": Path("protocols/phase2/b.yaml")}


def test_identifiers_are_what_find_finds(here: Path) -> None:
    written(here / "shipped" / "cohorts" / "a.yaml")
    written(here / "cohorts" / "b.yaml")
    mine = written(here / "mine" / "cohorts" / "a.yaml")
    assert identifiers("cohorts", here / "mine") == {"a": mine, "b": Path("cohorts/b.yaml")}
    for name, path in identifiers("cohorts", here / "mine").items():
        assert find("cohorts", name, here / "mine") == path


def test_a_wheel_carries_its_library_and_a_checkout_falls_back_to_its_folders(tmp_path: Path) -> None:
    package = tmp_path / "trialsim"
    package.mkdir()
    assert shipped("cohorts", package) == tmp_path / "cohorts"
    (package / "_library" / "cohorts").mkdir(parents=True)
    assert shipped("cohorts", package) == package / "_library" / "cohorts"


def test_roots_in_order(tmp_path: Path) -> None:
    assert roots("cohorts", tmp_path) == (tmp_path / "cohorts", Path("cohorts"), shipped("cohorts"))
    assert roots("cohorts", None) == (Path("cohorts"), shipped("cohorts"))


def message(kind: str, name: str, library: Path | None = None) -> str:
    with pytest.raises(TrialsimError) as caught:
        find(kind, name, library)  # type: ignore[arg-type]
    return f"[{caught.value.slug}] {caught.value}"


def test_an_unknown_name_has_a_nearest_one(here: Path) -> None:
    written(here / "cohorts" / "theophylline.yaml")
    assert message("cohorts", "teophylline") == (
        "[no-such-document] no cohort is called 'teophylline'\n"
        "  = looked in: ./cohorts, what is shipped with trialsim\n"
        "  = nearest name: theophylline"
    )
    assert message("cohorts", "x", here / "mine") == (
        "[no-such-document] no cohort is called 'x'\n"
        "  = looked in: the library given, ./cohorts, what is shipped with trialsim\n"
        "  = there are: theophylline"
    )


def test_nothing_anywhere(here: Path) -> None:
    assert message("protocols", "x") == (
        "[no-such-document] no protocol is called 'x'\n"
        "  = looked in: ./protocols, what is shipped with trialsim\n"
        "  = all are empty"
    )


def test_a_missing_file_and_a_directory(here: Path) -> None:
    assert message("cohorts", "none.yaml") == (
        "[no-such-file] the file 'none.yaml' does not exist\n  = a name without '/' is looked up in cohorts/"
    )
    (here / "folder").mkdir()
    assert message("cohorts", "./folder") == (
        "[no-such-file] the file 'folder' is a directory\n  = a name without '/' is looked up in cohorts/"
    )


def test_two_files_of_one_name_are_refused(here: Path) -> None:
    written(here / "protocols" / "a" / "x.yaml")
    written(here / "protocols" / "b" / "x.yaml")
    assert message("protocols", "x") == (
        "[two-documents] 2 protocols are called 'x'\n"
        "  = they are: protocols/a/x.yaml, protocols/b/x.yaml\n"
        "  = give a path"
    )
