import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from trialsim.cohort.schema import cohort_schema

COHORTS = Path(__file__).parents[3] / "cohorts"
VALIDATOR = jsonschema.Draft202012Validator(cohort_schema())


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(cohort_schema())


@pytest.mark.parametrize("path", sorted(COHORTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_editors_accept_the_shipped_cohorts(path):
    document = yaml.safe_load(path.read_text(encoding="utf-8"))  # typed as an editor types it
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


def test_editors_see_an_unknown_field_and_a_missing_one():
    document = yaml.safe_load((COHORTS / "theophylline.yaml").read_text(encoding="utf-8"))
    document["parameters"]["CL"]["typcal"] = document["parameters"]["CL"].pop("typical")
    messages = sorted(error.message for error in VALIDATOR.iter_errors(document))
    assert messages == [
        "'typical' is a required property",
        "Additional properties are not allowed ('typcal' was unexpected)",
    ]


def test_what_is_not_supported_yet_is_not_offered():
    assert "units" not in cohort_schema()["properties"]


def test_reading_needs_no_number_library():
    script = (
        "import sys; from pathlib import Path; from trialsim.cohort.read import read_cohort; "
        f"read_cohort(Path({str(COHORTS / 'theophylline.yaml')!r})); "
        "print([m for m in ('numpy', 'numba', 'pandas', 'pymc', 'xarray') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
