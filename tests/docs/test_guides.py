"""The guides: every YAML block reads (or is refused as it says), every Python block runs, every link leads somewhere.

A block ```` ```yaml cohort ```` or ```` ```yaml protocol ```` is a whole document if it says its language. Otherwise it
is a fragment: its sections are laid over those of the guides' own document of that kind, or of the shipped document
that `of=ID` names. Within a section of names or fields, entries replace entries. `refused=SLUG` says which fault the
result has. Blocks ```` ```python ```` of one page run one after the other, in a folder with the guides' documents and
one run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import trialsim
from trialsim.cohort.schema import COHORT
from trialsim.foundation.library import find
from trialsim.foundation.section_kinds import NotYet
from trialsim.protocol.schema import PROTOCOL

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = sorted((DOCS / "guide").glob("*.md"))
FENCE = re.compile(r"^```(?P<words>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)#]+)(?:#[^)]*)?\)")
FOLDERS = {"cohort": "cohorts", "protocol": "protocols"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: its page, line, the words after the fence and its text."""

    page: Path
    line: int
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.line}"

    @property
    def document(self) -> dict[str, Any]:
        """The block as plain data; every scalar stays text, as trialsim reads it."""
        data: dict[str, Any] = yaml.load(self.text, yaml.BaseLoader)
        return data

    def option(self, name: str) -> str | None:
        found = [word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")]
        return found[0] if found else None


def blocks(*first: str) -> list[Block]:
    """Return the blocks of all guides whose fence begins with these words."""
    found = []
    for page in GUIDES:
        text = page.read_text("utf-8")
        for match in FENCE.finditer(text):
            words = tuple(match["words"].split())
            if words[: len(first)] == first:
                line = 1 + text.count("\n", 0, match.start())
                found.append(Block(page=page, line=line, words=words, text=match["text"]))
    return found


YAML_BLOCKS = blocks("yaml")
WHOLE = {block.words[1]: block for block in YAML_BLOCKS if "language" in block.document}
PAGES_WITH_PYTHON = sorted({block.page for block in blocks("python")})


def laid_over(base: dict[str, Any], fragment: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the entries of a fragment in place of its own."""
    made = dict(base)
    for section, value in fragment.items():
        both = isinstance(value, dict) and isinstance(base.get(section), dict)
        made[section] = {**base[section], **value} if both else value
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the guides' own documents, as a reader has it."""
    for kind, block in WHOLE.items():
        path = tmp_path / FOLDERS[kind] / f"{block.document['id']}.yaml"
        path.parent.mkdir()
        path.write_text(block.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(block: Block, folder: Path) -> Path:
    """Write the document a block stands for and return its path."""
    kind, shipped = block.words[1], block.option("of")
    if block is WHOLE[kind]:
        return folder / FOLDERS[kind] / f"{block.document['id']}.yaml"
    if shipped is not None:
        trialsim.copy_from_library(shipped, folder)
        path = folder / FOLDERS[kind] / f"{shipped}.yaml"
    else:
        path = folder / FOLDERS[kind] / f"{WHOLE[kind].document['id']}.yaml"
    base = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    whole = laid_over(base, block.document)
    path.write_text(yaml.safe_dump(whole, default_style='"', sort_keys=False, allow_unicode=True), "utf-8")
    return path


def test_there_are_guides_with_blocks_of_every_kind() -> None:
    assert {page.name for page in GUIDES} >= {
        "first-trial.md", "writing-a-cohort.md", "writing-a-protocol.md", "running.md", "tables.md", "python.md",
        "what-is-not-there-yet.md",
    }  # fmt: skip
    assert set(WHOLE) == {"cohort", "protocol"}
    assert {block.words[1] for block in YAML_BLOCKS} == {"cohort", "protocol"}
    assert {page.stem for page in PAGES_WITH_PYTHON} >= {"python", "tables"}


@pytest.mark.parametrize("block", YAML_BLOCKS, ids=str)
def test_documents_of_the_guides_read_or_are_refused_as_they_say(block: Block, folder: Path) -> None:
    path = written(block, folder)
    refused = block.option("refused")
    load = trialsim.load_cohort if block.words[1] == "cohort" else trialsim.load_protocol
    if refused is None:
        load(path)
        return
    with pytest.raises(trialsim.InvalidDocument) as fault:
        load(path)
    assert {diagnostic.slug for diagnostic in fault.value.diagnostics} == {refused}


@pytest.mark.parametrize("page", PAGES_WITH_PYTHON, ids=lambda page: page.stem)
def test_python_of_the_guides_runs(page: Path, folder: Path) -> None:
    if page.stem != "python":  # that page makes the run which the others read
        ready = trialsim.campaign_of("urate-dose", trials=4, folder=Path("runs/urate"))
        assert trialsim.simulate(ready).exit_code == 0
    names: dict[str, Any] = {"__name__": "__guide__"}
    for block in (block for block in blocks("python") if block.page == page):
        exec(compile("\n" * block.line + block.text, str(page), "exec"), names)


@pytest.mark.parametrize("page", [DOCS / "README.md", *GUIDES], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text("utf-8"))]
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def not_yet(kind: Any, path: str) -> dict[str, str]:
    """Return the last word of every field below a kind that this version refuses by name, and where it stands."""
    if isinstance(kind, NotYet):
        return {path: path.rsplit(".", 1)[-1]}
    found: dict[str, str] = {}
    for name, field in (getattr(kind, "fields", None) or {}).items():
        found |= not_yet(field.kind, f"{path}.{name}")
    for part in ("item", "kind", "value", "scalar", "mapping", "sequence", "of", "values"):
        inner = getattr(kind, part, None)
        if inner is not None and not isinstance(inner, str | tuple | dict):
            found |= not_yet(inner, path)
    return found


def test_everything_refused_by_name_is_on_its_page() -> None:
    text = (DOCS / "guide" / "what-is-not-there-yet.md").read_text("utf-8")
    fields = not_yet(PROTOCOL, "protocol") | not_yet(COHORT, "cohort")
    assert len(fields) > 30
    assert [path for path, word in fields.items() if f"`{word}`" not in text] == []


def test_shipped_documents_named_in_the_first_trial_are_there() -> None:
    text = (DOCS / "guide" / "first-trial.md").read_text("utf-8")
    for kind, name in (("protocols", "bempedoic-acid-ldl"), ("protocols", "theophylline-dose-finding")):
        assert name in text
        assert find(kind, name).is_file()  # type: ignore[arg-type]
