"""The JSON Schema for editors accepts what is shipped and what is resolved, and the reference names every field."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from tests.unit.protocol.documents import FULL, ROOT, protocol
from trialsim.foundation.sections import NotYet, reference_markdown
from trialsim.protocol.schema import PROTOCOL, protocol_schema
from trialsim.protocol.write import protocol_text

SHIPPED = sorted((ROOT / "protocols").rglob("*.yaml"))
DOCUMENTS = {"full": FULL, "resolved": protocol_text(protocol()), **{path.stem: path.read_text() for path in SHIPPED}}


def as_an_editor_reads_it(text: str) -> Any:
    """Return the data YAML makes of a document; keys are texts, also the one called null."""
    return with_text_keys(yaml.safe_load(text))


def with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {"null" if key is None else key: with_text_keys(each) for key, each in value.items()}
    return [with_text_keys(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", DOCUMENTS)
def test_valid_documents_fit_the_schema(name: str) -> None:
    jsonschema.validate(as_an_editor_reads_it(DOCUMENTS[name]), protocol_schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("route: oral", "rout: oral"),
        ("randomised: 60", "randomised: many"),
        ("week -2", "2 weeks"),
        ("phase: 2", "phase: 9"),
    ],
)
def test_wrong_documents_do_not(old: str, new: str) -> None:
    assert old in FULL
    data = as_an_editor_reads_it(FULL.replace(old, new, 1))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, protocol_schema())


def test_the_reference_names_every_field_and_what_is_refused() -> None:
    page = reference_markdown(PROTOCOL)
    for name, field in PROTOCOL.fields.items():
        assert f"`{name}`" in page
        assert field.doc or isinstance(field.kind, NotYet)
    assert "Not supported by this version, and refused by name: `periods`, `sequences`" in page
