"""References, as every kind of document gives them."""

from __future__ import annotations

from trialsim.cohort.model import Reference
from trialsim.cohort.schema_people import renamed
from trialsim.foundation.sections import Field, Section, Text

REFERENCE = Section(
    "a reference",
    {
        "cite": Field(Text(), "the citation", required=True),
        "doi": Field(Text(), "its DOI"),
        "for": Field(Text(), "what it is the source of", example="structure and estimates"),
        "where": Field(Text(), "where in it", example="Table 2"),
    },
    make=renamed(Reference, **{"for": "used_for"}),
)
